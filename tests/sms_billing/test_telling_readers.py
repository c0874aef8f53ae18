"""Readers hear of a renewal before it, of a failure, of an end and of a stop: each once, free of charge."""

from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import update

from crm.core.db import transaction
from crm.mobiletech.catalogue.status_codes import CodeDetails, describe_code
from crm.mobiletech.models import OutboundMessage
from crm.mobiletech.rules.models import Rule
from crm.payments.charging_run import charge_due
from crm.payments.following import follow
from crm.payments.models import Payment, RecurrentPayment
from crm.payments.pausing import pause
from crm.payments.rescheduling import postpone
from crm.payments.stopping import get_renewal, stop
from crm.sms_billing.notices import give_notices
from crm.sms_billing.stop_links import link_of
from crm.sms_billing.turns import announce_renewals
from crm.subscriptions.models import Subscription
from crm.subscriptions.queries import get_type
from crm.subscriptions.shortening import Move
from crm.users.accounts import get_user
from tests.conftest import Clock
from tests.factories.flows import set_up_keywords, write
from tests.factories.messages import set_up_gateway
from tests.factories.money import (
    MONTH,
    list_payments,
    list_renewals,
    make_type,
    messages_of,
    report,
    subscribe,
)
from tests.factories.rules import make_rule
from tests.fakes import FakeGateway
from tests.outbox import run_all
from tests.stored import list_outbound

LEAD = timedelta(hours=24)


@pytest.fixture(autouse=True)
def _keywords(app: Flask) -> None:
    set_up_keywords()


def notices() -> list[str]:
    announce_renewals()
    run_all()
    return [
        message.content for message in list_outbound() if (message.key or "").startswith("renewal-notice:")
    ]


def free(gateway: FakeGateway) -> list[str]:
    return [sent.content for sent in gateway.sent if sent.billkey == "AZ19"]


def fail_the_renewal(clock: Clock, code: str) -> None:
    """Charge what is due, and have it fail."""
    clock.advance(MONTH)
    charge_due()
    run_all()
    report(list_payments()[-1].id, code)


def give_up_the_renewal(clock: Clock) -> None:
    fail_the_renewal(clock, "A5")
    for _ in range(6):
        clock.advance(timedelta(hours=7))
        charge_due()
        run_all()
        report(list_payments()[-1].id, "A5")


def test_a_reader_hears_a_day_before_what_is_charged_and_how_to_stop(
    gateway: FakeGateway, clock: Clock
) -> None:
    subscribe()
    [row] = list_renewals()

    clock.advance(MONTH - LEAD - timedelta(minutes=10))
    assert notices() == []
    clock.advance(timedelta(minutes=15))

    day = f"{row.charge_at.day}.{row.charge_at.month}.{row.charge_at.year}"
    expected = (
        f"Mesacne sa {day} predlzi za 4,99 EUR. Zrusit: STOP na 8877 alebo {link_of(row.payment_method_id)}"
    )
    assert (notices(), notices()) == ([expected], [expected])
    [row] = list_renewals()
    assert (row.noticed_at is not None, row.notice) == (True, "The reader was told.")
    assert (gateway.sent[-1].billkey, gateway.sent[-1].from_, gateway.sent[-1].rcv_msg_id) == (
        "AZ19",
        "8877",
        None,
    )


def test_a_postponed_renewal_is_announced_anew_with_its_new_day(gateway: FakeGateway, clock: Clock) -> None:
    subscribe()
    clock.advance(MONTH - timedelta(hours=20))
    first = notices()
    row = list_renewals()[0]
    later = row.charge_at + timedelta(days=5)
    with transaction() as session:
        postpone(session, get_renewal(session, row.id), later, reason="on holiday")
    clock.advance(timedelta(days=5))

    told = notices()

    assert (len(first), len(told)) == (1, 2)
    assert f" {later.day}.{later.month}.{later.year} " in told[-1]
    assert told[0] != told[1]
    assert list_renewals()[0].notice == "The reader was told."


