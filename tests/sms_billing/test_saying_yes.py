"""An order that asks first is charged after the reader's yes, at the price that they were told, and once."""

from datetime import timedelta
from decimal import Decimal

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update

from crm.core.db import transaction
from crm.mobiletech.catalogue.models import Billkey
from crm.sms_billing.agreeing import is_yes
from crm.sms_billing.models import SmsOrder
from crm.subscriptions.models import SubscriptionType
from crm.subscriptions.queries import get_type
from tests.conftest import Clock
from tests.factories.flows import decision_of, set_up_keywords, step_kinds, waiting_in_inbox, write
from tests.factories.money import get_payment, list_payments, list_renewals, make_type, report
from tests.factories.rules import make_rule
from tests.fakes import FakeGateway

QUESTION = (
    "Objednavate Mesacne za 4,99 EUR na 30 dni, predlzuje sa samo. Suhlasite? Odpovedzte ANO."
    " Zrusit: STOP na 8877"
)


@pytest.fixture(autouse=True)
def _keywords(app: Flask) -> None:
    set_up_keywords()
    make_rule("KLUB", action="subscribe", subscription_type="month", asks_first=True)


def orders() -> list[str]:
    with transaction() as session:
        return list(session.execute(select(SmsOrder.state).order_by(SmsOrder.id)).scalars())


def test_who_is_asked_is_told_everything_and_charged_nothing(
    client: FlaskClient, gateway: FakeGateway
) -> None:
    inbound_id = write(client, "klub")

    assert [(sent.content, sent.billkey) for sent in gateway.sent] == [(QUESTION, "AZ19")]
    assert (list_payments(), orders()) == ([], ["waiting"])
    assert step_kinds(inbound_id)[-2:] == ["asked", "sent"]
    assert waiting_in_inbox() == []


@pytest.mark.parametrize(
    ("length", "days"),
    [(1, "na 1 den,"), (2, "na 2 dni,"), (4, "na 4 dni,"), (5, "na 5 dni,"), (30, "na 30 dni,")],
)
def test_the_question_of_a_trial_names_the_price_that_follows(
    client: FlaskClient, gateway: FakeGateway, length: int, days: str
) -> None:
    with transaction() as session:
        month = get_type(session, "month").id
    make_type(
        "trial",
        price="1.50",
        billkey="AA50",
        short_name="Skuska",
        length=length,
        next_subscription_type_id=month,
    )
    make_rule("SKUSKA", action="subscribe", subscription_type="trial", asks_first=True)

    write(client, "skuska")

    assert gateway.sent[-1].content == (
        f"Objednavate Skuska za 1,50 EUR {days} potom 4,99 EUR, predlzuje sa samo. Suhlas: odpovedzte ANO."
        " Zrusit: STOP na 8877"
    )


def test_the_yes_is_charged_and_its_answer_replies_to_it(client: FlaskClient, gateway: FakeGateway) -> None:
    order_id = write(client, "KLUB")
    yes_id = write(client, "Áno.")
    [payment] = list_payments()
    report(payment.id, "A0")

    assert (payment.key, get_payment(payment.id).status) == (f"order:{order_id}", "paid")
    assert gateway.sent[1].billkey == "AA99"
    assert gateway.sent[1].rcv_msg_id != gateway.sent[0].rcv_msg_id
    assert decision_of(yes_id)[0] == "agreed"
    assert step_kinds(yes_id) == ["agreed", "ordered", "sent"]
    assert ([row.state for row in list_renewals()], orders()) == (["active"], ["agreed"])
    assert waiting_in_inbox() == []


def test_a_yes_that_is_written_twice_charges_once(
    client: FlaskClient, gateway: FakeGateway, clock: Clock
) -> None:
    for text in ("KLUB", "ANO", "ano prosim"):
        last = write(client, text)
        clock.advance(timedelta(minutes=1))

    assert len(list_payments()) == 1
    assert decision_of(last)[0] == "unmatched"


def test_a_yes_to_nothing_is_the_rules(client: FlaskClient, gateway: FakeGateway) -> None:
    inbound_id = write(client, "ANO")

    assert list_payments() == []
    assert waiting_in_inbox() == [(inbound_id, "unmatched")]


def test_another_persons_yes_is_none(client: FlaskClient, gateway: FakeGateway) -> None:
    write(client, "KLUB")

    write(client, "ANO", "0905123456")

    assert (list_payments(), orders()) == ([], ["waiting"])


def test_a_yes_after_a_day_comes_too_late(client: FlaskClient, gateway: FakeGateway, clock: Clock) -> None:
    write(client, "KLUB")
    clock.advance(timedelta(hours=25))

    write(client, "ANO")

    assert list_payments() == []


def test_a_new_order_takes_the_place_of_the_one_that_waits(
    client: FlaskClient, gateway: FakeGateway, clock: Clock
) -> None:
    make_type("week", price="1.50", billkey="AA50", short_name="Tyzdenne", length=7)
    make_rule("TYZDEN", action="subscribe", subscription_type="week", asks_first=True)
    for text in ("KLUB", "TYZDEN", "ANO"):
        write(client, text)
        clock.advance(timedelta(minutes=1))

    assert [payment.amount for payment in list_payments()] == [Decimal("1.50")]
    assert orders() == ["replaced", "agreed"]


def test_an_order_after_an_old_one_that_nobody_answered_is_asked_anew(
    client: FlaskClient, gateway: FakeGateway, clock: Clock
) -> None:
    write(client, "KLUB")
    clock.advance(timedelta(days=3))

    write(client, "KLUB")
    write(client, "ANO")

    assert (len(list_payments()), orders()) == (1, ["replaced", "agreed"])


def test_who_was_told_another_price_is_asked_again(
    client: FlaskClient, gateway: FakeGateway, clock: Clock
) -> None:
    write(client, "KLUB")
    with transaction() as session:
        session.execute(update(SubscriptionType).values(price=Decimal("5.99")))
        session.execute(update(Billkey).where(Billkey.code == "AA99").values(price=Decimal("5.99")))
    clock.advance(timedelta(minutes=1))

    write(client, "ANO")
    assert list_payments() == []
    assert "za 5,99 EUR" in gateway.sent[-1].content
    clock.advance(timedelta(minutes=1))
    write(client, "ANO ano")

    assert [payment.amount for payment in list_payments()] == [Decimal("5.99")]


@pytest.mark.parametrize(
    "text",
    ["ANO", "áno", "Áno!", "ok áno", "yes", "YES please"[:3], "AON", "ANNO", "ano, prosim", "Ano suhlasim"],
)
def test_what_says_yes(text: str) -> None:
    assert is_yes(text)


@pytest.mark.parametrize(
    "text",
    ["", "NO", "ANI", "nie", "ANO ale nie teraz", "OK", "ano stop", "mozno ano", "ANO?" + " x", "ano " * 5],
)
def test_what_does_not(text: str) -> None:
    assert not is_yes(text)
