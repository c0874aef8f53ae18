"""The name of a subscription type in an SMS, in a real browser: what the script shows is what the server makes."""

from collections.abc import Iterator

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page, expect

from crm.subscriptions.short_names import LONGEST, short_name_of
from tests.factories.texts import make_strings
from tests.factories.users import make_user
from tests.pages import PASSWORD

pytestmark = pytest.mark.browser

NAMES = """async ([texts, room]) => {
    const { nameOf } = await import("/static/js/short_name.js");
    return texts.map((text) => nameOf("", text, room).name);
}"""


@pytest.fixture
def page(app: Flask, browser: Browser, web: str) -> Iterator[Page]:
    """Return a browser in which an administrator writes a new type."""
    make_user(email="admin@example.sk")
    context = browser.new_context(locale="en")
    page = context.new_page()
    page.goto(f"{web}/login?next=/admin/subscription-types/new")
    page.locator("[name=username]").fill("admin@example.sk")
    page.locator("[name=password]").fill(PASSWORD)
    page.locator("[name=password]").press("Enter")
    page.wait_for_url("**/subscription-types/new")
    yield page
    context.close()


def test_the_script_names_as_the_server_does(page: Page) -> None:
    letters = [chr(code) for code in range(0x20, 0x3000) if not 0xD800 <= code < 0xE000]
    texts = make_strings(seed=9, count=2_000) + [f"a{letter}b" for letter in letters]

    named = page.evaluate(NAMES, [texts, LONGEST])

    assert [
        (ascii(text), theirs, short_name_of(None, text))
        for text, theirs in zip(texts, named, strict=True)
        if theirs != short_name_of(None, text)
    ] == []


def test_the_name_follows_what_is_typed(page: Page) -> None:
    board = page.locator("[data-short-name]")

    page.locator("#user_label").fill("Mesačné predplatné")
    expect(board.locator("[data-name]")).to_have_text("Mesacne predplatne")
    expect(board.locator("[data-used]")).to_have_text("18 of 40")

    page.locator("#short_name").fill("Mesačné")
    expect(board.locator("[data-name]")).to_have_text("Mesacne")
    expect(board.locator("button")).to_be_hidden()


def test_enter_saves_and_does_not_only_show_the_name(page: Page) -> None:
    page.locator("#code").fill("a b")
    page.locator("#price").fill("4.99")
    page.locator("#price").press("Enter")

    expect(page.get_by_role("alert")).to_contain_text("A code has up to 64 letters")
