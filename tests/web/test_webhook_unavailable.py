"""No database: the gateway is told to come again, and nothing is acknowledged that is not stored."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event, text

from crm.core.config import Settings
from crm.core.db import db
from crm.events import doorbell
from crm.factory import create_app
from tests.factories.messages import WEBHOOK, make_receive, make_status
from tests.stored import count_rows, list_inbound
from tests.web.test_webhook_answers import NOTHING, assert_is_error, rcv_rsp

BODIES = {"receive": make_receive(), "status": make_status("mt-1", "D1")}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES.keys())
def test_without_a_database_the_answer_is_503_with_retry_after(
    app_without_database: Flask, body: bytes
) -> None:
    response = app_without_database.test_client().post(WEBHOOK, data=body)

    assert_is_error(response, 503)
    assert int(response.headers["Retry-After"]) > 0


def test_without_a_database_a_malformed_body_is_still_malformed(app_without_database: Flask) -> None:
    assert_is_error(app_without_database.test_client().post(WEBHOOK, data=b"<"), 400)


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES.keys())
def test_a_table_that_stays_locked_is_answered_503_and_stores_nothing(
    app: Flask, client: FlaskClient, short_patience: None, body: bytes
) -> None:
    tables = "mobiletech_inbound_messages, mobiletech_status_log"
    with db.engine.connect() as connection, connection.begin():
        connection.execute(text(f"LOCK TABLE {tables} IN ACCESS EXCLUSIVE MODE"))

        response = client.post(WEBHOOK, data=body)

    assert_is_error(response, 503)
    assert count_rows() == NOTHING


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES.keys())
def test_connections_that_the_server_has_closed_are_replaced(
    app: Flask, client: FlaskClient, body: bytes
) -> None:
    """PostgreSQL was restarted: at most the first call is told to come again, and never a 200 without a row."""
    client.post(WEBHOOK, data=make_receive(id="warm"))
    client.post(WEBHOOK, data=make_status("warm", "D1"))
    with db.engine.connect() as connection:
        connection.execute(
            text(
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        )

    statuses = [client.post(WEBHOOK, data=body).status_code for _ in range(3)]

    assert statuses[0] in (200, 404, 503)
    assert set(statuses[1:]) <= {200, 404}


def test_no_200_is_given_before_the_row_can_be_seen_by_others(app: Flask) -> None:
    """Commit, then acknowledge: whoever has the answer finds the row."""
    start = threading.Barrier(4)

    def send_and_look(number: int) -> bool:
        with app.app_context():
            client = app.test_client()
            start.wait(10)
            answer = client.post(WEBHOOK, data=make_receive(id=f"id-{number}"))
            found = [message.mobiletech_id for message in list_inbound()]
            db.session.remove()
            return answer.data == rcv_rsp(f"id-{number}") and f"id-{number}" in found

    with ThreadPoolExecutor(4) as threads:
        assert all(threads.map(send_and_look, range(4)))


def test_without_redis_a_message_is_taken_at_once_all_the_same(
    client: FlaskClient, without_redis: None
) -> None:
    for _ in range(3):
        assert client.post(WEBHOOK, data=make_receive()).status_code == 200

    assert count_rows()["outbox"] == 3


@pytest.fixture
def app_without_database(migrated_app: Flask, settings: Settings) -> Flask:
    """Return an application whose database address leads nowhere."""
    app = create_app(replace(settings, database_url="postgresql://crm@127.0.0.1:1/crm"))
    app.testing = True
    return app


@pytest.fixture
def without_redis(settings: Settings) -> Iterator[None]:
    """Let the bell hang where no Redis is."""
    doorbell.configure("redis://127.0.0.1:1")
    yield
    doorbell.configure(settings.redis_url)


@pytest.fixture
def short_patience(app: Flask) -> Iterator[None]:
    """Let nobody wait for a lock longer than a moment."""

    def hurry(connection: object, _record: object, _proxy: object) -> None:
        with connection.cursor() as cursor:  # type: ignore[attr-defined]
            cursor.execute("SET lock_timeout = '100ms'")
        connection.commit()  # type: ignore[attr-defined]

    for engine in db.engines.values():
        event.listen(engine, "checkout", hurry)
    yield
    db.session.remove()
    for engine in db.engines.values():
        event.remove(engine, "checkout", hurry)
        engine.dispose()
