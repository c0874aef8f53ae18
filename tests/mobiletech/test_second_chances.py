"""A free message of unknown fate is sent again or dropped, by a person; neither happens to one that may charge."""

import pytest
from flask import Flask

from crm.core.db import transaction
from crm.mobiletech.errors import NotInDoubtError
from crm.mobiletech.second_chances import drop, send_again
from tests.factories.messages import set_up_gateway
from tests.factories.outbound import make_outbound
from tests.fakes import FakeGateway
from tests.outbox import run_all
from tests.stored import list_outbound


@pytest.fixture(autouse=True)
def _gateway(app: Flask) -> None:
    set_up_gateway()


def again(message_id: int) -> None:
    with transaction() as session:
        send_again(session, message_id, reason="the reader waits")
    run_all()


def test_it_is_sent_as_a_new_message(gateway: FakeGateway) -> None:
    message_id = make_outbound(state="unknown", is_queued=False)

    again(message_id)

    before, copy = list_outbound()
    assert (before.state, copy.state) == ("not_sent", "accepted")
    assert f"message {copy.id}" in (before.state_reason or "")
    assert [send.content for send in gateway.sent] == [before.content]


def test_it_is_dropped(gateway: FakeGateway) -> None:
    message_id = make_outbound(state="unknown", is_queued=False)

    with transaction() as session:
        drop(session, message_id, reason="too late by now")
    run_all()

    [message] = list_outbound()
    assert message.state == "not_sent"
    assert gateway.sent == []


@pytest.mark.parametrize(
    "overrides",
    [
        {"state": "unknown", "paid": True, "purpose": "test"},
        {"state": "unknown", "is_secret": True, "content": ""},
        {"state": "rejected"},
        {"state": "accepted", "mobiletech_id": "mt-9"},
    ],
    ids=["paid", "secret", "rejected", "accepted"],
)
def test_nothing_else_is_sent_again(gateway: FakeGateway, overrides: dict[str, object]) -> None:
    message_id = make_outbound(is_queued=False, **overrides)

    with pytest.raises(NotInDoubtError):
        again(message_id)

    assert gateway.sent == []


def test_it_is_sent_again_once(gateway: FakeGateway) -> None:
    message_id = make_outbound(state="unknown", is_queued=False)
    again(message_id)

    with pytest.raises(NotInDoubtError):
        again(message_id)

    assert len(gateway.sent) == 1
