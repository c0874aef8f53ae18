"""A report that comes while a batch is open finds its message neither here nor in the batch, and is not lost."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from io import BytesIO

import pytest
from flask import Flask
from sqlalchemy import text

from crm.core.db import transaction
from crm.events.models import OutboxEntry
from crm.importer import late_reports, message_statuses
from crm.importer.entities import outbound_messages
from crm.importer.housekeeping import apply_late_reports
from crm.importer.models import ImportRun
from crm.importer.running import Runner
from crm.importer.runs import Wanted, begin, interrupt
from crm.importer.sources.examining import examine
from crm.mobiletech.models import OutboundMessage
from crm.mobiletech.status_reports import record_status
from crm.mobiletech.wire.commands import Status
from crm.users.audit_log import Actor, acting
from tests.factories.imported_money import Row, as_csv, import_rows, message_row, set_up_moving_in
from tests.importer.beside import beside
from tests.outbox import run_all
from tests.stored import read

pytestmark = pytest.mark.usefixtures("gateway")

BILLED, FAILED = "D1", "A15"


@pytest.fixture(autouse=True)
def _moving_in(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    set_up_moving_in()
    monkeypatch.setattr(late_reports, "AT_ONCE", 1)


@pytest.mark.parametrize("hours", [1, 25])
@pytest.mark.parametrize("end", ["done", "interrupted"])
def test_it_is_applied_by_the_next_step(
    app: Flask, monkeypatch: pytest.MonkeyPatch, hours: int, end: str
) -> None:
    monkeypatch.setattr(message_statuses, "MOST_HELD", 1)
    rows = [_sent(1, hours=hours), _sent(2, hours=hours), _sent(3, hours=0)]

    with _begun(rows) as runner:
        with beside(app, lambda: _report(1, 2)) as happen, transaction() as session:
            run_id = runner.step(session).id
            happen()
        assert _billings() == ["none", "none", "none"]
        if end == "done":
            assert _step(runner).state == end
        else:
            with transaction() as session:
                interrupt(session, run_id)

    assert _billings() == ["billed", "billed", "none"]


def test_nobody_is_told_of_it(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    _hold_none(monkeypatch)
    before = read(OutboxEntry.id)
    with _begun([_sent(1)]) as runner:
        with beside(app, lambda: _report(1)) as happen, transaction() as session:
            runner.step(session)
            happen()
        _step(runner)

    assert (_billings(), read(OutboxEntry.id)) == (["billed"], before)


def test_should_that_step_never_come_it_is_applied_all_the_same(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    _hold_none(monkeypatch)
    with (
        _begun([_sent(1)]) as runner,
        beside(app, lambda: _report(1)) as happen,
        transaction() as session,
    ):
        runner.step(session)
        happen()

    apply_late_reports()

    assert _billings() == ["billed"]


def test_one_of_a_message_that_is_held_waits_for_the_batch(app: Flask) -> None:
    with _begun([_sent(1)]) as runner:
        with beside(app, lambda: _report(1)) as happen, transaction() as session:
            runner.step(session)
            happen()
        run_all()

        assert _billings() == ["billed"]


@pytest.mark.parametrize("is_held", [False, True])
def test_it_is_stronger_than_what_the_batch_writes(
    app: Flask, monkeypatch: pytest.MonkeyPatch, is_held: bool
) -> None:
    if not is_held:
        _hold_none(monkeypatch)
    sent = _sent(1)
    import_rows("outbound-messages", [sent])

    def report() -> None:
        _report(1)
        run_all()

    with _begun([sent | {"status": FAILED}]) as runner:
        with beside(app, report) as happen, monkeypatch.context() as patch, transaction() as session:
            _before_the_write(patch, happen)
            runner.step(session)
        _step(runner)

    assert _billings() == ["billed"]
    assert [row for (row,) in read(OutboundMessage.conflict)] == [True]


def test_what_is_reported_of_our_own_messages_is_left_to_the_worker(app: Flask) -> None:
    import_rows("outbound-messages", [_sent(1)])
    _do("UPDATE mobiletech_outbound_messages SET import_id = NULL")
    _report(1)

    apply_late_reports()
    before = _billings()
    run_all()

    assert (before, _billings()) == (["none"], ["billed"])


def _hold_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a batch have so many messages that those of a test are not among the held ones."""
    monkeypatch.setattr(message_statuses, "lock_ids", lambda *_: None)


def _before_the_write(patch: pytest.MonkeyPatch, happen: Callable[[], None]) -> None:
    """Let something happen when a batch has read what is here, and has written nothing yet."""
    write = outbound_messages.update_messages

    def later(*given: object) -> None:
        happen()
        write(*given)  # type: ignore[arg-type]

    patch.setattr(outbound_messages, "update_messages", later)


def _sent(number: int, *, hours: int = 1) -> Row:
    """Return a charge of some hours ago, of which nothing was heard."""
    at = datetime.now(UTC) - timedelta(hours=hours, minutes=1)
    heard_of = {"rcv_msg_id": "", "payment_external_id": "", "status": ""}
    return message_row(number, created_at=at.isoformat(), **heard_of)


def _report(*numbers: int) -> None:
    for number in numbers:
        with transaction() as session:
            record_status(session, Status(id=f"old-out-{number}", status=BILLED), None)


def _billings() -> list[str]:
    return [billing for (billing,) in read(OutboundMessage.billing)]


def _do(statement: str) -> None:
    with transaction() as session:
        session.execute(text(statement))


@contextmanager
def _begun(rows: list[Row]) -> Iterator[Runner]:
    """Begin to import rows: the next step writes them."""
    source = as_csv(rows).encode()
    wanted = Wanted(entity="outbound-messages", file_name="messages.csv", is_dry=False)
    with acting(Actor(name="Eva")):
        with transaction() as session:
            run_id = begin(session, wanted, examine(BytesIO(source)), lambda: BytesIO(source)).id
        runner = Runner(run_id, lambda: BytesIO(source))
        _step(runner)
        yield runner
        runner.close()


def _step(runner: Runner) -> ImportRun:
    with transaction() as session:
        run = runner.step(session)
        session.flush()
        session.expunge(run)
    return run
