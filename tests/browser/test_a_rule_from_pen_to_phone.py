"""A rule as an editor lives it: tried, seen in the past, saved; then a reader texts the word and gets the answer."""

from typing import Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from flask import Flask
from playwright.sync_api import Browser, Page, expect

from crm.events.drain import drain
from tests.factories.messages import set_up_gateway
from tests.factories.rules import make_rule, make_template
from tests.factories.users import make_user
from tests.pages import PASSWORD

pytestmark = pytest.mark.browser


@pytest.fixture(autouse=True)
def _set_up(app: Flask) -> None:
    set_up_gateway()
    make_template("info", "Noviny vychadzaju v piatok.")
    make_user(role="editor", email="elena@example.sk")


@pytest.mark.parametrize("javascript", [True, False], ids=["with JavaScript", "without"])
def test_an_editor_writes_a_rule_and_a_reader_gets_its_answer(
    browser: Browser, web: str, phone: str, javascript: bool
) -> None:
    context = browser.new_context(java_script_enabled=javascript, locale="en")
    page, handset = context.new_page(), context.new_page()
    _text(handset, phone, "kedy vyjde?")
    _sign_in(page, web)

    _try(page, "Kedy vyjde")
    expect(page.locator("main")).to_contain_text("There is no rule.")
    _write(page, "KEDY VYJDE", "The text begins with it")
    _try(page, "Kedy vyjde?")
    expect(page.locator(".trial")).to_contain_text("Noviny vychadzaju v piatok.")
    _text(handset, phone, "Kedy vyjde víkendové?")

    expect(handset.locator("main")).to_contain_text("Noviny vychadzaju v piatok.")
    page.goto(f"{web}/admin/messages/inbound/2")
    expect(page.locator("main")).to_contain_text("The rule “KEDY VYJDE” fits: the text begins with it.")
    context.close()


@pytest.mark.parametrize("javascript", [True, False], ids=["with JavaScript", "without"])
def test_an_editor_takes_a_switch_back(browser: Browser, web: str, javascript: bool) -> None:
    context = browser.new_context(java_script_enabled=javascript, locale="en")
    page = context.new_page()
    _sign_in(page, web)
    _write(page, "INFO", "The whole text is it")

    page.get_by_role("button", name="Switch off INFO").click()
    expect(page.get_by_role("status")).to_contain_text("“INFO” is off")
    page.get_by_role("button", name="Undo").click()

    expect(page.get_by_role("status")).to_contain_text("“INFO” is on and acts from now on.")
    context.close()


@pytest.mark.parametrize(("theme", "width"), [("light", 1280), ("dark", 360)])
def test_the_pages_that_only_a_form_leads_to_are_accessible(
    browser: Browser, web: str, theme: Literal["light", "dark"], width: int
) -> None:
    make_rule(match="starts_with")
    context = browser.new_context(
        locale="en", color_scheme=theme, reduced_motion="reduce", viewport={"width": width, "height": 800}
    )
    page = context.new_page()
    _sign_in(page, web)

    _try(page, "info prosím")
    faults = _list_faults(page)
    page.get_by_role("button", name="Switch off INFO").click()
    expect(page.get_by_role("status")).to_be_visible()
    faults += _list_faults(page)
    _look(page, "KURZ", "The whole text is it")
    faults += _list_faults(page)
    page.goto(f"{web}/admin/rules")
    page.get_by_role("link", name="New rule").click()
    page.get_by_label("Text", exact=True).fill("STOP")
    page.get_by_role("button", name="See what it would have done").click()
    expect(page.get_by_role("alert")).to_be_visible()
    faults += _list_faults(page)

    assert faults == []
    context.close()


def _list_faults(page: Page) -> list[str]:
    found = Axe().run(page).response["violations"]
    return [f"{fault['id']}: {[node['target'] for node in fault['nodes']]}" for fault in found]


def _write(page: Page, text: str, match: str) -> None:
    """Write a rule that replies with `info`, look at the past, and save it."""
    _look(page, text, match)
    page.get_by_role("button", name="Save this rule").click()
    expect(page.get_by_role("status")).to_contain_text(f"The rule “{text}” is saved")


def _look(page: Page, text: str, match: str) -> None:
    page.get_by_role("link", name="New rule").click()
    page.get_by_label("Text", exact=True).fill(text)
    page.get_by_role("radio", name=match, exact=True).check()
    page.get_by_label("Template", exact=True).select_option("info")
    page.get_by_role("button", name="See what it would have done").click()
    expect(page.locator(".past")).to_contain_text("In the last 30 days this would have matched")


def _try(page: Page, text: str) -> None:
    page.get_by_label("Try a text").fill(text)
    page.get_by_role("button", name="Try it").click()
    expect(page.locator(".trial")).to_contain_text(text)


def _text(handset: Page, phone: str, text: str) -> None:
    """Send an SMS from the phone, let the worker work, and look at the phone again."""
    handset.goto(phone)
    handset.locator("[name=text]").fill(text)
    handset.locator("[name=text]").press("Enter")
    expect(handset.locator("main")).to_contain_text(text)
    drain(for_seconds=10)
    handset.goto(phone)


def _sign_in(page: Page, web: str) -> None:
    page.goto(f"{web}/admin/rules")
    page.locator("[name=username]").fill("elena@example.sk")
    page.locator("[name=password]").fill(PASSWORD)
    page.locator("[name=password]").press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Rules")
