"""A browser whose requests share nothing but the cookies, as real ones do."""

from datetime import UTC, datetime
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.conftest import EnglishClient
from tests.factories.users import make_user
from tests.pages import sign_in


class Browser(EnglishClient):
    """Gives each request an application context of its own: the one around a test would keep who is signed in."""

    def open(self, *args: Any, **kwargs: Any) -> TestResponse:
        with self.application.app_context():
            return super().open(*args, **kwargs)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """Return a browser without JavaScript."""
    return Browser(app)


@pytest.fixture
def staff(client: FlaskClient) -> FlaskClient:
    """Return a browser in which an administrator is signed in."""
    make_user(role="admin", email="admin@example.sk", name="Eva Nováková")
    assert sign_in(client, "admin@example.sk").status_code == 302
    return client


@pytest.fixture
def in_2026(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let pages take 2026 for this year, so that they leave it out."""
    monkeypatch.setattr("crm.web.page_tools.now", lambda: datetime(2026, 12, 3, tzinfo=UTC))
