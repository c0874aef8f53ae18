"""The last SMS of a number: asked so that only the index by number can answer.

With a plain equality the planner may walk the whole table by time instead, and does so to its end for a number
that has never written. So it is asked as "the last up to this number" and compared afterwards.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, literal, literal_column, select, tuple_
from sqlalchemy.orm import Session

from crm.mobiletech.models import InboundMessage

BEGINNING: ColumnElement[Any] = literal_column("timestamptz '-infinity'")
END: ColumnElement[Any] = literal_column("timestamptz 'infinity'")


def find_last_inbound(
    session: Session, number: str, *, operators: Iterable[str] | None = None, before: datetime | None = None
) -> InboundMessage | None:
    """Return the newest SMS of the number, as far as it came by one of the operators and before the moment."""
    place = tuple_(InboundMessage.from_, InboundMessage.created_at)
    wanted = place <= _at(number, END) if before is None else place < _at(number, literal(before))
    found = select(InboundMessage).where(wanted)
    if operators is not None:
        found = found.where(InboundMessage.operator_type.in_(sorted(operators)))
    order = (InboundMessage.from_.desc(), InboundMessage.created_at.desc())
    message = session.execute(found.order_by(*order).limit(1)).scalar_one_or_none()
    return message if message is not None and message.from_ == number else None


def _at(number: str, moment: ColumnElement[Any]) -> Any:
    return tuple_(literal(number), moment)
