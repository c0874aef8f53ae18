"""Defects of the original's money path, by number: what a report does (behaviour.md 11.2). Each failed there."""

from datetime import timedelta

import pytest
from sqlalchemy import update

from crm.audit import list_remarks
from crm.core.db import transaction
from crm.events.publish import publish
from crm.mobiletech.events import PENDING_TIMEOUT
from crm.mobiletech.models import OutboundMessage
from crm.mobiletech.wire.delivery_status import Billing, DeliveryStatus, billing_of, classify
from crm.payments.charging_run import charge_due
from crm.payments.models import RecurrentPayment
from crm.sms_billing.confirming import judge
from crm.sms_billing.turns import look_for_timeouts
from tests.conftest import Clock
from tests.factories.money import (
    Bought,
    buy,
    charge,
    get_payment,
    list_renewals,
    list_subscriptions,
    make_inbound,
    messages_of,
    renewal_states,
    report,
)
from tests.fakes import FakeGateway, accepted
from tests.outbox import run_all


def test_b25_a_report_that_comes_with_the_answer_finds_its_payment(gateway: FakeGateway) -> None:
    gateway.will(accepted("mt-77", "A0"))

    bought = buy(run=False)
    assert [message.payment_id for message in messages_of(bought.payment_id)] == [bought.payment_id]
    run_all()

    assert get_payment(bought.payment_id).status == "paid"


def test_b26_a_charge_that_is_reported_at_once_is_never_pending_again(
    gateway: FakeGateway, reader: Bought
) -> None:
    gateway.will(accepted("mt-77", "D1"))

    charge()
    charge_due()

    assert renewal_states() == ["charged", "active"]


def test_b27_a_charge_that_nothing_is_reported_about_fails_in_the_end(
    gateway: FakeGateway, reader: Bought, clock: Clock
) -> None:
    charge()

    clock.advance(timedelta(minutes=601))
    look_for_timeouts()
    run_all()

    assert renewal_states() == ["charge_failed", "active"]


def test_b27_a_timeout_of_a_payment_that_is_not_there_stops_nobody(
    gateway: FakeGateway, reader: Bought
) -> None:
    with transaction() as session:
        publish(session, PENDING_TIMEOUT, {"payment_id": 999}, key="charge-timeout:999")

    charge()

    assert renewal_states() == ["pending"]


def test_b28_a_success_after_a_failure_cancels_the_retry(
    gateway: FakeGateway, reader: Bought, clock: Clock
) -> None:
    payment_id = charge()
    report(payment_id, "D0")

    report(payment_id, "A0")
    clock.advance(timedelta(hours=6))
    charge()

    assert renewal_states() == ["charged", "system_stop", "active"]
    assert len(gateway.sent) == 2


@pytest.mark.parametrize("code", ["D0", "D5", "A5"])
def test_b29_a_failure_after_a_success_adds_no_retry(gateway: FakeGateway, reader: Bought, code: str) -> None:
    payment_id = charge()
    report(payment_id, "A0")

    report(payment_id, code)

    assert get_payment(payment_id).status == "paid"
    assert renewal_states() == ["charged", "active"]


def test_b30_a_failure_that_is_reported_again_takes_no_further_retry(
    gateway: FakeGateway, reader: Bought
) -> None:
    report(charge(), "A5", "D5", "A7", "D0")

    assert [(row.state, row.retries) for row in list_renewals()] == [("charge_failed", 4), ("active", 3)]


def test_b31_what_o2_calls_delivered_pays(gateway: FakeGateway, reader: Bought) -> None:
    payment_id = charge()
    with transaction() as session:
        session.execute(update(OutboundMessage).values(operator_type="2"))

    report(payment_id, "D0")

    assert get_payment(payment_id).status == "paid"


def test_b31_a_message_without_a_report_decides_nothing(gateway: FakeGateway, reader: Bought) -> None:
    payment_id = charge()

    with transaction() as session:
        judge(session, [payment_id])

    assert get_payment(payment_id).status == "form"


@pytest.mark.parametrize(("operator", "status"), [("2", "paid"), ("O", "fail"), ("T", "fail"), ("S", "fail")])
def test_b32_delivered_is_one_thing_for_messages_and_for_money(
    gateway: FakeGateway, reader: Bought, operator: str, status: str
) -> None:
    payment_id = charge()
    with transaction() as session:
        session.execute(update(OutboundMessage).values(operator_type=operator))

    report(payment_id, "D0")

    is_delivered = classify("D0", operator) is DeliveryStatus.DELIVERED
    assert is_delivered == (status == "paid") == (billing_of(classify("D0", operator)) is Billing.BILLED)
    assert get_payment(payment_id).status == status


def test_b33_a_ported_number_is_charged_once_by_its_new_operator(
    gateway: FakeGateway, reader: Bought, clock: Clock
) -> None:
    payment_id = charge()
    clock.advance(timedelta(minutes=1))
    make_inbound(content="Ahoj", operator_type="T")

    report(payment_id, "_OPERATOR_CHANGE")
    assert renewal_states() == ["pending"]
    report(payment_id, "A0")

    assert [send.operator_type for send in gateway.sent[1:]] == ["O", "T"]
    assert (get_payment(payment_id).status, renewal_states()) == ("paid", ["charged", "active"])


def test_b34_a_code_that_nobody_knows_fails_nothing_and_calls_a_person(
    gateway: FakeGateway, reader: Bought, clock: Clock
) -> None:
    payment_id = charge()

    report(payment_id, "X7")
    clock.advance(timedelta(days=2))
    look_for_timeouts()
    run_all()

    assert (get_payment(payment_id).status, renewal_states()) == ("form", ["pending"])
    with transaction() as session:
        assert "unknown_codes" in [remark.invariant.name for remark in list_remarks(session)]


def test_b61_nothing_is_tried_again_while_the_first_sms_may_still_be_billed(
    gateway: FakeGateway, reader: Bought, clock: Clock
) -> None:
    payment_id = charge()

    clock.advance(timedelta(minutes=messages_of(payment_id)[0].expiration - 1))
    look_for_timeouts()
    charge()

    assert renewal_states() == ["pending"]
    assert len(gateway.sent) == 2


@pytest.mark.parametrize("code", ["A0", "A5"])
def test_b62_an_amount_of_its_own_stays_whatever_is_reported(
    gateway: FakeGateway, reader: Bought, code: str
) -> None:
    with transaction() as session:
        session.execute(update(RecurrentPayment).values(custom_amount="4.99"))

    report(charge(), code)

    assert [str(row.custom_amount) for row in list_renewals()] == ["4.99", "4.99"]


def test_b25_the_period_begins_once_however_often_it_is_reported(
    gateway: FakeGateway, reader: Bought
) -> None:
    report(charge(), "A0", "D1", "A0")

    assert len(list_subscriptions()) == 2
