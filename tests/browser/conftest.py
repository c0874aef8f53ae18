"""A real browser, and the application on an address that it can open."""

import threading
from collections.abc import Iterator

import pytest
from flask import Flask
from playwright.sync_api import Browser, sync_playwright
from werkzeug.serving import make_server

from crm.core.business_settings import set_setting
from crm.core.db import transaction
from crm.events.registry import registry
from crm.mobiletech.client_http import HttpGatewayClient
from crm.mobiletech.events import SEND
from crm.mobiletech.sending import SendEffect
from crm.simulator import create_simulator, serving
from tests.browser_binary import get_chromium


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
    """Serve the simulator for the application, let messages go to it, and return its address."""
    real = registry.effects[SEND]
    registry.effects[SEND] = SendEffect(HttpGatewayClient())
    with serving(create_simulator(f"{web}/api/v1/mobiletech/webhook")) as address:
        with transaction() as session:
            set_setting(session, "mobiletech_gateway_url_production", f"{address}/send")
        yield address
    registry.effects[SEND] = real
