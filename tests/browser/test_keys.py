"""The keys of the staff's pages: they move, open and go back, leave typing alone, and can be switched off."""

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page, expect

from crm.core.db import transaction
from crm.mobiletech.sms_templates import create_template
from tests.factories.users import make_user
from tests.pages import PASSWORD

pytestmark = pytest.mark.browser

CODES = ("first", "second", "third")


@pytest.fixture
def page(app: Flask, browser: Browser, web: str) -> Page:
    """Return the list of templates, as an administrator sees it."""
    make_user(role="admin", email="eva@example.sk")
    with transaction() as session:
        for code in CODES:
            create_template(session, code, "Text")
    page = browser.new_context(base_url=web).new_page()
    page.goto("/admin/templates")
    page.locator("[name=username]").fill("eva@example.sk")
    page.locator("[name=password]").fill(PASSWORD)
    page.locator("[name=password]").press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Templates")
    _wait_for_the_keys(page)
    return page


def test_rows_are_walked_opened_and_left_again(page: Page) -> None:
    for key in ("j", "j", "j", "k"):
        page.keyboard.press(key)
    expect(page.get_by_role("link", name="second")).to_be_focused()

    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Template second")
    _wait_for_the_keys(page)
    page.keyboard.press("Escape")

    expect(page.get_by_role("heading", level=1)).to_have_text("Templates")


def test_the_navigation_is_two_keys_away(page: Page) -> None:
    page.keyboard.press("g")
    page.keyboard.press("m")

    expect(page.get_by_role("heading", level=1)).to_have_text("Messages")


def test_the_keys_are_shown_and_the_menu_closes_by_escape_alone(page: Page) -> None:
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_contain_text("Next row")
    page.keyboard.press("Escape")

    expect(page.get_by_role("dialog")).to_be_hidden()
    expect(page.get_by_role("heading", level=1)).to_have_text("Templates")


def test_what_is_typed_stays_text(page: Page) -> None:
    page.goto("/admin/templates/first")
    _wait_for_the_keys(page)

    page.locator("[name=content]").press("j")
    page.keyboard.press("?")
    expect(page.locator("[name=content]")).to_have_value("j?Text")
    page.keyboard.press("Escape")

    expect(page.locator("[name=content]")).not_to_be_focused()
    expect(page.locator("[name=content]")).to_have_value("j?Text")


def test_what_is_typed_is_not_left_by_a_key(page: Page) -> None:
    page.get_by_role("link", name="first").click()
    _wait_for_the_keys(page)
    page.locator("[name=content]").press("j")
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    page.keyboard.press("?")

    expect(page.get_by_role("dialog")).to_be_visible()
    expect(page.get_by_role("heading", level=1)).to_have_text("Template first")
    expect(page.locator("[name=content]")).to_have_value("jText")


def test_a_form_that_was_refused_is_not_left_by_a_key(page: Page) -> None:
    page.get_by_role("link", name="first").click()
    page.locator("[name=content]").fill("{{ broken")
    page.get_by_role("button", name="Save", exact=False).first.click()
    expect(page.get_by_role("alert")).to_contain_text("Not saved yet")
    _wait_for_the_keys(page)
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    page.keyboard.press("?")

    expect(page.get_by_role("dialog")).to_be_visible()
    expect(page.locator("[name=content]")).to_have_value("{{ broken")


def test_they_can_be_switched_off_and_stay_off(page: Page) -> None:
    page.keyboard.press("?")
    page.get_by_role("button", name="Switch the keys off").click()
    page.get_by_role("button", name="Close").click()
    page.reload()

    page.keyboard.press("j")
    page.keyboard.press("?")

    expect(page.get_by_role("link", name="first")).not_to_be_focused()
    expect(page.get_by_role("dialog")).to_be_hidden()
    page.goto("/admin/help")
    expect(page.get_by_role("button", name="Switch the keys on")).to_be_visible()


def _wait_for_the_keys(page: Page) -> None:
    """Wait until the page listens to them: then it shows the button that explains them."""
    expect(page.get_by_role("button", name="Keys", exact=True)).to_be_visible()
