"""The overview looks again every half a minute: what is new appears, what was opened stays open, a pause holds."""

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page, expect

from tests.conftest import Clock
from tests.factories.log import make_inbound
from tests.factories.moments import on_the_wall, set_clock
from tests.factories.users import make_user
from tests.pages import PASSWORD

pytestmark = pytest.mark.browser

HALF_A_MINUTE = 31_000
NOON = "2026-12-03 12:00"


@pytest.fixture
def page(app: Flask, clock: Clock, browser: Browser, web: str) -> Page:
    """Return the overview, open in a browser whose time stands still."""
    set_clock(clock, NOON)
    make_user(role="support", email="eva@example.sk")
    _receive("11:00")
    page = browser.new_page(locale="en")
    page.clock.install()
    page.goto(f"{web}/admin/")
    page.locator("[name=username]").fill("eva@example.sk")
    page.locator("[name=password]").fill(PASSWORD)
    page.locator("[name=password]").press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Overview")
    return page


def test_what_is_new_appears_and_what_was_opened_stays_open(page: Page) -> None:
    page.get_by_text("The same as a table").click()
    _receive("11:30")

    page.clock.fast_forward(HALF_A_MINUTE)

    expect(page.locator(".figure__value").first).to_have_text("2")
    expect(page.locator(".days td").first).to_have_text("2")
    expect(page.locator(".days")).to_be_visible()
    expect(page.locator("#days-summary")).to_be_focused()
    page.context.close()


def test_a_pause_holds(page: Page) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.get_by_role("button", name="Pause refresh").click()

    page.clock.fast_forward(4 * HALF_A_MINUTE)
    paused = list(asked)
    with page.expect_request("**/admin/"):
        page.get_by_role("button", name="Refresh by itself").click()
        page.clock.fast_forward(HALF_A_MINUTE)

    assert paused == []
    page.context.close()


def test_half_a_minute_passes_before_it_looks_again(page: Page) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))

    page.clock.fast_forward(HALF_A_MINUTE - 3_000)

    assert asked == []
    page.context.close()


def _receive(written: str) -> None:
    make_inbound(created_at=on_the_wall(f"2026-12-03 {written}"))
