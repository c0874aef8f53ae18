"""Dress the application for the web: doors, guards, headers, error pages, what pages may call."""

from uuid import uuid4

from flask import Flask, Response, g, request

from crm.core import log
from crm.core.config import Settings
from crm.core.db import db
from crm.web.blueprints import BLUEPRINTS

CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)


def set_up_web(app: Flask, settings: Settings) -> None:
    """Register everything that a request meets."""
    app.before_request(_begin)
    app.after_request(_headers(settings))
    app.teardown_appcontext(lambda _error: None)
    for blueprint, prefix in BLUEPRINTS:
        app.register_blueprint(blueprint, url_prefix=prefix)
    _ = db


def _begin() -> None:
    g.request_id = uuid4().hex[:16]
    log.unbind_all()
    log.bind(request_id=g.request_id)


def _headers(settings: Settings):  # type: ignore[no-untyped-def]
    def set_headers(response: Response) -> Response:
        headers = response.headers
        headers["X-Request-Id"] = g.get("request_id", "")
        headers.setdefault("Content-Security-Policy", CSP)
        headers["X-Content-Type-Options"] = "nosniff"
        headers["Referrer-Policy"] = "same-origin"
        headers["Cross-Origin-Opener-Policy"] = "same-origin"
        if settings.is_production:
            headers["Strict-Transport-Security"] = "max-age=31536000"
        if request.endpoint != "static":
            headers.setdefault("Cache-Control", "no-store")
        return response

    return set_headers
