"""Defects of the original's money path, by number: what is charged, and how much (behaviour.md 11.2)."""

from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import inspect, select, text, update

from crm.core.db import db, transaction
from crm.mobiletech.models import InboundMessage, OutboundMessage
from crm.mobiletech.sms_templates import create_template
from crm.payments.charging_run import charge_due
from crm.payments.errors import NotActiveError
from crm.payments.gateways import gateways
from crm.payments.making import NewPayment, begin
from crm.payments.models import PaymentLog, RecurrentPayment
from crm.payments.stopping import get_renewal, list_open, stop
from crm.sms_billing.metas import SmsMetas, read_metas, write_metas
from crm.sms_billing.models import SmsOffer
from crm.subscriptions.models import SubscriptionType
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
    messages_of,
    renewal_states,
    report,
    subscribe,
)
from tests.fakes import FakeGateway, rejected
from tests.outbox import run_all

OTHER = "0908000002"


@pytest.mark.parametrize(("code", "renewals"), [("mobiletech", []), ("mobiletech_recurrent", ["active"])])
def test_b35_every_gateway_completes_a_payment(gateway: FakeGateway, code: str, renewals: list[str]) -> None:
    bought = subscribe(gateway=code)

    assert get_payment(bought.payment_id).status == "paid"
    assert renewal_states() == renewals


@pytest.mark.parametrize(
    ("broken", "code"),
    [
        ("UPDATE payment_methods SET external_token = 'lost' WHERE user_id = :user_id", "no_token"),
        ("DELETE FROM mobiletech_phone_numbers WHERE user_id = :user_id", "no_number"),
        ("UPDATE sms_offers SET billkey = 'ZZ99'", "billkey_unknown"),
    ],
    ids=["token", "number", "key"],
)
def test_b36_a_renewal_that_cannot_be_charged_says_why_and_stops_no_other(
    gateway: FakeGateway, reader: Bought, clock: Clock, broken: str, code: str
) -> None:
    subscribe(number=OTHER)
    clock.advance(MONTH)
    user = {"user_id": reader.user_id} if ":user_id" in broken else {}
    with transaction() as session:
        session.execute(text(broken), user)

    done = charge_due()

    assert (done.begun, done.refused) == ((1, 1) if user else (0, 2))
    refused = list_renewals(reader.user_id)[0]
    assert (refused.state, refused.status) == ("active", code)
    assert refused.approval


