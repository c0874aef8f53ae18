"""A subscription as a reader lives it: ordered on the phone, billed, asked about, stopped; or stopped by the link."""

from collections.abc import Iterator
from typing import Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from flask import Flask
from playwright.sync_api import Browser, BrowserContext, Page, expect

from crm.events.drain import drain
from crm.sms_billing.stop_links import token_of
from tests.factories.flows import set_up_keywords
from tests.factories.money import list_payments, list_renewals, subscribe

pytestmark = pytest.mark.browser

PAID = "Mesacne predlzene, 4,99 EUR/mesiac. Zrusit: STOP na 8877"


@pytest.fixture(autouse=True)
def _keywords(app: Flask) -> None:
    set_up_keywords()


@pytest.fixture
def plain(browser: Browser) -> Iterator[BrowserContext]:
    """A browser without JavaScript."""
    context = browser.new_context(
        java_script_enabled=False, locale="en", viewport={"width": 360, "height": 740}
    )
    yield context
    context.close()


def test_a_reader_starts_asks_and_stops_on_the_phone(plain: BrowserContext, phone: str) -> None:
    handset = plain.new_page()

    _text(handset, phone, "START")
    _until_reported(handset, phone)
    expect(handset.locator("main")).to_contain_text(PAID)
    assert [payment.status for payment in list_payments()] == ["paid"]
    _text(handset, phone, "STAV")
    handset.goto(phone)
    expect(handset.locator("main")).to_contain_text("Mesacne: dalsia platba 4,99 EUR")
    _text(handset, phone, "stop")
    handset.goto(phone)

    expect(handset.locator("main")).to_contain_text("Zrusené: Mesacne.")
    assert [row.state for row in list_renewals()] == ["user_stop"]


def test_the_link_stops_and_lets_go_on_without_javascript(plain: BrowserContext, web: str) -> None:
    subscribe()
    page = plain.new_page()

    page.goto(f"{web}/s/{token_of(list_renewals()[0].payment_method_id)}")
    expect(page.get_by_role("heading", level=1)).to_have_text("Stop the subscription?")
    assert list_renewals()[0].state == "active"
    page.get_by_role("button", name="Yes, stop it").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("It is stopped")
    assert list_renewals()[0].state == "user_stop"
    page.get_by_role("button", name="I have changed my mind, go on").click()

    expect(page.get_by_role("heading", level=1)).to_have_text("Stop the subscription?")
    assert list_renewals()[0].state == "active"


@pytest.mark.parametrize(("theme", "width"), [("light", 1280), ("dark", 360)])
def test_the_page_of_the_link_is_accessible(
    browser: Browser, web: str, theme: Literal["light", "dark"], width: int
) -> None:
    subscribe()
    context = browser.new_context(
        locale="en", color_scheme=theme, reduced_motion="reduce", viewport={"width": width, "height": 800}
    )
    page = context.new_page()
    page.goto(f"{web}/s/{token_of(list_renewals()[0].payment_method_id)}")
    faults = _list_faults(page)
    page.get_by_role("button", name="Yes, stop it").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("It is stopped")
    faults += _list_faults(page)
    page.goto(f"{web}/s/none")
    faults += _list_faults(page)

    assert faults == []
    context.close()


def _text(handset: Page, phone: str, text: str) -> None:
    """Send an SMS from the phone, let the worker do all that follows, and look at the phone again."""
    handset.goto(phone)
    handset.locator("[name=text]").fill(text)
    handset.locator("[name=text]").press("Enter")
    expect(handset.locator("main")).to_contain_text(text)
    drain(for_seconds=10)
    expect(handset.locator("main")).to_contain_text(text)


def _until_reported(handset: Page, phone: str) -> None:
    """Let the gateway's reports come and be applied."""
    for _ in range(20):
        handset.wait_for_timeout(250)
        drain(for_seconds=5)
        if any(payment.status == "paid" for payment in list_payments()):
            break
    handset.goto(phone)


def _list_faults(page: Page) -> list[str]:
    found = Axe().run(page).response["violations"]
    return [f"{fault['id']}: {[node['target'] for node in fault['nodes']]}" for fault in found]
