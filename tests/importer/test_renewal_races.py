"""What happens beside an import while its renewals become active: neither transaction sees what the other writes."""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import timedelta
from io import BytesIO
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, text

from crm.core.clock import db_now
from crm.core.db import db, transaction
from crm.importer.integrity.late_stops import heed_late_stops
from crm.importer.integrity.stopping import mend
from crm.importer.running import Runner
from crm.importer.runs import Opener, Wanted, begin, get_run, interrupt, resume, want_cancel
from crm.importer.sources.examining import Examined, examine
from crm.payments.errors import NotActiveError
from crm.payments.stopping import get_renewal, reactivate
from crm.users.audit_log import Actor, acting
from tests.conftest import Clock
from tests.factories.flows import write
from tests.factories.imports import take_step
from tests.factories.money import (
    buy,
    charge,
    list_payments,
    list_renewals,
    make_type,
    renewal_states,
    report,
    set_up_sale,
    subscribe,
)
from tests.importer.renewal_files import Reader, import_renewals, make_charged_reader, renewal_file
from tests.waiting import wait_until

pytestmark = pytest.mark.usefixtures("gateway")

# As if the month had passed since the reader paid.
DUE = """
    UPDATE payments SET paid_at = paid_at - interval '40 days';
    UPDATE recurrent_payments SET charge_at = crm_now();
"""
WAITS = "SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"


@pytest.fixture
def reader(app: Flask) -> Reader:
    set_up_sale()
    make_type()
    reader = make_charged_reader()
    _do("UPDATE users SET confirmed_at = crm_now()")  # else the SMS would wait to confirm the reader
    return reader


def test_a_payment_that_is_confirmed_while_a_batch_is_open_is_not_renewed_beside_it(
    app: Flask, reader: Reader
) -> None:
    live = buy()

    with (
        _begun(reader.line()) as runner,
        _beside(app, lambda: report(live.payment_id, "A0")) as happen,
        transaction() as session,
    ):
        runner.step(session)
        happen()

    assert sorted(renewal_states()) == ["active", "system_stop"]


def test_a_payment_that_is_confirmed_while_kept_ones_go_on_is_not_renewed_beside_them(
    app: Flask, reader: Reader
) -> None:
    live = buy()
    _keep_and_mend(reader)

    with _beside(app, lambda: report(live.payment_id, "A0")) as happen, transaction() as session:
        mend(session)
        happen()

    assert sorted(renewal_states()) == ["active", "system_stop"]


def test_what_is_reactivated_while_a_batch_is_open_does_not_go_on_beside_it(
    app: Flask, reader: Reader
) -> None:
    second = subscribe()
    _do("UPDATE recurrent_payments SET state = 'user_stop'")
    [stopped] = list_renewals(second.user_id)

    def reactivate_stopped() -> None:
        with suppress(NotActiveError), transaction() as session:
            reactivate(session, get_renewal(session, stopped.id), by_user=True)

    with (
        _begun(reader.line()) as runner,
        _beside(app, reactivate_stopped) as happen,
        transaction() as session,
    ):
        runner.step(session)
        happen()

    assert sorted(renewal_states()) == ["active", "user_stop"]


def test_a_stop_that_comes_while_kept_ones_go_on_is_heeded_right_after(app: Flask, reader: Reader) -> None:
    _keep_and_mend(reader)

    with _beside(app, lambda: write(app.test_client(), "STOP")) as happen, transaction() as session:
        mended = mend(session)
        happen()
    with transaction() as session:
        stopped = heed_late_stops(session, mended.began)

    assert mended.ids == stopped
    assert renewal_states() == ["user_stop"]
    assert "The reader wrote STOP" in (list_renewals()[0].note or "")


