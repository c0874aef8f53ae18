"""Why did 0905… get no answer? Told in three presses from the overview: the search, the row, and there it stands."""

import pytest
from flask import Flask
from playwright.sync_api import Browser, BrowserContext, Page, expect

from crm.core.business_settings import set_setting
from crm.core.db import transaction
from crm.events.drain import drain
from crm.mobiletech.models import InboundMessage
from crm.mobiletech.notifications import notify
from crm.mobiletech.wishes import Envelope
from tests.factories.log import make_inbound
from tests.factories.messages import WEBHOOK, make_receive, turn_on_test_answer
from tests.factories.users import make_user
from tests.pages import PASSWORD

pytestmark = pytest.mark.browser

NUMBER = "0905 123 456"


def no_operator(app: Flask) -> None:
    """The gateway names no operator that we know, and the prefix tells nothing."""
    turn_on_test_answer()
    app.test_client().post(WEBHOOK, data=make_receive(from_="+421943123456", operator_type="E"))
    drain(for_seconds=10)


def no_template(app: Flask) -> None:
    """The settings name a template that is not there."""
    turn_on_test_answer()
    with transaction() as session:
        set_setting(session, "mobiletech_test_template_code", "welcome")
    app.test_client().post(WEBHOOK, data=make_receive(from_="+421905123456"))
    drain(for_seconds=10)


def no_payment(app: Flask) -> None:
    """A program answers on a paid key and has begun no payment."""
    turn_on_test_answer()
    with transaction() as session:
        set_setting(session, "mobiletech_test_template_code", "")
    app.test_client().post(WEBHOOK, data=make_receive(from_="+421905123456"))
    drain(for_seconds=10)
    with transaction() as session:
        inbound = session.get_one(InboundMessage, 1)
        envelope = Envelope(inbound, billkey="AA99")
        notify(envelope, None, "pong", {"original_message": "x"}, session=session)


CASES = [
    (
        no_operator,
        "0943 123 456",
        "The operator is not known",
        "an administrator enters it under Settings, Prefixes",
    ),
    (no_template, NUMBER, "The template does not exist", "Make the template under Templates"),
    (no_payment, NUMBER, "A paid key without a payment", "must use the free key, or begin a payment first"),
]


@pytest.mark.parametrize("javascript", [True, False], ids=["with JavaScript", "without"])
@pytest.mark.parametrize(("happens", "number", "reason", "to_do"), CASES, ids=[c[0].__name__ for c in CASES])
def test_the_reason_is_three_presses_away(
    app: Flask,
    browser: Browser,
    web: str,
    javascript: bool,
    happens: object,
    number: str,
    reason: str,
    to_do: str,
) -> None:
    happens(app)  # type: ignore[operator]
    context = browser.new_context(java_script_enabled=javascript, locale="en")
    page = _sign_in(context, web)

    page.locator("header [name=term]").fill(number)
    page.get_by_role("search", name="In all messages").get_by_role("button").click()
    row = page.locator("tbody tr").filter(has_text="No answer")
    expect(row).to_contain_text(reason)
    row.locator("a").click()

    expect(page.locator(".note--bad h2")).to_have_text(f"No answer: {reason}")
    expect(page.locator(".note--bad")).to_contain_text(to_do)
    context.close()


def test_on_a_phone_the_way_leads_to_the_box_above_the_list(app: Flask, browser: Browser, web: str) -> None:
    no_template(app)
    context = browser.new_context(locale="en", viewport={"width": 360, "height": 780})
    page = _sign_in(context, web)

    page.get_by_role("link", name="Search messages").click()
    page.locator("#term").fill("123 456")
    page.locator("#term").press("Enter")

    expect(page.locator("main")).to_contain_text("1 number ends in 123456.")
    expect(page.locator("main")).to_contain_text("The template does not exist")
    context.close()


def test_what_comes_is_counted_above_a_list_that_does_not_move(
    app: Flask, browser: Browser, web: str
) -> None:
    for _ in range(60):
        make_inbound()
    context = browser.new_context(locale="en")
    page = _sign_in(context, web)
    page.goto(f"{web}/admin/messages")
    rows = page.locator("tbody tr")
    read, place = rows.all_inner_texts(), rows.first.bounding_box()

    newest = make_inbound(content="the newest")
    bar = page.get_by_role("link", name="Newer (1)")
    expect(bar).to_be_visible(timeout=15_000)

    assert rows.first.bounding_box() == place
    assert len(rows.all_inner_texts()) == len(read)
    expect(page.locator("tbody")).not_to_contain_text("the newest")
    bar.click()
    expect(rows.first.locator("a")).to_have_attribute("href", f"/admin/messages/inbound/{newest}")
    context.close()


def test_the_count_of_what_comes_can_be_paused(app: Flask, browser: Browser, web: str) -> None:
    make_inbound()
    context = browser.new_context(locale="en")
    page = _sign_in(context, web)
    page.goto(f"{web}/admin/messages")

    page.get_by_role("button", name="Pause refresh").click()

    expect(page.get_by_role("button", name="Refresh by itself")).to_be_visible()
    context.close()


def test_an_id_and_the_command_are_copied(app: Flask, browser: Browser, web: str) -> None:
    inbound = make_inbound(content="Ahoj 'svet'", mobiletech_id="25481979")
    context = browser.new_context(locale="en", permissions=["clipboard-read", "clipboard-write"])
    page = _sign_in(context, web)
    page.goto(f"{web}/admin/messages/inbound/{inbound}")

    button = page.get_by_role("button", name="Copy the gateway id")
    button.click()
    expect(page.get_by_role("button", name="Copied the gateway id")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == "25481979"

    page.get_by_text("Play it again in the simulator").click()
    page.get_by_role("button", name="Copy the command").click()
    expect(page.get_by_role("button", name="Copied the command")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()").startswith(
        "crm mobiletech simulate receive --from="
    )
    context.close()


def _sign_in(context: BrowserContext, web: str) -> Page:
    """Open the overview as support."""
    make_user(role="support", email="eva@example.sk")
    page = context.new_page()
    page.goto(f"{web}/admin/")
    page.locator("[name=username]").fill("eva@example.sk")
    page.locator("[name=password]").fill(PASSWORD)
    page.locator("[name=password]").press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Overview")
    return page
