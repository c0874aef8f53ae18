"""Support at work with a number, as they live it: found by its end, linked to a reader, unlinked again."""

import re

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page, expect

from crm.core.db import transaction
from crm.users.models import MobilePhone
from crm.users.numbers import note_numbers
from tests.factories.log import make_inbound
from tests.factories.users import make_user
from tests.pages import PASSWORD
from tests.stored import read

pytestmark = pytest.mark.browser
NUMBER, SHOWN = "+421908123456", "0908 123 456"


@pytest.mark.parametrize("javascript", [True, False], ids=["with JavaScript", "without"])
@pytest.mark.parametrize("width", [1280, 360])
def test_support_finds_a_number_by_its_end_links_it_and_unlinks_it(
    app: Flask, browser: Browser, web: str, javascript: bool, width: int
) -> None:
    _set_up()
    context = browser.new_context(
        java_script_enabled=javascript, locale="en", viewport={"width": width, "height": 800}
    )
    page = context.new_page()
    _sign_in(page, web)

    if width < 700:
        page.get_by_text("More", exact=True).click()
    page.get_by_role("link", name="Numbers").locator("visible=true").click()
    _search(page, "3456")
    page.get_by_role("link", name=SHOWN).click()
    expect(page.locator("main")).to_contain_text("Nobody has this number.")

    page.get_by_role("link", name="Link it to a person").click()
    _search(page, "cucoried")
    page.get_by_role("link", name="Choose Žofia Čučoriedková").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(f"Link {SHOWN} to Žofia Čučoriedková")
    expect(page.locator("main")).to_contain_text("whoever has it in hand can sign in")
    page.get_by_label("Reason").fill("Asked by letter")
    page.get_by_role("button", name="Link this number").click()
    expect(page.get_by_role("status")).to_contain_text("The number belongs to Žofia Čučoriedková now.")
    assert len(read(MobilePhone.id)) == 1

    page.get_by_role("link", name="Unlink the number").click()
    page.get_by_label("Reason").fill("Has another one now")
    page.get_by_role("button", name="Unlink the number").click()
    expect(page.get_by_role("status")).to_contain_text("The number belongs to nobody now.")
    expect(page.locator("main")).to_contain_text("Has another one now")
    assert read(MobilePhone.id) == []
    assert not re.search("908123456|cucoried", page.url)
    assert page.evaluate("document.documentElement.scrollWidth") <= width if javascript else True
    context.close()


def _set_up() -> None:
    make_user(role="support", email="samuel@example.sk", name="Samuel Baláž")
    make_user(role="customer", email="zofia@example.sk", name="Žofia Čučoriedková")
    make_inbound(from_=NUMBER)
    with transaction() as session:
        note_numbers(session, [NUMBER, "+421905000132"])


def _sign_in(page: Page, web: str) -> None:
    page.goto(f"{web}/login")
    page.locator("[name=username]").fill("samuel@example.sk")
    page.locator("[name=password]").fill(PASSWORD)
    page.locator("[name=password]").press("Enter")
    expect(page).to_have_url(f"{web}/admin/")


def _search(page: Page, term: str) -> None:
    form = page.locator("main").get_by_role("search")
    form.get_by_role("textbox").fill(term)
    form.get_by_role("button", name="Search").click()