@pytest.mark.parametrize("end", ["done", "cancelled", "interrupted", "resumed"])
def test_a_stop_that_comes_while_a_batch_is_open_is_heeded_in_the_next_step(
    app: Flask, clock: Clock, reader: Reader, end: str
) -> None:
    with _begun(reader.line()) as runner:
        with _beside(app, lambda: write(app.test_client(), "STOP")) as happen, transaction() as session:
            run = runner.step(session)
            run_id, state = run.id, run.state
            happen()
        assert (state, renewal_states()) == ("loading", ["active"])
        clock.advance(timedelta(minutes=10))
        with transaction() as session:
            if end == "interrupted":
                interrupt(session, run_id)
            elif end == "cancelled":
                want_cancel(session, get_run(session, run_id, lock=True))
            elif end == "resumed":  # its process was killed
                resume(session, *_as_begun(reader.line()))
        if end != "interrupted":
            assert take_step(runner).state == ("cancelled" if end == "cancelled" else "done")

    assert renewal_states() == ["user_stop"]


def test_what_its_reader_lets_go_on_after_the_stop_is_not_stopped_again(app: Flask, reader: Reader) -> None:
    import_renewals(reader.line())
    with transaction() as session:
        began = session.execute(select(db_now())).scalar_one()
    write(app.test_client(), "STOP")
    [row] = list_renewals()
    with transaction() as session:
        reactivate(session, get_renewal(session, row.id), by_user=True)

    with transaction() as session:
        assert heed_late_stops(session, began) == []

    assert renewal_states() == ["active"]


def test_a_stop_that_nobody_looked_for_is_heeded_before_the_first_charge(app: Flask, reader: Reader) -> None:
    _keep_and_mend(reader)
    with _beside(app, lambda: write(app.test_client(), "STOP")) as happen, transaction() as session:
        mend(session)
        happen()
    _do(DUE)

    charge()

    assert renewal_states() == ["user_stop"]
    assert "The reader wrote STOP" in (list_renewals()[0].note or "")
    assert len(list_payments()) == 1


def test_what_its_reader_lets_go_on_after_the_stop_is_charged(app: Flask, reader: Reader) -> None:
    import_renewals(reader.line())
    write(app.test_client(), "STOP")
    [row] = list_renewals()
    with transaction() as session:
        reactivate(session, get_renewal(session, row.id), by_user=True)
    _do(DUE)

    charge()

    assert "pending" in renewal_states()


def _keep_and_mend(reader: Reader) -> None:
    """Let an import keep a renewal stopped, for a rule that holds again."""
    _do("UPDATE mobiletech_outbound_messages SET billing = 'failed' WHERE billing = 'billed'")
    import_renewals(reader.line())
    _do("UPDATE mobiletech_outbound_messages SET billing = 'billed' WHERE billing = 'failed'")


def _do(statement: str) -> None:
    with transaction() as session:
        session.execute(text(statement))


@contextmanager
def _beside(app: Flask, act: Callable[[], object]) -> Iterator[Callable[[], None]]:
    """Give what lets something happen beside the open transaction: it is over then, or waits for that to end."""

    def run() -> None:
        with app.app_context():
            act()

    thread = threading.Thread(target=run)

    def is_done_or_waits() -> bool:
        return not thread.is_alive() or _is_anybody_waiting()

    def happen() -> None:
        thread.start()
        wait_until(is_done_or_waits, seconds=60)

    yield happen
    thread.join()


def _is_anybody_waiting() -> bool:
    """Return whether some transaction waits for a lock of another, asked beside both."""
    with db.engine.connect() as connection:
        return connection.execute(text(WAITS)).first() is not None


@contextmanager
def _begun(*lines: Mapping[str, Any]) -> Iterator[Runner]:
    """Begin to import lines: the next step writes them."""
    wanted, examined, open_stream = _as_begun(*lines)
    with acting(Actor(name="Eva")):
        with transaction() as session:
            run_id = begin(session, wanted, examined, open_stream).id
        runner = Runner(run_id, open_stream)
        take_step(runner)
        yield runner
        runner.close()


def _as_begun(*lines: Mapping[str, Any]) -> tuple[Wanted, Examined, Opener]:
    source = renewal_file(*lines).encode()
    wanted = Wanted(entity="recurrent-payments", file_name="renewals.csv", is_dry=False)
    return wanted, examine(BytesIO(source)), lambda: BytesIO(source)
