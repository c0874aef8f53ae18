"""A real browser, and the application on an address that it can open."""

import threading
from collections.abc import Iterator

import pytest
from flask import Flask
from playwright.sync_api import Browser, sync_playwright
from werkzeug.serving import make_server

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
