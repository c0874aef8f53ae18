"""Sending work that a person has tried again or given up: it never charges anybody twice, and blocks nobody."""

import pytest
from sqlalchemy import update

from crm.core.clock import db_now
from crm.core.db import transaction
from crm.events.models import EntryState, OutboxEntry
from crm.mobiletech.given_up_work import give_up_work
from crm.mobiletech.models import OutboundMessage
from crm.users.failed_work import retry_work
from tests.factories.messages import set_up_gateway
from tests.factories.outbound import make_outbound
from tests.fakes import FakeGateway
from tests.outbox import get_entry_by_key, run_all
from tests.stored import list_outbound


@pytest.mark.parametrize(
    ("paid", "state", "sent", "ends"),
    [
        (True, "queued", 1, "accepted"),  # it had never gone out
        (True, "sending", 0, "unknown"),  # it may have gone out
        (True, "unknown", 0, "unknown"),
        (True, "accepted", 0, "accepted"),
        (True, "held", 0, "held"),
        (True, "rejected", 0, "rejected"),
        (False, "sending", 1, "accepted"),  # a free one may come twice
    ],
)
def test_dead_sending_work_that_is_tried_again_charges_nobody_twice(
    gateway: FakeGateway, paid: bool, state: str, sent: int, ends: str
) -> None:
    set_up_gateway(mobiletech_gateway_url_production="http://gateway.example.sk/send")
    message_id = make_outbound(paid=paid, state=state, attempts=1 if state == "sending" else 0)
    give_up(message_id)

    entry = get_entry_by_key(f"send:{message_id}")
    with transaction() as session:
        retry_work(session, [entry.id])
    run_all()
    run_all()

    assert len(gateway.sent) == sent
    assert [message.state for message in list_outbound()] == [ends]


@pytest.mark.parametrize(
    ("state", "ends"), [("queued", "cancelled"), ("sending", "unknown"), ("accepted", "accepted")]
)
def test_a_message_whose_work_a_person_gives_up_waits_no_more_and_holds_nobody_back(
    gateway: FakeGateway, state: str, ends: str
) -> None:
    set_up_gateway(mobiletech_gateway_url_production="http://gateway.example.sk/send")
    message_id = make_outbound(paid=True, state=state, attempts=1 if state == "sending" else 0)
    give_up(message_id)

    entry = get_entry_by_key(f"send:{message_id}")
    with transaction() as session:
        give_up_work(session, [entry.id], reason="it kills the worker")
    make_outbound(paid=False)
    run_all()

    assert [message.state for message in list_outbound()] == [ends, "accepted"]
    assert len(gateway.sent) == 1


def give_up(message_id: int) -> None:
    """Make the message's work dead, as only an older version of ours or a person in the database could."""
    with transaction() as session:
        session.execute(
            update(OutboxEntry)
            .where(OutboxEntry.key == f"send:{message_id}")
            .values(state=EntryState.DEAD, attempts=8, finished_at=db_now(), error="RuntimeError: no")
        )
        session.execute(
            update(OutboundMessage)
            .where(OutboundMessage.id == message_id, OutboundMessage.state == "sending")
            .values(sending_at=db_now())
        )
