"""Who has forgotten the password, as they live it: a code on the phone, typed in, and a new password."""

import re

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page, expect

from crm.events.drain import drain
from tests.factories.codes import make_reader, set_up_codes

pytestmark = pytest.mark.browser
NEW = "velryba tancuje potichu"


@pytest.fixture(autouse=True)
def _set_up(app: Flask) -> None:
    set_up_codes()


@pytest.mark.parametrize("javascript", [True, False], ids=["with JavaScript", "without"])
def test_a_reader_gets_back_in_by_the_code_on_the_phone(
    browser: Browser, web: str, phone: str, javascript: bool
) -> None:
    make_reader("0908123456")  # the number that the simulator’s phone has at first
    context = browser.new_context(
        java_script_enabled=javascript, locale="en", viewport={"width": 360, "height": 780}
    )
    page, handset = context.new_page(), context.new_page()

    page.goto(f"{web}/login")
    page.get_by_role("link", name="Send me a code by SMS").click()
    page.locator("[name=username]").fill("0908 123 456")
    page.get_by_role("button", name="Send me a code").click()
    expect(page.locator("main")).to_contain_text("a code is on its way")
    page.locator("[name=code]").fill(_read(handset, phone))
    page.get_by_role("button", name="Sign in").click()

    expect(page.locator("main")).to_contain_text("You are signed in.")
    page.locator("[name=new]").fill(NEW)
    page.get_by_role("button", name="Set the password").click()
    expect(page.locator("main")).to_contain_text("Your password is set.")
    _sign_in_with(context.browser, web)
    context.close()


def _read(handset: Page, phone: str) -> str:
    """Return the code, as it stands on the phone, with the space that people put into it."""
    drain(for_seconds=10)
    handset.goto(phone)
    screen = handset.locator(".phone__screen")
    expect(screen).to_contain_text("je vas kod")
    found = re.search(r"(\d{3})(\d{3}) je vas kod", screen.inner_text())
    assert found
    return f"{found[1]} {found[2]}"


def _sign_in_with(browser: Browser | None, web: str) -> None:
    """Sign in on another device, by the number and the new password."""
    assert browser is not None
    page = browser.new_page(locale="en")
    page.goto(f"{web}/login?next=/account")
    page.locator("[name=username]").fill("+421 908 123 456")
    page.locator("[name=password]").fill(NEW)
    page.get_by_role("button", name="Show password").click()
    expect(page.locator("[name=password]")).to_have_attribute("type", "text")
    page.locator("[name=password]").press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("My account")
    page.close()
