"""Readers are told of an imported renewal before it is charged: that touches nothing, whoever has touched it before."""

from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import text

from crm.core.db import transaction
from crm.payments.holding import hold, resume
from crm.payments.rescheduling import postpone
from crm.payments.stopping import get_renewal, reactivate
from crm.seed.standard import seed_standard
from crm.sms_billing.notices import give_notices
from crm.sms_billing.turns import announce_renewals
from tests.conftest import Clock
from tests.factories.flows import write
from tests.factories.imports import counts_of
from tests.factories.money import charge, list_renewals, make_type, renewal_states, set_up_sale
from tests.fakes import FakeGateway
from tests.importer.renewal_files import Reader, import_renewals, make_charged_reader
from tests.outbox import run_all

pytestmark = pytest.mark.usefixtures("gateway")


@pytest.fixture
def reader(app: Flask, clock: Clock) -> Reader:
    set_up_sale()
    make_type()
    reader = make_charged_reader()
    _do(
        "UPDATE users SET confirmed_at = crm_now(); UPDATE payments SET paid_at = paid_at - interval '40 days'"
    )
    return reader


def test_what_its_reader_has_let_go_on_is_charged_after_the_notice(
    app: Flask, reader: Reader, clock: Clock
) -> None:
    import_renewals(reader.line(charge_at=_in(hours=20)))
    [row] = list_renewals()
    write(app.test_client(), "STOP")
    with transaction() as session:
        reactivate(session, get_renewal(session, row.id), by_user=True)
    clock.advance(timedelta(minutes=5))
    _give_notice()

    clock.advance(timedelta(hours=21))
    charge()

    assert renewal_states() == ["pending"]


@pytest.mark.parametrize("confirm_due", [False, True])
def test_what_staff_have_postponed_is_not_moved_back_by_the_file_after_the_notice(
    reader: Reader, clock: Clock, confirm_due: bool
) -> None:
    line, until = reader.line(charge_at=_in(hours=30)), _in(days=10)
    import_renewals(line)
    [row] = list_renewals()
    with transaction() as session:
        postpone(session, get_renewal(session, row.id), until, reason="asked for it")
    clock.advance(timedelta(days=9, hours=5))
    _give_notice()

    run = import_renewals(line, confirm_due=confirm_due)

    assert (counts_of(run), list_renewals()[0].charge_at) == ((0, 0, 1, 0), until)


def test_what_waits_as_it_came_is_moved_by_the_file_after_the_notice(reader: Reader) -> None:
    import_renewals(reader.line(charge_at=_in(hours=20)))
    _give_notice()
    later = _in(hours=40)

    run = import_renewals(reader.line(charge_at=later))

    [row] = list_renewals()
    assert (counts_of(run), row.charge_at, row.noticed_at) == ((0, 1, 0, 0), later, None)


def test_nobody_is_told_while_renewals_are_held(reader: Reader, gateway: FakeGateway) -> None:
    with transaction() as session:
        seed_standard(session)
        hold(session, reason="moving in")
    import_renewals(reader.line(charge_at=_in(hours=20)))
    sent = len(gateway.sent)

    announce_renewals()
    run_all()

    assert (len(gateway.sent), list_renewals()[0].notice) == (sent, None)
    with transaction() as session:
        resume(session)
    announce_renewals()
    run_all()
    assert (len(gateway.sent), list_renewals()[0].notice) == (sent + 1, "The reader was told.")


def test_a_notice_that_is_late_after_a_hold_is_skipped(
    reader: Reader, gateway: FakeGateway, clock: Clock
) -> None:
    with transaction() as session:
        hold(session, reason="moving in")
    import_renewals(reader.line(charge_at=_in(hours=20)))
    sent = len(gateway.sent)
    clock.advance(timedelta(hours=15))
    with transaction() as session:
        resume(session)

    announce_renewals()
    run_all()

    told = list_renewals()[0].notice or ""
    assert (len(gateway.sent), told.startswith("Skipped: the charge was due in ")) == (sent, True)


def _in(**time: float) -> datetime:
    return datetime.now(UTC) + timedelta(**time)


def _give_notice() -> None:
    with transaction() as session:
        assert give_notices(session) == 1


def _do(statement: str) -> None:
    with transaction() as session:
        session.execute(text(statement))
