"""A held message goes or not, as a person says; what would charge twice, or goes against another word, stays held."""

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import delete, select, update

from crm.audit import run_audit
from crm.core.db import transaction
from crm.mobiletech.catalogue.models import Billkey
from crm.mobiletech.errors import NotHeldError
from crm.mobiletech.models import OutboundMessage
from crm.payments.charging_run import charge_due
from crm.payments.holding import hold
from crm.payments.pausing import pause
from crm.payments.stopping import get_renewal, stop
from crm.sms_billing.releasing import cancel, release
from crm.users.models import MobilePhone
from tests.conftest import Clock
from tests.factories.money import (
    MONTH,
    get_payment,
    list_payments,
    list_renewals,
    make_type,
    messages_of,
    report,
    set_up_sale,
    subscribe,
)
from tests.factories.outbound import make_outbound
from tests.fakes import FakeGateway
from tests.outbox import run_all


@pytest.fixture(autouse=True)
def _due(app: Flask, gateway: FakeGateway, clock: Clock) -> None:
    set_up_sale()
    make_type()
    subscribe()
    clock.advance(MONTH)


@pytest.fixture
def held() -> int:
    """Return the payment of a charge that is held: the number had its paid messages of the day."""
    number = messages_of(1)[0].to
    for _ in range(3):
        make_outbound(
            paid=True, to=number, state="accepted", billing="billed", purpose="test", is_queued=False
        )
    charge_due()
    run_all()
    payment_id = list_payments()[-1].id
    assert messages_of(payment_id)[0].state == "held"
    return payment_id


def let_go(payment_id: int, operator: str | None = None) -> None:
    message_id = messages_of(payment_id)[-1].id
    with transaction() as session:
        release(session, message_id, reason="the reader asked for it", operator=operator)
    run_all()


def call_off(payment_id: int) -> None:
    message_id = messages_of(payment_id)[-1].id
    with transaction() as session:
        cancel(session, message_id, reason="too much for one day")
    run_all()


def test_a_released_message_goes_although_the_number_had_its_share(gateway: FakeGateway, held: int) -> None:
    let_go(held)
    report(held, "A0")

    assert len(gateway.sent) == 2
    assert get_payment(held).status == "paid"
    assert [row.state for row in list_renewals()] == ["charged", "active"]


def test_its_window_begins_when_it_is_released(gateway: FakeGateway, clock: Clock, held: int) -> None:
    clock.advance(timedelta(days=5))

    let_go(held)

    assert messages_of(held)[0].state == "accepted"


def test_a_cancelled_message_fails_its_payment_and_the_renewal_waits_a_day(
    gateway: FakeGateway, clock: Clock, held: int
) -> None:
    call_off(held)

    payment = get_payment(held)
    failed, again = list_renewals()
    assert (payment.status, payment.failure) == ("fail", "person")
    assert (failed.state, again.state) == ("charge_failed", "active")
    assert again.charge_at - payment.modified_at > timedelta(hours=23)
    assert len(gateway.sent) == 1


def test_a_period_that_is_charged_already_is_not_charged_by_a_release(held: int) -> None:
    with transaction() as session:
        period = session.execute(
            select(OutboundMessage.charges_for).where(OutboundMessage.payment_id == held)
        ).scalar_one()
    make_outbound(paid=True, charges_for=period, state="unknown", is_queued=False)

    with pytest.raises(NotHeldError, match="nobody pays twice"):
        let_go(held)


def test_a_key_whose_price_is_another_now_is_not_used(held: int) -> None:
    with transaction() as session:
        session.execute(update(Billkey).values(price="5.99"))

    with pytest.raises(NotHeldError, match=r"charges 5\.99"):
        let_go(held)


def test_a_number_that_is_its_readers_no_more_is_not_charged(held: int) -> None:
    with transaction() as session:
        session.execute(delete(MobilePhone))

    with pytest.raises(NotHeldError, match="no more"):
        let_go(held)


def test_neither_a_pause_nor_a_hold_is_gone_around(held: int) -> None:
    row_id = list_renewals()[-1].id
    with transaction() as session:
        hold(session, reason="an outage")
    with pytest.raises(NotHeldError, match="resume"):
        let_go(held)
    with transaction() as session:
        pause(session, get_renewal(session, row_id), "wrote STPO")

    with pytest.raises(NotHeldError, match="paused"):
        let_go(held)


def test_a_stop_takes_the_held_message_with_it(held: int) -> None:
    row_id = list_renewals()[-1].id
    with transaction() as session:
        stop(session, [get_renewal(session, row_id)], by_user=True)

    with pytest.raises(NotHeldError, match="not held"):
        let_go(held)


def test_nothing_is_released_or_cancelled_twice(gateway: FakeGateway, held: int) -> None:
    let_go(held)

    with pytest.raises(NotHeldError):
        let_go(held)
    with pytest.raises(NotHeldError):
        call_off(held)

    assert len(gateway.sent) == 2


def test_a_copy_held_for_a_ported_number_goes_to_the_operator_that_is_named(gateway: FakeGateway) -> None:
    charge_due()
    run_all()
    payment_id = list_payments()[-1].id
    report(payment_id, "_OPERATOR_CHANGE")
    assert messages_of(payment_id)[-1].state == "held"

    let_go(payment_id, operator="2")
    report(payment_id, "D0")

    assert gateway.sent[-1].operator_type == "2"
    assert get_payment(payment_id).status == "paid"


def test_a_copy_that_is_given_back_as_well_is_a_failure(gateway: FakeGateway) -> None:
    charge_due()
    run_all()
    payment_id = list_payments()[-1].id
    report(payment_id, "_OPERATOR_CHANGE")
    let_go(payment_id, operator="2")

    report(payment_id, "_OPERATOR_CHANGE")

    assert (get_payment(payment_id).status, get_payment(payment_id).failure) == ("fail", "ported")
    assert list_renewals()[-1].retries == 0


def test_a_free_copy_is_released_too(gateway: FakeGateway) -> None:
    message_id = make_outbound(state="held", is_queued=False)

    with transaction() as session:
        release(session, message_id, reason="the operator is right")
    run_all()

    assert len(gateway.sent) == 2
    with transaction() as session:
        assert run_audit(session) == []
