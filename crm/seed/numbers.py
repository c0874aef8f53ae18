"""The demo's numbers as if they had been known for long: seen with their first SMS, some had by others before."""

from collections.abc import Collection, Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from crm.core.clock import db_now
from crm.core.phone import to_local
from crm.seed.plan import FOREIGN_NUMBER, Sender
from crm.users.models import PhoneLink, User

_SEEN = text("""
    UPDATE known_numbers AS known SET created_at = first.at
    FROM (SELECT "from" AS number, min(created_at) AS at FROM mobiletech_inbound_messages
          WHERE "from" = ANY(:numbers) GROUP BY "from") AS first
    WHERE known.number = first.number AND first.at < known.created_at
""")
_LINKED = text("""
    UPDATE phone_number_links AS link SET since = users.created_at
    FROM users WHERE users.id = link.user_id AND link.phone_number = ANY(:locals) AND users.created_at < link.since
""")
_BOUND = text("""
    UPDATE mobiletech_phone_numbers AS phone SET created_at = users.created_at
    FROM users WHERE users.id = phone.user_id AND phone.phone_number = ANY(:locals)
      AND users.created_at < phone.created_at
""")


def age_numbers(session: Session, senders: Collection[Sender], earlier: Sequence[dict[str, Any]]) -> None:
    """Date the numbers back to the story, and add who had them earlier."""
    numbers = [*(sender.number for sender in senders), FOREIGN_NUMBER]
    locals_ = [to_local(sender.number) for sender in senders]
    session.execute(_SEEN, {"numbers": numbers})
    session.execute(_LINKED, {"locals": locals_})
    session.execute(_BOUND, {"locals": locals_})
    for each in earlier:
        _add_earlier(session, each)


def _add_earlier(session: Session, told: dict[str, Any]) -> None:
    owner = select(PhoneLink.phone_number).join(User, User.id == PhoneLink.user_id)
    local = session.execute(owner.where(User.public_name == told["owner"])).scalar()
    before = session.execute(select(User.id).where(User.public_name == told["before"])).scalar()
    if local is None or before is None:
        return
    session.add(
        PhoneLink(
            phone_number=local,
            user_id=before,
            since=db_now() - timedelta(days=told["since_days_ago"]),
            until=db_now() - timedelta(days=told["until_days_ago"]),
            linked_by=told["linked_by"],
            link_reason=told["link_reason"],
            unlinked_by=told["unlinked_by"],
            unlink_reason=told["unlink_reason"],
        )
    )
    session.flush()
