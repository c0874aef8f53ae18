"""Numbers that we know, what waits in the inbox from them, and what staff wrote about them."""

from datetime import datetime
from typing import Any

from sqlalchemy import select

from crm.core.db import transaction
from crm.mobiletech.conversations.models import InboxItem
from crm.mobiletech.models import InboundMessage
from crm.users.models import KnownNumber
from crm.users.numbers import note_numbers
from tests.factories.log import NUMBER, make_inbound


def make_number(number: str = NUMBER) -> int:
    """Give a number an id, unless it has one, and return it: that of its conversation."""
    with transaction() as session:
        note_numbers(session, [number])
        found = select(KnownNumber.id).where(KnownNumber.number == number)
        return session.execute(found).scalar_one()


def make_item(
    *,
    content: str = "Koľko stojí predplatné?",
    number: str = NUMBER,
    reason: str = "unmatched",
    to: str = "8877",
    done_at: datetime | None = None,
    done_by: int | None = None,
    assigned_to: int | None = None,
    **inbound: Any,
) -> int:
    """Add a reader's SMS that waits in the inbox, or is done if it says when, and return the item's id."""
    number_id, message_id = make_number(number), make_inbound(content=content, from_=number, to=to, **inbound)
    with transaction() as session:
        message = session.get_one(InboundMessage, message_id)
        item = InboxItem(
            inbound_message_id=message_id,
            number_id=number_id,
            short_number=to,
            reason=reason,
            state="open" if done_at is None else "done",
            assigned_to=assigned_to,
            done_at=done_at,
            done_by=done_by,
            created_at=message.created_at,
        )
        session.add(item)
        session.flush()
        return item.id
