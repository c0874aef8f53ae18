"""Renewals in a browser: an outcome is settled on a phone without JavaScript, and axe finds nothing on the way."""

from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from flask import Flask
from playwright.sync_api import Browser, Page, expect

from crm.payments.charging_run import charge_due
from tests.conftest import Clock
from tests.factories.money import (
    MONTH,
    get_payment,
    list_payments,
    list_renewals,
    make_type,
    messages_of,
    report,
    set_up_sale,
    subscribe,
)
from tests.factories.users import make_user
from tests.fakes import FakeGateway, ambiguous
from tests.outbox import run_all
from tests.pages import PASSWORD

pytestmark = pytest.mark.browser
LIST = "/admin/recurrent-payments"
BILLING = "ivan@example.sk"
PATHS = [
    *(f"{LIST}{path}" for path in ("", "?view=due", "?view=paused", "/duplicates", "/hold", "/resume")),
    *(f"{LIST}/{path}" for path in ("1", "2", "2/charge", "2/postpone", "2/pause", "2/stop", "3")),
    *(f"{LIST}/{path}" for path in ("2/reactivate", "1/anew", "2/go-on")),
    *(f"/admin/messages/outbound/3/{act}" for act in ("settle", "release", "cancel", "again", "drop")),
    "/admin/messages/outbound/3",
]


@pytest.fixture(autouse=True)
def _set_up(app: Flask, gateway: FakeGateway, clock: Clock) -> None:
    """One renewal failed and is planned anew, another's outcome nobody knows."""
    set_up_sale()
    make_type()
    make_user(role="billing", email=BILLING, name="Ivan Kováč")
    subscribe()
    subscribe(number="0908000001")
    clock.advance(MONTH)
    charge_due()
    gateway.will(ambiguous())
    run_all()
    report(next(payment.id for payment in list_payments() if _is_known(payment.id)), "A5")


def _is_known(payment_id: int) -> bool:
    return payment_id > 2 and messages_of(payment_id)[0].state == "accepted"


@pytest.fixture
def page(browser: Browser, web: str) -> Iterator[Page]:
    """Return a page in which somebody of billing is signed in, on a phone, without JavaScript."""
    context = browser.new_context(
        java_script_enabled=False, locale="en", viewport={"width": 360, "height": 780}
    )
    page = context.new_page()
    _sign_in(page, web)
    yield page
    context.close()


def _sign_in(page: Page, web: str) -> None:
    page.goto(f"{web}/login?next={LIST}")
    page.locator("[name=username]").fill(BILLING)
    page.locator("[name=password]").fill(PASSWORD)
    page.locator("[name=password]").press("Enter")


def test_an_unknown_outcome_is_found_and_settled(page: Page) -> None:
    page.get_by_role("link", name="Unproven").click()
    page.locator("a.row-link").click()
    expect(page.locator("main")).to_contain_text("Nobody knows whether it was billed")
    page.get_by_role("link", name="Settle the outcome").click()
    expect(page.locator("main")).to_contain_text("own list first")
    page.get_by_label("It was not billed: nobody was charged.").check()
    page.get_by_label("Reason").fill("Mobiletech has no such SMS")
    page.get_by_role("button", name="Settle it").click()

    expect(page.get_by_role("status")).to_contain_text(["It counts as not billed"])
    assert sorted(row.state for row in list_renewals()) == [
        "active",
        "active",
        "charge_failed",
        "charge_failed",
    ]
    assert [get_payment(payment_id).status for payment_id in (3, 4)] == ["fail", "fail"]


def test_nothing_stands_outside_of_a_phone_or_of_a_desk(page: Page, web: str) -> None:
    for width in (360, 1280):
        page.set_viewport_size({"width": width, "height": 800})
        for path in PATHS:
            page.goto(f"{web}{path}")
            assert page.evaluate("document.documentElement.scrollWidth") <= width, path


def test_axe_finds_nothing(browser: Browser, web: str) -> None:
    page = browser.new_context(locale="en").new_page()
    _sign_in(page, web)
    page.wait_for_url(f"**{LIST}")
    axe, faults = Axe(), []
    for path in PATHS:
        page.goto(f"{web}{path}")
        for width, theme in ((1280, "light"), (360, "dark")):
            page.set_viewport_size({"width": width, "height": 800})
            page.emulate_media(color_scheme=theme, reduced_motion="reduce")  # type: ignore[arg-type]
            found = axe.run(page, options={"resultTypes": ["violations"]}).response["violations"]
            faults += [f"{path}, {width} px: {fault['id']} {fault['nodes'][0]['target']}" for fault in found]

    assert faults == []
    page.context.close()
