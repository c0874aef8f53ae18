"""A worker that died in the middle: its work runs again, and what kills workers is found and kept for a person."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from threading import Event as Flag

import pytest
from flask import Flask
from sqlalchemy import func, insert, select, text, update
from sqlalchemy.exc import DBAPIError

from crm.core.db import current_session, db, transaction
from crm.events.backoff import MAX_CRASHES
from crm.events.drain import count_crashes, drain
from crm.events.models import OutboxBatch, OutboxEntry
from crm.events.registry import Event, Registry
from tests.conftest import Clock
from tests.events.conftest import Effects, Put
from tests.outbox import get_entry, run_all
from tests.waiting import wait_until


def test_a_batch_leaves_no_note_behind_when_all_goes_well(switchboard: Registry, put: Put) -> None:
    switchboard.on("thing", lambda event: None, name="fine")
    put()

    run_all()

    assert count_notes() == 0


def test_a_batch_leaves_no_note_behind_when_a_handler_fails(switchboard: Registry, put: Put) -> None:
    def fail(_event: Event) -> None:
        raise RuntimeError("no")

    switchboard.on("thing", fail, name="fail")
    put()

    run_all()

    assert count_notes() == 0


def test_work_whose_worker_lost_its_database_session_is_blamed_and_runs_again(
    switchboard: Registry, effects: Effects, put: Put
) -> None:
    deaths: list[int] = []

    def die_once(event: Event) -> None:
        effects.write("ran")
        if not deaths:
            deaths.append(event.entry_id)
            current_session().execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))

    switchboard.on("thing", die_once, name="die_once")
    entry_id = put()

    with pytest.raises(DBAPIError):
        drain(for_seconds=20)
    wait_until(lambda: blame() == 1)
    run_all()

    assert (get_entry(entry_id).state, get_entry(entry_id).crashes) == ("done", 1)
    assert effects.list_all() == ["ran"]
    assert count_notes() == 0


def test_a_worker_that_is_at_work_is_not_taken_for_a_dead_one(
    app: Flask, switchboard: Registry, put: Put
) -> None:
    is_held, go_on = Flag(), Flag()

    def wait(_event: Event) -> None:
        is_held.set()
        assert go_on.wait(20)

    switchboard.on("thing", wait, name="wait")
    entry_id = put()
    with ThreadPoolExecutor(1) as threads:
        worker = threads.submit(drain_in, app)
        assert is_held.wait(10)

        blamed, notes = blame(), count_notes()
        go_on.set()
        worker.result(20)

    assert (blamed, notes) == (0, 1)
    assert (get_entry(entry_id).state, get_entry(entry_id).crashes) == ("done", 0)


def test_a_new_session_with_the_process_number_of_a_dead_one_does_not_speak_for_it(put: Put) -> None:
    entry_id = put()
    with transaction() as session:
        pid = session.execute(text("SELECT pg_backend_pid()")).scalar_one()
        note(pid, [entry_id], started="2020-01-01T00:00:00+00:00")

    assert blame() == 1


def test_what_was_in_hand_three_times_when_a_worker_died_is_kept_for_a_person(
    switchboard: Registry, effects: Effects, put: Put
) -> None:
    switchboard.on("thing", lambda event: effects.write("ran"), name="write")
    entry_id = put()

    for crash in range(1, MAX_CRASHES + 1):
        note(999_999_999, [entry_id])
        assert (blame(), get_entry(entry_id).crashes) == (1, crash)

    assert get_entry(entry_id).state == "dead"
    assert "died 3 times" in (get_entry(entry_id).error or "")
    assert run_all() == 0
    assert effects.list_all() == []


def test_what_may_have_killed_a_worker_runs_alone(switchboard: Registry, put: Put) -> None:
    batches = watch_batches(switchboard)
    ids = [put() for _ in range(4)]
    crash(ids[0], times=1)
    crash(ids[2], times=2)

    run_all()

    assert {(ids[0],), (ids[2],)} <= batches
    assert all(len(batch) == 1 or not {ids[0], ids[2]} & set(batch) for batch in batches)


def test_it_runs_alone_too_when_a_later_one_of_its_lane_brings_it_along(
    switchboard: Registry, put: Put, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("crm.events.drain.BATCH", 3)
    batches = watch_batches(switchboard)
    suspect = put(lane="A", due_in=timedelta(minutes=1))
    ids = [put(lane=lane) for lane in ("A", "B", "C")]
    crash(suspect, times=1)

    clock.advance(timedelta(minutes=2))
    run_all()

    assert (suspect,) in batches
    assert {entry_id for batch in batches for entry_id in batch} == {suspect, *ids}
    assert all(len(batch) == 1 or suspect not in batch for batch in batches)


def test_finished_work_is_not_blamed(switchboard: Registry, put: Put) -> None:
    """The worker died after the commit: its note went with the effects, or it is stale."""
    switchboard.on("thing", lambda event: None, name="fine")
    entry_id = put()
    run_all()
    note(999_999_999, [entry_id])

    blame()

    assert (get_entry(entry_id).state, get_entry(entry_id).crashes) == ("done", 0)


def watch_batches(switchboard: Registry) -> set[tuple[int, ...]]:
    """Let each entry look which entries run with it."""
    batches: set[tuple[int, ...]] = set()

    def look(_event: Event) -> None:
        with db.engine.connect() as aside:
            batches.update(tuple(ids) for ids in aside.execute(select(OutboxBatch.entry_ids)).scalars())

    switchboard.on("thing", look, name="look")
    return batches


def drain_in(app: Flask) -> None:
    with app.app_context():
        drain(for_seconds=20)


def blame() -> int:
    with transaction() as session:
        return count_crashes(session, dead_after=MAX_CRASHES)


def note(pid: int, entry_ids: list[int | None], *, started: str = "2026-01-01T00:00:00+00:00") -> None:
    values = {"entry_ids": entry_ids, "backend_pid": pid, "backend_start": datetime.fromisoformat(started)}
    with db.engine.begin() as connection:
        connection.execute(insert(OutboxBatch).values(values))


def crash(entry_id: int | None, *, times: int) -> None:
    with transaction() as session:
        session.execute(update(OutboxEntry).where(OutboxEntry.id == entry_id).values(crashes=times))


def count_notes() -> int:
    with db.engine.connect() as connection:
        return connection.execute(select(func.count()).select_from(OutboxBatch)).scalar_one()
