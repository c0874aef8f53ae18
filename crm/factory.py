"""Build the application from its settings, in named steps."""

import gc

from flask import Flask
from flask_migrate import Migrate
from werkzeug.middleware.proxy_fix import ProxyFix

from crm import models
from crm.core import log, metrics
from crm.core.config import ROOT, Settings
from crm.core.db import binds, db, engine_options, engine_url, watch_connections
from crm.events import doorbell
from crm.events.registry import registry
from crm.web.setup import set_up_web
from crm.wiring import PERIODIC, wire

WEB_STATEMENT_SECONDS = 20
MAX_FORM_BYTES = 256 * 1024

migrate = Migrate()


def create_app(settings: Settings, *, role: str = "web") -> Flask:
    """Return the application; `role` names the process in the database and in the log.

    Raises: SettingsError if a module of CRM_EXTENSIONS cannot be used.
    """
    app = Flask(__name__, template_folder="templates", static_folder="static")
    _configure(app, settings, role)
    log.configure()
    _set_up_database(app)
    _set_up_redis(settings)
    wire(settings, registry)
    set_up_web(app, settings)
    _trust_proxies(app, settings)
    _settle_memory(settings)
    return app


def _configure(app: Flask, settings: Settings, role: str) -> None:
    app.extensions["settings"] = settings
    app.extensions["periodic"] = PERIODIC
    url = engine_url(settings.database_url)
    options = engine_options(
        application_name=f"crm-{role}",
        statement_timeout_s=WEB_STATEMENT_SECONDS if role == "web" else 0,
    )
    app.config.update(
        SECRET_KEY=settings.secret_key,
        SECRET_KEY_FALLBACKS=list(settings.secret_key_fallbacks),
        SQLALCHEMY_DATABASE_URI=url,
        SQLALCHEMY_ENGINE_OPTIONS=options,
        SQLALCHEMY_BINDS=binds(url, **options),
        SESSION_COOKIE_NAME="__Host-session" if settings.is_production else "session",
        SESSION_COOKIE_SECURE=settings.is_production,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        MAX_CONTENT_LENGTH=MAX_FORM_BYTES,
        MAX_FORM_MEMORY_SIZE=MAX_FORM_BYTES,
        TEMPLATES_AUTO_RELOAD=settings.env == "development",
    )


def _set_up_database(app: Flask) -> None:
    db.init_app(app)
    with app.app_context():
        for engine in db.engines.values():
            watch_connections(engine)
    migrate.init_app(app, db, directory=str(ROOT / "migrations"), compare_type=True)
    _ = models  # all tables are known from here on


def _set_up_redis(settings: Settings) -> None:
    doorbell.configure(settings.redis_url)
    metrics.configure(doorbell.connect(settings.redis_url))


def _trust_proxies(app: Flask, settings: Settings) -> None:
    """Believe exactly as many proxies as there are; with none, X-Forwarded-For is a stranger's word."""
    hops = settings.trusted_proxies
    if hops:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops)  # type: ignore[method-assign]


def _settle_memory(settings: Settings) -> None:
    """Leave what was loaded out of the garbage collector's full rounds: each took some request 65 to 110 ms."""
    if settings.is_production:
        gc.collect()
        gc.freeze()
