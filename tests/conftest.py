"""What every test may ask for: a real database, a real Valkey, the application, a clock that moves, a gateway."""

import gc
import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from argon2 import PasswordHasher
from flask import Flask
from flask.testing import FlaskClient
from flask_migrate import upgrade
from redis import Redis
from sqlalchemy import event, text

from crm.core import embedded, metrics
from crm.core.config import VAR, Settings
from crm.core.db import Base, db
from crm.events.registry import registry
from crm.factory import create_app
from crm.mobiletech.events import SEND
from crm.mobiletech.sending import SendEffect
from crm.users import passwords
from tests.fakes import FakeGateway

TEST_VAR = VAR / "test"
# The tests try crashes of ours, not of the machine: nothing waits for the disk.
FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "autovacuum": "off"}


@pytest.fixture(scope="session")
def database_url(worker_id: str = "master") -> str:
    """Return an empty, migrated database of this test process."""
    url = embedded.ensure_postgres(TEST_VAR, settings=FAST)
    name = f"crm_test_{os.environ.get('PYTEST_XDIST_WORKER', 'master')}"
    embedded.drop_database(url, name)
    return embedded.ensure_database(url, name)


@pytest.fixture(scope="session")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return a Valkey that this test process shares with nobody."""
    var = TEST_VAR / os.environ.get("PYTEST_XDIST_WORKER", "master")
    return embedded.ensure_valkey(var)


@pytest.fixture(scope="session")
def environ(database_url: str, redis_url: str) -> dict[str, str]:
    """Return the environment of a process under test."""
    return {
        "CRM_ENV": "test",
        "DATABASE_URL": database_url,
        "REDIS_URL": redis_url,
        "SECRET_KEY": "a key for tests that nobody else uses anywhere",
        "CRM_BASE_URL": "http://localhost",
    }


@pytest.fixture(scope="session")
def settings(environ: dict[str, str]) -> Settings:
    """Return the settings of a process under test."""
    return Settings.from_env(environ)


@pytest.fixture(scope="session")
def migrated_app(settings: Settings) -> Flask:
    """Return the application on a migrated database; most tests want `app`."""
    app = create_app(settings)
    app.testing = True
    with app.app_context():
        upgrade()
    gc.freeze()  # what is loaded now stays: thousands of tests need not look through it
    return app


@pytest.fixture(scope="session", autouse=True)
def _cheap_hashes() -> None:
    """Nobody attacks a test: hash cheaply, and do not wait. The cost stands in the hash: checking is as cheap."""
    passwords._hasher = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    passwords.REFUSAL_SECONDS = 0.000_1


class EnglishClient(FlaskClient):
    """A browser without JavaScript whose owner reads English, so that tests can say what they expect in it."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.environ_base["HTTP_ACCEPT_LANGUAGE"] = "en"


@pytest.fixture(scope="session", autouse=True)
def _english_browsers() -> None:
    """Every application that a test makes gives out such browsers."""
    Flask.test_client_class = EnglishClient


@pytest.fixture
def app(migrated_app: Flask, redis_url: str) -> Iterator[Flask]:
    """Return the application, inside its context; what the test wrote is removed afterwards."""
    metrics.flush()  # what the test before has counted goes with the rest
    Redis.from_url(redis_url).flushall()
    with migrated_app.app_context():
        yield migrated_app
        db.session.remove()
        _empty_tables()


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """Return a browser without JavaScript."""
    return app.test_client()


@pytest.fixture
def gateway(app: Flask) -> Iterator[FakeGateway]:
    """Let messages go to a gateway that does what the test says and remembers what it got."""
    fake = FakeGateway()
    real = registry.effects[SEND]
    registry.effects[SEND] = SendEffect(fake)
    yield fake
    registry.effects[SEND] = real


class Clock:
    """Moves the time of the database for every connection of this process."""

    def __init__(self) -> None:
        self.offset = timedelta(0)

    def advance(self, by: timedelta) -> None:
        """Let time pass."""
        db.session.remove()
        self.offset += by

    def set_on(self, connection: object, _record: object, _proxy: object) -> None:
        """Tell a connection, as it is taken from the pool, what time it is."""
        with connection.cursor() as cursor:  # type: ignore[attr-defined]
            seconds = f"{self.offset.total_seconds()} seconds"
            cursor.execute("SELECT set_config('crm.clock_offset', %s, false)", (seconds,))
        connection.commit()  # type: ignore[attr-defined]


@pytest.fixture
def clock(app: Flask) -> Iterator[Clock]:
    """Return a clock to move."""
    moving = Clock()
    for engine in db.engines.values():
        event.listen(engine, "checkout", moving.set_on)
    yield moving
    db.session.remove()
    for engine in db.engines.values():
        event.remove(engine, "checkout", moving.set_on)
        engine.dispose()


@pytest.fixture
def samples() -> Path:
    """Return the folder of real messages."""
    return Path(__file__).parent / "samples"


def _empty_tables() -> None:
    """Delete row by row: TRUNCATE makes new files of every table and index, which takes ten times as long."""
    tables = Base.metadata.sorted_tables
    numbered = [table.name for table in tables if any(column.identity for column in table.columns)]
    with db.engine.begin() as connection:
        connection.execute(text("SET LOCAL session_replication_role = replica"))  # the audit log refuses else
        connection.exec_driver_sql("; ".join(f"DELETE FROM {table.name}" for table in reversed(tables)))
        restart = text(
            "SELECT setval(pg_get_serial_sequence(name, 'id'), 1, false) FROM unnest(CAST(:names AS text[])) AS name"
        )
        connection.execute(restart, {"names": numbered})
