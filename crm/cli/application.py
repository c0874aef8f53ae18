"""The application for commands that need it, and the database's faults in one line each."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import ParamSpec, TypeVar

from flask import Flask, current_app, has_app_context
from redis import RedisError
from sqlalchemy.exc import ArgumentError, DBAPIError

from crm.cli.refusals import Refusal, SettingsRefusal
from crm.core import log, metrics
from crm.core.config import Settings, SettingsError
from crm.factory import create_app
from crm.users.audit_log import COMMAND_LINE, Actor, acting

P = ParamSpec("P")
R = TypeVar("R")

# Undefined table, column, function: SQLSTATE of a database that is older than the code.
_NOT_MIGRATED = frozenset({"42P01", "42703", "42883"})


ACTOR = Actor(name=COMMAND_LINE)


def needs_app(function: Callable[P, R]) -> Callable[P, R]:
    """Run the command inside the application's context; under `flask --app` that is there already.

    What it does to people, tokens, settings and texts goes to the audit log as the command line's.
    """

    @wraps(function)
    def inside(*args: P.args, **kwargs: P.kwargs) -> R:
        with database_refusals(), acting(ACTOR):
            if has_app_context():
                return function(*args, **kwargs)
            with make_app().app_context():
                try:
                    return function(*args, **kwargs)
                finally:
                    metrics.flush()

    return inside


def make_app() -> Flask:
    """Build the application from the environment.

    Raises: SettingsRefusal if the settings cannot be used.
    """
    try:
        return quiet_app(Settings.from_env(os.environ))
    except SettingsError as error:
        raise SettingsRefusal(str(error)) from error


def quiet_app(settings: Settings) -> Flask:
    """Build the application; its log speaks only of faults, the rest is the command's to tell."""
    app = create_app(settings, role="command")
    log.configure("ERROR")
    return app


def current_settings() -> Settings:
    """Return the settings of the application that runs the command."""
    settings: Settings = current_app.extensions["settings"]
    return settings


@contextmanager
def database_refusals() -> Iterator[None]:
    """Tell in one line that a server cannot be reached or the database is not migrated."""
    try:
        yield
    except ArgumentError as error:
        raise SettingsRefusal(f"DATABASE_URL cannot be used: {error}") from error
    except DBAPIError as error:
        sentence = told(error)
        if sentence is None:
            raise
        raise Refusal(sentence) from error
    except RedisError as error:
        raise Refusal(f"Redis cannot be reached: {type(error).__name__}. Look at REDIS_URL.") from error


def told(error: DBAPIError) -> str | None:
    """Return what a person can do about a fault of the database, None if it is a fault of ours."""
    state = getattr(error.orig, "sqlstate", None)
    if state in _NOT_MIGRATED:
        return "The database is not migrated. Run `crm db upgrade`."
    if state is None or state[:2] in ("08", "28", "3D", "53", "57"):
        lines = str(error.orig).strip().splitlines() or [type(error.orig).__name__]
        return f"The database cannot be used: {lines[0].strip()}"
    return None
