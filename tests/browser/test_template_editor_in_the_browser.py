"""The template editor in a real browser: the meter counts as the server does, live and without JavaScript."""

from collections.abc import Iterator

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page, expect

from crm.core.db import transaction
from crm.mobiletech.sms_templates import create_template, get_template
from crm.mobiletech.wire.sms_text import measure, split_parts
from tests.factories.messages import set_up_gateway
from tests.factories.texts import make_strings
from tests.factories.users import make_user
from tests.pages import PASSWORD

pytestmark = pytest.mark.browser

RENEWAL = "{{ subscription_name }} predlzene, {{ price }} EUR/mesiac. Zrusit: STOP na 8877"
MEASURE = """async (texts) => {
    const { measure } = await import("/static/js/sms_text.js");
    return texts.map(measure).map(({ encoding, units, room, parts }) => [encoding, units, room, parts]);
}"""


@pytest.fixture(autouse=True)
def _set_up(app: Flask) -> None:
    set_up_gateway(mobiletech_test_numbers="0908 630 549")
    make_user(role="editor", email="elena@example.sk", name="Elena Šimková")
    with transaction() as session:
        create_template(session, "pong", "Prijali sme: {{ original_message }}")


@pytest.fixture
def page(browser: Browser, web: str) -> Iterator[Page]:
    """Return a browser in which an editor is signed in."""
    context = browser.new_context(locale="en")
    yield _sign_in(context.new_page(), web)
    context.close()


def test_the_script_counts_and_cuts_as_the_server_does(page: Page) -> None:
    letters = [chr(code) for code in range(0x20, 0x3000) if not 0xD800 <= code < 0xE000]
    texts = make_strings(seed=7, count=4_000) + letters + [f"a{letter}b" for letter in letters[:2000]]

    counted = page.evaluate(MEASURE, texts)

    wrong = []
    for text, theirs in zip(texts, counted, strict=True):
        measured = measure(text)
        parts = split_parts(measured.text, measured.encoding)
        if theirs != [measured.encoding, measured.units, measured.room, parts]:
            wrong.append((ascii(text), theirs, measured))
    assert wrong == []


def test_the_page_follows_what_is_typed(page: Page, web: str) -> None:
    page.goto(f"{web}/admin/templates/pong")
    text, slovak = page.locator("[name=content]"), page.locator("[data-sms-scope=sk]")

    text.fill("Ďakujeme, {{ name }}! Cena je 5 €.")

    expect(slovak.locator("[data-sms-preview]").first).to_have_text("Dakujeme, Zofia! Cena je 5 €.")
    expect(slovak.locator("[data-units]")).to_have_text("30 of 160")
    expect(page.locator("#change")).to_contain_text("name is new")
    expect(page.locator("#change")).to_contain_text("original_message is not used any more")
    page.locator("[name=value-name]").fill("Maximilián")
    expect(slovak.locator("[data-sms-preview]").first).to_have_text("Dakujeme, Maximilian! Cena je 5 €.")
    page.get_by_role("button", name="Write EUR").click()
    expect(text).to_have_value("Ďakujeme, {{ name }}! Cena je 5 EUR.")
    expect(page.get_by_role("button", name="Write EUR")).to_have_count(0)
    text.press("Control+z")
    expect(text).to_have_value("Ďakujeme, {{ name }}! Cena je 5 €.")


def test_a_text_that_the_script_cannot_count_is_counted_by_the_server(page: Page, web: str) -> None:
    page.goto(f"{web}/admin/templates/pong")
    slovak = page.locator("[data-sms-scope=sk]")

    page.locator("[name=content]").fill(
        "{% if original_message %}Mame {{ original_message|lower }}{% endif %}"
    )

    expect(slovak.locator("[data-sms-preview]").first).to_have_text("Mame start")
    expect(slovak.locator("[data-units]")).to_have_text("10 of 160")
    page.locator("[name=content]").fill("Mame {{ original_message")
    expect(page.locator("#content-error")).to_contain_text("Line 1 of the template")


def test_a_value_is_put_in_where_one_writes(page: Page, web: str) -> None:
    page.goto(f"{web}/admin/templates/pong")
    text = page.locator("[name=content]")
    text.fill("Cena: ")

    page.locator("[data-sms-scope=sk]").get_by_role("button", name="price", exact=True).click()
    page.keyboard.type(" EUR")

    expect(text).to_have_value("Cena: {{ price }} EUR")
    expect(page.locator("[data-sms-scope=sk] [data-sms-preview]").first).to_have_text("Cena: 4,99 EUR")


def test_the_rules_of_a_paid_text_follow_too(page: Page, web: str) -> None:
    page.goto(f"{web}/admin/templates/pong")

    page.locator("[name=purpose]").select_option("paid")
    expect(page.locator(".verdict--bad")).to_have_count(4)
    page.locator("[name=content]").fill(RENEWAL)

    expect(page.locator(".verdict--good")).to_have_count(5)


@pytest.mark.parametrize("javascript", [True, False], ids=["with JavaScript", "without"])
def test_a_text_is_written_tried_and_saved(browser: Browser, web: str, javascript: bool) -> None:
    context = browser.new_context(java_script_enabled=javascript, locale="en")
    page = _sign_in(context.new_page(), web)
    page.goto(f"{web}/admin/templates/pong")

    page.locator("[name=content]").fill("Vitajte, {{ name }} ★")
    page.get_by_role("button", name="Preview").click()
    page.get_by_role("button", name="Leave it out").click()
    expect(page.locator("[name=content]")).to_have_value("Vitajte, {{ name }} ")
    page.locator("[name=value-name]").fill("Ľubica")
    page.get_by_role("button", name="Send as a test").click()
    expect(page.locator("main")).to_contain_text("Queued, free of charge")
    expect(page.locator("[name=value-name]")).to_have_value("Ľubica")
    page.locator("[name=reason]").fill("Shorter")
    page.locator("[name=reason]").press("Enter")
    expect(page.locator("main")).to_contain_text("then tick the box")
    page.get_by_label("I have seen what uses this template").check()
    page.get_by_role("button", name="Save as version 2").click()

    expect(page.locator("main")).to_contain_text("Template pong saved as version 2.")
    page.get_by_role("link", name="Versions").click()
    page.get_by_role("link", name="Use it again").click()
    page.get_by_label("Reason").fill("Readers complained")
    page.get_by_label("I have seen what uses this template").check()
    page.get_by_role("button", name="Save as version 3").click()
    expect(page.locator("main")).to_contain_text("Version 1 is in use again, as version 3.")
    with transaction() as session:
        assert get_template(session, "pong").content == "Prijali sme: {{ original_message }}"
    context.close()


def _sign_in(page: Page, web: str) -> Page:
    page.goto(f"{web}/admin/templates")
    page.locator("[name=username]").fill("elena@example.sk")
    page.locator("[name=password]").fill(PASSWORD)
    page.locator("[name=password]").press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Templates")
    return page
