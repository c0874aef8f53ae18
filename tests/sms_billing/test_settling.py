"""A person decides about an SMS of unknown outcome: as good as the gateway's word, until the gateway says more."""

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from crm.audit import run_audit
from crm.core.db import transaction
from crm.mobiletech.errors import NotInDoubtError
from crm.mobiletech.models import OutboundMessage
from crm.mobiletech.status_reports import record_status
from crm.mobiletech.wire.commands import Status
from crm.sms_billing.binding import bind, list_orphans
from crm.sms_billing.models import SettledOutcome
from crm.sms_billing.settling import Decision, settle
from crm.users.audit_log import Actor, acting
from crm.users.models import AuditEntry
from tests.conftest import Clock
from tests.factories.money import (
    MONTH,
    charge,
    get_payment,
    list_renewals,
    list_subscriptions,
    make_type,
    messages_of,
    renewal_states,
    report,
    set_up_sale,
    subscribe,
)
from tests.factories.outbound import make_outbound
from tests.fakes import FakeGateway, ambiguous
from tests.outbox import run_all

HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def _due(app: Flask, gateway: FakeGateway, clock: Clock) -> None:
    set_up_sale()
    make_type()
    subscribe()
    clock.advance(MONTH)


def charge_into_the_dark(gateway: FakeGateway) -> int:
    """Charge, and get no clear answer; return the payment."""
    gateway.will(ambiguous())
    return charge()


def decide(payment_id: int, decision: Decision) -> None:
    message_id = messages_of(payment_id)[-1].id
    with acting(Actor(name="Eva")), transaction() as session:
        settle(session, message_id, decision, reason="asked Mobiletech")
    run_all()


def report_orphan(mobiletech_id: str, *codes: str) -> None:
    for code in codes:
        with transaction() as session:
            record_status(session, Status(id=mobiletech_id, status=code), None)


def bind_to(payment_id: int, mobiletech_id: str) -> None:
    message_id = messages_of(payment_id)[-1].id
    with transaction() as session:
        bind(session, message_id, mobiletech_id, reason="the only one of that minute")
    run_all()


def assert_sound() -> None:
    with transaction() as session:
        assert run_audit(session) == []


def test_an_unknown_outcome_settled_as_not_billed_is_tried_again_and_billed_once(
    gateway: FakeGateway, clock: Clock
) -> None:
    unknown = charge_into_the_dark(gateway)
    clock.advance(3 * HOUR)
    assert charge() == unknown
    decide(unknown, Decision.NOT_BILLED)

    clock.advance(HOUR)
    again = charge()
    report(again, "A0")

    assert (get_payment(unknown).status, get_payment(unknown).failure) == ("fail", "ours")
    assert get_payment(again).status == "paid"
    assert renewal_states() == ["charge_failed", "charged", "active"]
    assert list_renewals()[1].retries == 4  # not the reader's fault: no try is lost
    assert len(list_subscriptions()) == 2
    assert len(gateway.sent) == 3
    assert_sound()


def test_an_unknown_outcome_settled_as_billed_is_paid(gateway: FakeGateway) -> None:
    payment_id = charge_into_the_dark(gateway)

    decide(payment_id, Decision.BILLED)

    [message] = messages_of(payment_id)
    assert (message.state, message.billing, message.state_reason) == ("accepted", "billed", None)
    assert get_payment(payment_id).status == "paid"
    assert renewal_states() == ["charged", "active"]
    assert_sound()


def test_the_decision_is_kept_with_its_reason_and_is_an_act(gateway: FakeGateway) -> None:
    decide(charge_into_the_dark(gateway), Decision.NOT_BILLED)

    with transaction() as session:
        kept = session.execute(select(SettledOutcome)).scalar_one()
        act = session.execute(select(AuditEntry).where(AuditEntry.action == "outcome.settle")).scalar_one()
        assert (kept.decision, kept.reason) == ("not_billed", "asked Mobiletech")
        assert (act.subject, act.reason) == (f"outbound {kept.outbound_message_id}", "asked Mobiletech")


@pytest.mark.parametrize(
    ("decision", "status", "states_after"),
    [
        (Decision.BILLED, "paid", ["charged", "active"]),
        (Decision.NOT_BILLED, "fail", ["charge_failed", "active"]),
    ],
)
def test_a_code_that_nobody_knows_is_settled(
    decision: Decision, status: str, states_after: list[str]
) -> None:
    payment_id = charge()
    report(payment_id, "X7")

    decide(payment_id, decision)

    assert get_payment(payment_id).status == status
    assert renewal_states() == states_after


