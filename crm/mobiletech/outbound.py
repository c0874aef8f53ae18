"""The life of an SMS from us: its states, and the one way it moves between them.

    queued  -> sending | held | expired | cancelled
    sending -> accepted | rejected | unknown | queued (certainly not sent, or free)
    unknown -> accepted (a late answer, or a person binds the id, or says that it was billed) | not_sent (a person)
    not_sent -> accepted (a person binds the id after all)
    held    -> queued | cancelled

Source: reliability.md 2. Every move is a conditional UPDATE; losing the race is a normal branch.
"""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any

from sqlalchemy import case, text, update
from sqlalchemy.orm import Session

from crm.core.errors import N_, NotFoundError
from crm.events.publish import Work, publish_many
from crm.mobiletech.events import OUTBOUND_ENDED, lane_of
from crm.mobiletech.models import OutboundMessage


class OutboundState(StrEnum):
    """Where a message of ours is on its way."""

    QUEUED = "queued"
    SENDING = "sending"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    UNKNOWN = "unknown"
    HELD = "held"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    NOT_SENT = "not_sent"


class OutboundPurpose(StrEnum):
    """Why a message is sent: `test` may use a paid key without a payment, and is listed apart."""

    SERVICE = "service"
    PAID = "paid"
    TEST = "test"


S = OutboundState
MOVES: dict[OutboundState, frozenset[OutboundState]] = {
    S.QUEUED: frozenset({S.SENDING, S.HELD, S.EXPIRED, S.CANCELLED}),
    S.SENDING: frozenset({S.ACCEPTED, S.REJECTED, S.UNKNOWN, S.QUEUED}),
    S.UNKNOWN: frozenset({S.ACCEPTED, S.NOT_SENT}),
    S.NOT_SENT: frozenset({S.ACCEPTED}),
    S.HELD: frozenset({S.QUEUED, S.CANCELLED}),
}


_ACCEPT = text("""
    UPDATE mobiletech_outbound_messages AS message
    SET state = 'accepted', mobiletech_id = answer.mobiletech_id, dcs = '0', esm = '0', state_reason = NULL,
        content = CASE WHEN is_secret THEN '' ELSE content END, sent_at = crm_now(), updated_at = crm_now()
    FROM unnest(CAST(:ids AS bigint[]), CAST(:mobiletech_ids AS text[])) AS answer (id, mobiletech_id)
    WHERE message.id = answer.id AND message.state IN ('sending', 'unknown')
    RETURNING message.id
""")


# From these nothing is sent any more: the text of a secret one is blanked on the way in.
OVER = frozenset({S.REJECTED, S.UNKNOWN, S.EXPIRED, S.CANCELLED, S.NOT_SENT})
_BLANKED = case((OutboundMessage.is_secret, ""), else_=OutboundMessage.content)


class ForbiddenMoveError(RuntimeError):
    """The code asked for a move that the table does not have."""


def move(
    session: Session,
    message_ids: Sequence[int],
    *,
    to: OutboundState,
    from_: tuple[OutboundState, ...],
    **values: Any,
) -> set[int]:
    """Compare and set: move those messages that are in one of the states; return the ids of those moved.

    Raises: ForbiddenMoveError for a move that the table does not have.
    """
    if any(to not in MOVES.get(state, frozenset()) for state in from_):
        raise ForbiddenMoveError(f"{from_} -> {to}")
    if not message_ids:
        return set()
    if to in OVER:
        values["content"] = _BLANKED
    statement = (
        update(OutboundMessage)
        .where(OutboundMessage.id.in_(message_ids), OutboundMessage.state.in_(from_))
        .values(state=to, **values)
        .returning(OutboundMessage.id, OutboundMessage.payment_id, OutboundMessage.to)
        .execution_options(synchronize_session=False)
    )
    moved = session.execute(statement).all()
    if to in OVER:
        _tell_money(session, to, [row for row in moved if row.payment_id is not None])
    return {row.id for row in moved}


def _tell_money(session: Session, state: OutboundState, rows: Sequence[Any]) -> None:
    """Whoever waits for a charge learns in the same transaction that no report will come of this message."""
    work = [
        Work(
            key=f"ended:{row.id}:{state}",
            payload={"mobiletech_outbound_message_id": row.id, "state": str(state)},
            lane=lane_of(row.to),
        )
        for row in rows
    ]
    publish_many(session, OUTBOUND_ENDED, work)


def accept(session: Session, ids: Mapping[int, str]) -> set[int]:
    """Bind the gateway's ids to their messages, also to one that counts as unknown by now; return those bound.

    Shape: our id -> the gateway's. The lease may have ended while the gateway's answer was on its way.
    """
    if not ids:
        return set()
    values = {"ids": list(ids), "mobiletech_ids": list(ids.values())}
    return set(session.execute(_ACCEPT, values).scalars())


def get_outbound_message(session: Session, message_id: int) -> OutboundMessage:
    """Return the message.

    Raises: NotFoundError.
    """
    message = session.get(OutboundMessage, message_id)
    if message is None:
        raise NotFoundError(N_("No outbound message has the id %(id)s."), id=message_id)
    return message
