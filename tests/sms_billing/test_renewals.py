"""A renewal is charged once for its period, tried again by its schedule, and given up; late news never doubles it."""

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import update

from crm.audit import run_audit
from crm.core.db import transaction
from crm.payments.charging_run import charge_due
from crm.payments.models import RecurrentPayment
from crm.payments.paying import Proof, pay
from crm.sms_billing.turns import look_for_timeouts
from crm.subscriptions.models import SubscriptionType
from crm.users.models import User
from tests.conftest import Clock
from tests.factories.money import (
    MONTH,
    Bought,
    buy,
    charge,
    get_payment,
    list_payments,
    list_renewals,
    list_subscriptions,
    make_billkey,
    make_inbound,
    make_type,
    messages_of,
    renewal_states,
    report,
    set_up_sale,
    subscribe,
)
from tests.fakes import FakeGateway, accepted, ambiguous, rejected
from tests.outbox import run_all


@pytest.fixture(autouse=True)
def _sale(app: Flask) -> None:
    set_up_sale()
    make_type()


@pytest.fixture
def reader(gateway: FakeGateway, clock: Clock) -> Bought:
    """Return a reader whose renewal is due."""
    bought = subscribe()
    clock.advance(MONTH)
    return bought


def test_a_due_renewal_is_charged_and_the_next_one_planned(gateway: FakeGateway, reader: Bought) -> None:
    payment_id = charge()
    assert renewal_states() == ["pending"]
    assert get_payment(payment_id).status == "form"

    report(payment_id, "A0")

    charged, following = list_renewals()
    first, second = list_subscriptions()
    assert (charged.state, charged.payment_id, charged.status) == ("charged", payment_id, "A0")
    assert (following.state, following.parent_payment_id) == ("active", payment_id)
    assert second.end_time - first.end_time >= MONTH
    assert following.charge_at == second.end_time
    assert [send.rcv_msg_id for send in gateway.sent[1:]] == [None]
    with transaction() as session:
        assert run_audit(session) == []


def test_what_is_not_due_is_not_charged(gateway: FakeGateway, clock: Clock) -> None:
    subscribe()
    clock.advance(MONTH - timedelta(minutes=1))

    charge_due()
    run_all()

    assert renewal_states() == ["active"]
    assert len(gateway.sent) == 1


def test_running_twice_charges_once(gateway: FakeGateway, reader: Bought) -> None:
    charge_due()
    charge_due()
    run_all()

    assert renewal_states() == ["pending"]
    assert len(gateway.sent) == 2


def test_a_failure_is_tried_again_by_the_schedule_and_then_given_up(
    gateway: FakeGateway, reader: Bought, clock: Clock
) -> None:
    delays = [timedelta(minutes=15), *[timedelta(hours=6)] * 3]
    for delay in delays:
        payment_id = charge()
        report(payment_id, "A5")
        charge_due()
        assert renewal_states()[-1] == "active"
        clock.advance(delay)

    report(charge(), "A5")

    assert renewal_states() == ["charge_failed"] * 4 + ["system_stop"]
    assert [row.retries for row in list_renewals()] == [4, 3, 2, 1, 0]
    assert len(gateway.sent) == 6
    with transaction() as session:
        assert run_audit(session) == []


def test_a_late_success_withdraws_the_planned_try(gateway: FakeGateway, reader: Bought, clock: Clock) -> None:
    payment_id = charge()
    report(payment_id, "D0")
    assert renewal_states() == ["charge_failed", "active"]

    report(payment_id, "A0")
    clock.advance(timedelta(hours=7))
    charge_due()
    run_all()

    assert renewal_states() == ["charged", "system_stop", "active"]
    assert len(list_subscriptions()) == 2
    assert len(gateway.sent) == 2


def test_a_late_success_calls_a_try_back_that_has_not_left(
    gateway: FakeGateway, reader: Bought, clock: Clock
) -> None:
    payment_id = charge()
    report(payment_id, "D0")
    clock.advance(timedelta(minutes=15))
    charge_due()

    with transaction() as session:
        pay(session, [Proof(payment_id=payment_id, code="A0")])
    run_all()

    assert renewal_states() == ["charged", "system_stop", "active"]
    assert [message.state for message in messages_of(list_payments()[-1].id)] == ["cancelled"]
    assert len(gateway.sent) == 2


def test_two_tries_that_both_turn_out_billed_are_two_periods(
    gateway: FakeGateway, reader: Bought, clock: Clock
) -> None:
    first = charge()
    report(first, "D0")
    clock.advance(timedelta(minutes=15))
    second = charge()

    report(first, "A0")
    report(second, "A0")

    assert renewal_states() == ["charged", "charged", "active"]
    *_, third = list_subscriptions()
    assert list_renewals()[-1].charge_at == third.end_time
    assert len(list_subscriptions()) == 3


def test_a_try_that_fails_after_another_was_billed_owes_nothing(
    gateway: FakeGateway, reader: Bought, clock: Clock
) -> None:
    first = charge()
    report(first, "D0")
    clock.advance(timedelta(minutes=15))
    second = charge()
    report(first, "A0")

    report(second, "A5")

    assert renewal_states() == ["charged", "charge_failed", "active"]
    assert list_renewals()[-1].parent_payment_id == first


def test_a_failure_after_a_success_changes_nothing(gateway: FakeGateway, reader: Bought) -> None:
    payment_id = charge()
    report(payment_id, "A0")

    report(payment_id, "D5")

    assert get_payment(payment_id).status == "paid"
    assert renewal_states() == ["charged", "active"]


