"""Dress the application for the web: doors, guards, headers, error pages, what pages may call."""

from flask import Flask
from flask_wtf import CSRFProtect

from crm.core.config import Settings
from crm.web import (
    error_pages,
    hosts,
    import_upload_limit,
    languages,
    limits,
    page_tools,
    request_log,
    security_headers,
    session,
)
from crm.web.blueprints import BLUEPRINTS, OPEN_ENDPOINTS, WITHOUT_CSRF
from crm.web.guards import list_unguarded, public


class UnguardedRouteError(RuntimeError):
    """A route says neither who may use it nor why anybody may."""


def set_up_web(app: Flask, settings: Settings) -> None:
    """Register everything that a request meets, in the order in which it is met.

    Raises: UnguardedRouteError: a forgotten guard must not reach the first visitor.
    """
    request_log.set_up(app)
    security_headers.set_up(app, settings)
    hosts.set_up(app, settings)
    page_tools.set_up(app)
    languages.set_up(app, settings)
    error_pages.set_up(app)
    session.set_up(app)
    import_upload_limit.set_up(app)
    _protect_forms(app)
    for blueprint, prefix in BLUEPRINTS:
        app.register_blueprint(blueprint, url_prefix=prefix or None)
    for endpoint, reason in OPEN_ENDPOINTS.items():
        public(reason)(app.view_functions[endpoint])
    limits.set_up(app, settings)
    if unguarded := list_unguarded(app):
        raise UnguardedRouteError(f"These routes have no guard: {', '.join(unguarded)}.")


def _protect_forms(app: Flask) -> None:
    # A token lives as long as its session: a text written for two hours is not lost at the press of "Save".
    app.config["WTF_CSRF_TIME_LIMIT"] = None
    csrf = CSRFProtect(app)
    for blueprint in WITHOUT_CSRF:
        csrf.exempt(blueprint)
