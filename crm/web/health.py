"""Are we alive, are we ready. Overdue work is in the metrics: restarting the web would not make it faster."""

from functools import lru_cache

from alembic.script import ScriptDirectory
from flask import Blueprint, Response, jsonify
from redis import RedisError
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError, SQLAlchemyError

from crm.core.config import ROOT
from crm.core.db import current_session
from crm.events import doorbell
from crm.web.guards import public
from crm.web.page_tools import get_settings

health = Blueprint("health", __name__)

OK = "ok"


@health.get("/healthz")
@public("for the supervisor: it says that the process answers, and nothing else")
def alive() -> Response:
    """Answer, without asking anybody."""
    return jsonify(status=OK)


@health.get("/readyz")
@public("for the load balancer: a word for each thing that we need")
def ready() -> tuple[Response, int]:
    """Say whether requests can be served: 200, or 503 and what is missing."""
    words = {"database": _ask_database(), "redis": _ask_redis()}
    is_ready = all(word == OK for word in words.values())
    return jsonify(status=OK if is_ready else "not ready", **words), 200 if is_ready else 503


def _ask_database() -> str:
    try:
        version = current_session().execute(text("SELECT version_num FROM alembic_version")).scalar()
    except ProgrammingError:
        return "not migrated"
    except SQLAlchemyError:
        return "unreachable"
    return OK if version == _newest_migration() else f"at migration {version}, not at {_newest_migration()}"


def _ask_redis() -> str:
    try:
        doorbell.connect(get_settings().redis_url).ping()
    except RedisError:
        return "unreachable"
    return OK


@lru_cache(maxsize=1)
def _newest_migration() -> str | None:
    return ScriptDirectory(str(ROOT / "migrations")).get_current_head()
