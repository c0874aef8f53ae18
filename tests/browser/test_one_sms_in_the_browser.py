"""The main job as a person sees it: an SMS from the phone in the browser, watched by staff in another tab."""

import threading
from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from flask import Flask
from playwright.sync_api import Browser, Page, expect, sync_playwright
from werkzeug.serving import make_server

from crm.core.business_settings import set_setting
from crm.core.db import transaction
from crm.events.drain import drain
from crm.events.registry import registry
from crm.mobiletech.client_http import HttpGatewayClient
from crm.mobiletech.events import SEND
from crm.mobiletech.sending import SendEffect
from crm.simulator import create_simulator, serving
from tests.browser_binary import get_chromium
from tests.factories.messages import turn_on_test_answer
from tests.factories.users import make_user
from tests.pages import PASSWORD

pytestmark = pytest.mark.browser
PAGES = (
    "/login",
    "/admin/",
    "/admin/messages",
    "/admin/messages/outbound/1",
    "/admin/templates/pong",
    "/api/docs",
)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Return a real browser."""
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(**get_chromium().launch_options())  # type: ignore[arg-type]
        yield chromium
        chromium.close()


@pytest.fixture
def web(app: Flask) -> Iterator[str]:
    """Serve the application on loopback and return its address."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


@pytest.fixture
def phone(web: str) -> Iterator[str]:
    """Serve the simulator for that application, let messages go to it, and return its address."""
    turn_on_test_answer()
    real = registry.effects[SEND]
    registry.effects[SEND] = SendEffect(HttpGatewayClient())
    with serving(create_simulator(f"{web}/api/v1/mobiletech/webhook")) as address:
        with transaction() as session:
            set_setting(session, "mobiletech_gateway_url_production", f"{address}/send")
        yield address
    registry.effects[SEND] = real


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


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
def test_every_page_is_accessible(browser: Browser, web: str, phone: str, theme: str, width: int) -> None:
    make_user(role="admin", email="eva@example.sk")
    context = browser.new_context(
        viewport={"width": width, "height": 800},
        color_scheme=theme,  # type: ignore[arg-type]
    )
    page = context.new_page()
    _send(page, phone, "Ahoj")
    drain(for_seconds=10)
    faults = [_faults(page, phone), _faults(page, f"{web}/login")]

    _sign_in(page, web, "eva@example.sk")
    faults += [_faults(page, f"{web}{path}") for path in PAGES[1:]]

    assert [fault for fault in faults if fault] == []
    context.close()


def _send(page: Page, phone: str, text: str) -> None:
    page.goto(phone)
    page.locator("[name=text]").fill(text)
    page.locator("[name=text]").press("Enter")
    expect(page.locator("main")).to_contain_text(text)


def _sign_in(page: Page, web: str, email: str) -> None:
    page.goto(f"{web}/admin/messages")
    page.locator("[name=username]").fill(email)
    page.locator("[name=password]").fill(PASSWORD)
    page.locator("[name=password]").press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Messages")


def _faults(page: Page, address: str) -> str:
    page.goto(address)
    results = Axe().run(page)
    return "" if results.violations_count == 0 else f"{address}: {results.generate_report()}"