@pytest.mark.parametrize(("days", "is_forgotten"), [(-2, True), (0, False)])
def test_a_renewal_that_moves_with_its_period_to_another_day_is_announced_anew(
    gateway: FakeGateway, clock: Clock, days: int, is_forgotten: bool
) -> None:
    bought = subscribe()
    clock.advance(MONTH - timedelta(hours=20))
    notices()
    with transaction() as session:
        payment = session.get_one(Payment, bought.payment_id)
        subscription = session.get_one(Subscription, payment.subscription_id)
        end = subscription.end_time
        moved = Move(subscription_id=subscription.id, old_end=end, new_end=end + timedelta(days=days))
        follow(session, [moved])

    assert (list_renewals()[0].noticed_at is None) == is_forgotten


def test_a_notice_that_would_come_too_late_is_skipped_and_holds_nothing(
    gateway: FakeGateway, clock: Clock
) -> None:
    subscribe()

    clock.advance(MONTH - timedelta(hours=11))
    assert notices() == []
    [row] = list_renewals()
    assert row.notice is not None
    assert row.notice.startswith("Skipped: the charge was due in ")
    clock.advance(timedelta(hours=12))
    charge_due()

    assert [row.state for row in list_renewals()] == ["pending"]


def test_what_is_due_already_is_skipped(gateway: FakeGateway, clock: Clock) -> None:
    subscribe()
    clock.advance(MONTH + timedelta(hours=1))

    assert notices() == []
    assert list_renewals()[0].notice == "Skipped: the charge was due already."


def test_no_lead_is_no_notice(gateway: FakeGateway, clock: Clock) -> None:
    set_up_gateway(renewal_notice_hours="0")
    subscribe()
    clock.advance(MONTH - timedelta(hours=20))

    assert notices() == []
    assert list_renewals()[0].noticed_at is None


def test_a_notice_that_cannot_be_made_says_why(gateway: FakeGateway, clock: Clock) -> None:
    subscribe()
    set_up_gateway(mobiletech_billkey_free="")
    clock.advance(MONTH - timedelta(hours=20))

    announce_renewals()

    assert (list_renewals()[0].notice or "").startswith(
        "The notice could not be sent: Set mobiletech_billkey_free"
    )


def test_a_paused_renewal_is_not_announced(gateway: FakeGateway, clock: Clock) -> None:
    subscribe()
    row_id = list_renewals()[0].id
    with transaction() as session:
        pause(session, get_renewal(session, row_id), "asks")
    clock.advance(MONTH - timedelta(hours=20))

    assert notices() == []


def test_a_renewal_without_its_first_sms_is_told_of_with_the_usual_number(
    gateway: FakeGateway, clock: Clock
) -> None:
    subscribe()
    with transaction() as session:
        session.execute(update(RecurrentPayment).values(cid="imported"))
    clock.advance(MONTH - timedelta(hours=20))

    assert [" STOP na 8877 " in told for told in notices()] == [True]
    assert (gateway.sent[-1].from_, list_renewals()[0].notice) == ("8877", "The reader was told.")


def test_many_notices_are_given_in_batches(gateway: FakeGateway, clock: Clock) -> None:
    for place in range(5):
        subscribe(number=f"0905123{place:03}")
    clock.advance(MONTH - timedelta(hours=20))

    with transaction() as session:
        assert [give_notices(session, limit=2) for _ in range(4)] == [2, 2, 1, 0]