def test_nothing_is_charged_while_the_outcome_is_unknown(
    gateway: FakeGateway, reader: Bought, clock: Clock
) -> None:
    gateway.will(ambiguous())
    charge()

    clock.advance(timedelta(days=90))
    charge_due()
    look_for_timeouts()
    run_all()

    assert renewal_states() == ["pending"]
    assert len(gateway.sent) == 2


def test_silence_is_no_failure_while_the_sms_may_still_be_billed(
    gateway: FakeGateway, reader: Bought, clock: Clock
) -> None:
    charge()

    clock.advance(timedelta(minutes=599))
    look_for_timeouts()
    run_all()
    assert renewal_states() == ["pending"]
    clock.advance(timedelta(minutes=2))
    look_for_timeouts()
    run_all()

    assert renewal_states() == ["charge_failed", "active"]
    assert list_renewals()[0].failure == "no_answer"


def test_an_unknown_code_calls_a_person_and_fails_nothing(
    gateway: FakeGateway, reader: Bought, clock: Clock
) -> None:
    payment_id = charge()

    report(payment_id, "X7")
    clock.advance(timedelta(days=3))
    look_for_timeouts()
    run_all()

    assert renewal_states() == ["pending"]
    assert get_payment(payment_id).status == "form"


def test_a_refused_sms_is_a_failure_of_ours_and_keeps_the_retries(
    gateway: FakeGateway, reader: Bought
) -> None:
    gateway.will(rejected("unknown key"))

    charge()

    failed, again = list_renewals()
    assert (failed.state, failed.failure) == ("charge_failed", "ours")
    assert (again.retries, again.gateway_fails) == (4, 1)


def test_a_price_without_its_key_stops_that_charge_only(
    gateway: FakeGateway, reader: Bought, clock: Clock
) -> None:
    make_type("week", price="1.99", billkey="BB19", length=7)
    subscribe("week", "0908000001", billkey="BB19")
    with transaction() as session:
        session.execute(update(SubscriptionType).where(SubscriptionType.code == "month").values(price=5))
    clock.advance(timedelta(days=7))

    charge_due()
    run_all()

    month, week = list_renewals()
    assert (month.state, month.status, month.gateway_fails) == ("active", "billkey_price", 1)
    assert month.approval == "The billing key AA99 charges 4.99 EUR, and the payment is of 5.00 EUR."
    assert week.state == "pending"


def test_a_custom_amount_is_charged_by_the_key_of_that_price_and_kept(
    gateway: FakeGateway, reader: Bought
) -> None:
    make_billkey("CC29", "2.99")
    with transaction() as session:
        session.execute(update(RecurrentPayment).values(custom_amount="2.99"))

    report(charge(), "A0")

    assert gateway.sent[-1].billkey == "CC29"
    assert [str(row.custom_amount) for row in list_renewals()] == ["2.99", "2.99"]


def test_two_runs_after_an_odd_date_never_charge_a_period_twice(
    gateway: FakeGateway, reader: Bought, clock: Clock
) -> None:
    report(charge(), "A0")
    with transaction() as session:
        session.execute(
            update(RecurrentPayment)
            .where(RecurrentPayment.state == "active")
            .values(charge_at=RecurrentPayment.charge_at - MONTH)
        )

    charge_due()
    run_all()

    assert renewal_states() == ["charged", "active"]
    assert len(gateway.sent) == 2


def test_an_answer_that_reports_itself_is_not_too_early(gateway: FakeGateway, reader: Bought) -> None:
    gateway.will(accepted("mt-77", "D1"))

    payment_id = charge()

    assert get_payment(payment_id).status == "paid"
    assert renewal_states() == ["charged", "active"]


def test_readers_do_not_share_what_they_pay(gateway: FakeGateway, clock: Clock) -> None:
    subscribe()
    other = buy(number="0908000002")
    report(other.payment_id, "A0")

    assert len({row.cid for row in list_renewals()}) == 2


def test_a_ported_number_that_wrote_from_its_new_operator_gets_the_charge_once_more(
    gateway: FakeGateway, reader: Bought
) -> None:
    payment_id = charge()
    make_inbound(user_id=reader.user_id, operator_type="T")

    report(payment_id, "_OPERATOR_CHANGE")
    report(payment_id, "A0")

    missed, copy = messages_of(payment_id)
    assert (missed.resent_as, missed.billing) == (copy.id, "none")
    assert (copy.operator_type, copy.billing) == ("T", "billed")
    assert renewal_states() == ["charged", "active"]


def test_a_ported_number_without_a_newer_sms_waits_for_a_person(gateway: FakeGateway, reader: Bought) -> None:
    payment_id = charge()

    report(payment_id, "_OPERATOR_CHANGE")

    assert [message.state for message in messages_of(payment_id)] == ["accepted", "held"]
    assert renewal_states() == ["pending"]


def test_a_charge_that_was_given_up_is_not_sent_once_more_for_a_ported_number(
    gateway: FakeGateway, reader: Bought, clock: Clock
) -> None:
    payment_id = charge()
    clock.advance(timedelta(hours=11))
    look_for_timeouts()
    run_all()
    make_inbound(user_id=reader.user_id, operator_type="T")

    report(payment_id, "_OPERATOR_CHANGE")

    assert [message.state for message in messages_of(payment_id)] == ["accepted", "cancelled"]
    assert len(gateway.sent) == 2


def test_nothing_is_charged_to_a_closed_account(gateway: FakeGateway, reader: Bought) -> None:
    with transaction() as session:
        session.execute(update(User).values(active=False))

    charge_due()
    run_all()

    assert [(row.state, row.status) for row in list_renewals()] == [("active", "closed_account")]
    assert len(gateway.sent) == 1
