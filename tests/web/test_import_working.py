"""The worker takes imports of uploaded files forward: one step at a time, behind what somebody waits for."""

from datetime import timedelta

import pytest
from sqlalchemy import delete, func, select

from crm.core.db import db, transaction
from crm.events.drain import drain
from crm.events.models import OutboxEntry
from crm.importer import working
from crm.importer.housekeeping import forget_old_imports
from crm.importer.models import ImportChunk, ImportClaim, ImportFile, ImportRefusal, ImportRun
from crm.importer.running import LOCK
from crm.importer.uploads import look_into, open_upload
from crm.importer.working import cancel, resume
from crm.mobiletech.models import InboundMessage
from crm.users.audit_log import Actor, acting, list_acts_on
from tests.conftest import Clock
from tests.factories.uploaded import begin_dry, begin_real, dry_run, find_run, import_upload, rows_of, upload
from tests.factories.work import make_work
from tests.outbox import get_entry_by_key, run_all
from tests.stored import read

pytestmark = pytest.mark.usefixtures("app")


def run_once() -> None:
    """Let a worker look once."""
    drain(for_seconds=0.000_1)


def test_a_file_is_worked_through_step_by_step(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(working, "BATCH_ROWS", 10)
    run_id = import_upload(rows_of(good=95, bad=3))

    run = find_run(run_id)

    assert (run.state, run.inserted, run.refused, run.rows_done) == ("done", 95, 3, 98)
    # 98 rows are ten that are checked, then ten that go in
    steps = [key for (key,) in read(OutboxEntry.key) if key.startswith(f"import:{run_id}:")]
    assert len(steps) == 20
    assert {is_bulk for (is_bulk,) in read(OutboxEntry.is_bulk)} == {True}


def test_nothing_imported_makes_an_event(monkeypatch: pytest.MonkeyPatch) -> None:
    import_upload(rows_of(good=3))

    assert {event for (event,) in read(OutboxEntry.event)} == {"import-step"}


def test_dry_counts_are_those_of_the_import(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(working, "BATCH_ROWS", 7)
    text = rows_of(good=40, bad=5)
    text += text.splitlines()[1] + "\n"  # the same row twice

    run_id = import_upload(text)

    counts = [
        (run.inserted, run.updated, run.unchanged, run.refused) for run in map(find_run, (run_id - 1, run_id))
    ]
    assert counts == [(40, 0, 1, 5)] * 2


def test_a_step_that_failed_leaves_nothing_and_is_taken_again(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id = begin_real(rows_of(good=3))
    step, fails = working.Runner.step, iter([False, True, True])  # as one of a batch, then alone

    def sometimes(self: working.Runner, session: object) -> ImportRun:
        run = step(self, session)  # type: ignore[arg-type]
        if next(fails, False):
            raise RuntimeError("the machine is full")
        return run

    monkeypatch.setattr(working.Runner, "step", sometimes)
    run_all()
    stopped = find_run(run_id).state, len(read(InboundMessage.id))
    clock.advance(timedelta(minutes=1))
    run_all()

    assert stopped == ("loading", 0)
    assert (find_run(run_id).state, len(read(InboundMessage.id))) == ("done", 3)


def test_while_live_work_is_late_an_import_stands_back(monkeypatch: pytest.MonkeyPatch) -> None:
    run_id = begin_dry(rows_of(good=3))
    make_work(state="ready", attempts=0, error=None, due_in_minutes=-1)
    monkeypatch.setattr(working, "current_session", db.session)
    with transaction() as session:
        working.take_steps([_event(run_id, 1)])
        session.flush()

    assert find_run(run_id).state == "waiting"
    assert find_run(run_id).step == 2


def test_yet_every_tenth_step_is_taken() -> None:
    run_id = begin_dry(rows_of(good=3))
    make_work(state="ready", attempts=0, error=None, due_in_minutes=-1)
    for step in range(1, 11):
        with transaction():
            working.take_steps([_event(run_id, step)])

    assert find_run(run_id).state == "loading"


def test_it_stands_back_while_another_import_has_a_batch_in_hand() -> None:
    run_id = begin_dry(rows_of(good=3))
    with db.engine.begin() as other:
        other.execute(select(func.pg_advisory_xact_lock(LOCK)))
        run_once()

    assert find_run(run_id).state == "waiting"
    assert get_entry_by_key(f"import:{run_id}:2").state == "ready"


def test_a_step_that_was_overtaken_does_nothing() -> None:
    run_id = begin_dry(rows_of(good=3))
    with transaction():
        working.take_steps([_event(run_id, 7)])

    assert (find_run(run_id).state, find_run(run_id).step) == ("waiting", 1)


def test_work_that_a_person_gave_up_can_be_resumed() -> None:
    run_id = begin_dry(rows_of(good=3))
    with transaction() as session:
        entry = session.execute(select(OutboxEntry)).scalar_one()
        entry.state, entry.finished_at = "discarded", entry.created_at

    with transaction() as session:
        resume(session, run_id)
    run_all()

    assert find_run(run_id).state == "done"


def test_an_import_that_a_terminal_left_can_be_cancelled_without_its_file() -> None:
    run_id = begin_dry(rows_of(good=3))
    with transaction() as session:
        run = session.get_one(ImportRun, run_id)
        run.step, run.file_id, run.state = 0, None, "loading"

    with transaction() as session:
        cancel(session, run_id)
    run_all()

    assert find_run(run_id).state == "cancelled"


def test_one_that_was_interrupted_is_cancelled_at_once_and_written_down() -> None:
    run_id = begin_real(rows_of(good=3))
    with transaction() as session:
        session.get_one(ImportRun, run_id).state = "interrupted"

    with acting(Actor(name="anna@example.sk")), transaction() as session:
        cancel(session, run_id)

    run = find_run(run_id)
    assert (run.state, run.finished_at is None) == ("cancelled", False)
    with transaction() as session:
        acts = {act.action: act.after for act in list_acts_on(session, f"import {run_id}")}
    assert acts["import.cancelled"] == {"inserted": 0, "updated": 0, "unchanged": 0, "refused": 0}
    assert "import.cancel" in acts


def test_an_import_whose_file_is_gone_says_so() -> None:
    run_id = begin_dry(rows_of(good=3))
    with transaction() as session:
        session.execute(delete(ImportFile))
    run_all()

    run = find_run(run_id)
    assert (run.state, run.error) == (
        "refused",
        "The uploaded file is not here any more: it is kept for 7 days.",
    )


def test_a_file_is_read_from_any_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("crm.importer.uploads.CHUNK", 10)
    text = "mobiletech_id,from\n" + "x" * 95
    file_id = upload(text)

    with transaction() as session, open_upload(session, file_id) as stream:
        whole = stream.read()
        stream.seek(15)
        part = stream.read(20)
        stream.seek(-5, 2)
        end = stream.read()
        stream.seek(10_000)
        beyond = stream.read()

    assert (whole, part, end, beyond) == (text.encode(), text[15:35].encode(), b"xxxxx", b"")


def test_files_go_7_days_after_their_last_import(clock: Clock) -> None:
    run_id = dry_run(rows_of(good=1))
    clock.advance(timedelta(days=6))
    forget_old_imports()
    kept = len(read(ImportFile.id))
    clock.advance(timedelta(days=2))
    forget_old_imports()

    assert kept == 1
    assert read(ImportFile.id) == read(ImportChunk.file_id) == []
    assert find_run(run_id).file_id is None


def test_a_file_that_is_being_imported_stays(clock: Clock) -> None:
    file_id = upload(rows_of(good=1))
    clock.advance(timedelta(days=8))
    with transaction() as session:
        file = session.get_one(ImportFile, file_id)
        working.begin_dry_run(session, file, look_into(session, file).columns)

    forget_old_imports()

    assert len(read(ImportFile.id)) == 1


def test_claims_go_when_their_import_has_ended() -> None:
    import_upload(rows_of(good=3))
    running = begin_real(rows_of(good=3))
    with transaction() as session:
        session.get_one(ImportRun, running).state = "loading"
        session.add(ImportClaim(import_id=running, key=17, line=1, digest=4))

    forget_old_imports()

    assert {import_id for (import_id,) in read(ImportClaim.import_id)} == {running}


def test_refused_rows_go_after_90_days_and_the_count_stays(clock: Clock) -> None:
    run_id = dry_run(rows_of(good=1, bad=2))
    clock.advance(timedelta(days=89))
    forget_old_imports()
    kept = len(read(ImportRefusal.line))
    clock.advance(timedelta(days=2))
    forget_old_imports()

    assert kept == 2
    assert read(ImportRefusal.line) == []
    assert find_run(run_id).refused == 2


def _event(run_id: int, step: int) -> working.Event:
    return working.Event({"import_id": run_id, "step": step}, entry_id=1)
