"""The main job as a person sees it: an SMS from the phone in the browser, watched by staff in another tab."""

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page, expect

from crm.events.drain import drain
from tests.factories.messages import turn_on_test_answer
from tests.factories.users import make_user
from tests.pages import PASSWORD

pytestmark = pytest.mark.browser


@pytest.fixture(autouse=True)
def _set_up(app: Flask) -> None:
    turn_on_test_answer()


@pytest.mark.parametrize("javascript", [True, False], ids=["with JavaScript", "without"])
def test_a_stranger_sends_an_sms_and_watches_it_travel(
    browser: Browser, web: str, phone: str, javascript: bool
) -> None:
    make_user(role="support", email="eva@example.sk")
    context = browser.new_context(java_script_enabled=javascript)
    page = context.new_page()

    _send(page, phone, "Ahoj, chcem noviny")
    drain(for_seconds=10)
    page.goto(phone)
    expect(page.locator("main")).to_contain_text("Prijali sme: Ahoj, chcem noviny")
    _sign_in(page, web, "eva@example.sk")

    expect(page.locator("main")).to_contain_text("Prijali sme: Ahoj, chcem noviny")
    page.locator("main table a").first.click()  # the newest is on top
    expect(page.locator("main")).to_contain_text("The gateway took it")
    context.close()


def test_scripts_speak_the_language_of_the_page(browser: Browser, web: str, phone: str) -> None:
    make_user(role="admin", email="eva@example.sk")
    page = browser.new_context(locale="sk-SK").new_page()
    _send(page, phone, "Ahoj")
    drain(for_seconds=10)
    _sign_in(page, web, "eva@example.sk", heading="Správy")

    expect(page.locator("main")).to_contain_text("práve teraz")
    page.goto(f"{web}/admin/messages/outbound/1")
    page.get_by_role("button", name="Pozastaviť načítavanie").click()
    expect(page.get_by_role("button", name="Pokračovať v načítavaní")).to_be_visible()
    page.goto(f"{web}/admin/templates/new")
    page.locator("[name=content]").fill("Ďakujeme " * 20)
    expect(page.locator("[data-sms-scope=sk] [data-parts]")).to_have_text("2 časti · GSM-7")
    expect(page.locator("[data-sms-scope=sk] [data-reason]")).to_have_text("Odošle sa ako: Ď → D")
    page.context.close()


def _send(page: Page, phone: str, text: str) -> None:
    page.goto(phone)
    page.locator("[name=text]").fill(text)
    page.locator("[name=text]").press("Enter")
    expect(page.locator("main")).to_contain_text(text)


def _sign_in(page: Page, web: str, email: str, heading: str = "Messages") -> None:
    page.goto(f"{web}/admin/messages")
    page.locator("[name=username]").fill(email)
    page.locator("[name=password]").fill(PASSWORD)
    page.locator("[name=password]").press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text(heading)
