"""Answers to one number go out in the order in which they were made, also when they had to wait."""

from datetime import timedelta

from sqlalchemy import update

from crm.core.clock import db_now
from crm.core.db import transaction
from crm.events.models import OutboxEntry
from tests.conftest import Clock
from tests.factories.outbound import make_outbound
from tests.fakes import FakeGateway
from tests.outbox import run_all


def test_what_waited_behind_one_message_goes_out_in_order(gateway: FakeGateway, clock: Clock) -> None:
    first = make_outbound(content="first")
    make_outbound(content="second")
    put_off(first, timedelta(milliseconds=500))  # each waits a second, from the moment it was looked at

    run_all()
    sent_before_its_turn = list(gateway.sent)
    clock.advance(timedelta(seconds=2))
    run_all()

    assert sent_before_its_turn == []
    assert [message.content for message in gateway.sent] == ["first", "second"]


def put_off(message_id: int, delay: timedelta) -> None:
    with transaction() as session:
        chosen = update(OutboxEntry).where(OutboxEntry.key == f"send:{message_id}")
        session.execute(chosen.values(available_at=db_now() + delay))