def test_a_reader_who_reads_english_is_told_in_english(gateway: FakeGateway, clock: Clock) -> None:
    bought = subscribe()
    with transaction() as session:
        get_user(session, bought.user_id).locale = "en_US"
    clock.advance(MONTH - timedelta(hours=20))

    assert notices()[0].startswith("Mesacne renews on ")


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("no_credit", "predlzit, dobite si kredit. Skusime znova."),
        ("blocked", "operator ma platené SMS vypnuté. Skusime znova."),
        ("technical", "nepodarilo predlzit. Skusime znova."),
    ],
)
def test_the_first_failure_of_a_period_is_told_once(
    gateway: FakeGateway, clock: Clock, reason: str, words: str
) -> None:
    with transaction() as session:
        describe_code(session, "A7", CodeDetails(meaning_sk="Nie", meaning_en="No", reason=reason))
    subscribe()
    fail_the_renewal(clock, "A7")
    clock.advance(timedelta(days=8))
    charge_due()
    run_all()
    report(list_payments()[-1].id, "A7")

    [told] = free(gateway)
    assert words in told
    assert "STOP na 8877" in told


def test_the_end_is_told_with_how_to_begin_anew(gateway: FakeGateway, clock: Clock) -> None:
    subscribe()
    give_up_the_renewal(clock)

    assert [row.state for row in list_renewals()][-1] == "system_stop"
    assert len(free(gateway)) == 2
    assert free(gateway)[-1] == (
        "Mesacne za 4,99 EUR sa nepodarilo predlzit, dalej nic nestrhneme. Obnovit za 4,99 EUR: START na 8877"
    )


def test_the_end_of_a_trial_tells_how_to_order_what_it_would_have_become(
    gateway: FakeGateway, clock: Clock
) -> None:
    with transaction() as session:
        month = get_type(session, "month").id
    make_type("trial", price="1.50", billkey="AA50", short_name="Skuska", next_subscription_type_id=month)
    make_rule("SKUSKA", action="subscribe", subscription_type="trial")
    with transaction() as session:
        session.execute(update(Rule).where(Rule.text == "START").values(short_number="8866"))
    subscribe("trial", billkey="AA50")
    give_up_the_renewal(clock)

    assert free(gateway)[-1] == (
        "Mesacne za 4,99 EUR sa nepodarilo predlzit, dalej nic nestrhneme. Obnovit za 4,99 EUR: START na 8866"
    )


def test_a_late_success_is_not_told_as_an_end(gateway: FakeGateway, clock: Clock) -> None:
    subscribe()
    fail_the_renewal(clock, "A5")
    report(list_payments()[-1].id, "A0")

    assert [row.state for row in list_renewals()] == ["charged", "system_stop", "active"]
    assert len(free(gateway)) == 1


@pytest.mark.parametrize("by_user", [True, False])
def test_a_stop_on_a_page_is_confirmed(gateway: FakeGateway, by_user: bool) -> None:
    subscribe()
    row_id = list_renewals()[0].id
    with transaction() as session:
        stop(session, [get_renewal(session, row_id)], by_user=by_user)
    run_all()

    [told] = free(gateway)
    assert told.startswith("Zrusené: Mesacne. Plati do ")


def test_a_stop_on_a_page_tells_of_the_charge_that_had_left(gateway: FakeGateway, clock: Clock) -> None:
    subscribe()
    clock.advance(MONTH)
    charge_due()
    run_all()
    row_id = list_renewals()[0].id
    with transaction() as session:
        stop(session, [get_renewal(session, row_id)], by_user=False)
    run_all()
    report(list_payments()[-1].id, "A5")

    [told] = free(gateway)
    assert "moze este prejst" in told


def test_a_stop_by_sms_is_told_once(client: FlaskClient, gateway: FakeGateway) -> None:
    subscribe()

    write(client, "STOP")

    assert len(free(gateway)) == 1


def test_what_is_told_is_free_and_of_no_payment(gateway: FakeGateway, clock: Clock) -> None:
    subscribe()
    fail_the_renewal(clock, "A1")

    ours = {message.id for payment in list_payments() for message in messages_of(payment.id)}
    others: list[OutboundMessage] = [message for message in list_outbound() if message.id not in ours]
    assert [(message.paid, message.payment_id) for message in others] == [(False, None)]
