"""A publisher's history stands beside what goes on here: it wakes nobody, is counted, and renewals follow from it."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from flask import Flask
from sqlalchemy import func, select, text

from crm.audit import list_remarks, run_audit
from crm.core.business_settings import set_setting
from crm.core.db import transaction
from crm.payments.charging import CEILING
from crm.payments.charging_run import charge_due
from crm.payments.models import Payment, PaymentMethod, RecurrentPayment
from crm.sms_billing.caps import read_spent
from crm.sms_billing.confirming import judge
from crm.sms_billing.proofs import Waits, list_waiting
from crm.wiring import PERIODIC
from tests.conftest import Clock
from tests.factories.imported_money import (
    Row,
    import_rows,
    make_subscriber,
    message_row,
    payment_row,
    set_up_moving_in,
)
from tests.factories.money import list_payments, list_renewals, list_subscriptions, report
from tests.fakes import FakeGateway
from tests.outbox import run_all

PERIOD = timedelta(days=30)
PERIODS = 4
DAYS_LEFT = 10
BEFORE_END = timedelta(hours=2)
NUMBERS = {1: "0908630549", 2: "0908630550", 3: "0908630551"}
# Of the first reader: the message that nothing was heard of, and the one that was reported as ported.
STATUSES = {1001: "", 1002: "_OPERATOR_CHANGE"}


@pytest.fixture(autouse=True)
def _history(app: Flask) -> None:
    """Let three readers have paid for four months in the old system, the last of them with ten days to go."""
    set_up_moving_in()
    for reader, number in NUMBERS.items():
        if reader > 1:
            make_subscriber(number, f"old-in-{reader}")
    assert import_rows("payments", list_payment_rows()).counts == (12, 0, 0, 0)
    assert import_rows("outbound-messages", list_message_rows()).counts == (12, 0, 0, 0)
    plan_renewals()


def list_payment_rows() -> list[Row]:
    """Return each period of each reader, one after the other."""
    now = datetime.now(UTC).replace(microsecond=0)
    rows = []
    for reader, number in NUMBERS.items():
        for period in range(PERIODS):
            begin = now + timedelta(days=DAYS_LEFT) - PERIOD * (PERIODS - period)
            told = begin.isoformat()
            dates = {"subscription_start_at": told, "subscription_end_at": (begin + PERIOD).isoformat()}
            rows.append(
                payment_row(
                    reader * 1000 + period,
                    **dates,
                    paid_at=told,
                    created_at=told,
                    user_phone=number,
                    cid=f"old-in-{reader}",
                    recurrent_charge=int(period > 0),
                )
            )
    return rows


def list_message_rows() -> list[Row]:
    """Return the message of each period; renewals were sent without being asked for."""
    return [
        message_row(
            row["external_id"] - 9000,
            user_phone=row["user_phone"],
            to=f"+421{row['user_phone'][1:]}",
            rcv_msg_id="" if row["recurrent_charge"] else row["cid"],
            status=STATUSES.get(row["external_id"] - 9000, "D1"),
            created_at=row["created_at"],
        )
        for row in list_payment_rows()
    ]


def plan_renewals() -> None:
    """Add the renewals that the old system had planned: shortly before the last period ends."""
    with transaction() as session:
        last = select(Payment.user_id, func.max(Payment.id)).group_by(Payment.user_id)
        for user_id, payment_id in session.execute(last).all():
            payment = session.get_one(Payment, payment_id)
            method = session.execute(
                select(PaymentMethod).where(PaymentMethod.user_id == user_id)
            ).scalar_one()
            session.add(
                RecurrentPayment(
                    cid=method.external_token,
                    payment_method_id=method.id,
                    payment_gateway_id=payment.payment_gateway_id,
                    user_id=user_id,
                    subscription_type_id=payment.subscription_type_id,
                    parent_payment_id=payment.id,
                    period_payment_id=payment.id,
                    charge_at=payment.subscription_end_at - BEFORE_END,
                    retries=4,
                    import_id=1,
                )
            )


def count(table: str) -> int:
    """Return how many rows a table has."""
    with transaction() as session:
        return int(session.execute(text(f"SELECT count(*) FROM {table}")).scalar_one())


def broken() -> set[str]:
    """Return which invariants are broken."""
    with transaction() as session:
        return {finding.invariant.name for finding in run_audit(session)}


def test_nothing_that_is_done_every_so_often_makes_work_of_it(clock: Clock, gateway: FakeGateway) -> None:
    before = {
        table: count(table) for table in ("mobiletech_outbound_messages", "payments", "recurrent_payments")
    }

    for _ in range(2):
        for task in PERIODIC:
            task.run()
        run_all()
        clock.advance(timedelta(days=1))

    assert count("outbox") == 0
    assert gateway.sent == []
    assert {table: count(table) for table in before} == before
    assert {payment.status for payment in list_payments()} == {"paid"}


def test_silence_about_an_imported_message_fails_no_payment(clock: Clock) -> None:
    clock.advance(timedelta(days=3))
    ids = [payment.id for payment in list_payments()]

    with transaction() as session:
        judge(session, ids, silence_is_failure=True)

    assert {payment.status for payment in list_payments()} == {"paid"}
    assert count("outbox") == 0


def test_nobody_has_to_settle_what_the_old_system_left_open() -> None:
    with transaction() as session:
        assert [list_waiting(session, waits) for waits in Waits] == [[], []]


def test_the_audit_finds_no_fault_in_it() -> None:
    with transaction() as session:
        told = [remark.invariant.name for remark in list_remarks(session)]
    assert (broken(), told) == (set(), [])


def test_the_audit_is_silent_before_the_messages_are_imported_too() -> None:
    with transaction() as session:
        session.execute(text("DELETE FROM recurrent_payments"))
        session.execute(text("DELETE FROM mobiletech_outbound_messages"))

    assert broken() == set()


def test_when_the_old_system_charged_is_no_fault_of_ours() -> None:
    earlier = "UPDATE recurrent_payments AS row SET state = 'charged', payment_id = row.parent_payment_id,"
    early = f"{earlier} period_payment_id = row.parent_payment_id - 1"
    with transaction() as session:
        session.execute(text(early))
        session.execute(text("UPDATE payments SET created_at = created_at - interval '20 days'"))

    assert "charged_too_early" not in broken()

    with transaction() as session:
        session.execute(text("UPDATE payments SET import_id = NULL"))

    assert "charged_too_early" in broken()


@pytest.mark.parametrize(
    ("damage", "name"),
    [
        ("UPDATE payments SET subscription_id = NULL", "paid_without_subscription"),
        ("UPDATE payments SET amount = amount + 1, created_at = crm_now()", "items_differ"),
        (
            "UPDATE recurrent_payments SET charge_at = crm_now() - interval '1 hour'",
            "renewals_overdue",
        ),
        ("UPDATE mobiletech_outbound_messages SET billing = 'none'", "status_weakened"),
    ],
)
def test_what_holds_of_live_rows_and_of_imported_ones_is_asked_of_both(damage: str, name: str) -> None:
    with transaction() as session:
        session.execute(text(damage))

    assert name in broken()


def test_what_was_charged_in_the_old_system_counts_against_the_caps_of_a_number() -> None:
    number = "+421908630550"

    with transaction() as session:
        spent = read_spent(session, [number])

    assert spent == {number: Decimal("4.99")}  # of 31 days: the last of four


def test_days_of_the_past_are_counted_with_their_payments(clock: Clock) -> None:
    for task in PERIODIC:
        task.run()

    with transaction() as session:
        paid = session.execute(
            text("SELECT sum(count) FROM money_days WHERE measure = 'received'")
        ).scalar_one()
        readers = session.execute(
            text("SELECT readers FROM subscriber_days WHERE day = :day"),
            {"day": _today() - timedelta(days=60)},
        ).scalar_one()
    assert (paid, readers) == (12, 3)


def test_days_that_were_counted_already_are_counted_anew() -> None:
    for task in PERIODIC:
        task.run()
    rows = [row | {"user_phone": "0908630552", "cid": "old-in-4"} for row in list_payment_rows()[:PERIODS]]
    make_subscriber("0908630552", "old-in-4")

    import_rows(
        "payments",
        [
            row | {"external_id": row["external_id"] + 9000, "variable_symbol": f"9{number}"}
            for number, row in enumerate(rows)
        ],
    )
    for task in PERIODIC:
        task.run()

    with transaction() as session:
        received = "SELECT sum(count) FROM money_days WHERE measure = 'received'"
        days = "SELECT readers FROM subscriber_days WHERE day = :day"
        day = {"day": _today() - timedelta(days=60)}
        assert session.execute(text(received)).scalar_one() == 16
        assert session.execute(text(days), day).scalar_one() == 4


def test_no_more_than_four_hundred_days_are_counted_however_long_the_history() -> None:
    import_rows(
        "payments",
        [
            payment_row(
                1,
                paid_at="2001-01-01",
                created_at="",
                subscription_start_at="2001-01-01",
                subscription_end_at="2001-02-01",
            )
        ],
    )

    for task in PERIODIC:
        task.run()

    with transaction() as session:
        first = session.execute(text("SELECT min(day) FROM money_days")).scalar_one()
    assert first >= _today() - timedelta(days=401)


def test_the_ceiling_of_the_hour_counts_no_charge_of_the_old_system(
    clock: Clock, gateway: FakeGateway
) -> None:
    clock.advance(timedelta(days=DAYS_LEFT) - BEFORE_END / 2)
    with transaction() as session:
        set_setting(session, CEILING, "2")
        session.execute(text("UPDATE payments SET created_at = crm_now() WHERE recurrent_charge"))

    assert charge_due().begun == 2


def test_a_renewal_goes_on_where_the_history_ends(clock: Clock, gateway: FakeGateway) -> None:
    clock.advance(timedelta(days=DAYS_LEFT) - BEFORE_END / 2)

    charge_due()
    run_all()
    charged = [payment for payment in list_payments() if payment.status == "form"]
    for payment in charged:
        report(payment.id, "D1")

    assert len(charged) == len(NUMBERS)
    assert broken() == set()
    by_id = {each.id: each for each in list_subscriptions()}
    for payment in list_payments()[-len(NUMBERS) :]:
        following = by_id[payment.subscription_id or 0]
        [former] = [each for each in by_id.values() if each.next_subscription_id == following.id]
        assert (former.user_id, former.end_time) == (following.user_id, following.start_time)
    assert sorted(row.state for row in list_renewals()) == ["active"] * 3 + ["charged"] * 3


def _today() -> date:
    return datetime.now(UTC).date()