def test_b36_a_renewal_that_breaks_the_program_stops_no_other(
    gateway: FakeGateway, reader: Bought, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    subscribe(number=OTHER)
    clock.advance(MONTH)
    recurrent = gateways.get_recurrent("mobiletech_recurrent")
    real = recurrent.refuse

    def refuse(session: object, charges: list[object]) -> object:
        if any(charge.recurrent.user_id == reader.user_id for charge in charges):  # type: ignore[attr-defined]
            raise ValueError("no such thing")
        return real(session, charges)  # type: ignore[arg-type]

    monkeypatch.setattr(recurrent, "refuse", refuse)

    charge_due()

    assert [(row.state, row.status) for row in list_renewals()] == [("active", "error"), ("pending", None)]


def test_b37_each_payment_has_the_token_of_its_own_sms(gateway: FakeGateway) -> None:
    first, second = buy(run=False), buy(number=OTHER, run=False)
    run_all()
    report(second.payment_id, "A0", run=False)
    report(first.payment_id, "A0")

    with transaction() as session:
        ids = {each.id: each.mobiletech_id for each in session.execute(select(InboundMessage)).scalars()}
    assert {row.user_id: row.cid for row in list_renewals()} == {
        each.user_id: ids[each.inbound_id] for each in (first, second)
    }


def test_b38_what_a_gateway_said_is_kept_as_it_was(gateway: FakeGateway) -> None:
    subscribe()
    buy(number=OTHER, billkey="ZZ99")

    with transaction() as session:
        logs = session.execute(select(PaymentLog.status, PaymentLog.message).order_by(PaymentLog.id)).all()
    assert [status for status, _ in logs] == ["OK", "OK", "ERROR"]
    assert logs[-1].message == "billkey_unknown: The billing key ZZ99 is not listed."


@pytest.mark.parametrize("change", ["price of the type", "amount of its own"])
def test_b39_a_key_of_another_price_charges_nobody(gateway: FakeGateway, reader: Bought, change: str) -> None:
    with transaction() as session:
        if change == "price of the type":
            session.execute(update(SubscriptionType).values(price=Decimal("5.99")))
        else:
            session.execute(update(RecurrentPayment).values(custom_amount=Decimal("5.99")))

    charge_due()

    [row] = list_renewals()
    assert (row.state, row.status) == ("active", "billkey_price")
    assert len(list_payments()) == 1


def test_b39_the_price_in_the_text_has_its_cents(gateway: FakeGateway, reader: Bought) -> None:
    charge()

    assert "4,99 EUR" in gateway.sent[-1].content


def test_b40_parameters_of_any_length_are_kept_whole(gateway: FakeGateway) -> None:
    bought = buy(gateway="mobiletech", billkey="ZZ99")
    long = SmsMetas(
        billkey="AA99", inbound_message_id=1, template_code="renewal", params={"name": "ž" * 1000}
    )
    with transaction() as session:
        session.execute(text("DELETE FROM payment_meta"))
        write_metas(session, {bought.payment_id: long})

    with transaction() as session:
        assert read_metas(session, [bought.payment_id]) == {bought.payment_id: long}


def test_b41_the_first_sms_and_a_renewal_have_texts_of_their_own(gateway: FakeGateway, clock: Clock) -> None:
    bought = buy()
    with transaction() as session:
        create_template(
            session, "welcome", "Vitajte! {{ price }} EUR/mesiac. Zrusit: STOP na 8877", purpose="paid"
        )
        session.execute(update(SmsOffer).values(first_template_code="welcome"))
    report(bought.payment_id, "A0")
    clock.advance(MONTH)

    charge()

    assert gateway.sent[-1].content == "Mesacne predlzene, 4,99 EUR/mesiac. Zrusit: STOP na 8877"


@pytest.mark.parametrize("column", ["to", "billkey", "status", "payment_id", "mobiletech_id", "rcv_msg_id"])
def test_b53_messages_are_found_by_an_index(gateway: FakeGateway, column: str) -> None:
    found = inspect(db.engine).get_indexes("mobiletech_outbound_messages")

    assert column in {index["column_names"][0] for index in found}


def test_b53_a_sender_is_found_by_an_index(gateway: FakeGateway) -> None:
    found = inspect(db.engine).get_indexes("mobiletech_inbound_messages")

    assert "from" in {index["column_names"][0] for index in found}


def test_b59_a_payment_has_one_sms_however_often_it_is_begun(gateway: FakeGateway) -> None:
    bought = buy()
    with transaction() as session:
        kind = session.execute(select(SubscriptionType)).scalar_one()
        wanted = NewPayment(
            user_id=bought.user_id,
            amount=kind.price,
            currency="EUR",
            type=kind,
            key=f"order:{bought.inbound_id}",
        )
        begin(session, gateways.get("mobiletech_recurrent"), wanted)
    run_all()

    assert len(messages_of(bought.payment_id)) == len(gateway.sent) == 1


def test_b59_the_key_of_a_payments_sms_is_unique(gateway: FakeGateway) -> None:
    bought = buy()

    [message] = messages_of(bought.payment_id)
    assert message.key == f"pay:{bought.payment_id}"
    assert OutboundMessage.__table__.c.key.unique


def test_b60_a_charge_that_is_asked_for_by_hand_is_paid_by_a_report_only(
    gateway: FakeGateway, reader: Bought
) -> None:
    [row] = list_renewals()

    charge_due(ids=[row.id])
    run_all()
    assert [payment.status for payment in list_payments()] == ["paid", "form"]
    assert len(list_subscriptions()) == 1
    report(list_payments()[-1].id, "A0")

    assert [payment.status for payment in list_payments()] == ["paid", "paid"]


@pytest.mark.parametrize(
    ("code", "states"), [("A0", ["charged", "user_stop"]), ("A5", ["charge_failed", "user_stop"])]
)
def test_b63_a_stop_while_a_charge_is_on_its_way_holds_whatever_comes_of_it(
    gateway: FakeGateway, reader: Bought, clock: Clock, code: str, states: list[str]
) -> None:
    payment_id = charge()
    with transaction() as session:
        [stopped] = stop(session, list_open(session, reader.user_id), by_user=True)
        assert stopped.may_still_be_billed

    report(payment_id, code)
    clock.advance(timedelta(days=60))
    charge()

    assert renewal_states() == states
    assert len(gateway.sent) == 2


def test_b63_a_charge_that_has_not_left_is_called_back(gateway: FakeGateway, reader: Bought) -> None:
    charge_due()
    with transaction() as session:
        [stopped] = stop(session, list_open(session, reader.user_id), by_user=True)
        assert not stopped.may_still_be_billed

    run_all()

    assert renewal_states() == ["user_stop"]
    assert len(gateway.sent) == 1


def test_b36_a_gateway_that_refuses_leaves_the_run_going(gateway: FakeGateway, reader: Bought) -> None:
    gateway.will(rejected("unknown key"))

    charge()

    assert renewal_states() == ["charge_failed", "active"]


def test_b63_a_renewal_that_is_over_cannot_be_stopped(gateway: FakeGateway, reader: Bought) -> None:
    report(charge(), "A0")
    charged = list_renewals()[0].id

    with transaction() as session, pytest.raises(NotActiveError):
        stop(session, [get_renewal(session, charged)], by_user=True)
