"""The SMS of one number, both directions, since it is somebody's: what its owner may read.

What never left for the number is not here: it is the staff's to see. A number has few messages, so they are
gathered first and put in order then; no index of all messages is walked for them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import CTE, Integer, cast, literal, select
from sqlalchemy.orm import Session

from crm.mobiletech.message_gathering import materialize, page_of
from crm.mobiletech.message_log import Direction, Kind, LogPage, Position
from crm.mobiletech.models import InboundMessage, OutboundMessage
from crm.mobiletech.outbound import OutboundState
from crm.mobiletech.words import MessageState, state_of

_LEFT = (OutboundState.QUEUED, OutboundState.SENDING, OutboundState.ACCEPTED, OutboundState.UNKNOWN)


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberMessage:
    """One SMS. `text` is None where it may not be shown; `state` is None for one that came."""

    direction: Direction
    at: datetime
    text: str | None
    encoding: str = ""
    parts: int = 1
    state: MessageState | None = None
    paid: bool = False


def list_messages_of(
    session: Session,
    number: str,
    *,
    since: datetime,
    limit: int,
    after: Position | None = None,
    before: Position | None = None,
) -> LogPage:
    """Return one page, newest first; `number` in its international form."""
    return page_of(session, _gather(number, since), limit=limit, after=after, before=before)


def read_messages(session: Session, positions: Sequence[Position]) -> list[NumberMessage]:
    """Return the SMS that stand at the positions, in their order."""
    came = [each.id for each in positions if each.kind == Kind.INBOUND]
    went = [each.id for each in positions if each.kind == Kind.OUTBOUND]
    inbound = select(InboundMessage).where(InboundMessage.id.in_(came))
    outbound = select(OutboundMessage).where(OutboundMessage.id.in_(went))
    found = {(Kind.INBOUND, row.id): _came(row) for row in session.execute(inbound).scalars()}
    found |= {(Kind.OUTBOUND, row.id): _went(row) for row in session.execute(outbound).scalars()}
    return [found[Kind(each.kind), each.id] for each in positions if (Kind(each.kind), each.id) in found]


def _gather(number: str, since: datetime) -> CTE:
    came = select(
        InboundMessage.created_at.label("at"),
        cast(literal(int(Kind.INBOUND)), Integer).label("kind"),
        InboundMessage.id.label("id"),
    ).where(InboundMessage.from_ == number, InboundMessage.created_at >= since)
    went = select(
        OutboundMessage.created_at.label("at"),
        cast(literal(int(Kind.OUTBOUND)), Integer).label("kind"),
        OutboundMessage.id.label("id"),
    ).where(
        OutboundMessage.to == number,
        OutboundMessage.created_at >= since,
        OutboundMessage.state.in_(_LEFT),
    )
    return materialize([came, went])


def _came(message: InboundMessage) -> NumberMessage:
    return NumberMessage(direction=Direction.IN, at=message.created_at, text=message.content)


def _went(message: OutboundMessage) -> NumberMessage:
    return NumberMessage(
        direction=Direction.OUT,
        at=message.created_at,
        text=None if message.is_secret else message.content,
        encoding=message.encoding,
        parts=message.parts,
        state=state_of(message.state, message.billing),
        paid=message.paid,
    )
