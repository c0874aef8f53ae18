"""Whether the work gets done can be read from its rows."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from crm.core.db import current_session, transaction
from crm.events.heartbeat import read_backlog, read_heartbeat
from crm.events.publish import publish
from tests.conftest import Clock

pytestmark = pytest.mark.usefixtures("app")


def test_where_no_worker_ever_ran_there_is_silence() -> None:
    heartbeat = read_heartbeat(current_session())

    assert (heartbeat.is_silent, heartbeat.last_at) == (True, None)


@pytest.mark.parametrize(("minutes", "is_silent"), [(2, False), (4, True)])
def test_silence_is_a_tick_of_long_ago(clock: Clock, minutes: int, is_silent: bool) -> None:
    _add_run("tick")
    clock.advance(timedelta(minutes=minutes))

    heartbeat = read_heartbeat(current_session())

    assert heartbeat.is_silent is is_silent
    assert heartbeat.last_at is not None


def test_what_failed_and_what_never_ended_is_named(clock: Clock) -> None:
    _add_run("tick")
    _add_run("audit", error="LookupError: gone")
    _add_run("count_days", is_finished=False)
    clock.advance(timedelta(minutes=61))
    _add_run("forget_old_work", is_finished=False)

    heartbeat = read_heartbeat(current_session())

    assert [run.name for run in heartbeat.failed] == ["audit"]
    assert [run.name for run in heartbeat.stuck] == ["count_days"]


def test_the_backlog_is_what_is_due_and_what_was_given_up(clock: Clock) -> None:
    with transaction() as session:
        for key in ("due", "later", "first dead", "second dead", "done"):
            publish(session, "thing", {}, key=key)
        session.execute(
            text("UPDATE outbox SET available_at = crm_now() + interval '1 day' WHERE key = 'later'")
        )
        for state in ("dead", "done"):
            ended = text(
                "UPDATE outbox SET state = :state, finished_at = crm_now() WHERE key LIKE '%' || :state"
            )
            session.execute(ended, {"state": state})
    clock.advance(timedelta(minutes=3))

    backlog = read_backlog(current_session())

    assert timedelta(minutes=3) <= backlog.overdue < timedelta(minutes=4)
    assert backlog.dead == 2
    assert backlog.first_dead is not None and backlog.first_dead.key == "first dead"


def test_an_empty_outbox_has_no_backlog() -> None:
    backlog = read_backlog(current_session())

    assert (backlog.overdue, backlog.dead, backlog.first_dead) == (timedelta(0), 0, None)


def _add_run(name: str, *, error: str | None = None, is_finished: bool = True) -> None:
    with transaction() as session:
        session.execute(
            text(
                "INSERT INTO periodic_runs (name, started_at, finished_at, error)"
                " VALUES (:name, crm_now(), CASE WHEN :is_finished THEN crm_now() END, :error)"
            ),
            {"name": name, "error": error, "is_finished": is_finished},
        )
