"""A message moves only as the table says, and only from where it stands."""

import pytest
from flask import Flask
from sqlalchemy.exc import IntegrityError

from crm.core.db import transaction
from crm.mobiletech.outbound import ForbiddenMoveError, OutboundState, accept, move
from tests.factories.outbound import make_outbound
from tests.stored import list_outbound

S = OutboundState
ALLOWED = {
    (S.QUEUED, S.SENDING),
    (S.QUEUED, S.HELD),
    (S.QUEUED, S.EXPIRED),
    (S.QUEUED, S.CANCELLED),
    (S.SENDING, S.ACCEPTED),
    (S.SENDING, S.REJECTED),
    (S.SENDING, S.UNKNOWN),
    (S.SENDING, S.QUEUED),
    (S.UNKNOWN, S.ACCEPTED),
    (S.UNKNOWN, S.NOT_SENT),
    (S.NOT_SENT, S.ACCEPTED),
    (S.HELD, S.QUEUED),
    (S.HELD, S.CANCELLED),
}


def test_only_the_moves_of_the_table_are_possible(app: Flask) -> None:
    for before in S:
        message_id = make_outbound(state=before, is_queued=False)
        for after in S:
            is_allowed = (before, after) in ALLOWED
            assert try_move(message_id, before, after) is is_allowed, f"{before} -> {after}"


@pytest.mark.parametrize("stands_at", [state for state in S if state is not S.QUEUED])
def test_a_message_that_stands_elsewhere_is_left_there(app: Flask, stands_at: OutboundState) -> None:
    message_id = make_outbound(state=stands_at, is_queued=False)

    with transaction() as session:
        moved = move(session, [message_id], from_=(S.QUEUED,), to=S.SENDING)

    assert moved == set()
    assert [message.state for message in list_outbound()] == [stands_at]


@pytest.mark.parametrize("stands_at", S)
def test_an_id_is_bound_only_to_a_message_that_may_be_out(app: Flask, stands_at: OutboundState) -> None:
    message_id = make_outbound(state=stands_at, is_queued=False)

    with transaction() as session:
        bound = accept(session, {message_id: "mt-1"})

    [message] = list_outbound()
    may_be_out = stands_at in (S.SENDING, S.UNKNOWN)
    assert (bound == {message_id}) is may_be_out
    assert (message.mobiletech_id, message.state) == (
        ("mt-1", "accepted") if may_be_out else (None, stands_at)
    )


def test_a_payment_has_one_live_message(app: Flask) -> None:
    make_outbound(paid=True, payment_id=7)

    with pytest.raises(IntegrityError):
        make_outbound(paid=True, payment_id=7)


@pytest.mark.parametrize("state", ["rejected", "expired", "cancelled", "not_sent"])
def test_a_payment_whose_message_came_to_nothing_may_have_another(app: Flask, state: str) -> None:
    make_outbound(paid=True, payment_id=7, state=state, is_queued=False)

    make_outbound(paid=True, payment_id=7)

    assert len(list_outbound()) == 2


def test_a_gateway_id_belongs_to_one_message(app: Flask) -> None:
    make_outbound(mobiletech_id="mt-1", state="accepted", is_queued=False)

    with pytest.raises(IntegrityError):
        make_outbound(mobiletech_id="mt-1", state="accepted", is_queued=False)


def try_move(message_id: int, before: OutboundState, after: OutboundState) -> bool:
    """Try the move and take it back; return whether it was made."""
    try:
        with transaction() as session:
            moved = move(session, [message_id], from_=(before,), to=after)
            session.rollback()
    except ForbiddenMoveError:
        return False
    return moved == {message_id}
