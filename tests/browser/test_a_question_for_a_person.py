"""A reader asks what no rule answers: it comes to the inbox, a person answers, and the phone gets the answer."""

import pytest
from flask import Flask
from playwright.sync_api import Browser, BrowserContext, Page, expect

from crm.events.drain import drain
from tests.factories.conversations import make_item
from tests.factories.messages import set_up_gateway
from tests.factories.users import make_user
from tests.pages import PASSWORD

pytestmark = pytest.mark.browser
QUESTION = "Dokedy mi platí predplatné?"
PHONE = {"width": 360, "height": 780}


@pytest.fixture(autouse=True)
def _set_up(app: Flask) -> None:
    set_up_gateway()
    make_user(role="support", email="samuel@example.sk", name="Samuel Baláž")


@pytest.mark.parametrize("javascript", [True, False], ids=["with JavaScript", "without"])
def test_support_answers_a_reader_on_a_phone(
    browser: Browser, web: str, phone: str, javascript: bool
) -> None:
    context = browser.new_context(java_script_enabled=javascript, locale="en", viewport=PHONE)  # type: ignore[arg-type]
    _ask(context, phone, QUESTION)
    page = _sign_in(context, web)

    expect(page.locator(".nav__badge")).to_have_text("1")
    page.get_by_role("link", name="Answer").click()
    field = page.get_by_role("textbox", name="Your answer")
    expect(field).to_be_focused()
    expect(field).to_be_in_viewport()
    expect(page.get_by_role("region", name="Conversation")).to_contain_text(QUESTION)
    expect(page.locator("main")).to_contain_text("as a reply to the last SMS")
    field.fill("Dobrý deň, do konca roka.")
    page.get_by_role("button", name="Send").click()

    expect(page.get_by_role("status")).to_contain_text(["The answer is on its way"])
    expect(page.locator(".talk__task")).to_have_count(0)
    drain(for_seconds=10)
    handset = context.new_page()
    handset.goto(phone)
    expect(handset.locator(".phone__screen")).to_contain_text("Dobry den, do konca roka.")
    page.goto(f"{web}/admin/inbox")
    expect(page.locator("main")).to_contain_text("Nobody waits")
    context.close()


@pytest.mark.parametrize("javascript", [True, False], ids=["with JavaScript", "without"])
def test_done_is_pressed_and_taken_back(browser: Browser, web: str, phone: str, javascript: bool) -> None:
    context = browser.new_context(java_script_enabled=javascript, locale="en")
    _ask(context, phone, QUESTION)
    page = _sign_in(context, web)

    page.get_by_role("button", name="Done").click()
    expect(page.locator("main")).to_contain_text("Nobody waits")
    page.get_by_role("button", name="Undo").click()

    expect(page.locator("main")).to_contain_text(QUESTION)
    expect(page.get_by_role("status")).to_contain_text(["It waits in the inbox again."])
    context.close()


def test_the_parts_are_told_while_one_writes_and_nothing_moves(
    browser: Browser, web: str, phone: str
) -> None:
    context = browser.new_context(locale="en", viewport={"width": 1280, "height": 900})
    _ask(context, phone, QUESTION)
    page = _sign_in(context, web)
    page.get_by_role("link", name="Answer").click()
    field = page.get_by_role("textbox", name="Your answer")
    page.evaluate("() => document.fonts.ready.then(() => true)")
    before = field.bounding_box()

    field.fill("Ďakujeme za správu. " * 10)

    expect(page.get_by_role("button", name="Send in 2 parts")).to_be_visible()
    expect(page.locator(".talk__draft .bubble__part")).to_have_count(2)
    expect(page.locator(".talk__draft")).to_be_in_viewport()
    assert field.bounding_box() == before
    field.press("Control+Enter")
    expect(page.get_by_role("status")).to_contain_text(["The answer is on its way"])
    context.close()


def test_the_key_closes_the_row_that_has_the_focus_and_in_a_conversation_leads_to_the_next(
    app: Flask, browser: Browser, web: str
) -> None:
    for number, text in enumerate(("prvá", "druhá", "tretia", "štvrtá")):
        make_item(content=text, number=f"+42190800000{number}")
    context = browser.new_context(locale="en")
    page = _sign_in(context, web)

    _press(page, "j", "j", "e")
    expect(page.get_by_role("status")).to_contain_text(["Done. 3 still wait."])
    expect(page.locator("tbody")).not_to_contain_text("druhá")
    _press(page, "j", "Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("0908 000 000")
    _press(page, "e")

    expect(page.get_by_role("heading", level=1)).to_have_text("0908 000 002")
    _press(page, "r")
    expect(page.get_by_role("textbox", name="Your answer")).to_be_focused()
    context.close()


def test_what_comes_while_one_reads_appears_at_the_end(browser: Browser, web: str, phone: str) -> None:
    context = browser.new_context(locale="en")
    _ask(context, phone, QUESTION)
    page = _sign_in(context, web)
    page.get_by_role("link", name="0908").first.click()
    page.get_by_role("textbox", name="Your answer").fill("rozpísaná odpoveď")

    _ask(context, phone, "Haló, ste tam?")

    screen = page.get_by_role("region", name="Conversation")
    expect(screen).to_contain_text("Haló, ste tam?", timeout=15000)
    expect(page.locator(".talk__task")).to_contain_text("2 SMS wait since")
    expect(page.get_by_role("textbox", name="Your answer")).to_have_value("rozpísaná odpoveď")
    assert screen.evaluate("screen => Math.abs(screen.scrollTop) < 2")
    context.close()


def _ask(context: BrowserContext, phone: str, text: str) -> None:
    """Send an SMS from the phone in the browser, and let the worker see to it."""
    handset = context.new_page()
    handset.goto(phone)
    handset.locator("[name=text]").fill(text)
    handset.locator("[name=text]").press("Enter")
    expect(handset.locator("main")).to_contain_text(text)
    drain(for_seconds=10)
    handset.close()


def _press(page: Page, *keys: str) -> None:
    """Press keys one after another, once the page listens to them: then it shows the button that explains them."""
    expect(page.get_by_role("button", name="Keys", exact=True)).to_be_visible()
    for key in keys:
        page.keyboard.press(key)


def _sign_in(context: BrowserContext, web: str) -> Page:
    page = context.new_page()
    page.goto(f"{web}/admin/inbox")
    page.locator("[name=username]").fill("samuel@example.sk")
    page.locator("[name=password]").fill(PASSWORD)
    page.locator("[name=password]").press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Inbox")
    return page
