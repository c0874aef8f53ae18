"""Each invariant of the money is silent while all is well, and speaks when somebody breaks it by hand."""

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import text

from crm.audit import list_remarks, run_audit
from crm.audit.money import INVARIANTS
from crm.core.db import transaction
from crm.core.phone import to_international
from crm.payments.charging_run import charge_due
from crm.payments.due import IS_OPEN
from tests.conftest import Clock
from tests.factories.imported_money import import_rows, make_subscriber, message_row, payment_row
from tests.factories.money import MONTH, list_payments, make_type, report, set_up_sale, subscribe
from tests.fakes import FakeGateway
from tests.outbox import run_all

IMPORTED_NUMBER = "0908630550"
# What is broken by hand after one period was paid, and another one is on its way: the finding that tells it.
BREAKS = {
    "paid_without_subscription": "UPDATE payments SET subscription_id = NULL WHERE id = 1",
    "subscription_without_payment": """UPDATE payments SET subscription_id = NULL WHERE id = 1;
        INSERT INTO subscriptions (user_id, subscription_type_id, is_paid, start_time, end_time, length)
        SELECT user_id, subscription_type_id, true, start_time, end_time, length FROM subscriptions""",
    "paid_without_proof": "UPDATE mobiletech_outbound_messages SET billing = 'failed' WHERE payment_id = 1",
    "billed_without_payment": "UPDATE payments SET status = 'fail' WHERE id = 1",
    "paid_without_renewal": """UPDATE recurrent_payments SET parent_payment_id = 2, period_payment_id = 2""",
    "renewal_without_successor": """UPDATE payments SET status = 'fail' WHERE id = 2;
        UPDATE recurrent_payments SET state = 'charge_failed'""",
    "retry_though_paid": """UPDATE recurrent_payments SET state = 'charged';
        INSERT INTO recurrent_payments (cid, payment_method_id, payment_gateway_id, user_id, subscription_type_id,
            parent_payment_id, period_payment_id, charge_at, attempt, retries)
        SELECT cid, payment_method_id, payment_gateway_id, user_id, subscription_type_id,
            2, period_payment_id, charge_at, 1, 3 FROM recurrent_payments""",
    "charged_too_early": "UPDATE payments SET paid_at = paid_at + interval '7 days' WHERE id = 1",
    "pending_without_charge": "UPDATE payments SET status = 'fail' WHERE id = 2",
    "charge_without_renewal": "UPDATE recurrent_payments SET state = 'user_stop'",
    "payment_waits_for_nothing": "DELETE FROM mobiletech_outbound_messages WHERE payment_id = 2",
    "payment_waits_too_long": """UPDATE mobiletech_outbound_messages SET sent_at = sent_at - interval '4 days'
        WHERE payment_id = 2""",
    "key_of_another_price": """UPDATE billkeys SET price = 9, updated_at = crm_now() - interval '60 days'
        WHERE code = 'AA99'""",
    "items_differ": "UPDATE payment_items SET amount = amount - 1 WHERE payment_id = 2",
    "sums_differ": "UPDATE billkeys SET price = 9, updated_at = crm_now() - interval '60 days' WHERE code = 'AA99'",
    "renewals_overdue": """UPDATE recurrent_payments
            SET state = 'active', charge_at = crm_now() - interval '16 minutes';
        UPDATE payments SET status = 'fail' WHERE id = 2""",
    "renewal_waits_too_long": f"""UPDATE recurrent_payments
            SET state = 'active', approval = '{IS_OPEN}', charge_at = crm_now() + interval '10 minutes';
        UPDATE payments SET status = 'fail' WHERE id = 2;
        UPDATE subscriptions SET end_time = crm_now() - interval '4 days'""",
}


@pytest.fixture(autouse=True)
def _sale(app: Flask, gateway: FakeGateway, clock: Clock) -> None:
    """Let a reader have paid, and be charged for the next period."""
    set_up_sale()
    make_type()
    subscribe()
    clock.advance(MONTH)
    charge_due()
    run_all()


def found() -> set[str]:
    with transaction() as session:
        return {finding.invariant.name for finding in run_audit(session)}


def break_by_hand(name: str) -> None:
    """Do what no code of ours does."""
    with transaction() as session:
        session.execute(text("SET LOCAL session_replication_role = replica"))
        for statement in BREAKS[name].split(";"):
            session.execute(text(statement))


def test_every_invariant_of_the_money_is_broken_here_once() -> None:
    assert set(BREAKS) == {invariant.name for invariant in INVARIANTS}


def test_all_is_well_while_a_charge_is_on_its_way() -> None:
    assert found() == set()


@pytest.mark.parametrize("name", BREAKS)
def test_what_is_broken_by_hand_is_found(name: str) -> None:
    break_by_hand(name)

    assert name in found()


@pytest.mark.parametrize("name", BREAKS)
def test_what_is_broken_by_hand_is_found_beside_imported_history_too(name: str) -> None:
    make_subscriber(IMPORTED_NUMBER, "old-in-1")
    import_rows("payments", [payment_row(user_phone=IMPORTED_NUMBER)])
    import_rows(
        "outbound-messages", [message_row(user_phone=IMPORTED_NUMBER, to=to_international(IMPORTED_NUMBER))]
    )
    assert found() == set()

    break_by_hand(name)

    assert name in found()


def test_renewals_that_a_person_holds_are_not_overdue() -> None:
    with transaction() as session:
        session.execute(text(BREAKS["renewals_overdue"].split(";")[0]))
        session.execute(text("INSERT INTO charging_state (id, held_at) VALUES (1, crm_now())"))

    assert "renewals_overdue" not in found()


def test_a_period_that_was_billed_twice_after_a_failure_is_told_and_breaks_nothing(clock: Clock) -> None:
    first = list_payments()[-1].id
    report(first, "D0")
    clock.advance(timedelta(minutes=15))
    charge_due()
    run_all()
    report(first, "A0")

    report(list_payments()[-1].id, "A0")

    with transaction() as session:
        told = [remark.invariant.name for remark in list_remarks(session)]
    assert (found(), told) == (set(), ["period_charged_twice"])