@pytest.mark.parametrize("code", ["X7", "X9", "A5"])
def test_no_later_report_weakens_what_was_settled_as_billed(code: str) -> None:
    payment_id = charge()
    report(payment_id, "X7")
    decide(payment_id, Decision.BILLED)

    report(payment_id, code)

    [message] = messages_of(payment_id)
    assert (message.billing, message.conflict) == ("billed", code == "A5")
    assert get_payment(payment_id).status == "paid"
    assert renewal_states() == ["charged", "active"]


def test_a_late_report_pays_what_was_settled_as_not_billed(clock: Clock) -> None:
    payment_id = charge()
    report(payment_id, "X7")
    decide(payment_id, Decision.NOT_BILLED)

    report(payment_id, "A0")

    assert get_payment(payment_id).status == "paid"
    assert renewal_states() == ["charged", "system_stop", "active"]
    assert_sound()


@pytest.mark.parametrize("code", [None, "A0", "A5"])
def test_what_is_known_is_not_settled(code: str | None) -> None:
    payment_id = charge()
    if code:
        report(payment_id, code)

    with pytest.raises(NotInDoubtError):
        decide(payment_id, Decision.NOT_BILLED)


def test_nothing_is_decided_twice(gateway: FakeGateway) -> None:
    payment_id = charge_into_the_dark(gateway)
    decide(payment_id, Decision.NOT_BILLED)

    with pytest.raises(NotInDoubtError):
        decide(payment_id, Decision.BILLED)

    assert get_payment(payment_id).status == "fail"


def test_a_free_message_is_not_settled(app: Flask) -> None:
    message_id = make_outbound(state="unknown", is_queued=False)

    with pytest.raises(NotInDoubtError), transaction() as session:
        settle(session, message_id, Decision.BILLED, reason="x")


@pytest.mark.parametrize(("code", "status"), [("A0", "paid"), ("A5", "fail")])
def test_reports_without_a_message_decide_once_they_are_bound(
    gateway: FakeGateway, code: str, status: str
) -> None:
    payment_id = charge_into_the_dark(gateway)
    report_orphan("mt-lost", code)

    bind_to(payment_id, "mt-lost")

    [message] = messages_of(payment_id)
    assert (message.state, message.mobiletech_id) == ("accepted", "mt-lost")
    assert get_payment(payment_id).status == status
    assert_sound()


def test_an_id_found_after_all_pays_what_was_settled_as_not_billed(gateway: FakeGateway) -> None:
    payment_id = charge_into_the_dark(gateway)
    decide(payment_id, Decision.NOT_BILLED)
    report_orphan("mt-lost", "A0")

    bind_to(payment_id, "mt-lost")

    assert get_payment(payment_id).status == "paid"
    assert renewal_states() == ["charged", "system_stop", "active"]


def test_an_id_found_for_what_was_settled_as_billed_takes_its_reports_in(gateway: FakeGateway) -> None:
    payment_id = charge_into_the_dark(gateway)
    decide(payment_id, Decision.BILLED)
    report_orphan("mt-lost", "D1")

    bind_to(payment_id, "mt-lost")

    assert messages_of(payment_id)[0].status == "D1"
    assert_sound()


def test_a_bound_id_that_tells_nothing_can_be_settled_again(gateway: FakeGateway) -> None:
    payment_id = charge_into_the_dark(gateway)
    decide(payment_id, Decision.NOT_BILLED)
    report_orphan("mt-lost", "X7")
    bind_to(payment_id, "mt-lost")

    decide(payment_id, Decision.BILLED)

    assert get_payment(payment_id).status == "paid"


def test_only_reports_of_its_time_that_are_nobodys_are_offered(gateway: FakeGateway, clock: Clock) -> None:
    report_orphan("mt-early", "A0")
    clock.advance(HOUR)
    payment_id = charge_into_the_dark(gateway)
    report_orphan("mt-near", "A0", "D1")
    clock.advance(timedelta(days=4))
    report_orphan("mt-late", "A0")

    with transaction() as session:
        message = session.execute(
            select(OutboundMessage).where(OutboundMessage.payment_id == payment_id)
        ).scalar_one()
        offered = list_orphans(session, message)

    assert [(orphan.mobiletech_id, orphan.codes) for orphan in offered] == [("mt-near", ("A0", "D1"))]


@pytest.mark.parametrize("mobiletech_id", ["mt-1", "nobody-said-so"])
def test_an_id_of_another_message_or_of_none_is_not_bound(gateway: FakeGateway, mobiletech_id: str) -> None:
    payment_id = charge_into_the_dark(gateway)

    with pytest.raises(NotInDoubtError):
        bind_to(payment_id, mobiletech_id)
