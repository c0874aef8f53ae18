"""Whose a number was, since when, until when, by whom and why: one row for each time that it was somebody's.

Written in the transaction that binds or frees the number; a row without an end and the row that binds are one
fact in two tables, which the audit compares.
"""

from collections.abc import Sequence

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from crm.core.clock import db_now
from crm.core.errors import N_
from crm.users.audit_log import find_actor
from crm.users.models import PhoneLink

# Who has done it, where it is no colleague, no command and no token; the pages say it in their language.
ACCOUNT_HOLDER = N_("the person")
ANOTHER_PERSON = N_("another person")
PROVED = N_("Proved by a code to have it in hand.")
PROVED_BY_ANOTHER = N_("Another person has proved by a code to have it in hand.")
CHANGED = N_("Changed to another number.")
IMPORTED = N_("Imported")
SAID = (ACCOUNT_HOLDER, ANOTHER_PERSON, PROVED, PROVED_BY_ANOTHER, CHANGED, IMPORTED)


def open_link(session: Session, local: str, user_id: int, *, by: str | None = None, reason: str = "") -> None:
    """Note that the number is the person's from now on; `by` is who acts where it is left out."""
    session.add(
        PhoneLink(phone_number=local, user_id=user_id, linked_by=_who(user_id, by), link_reason=reason)
    )
    session.flush()


def close_link(
    session: Session, local: str, user_id: int, *, by: str | None = None, reason: str = ""
) -> None:
    """Note that the number is the person's no longer."""
    session.execute(
        update(PhoneLink)
        .where(PhoneLink.phone_number == local, PhoneLink.user_id == user_id, PhoneLink.until.is_(None))
        .values(until=db_now(), unlinked_by=_who(user_id, by), unlink_reason=reason)
    )


def list_links(session: Session, local: str, *, limit: int = 50) -> Sequence[PhoneLink]:
    """Return whose the number is and was, the newest first."""
    newest = (PhoneLink.until.desc().nulls_first(), PhoneLink.id.desc())
    links = select(PhoneLink).where(PhoneLink.phone_number == local).order_by(*newest)
    return session.execute(links.limit(limit)).scalars().all()


def _who(user_id: int, by: str | None) -> str:
    actor = find_actor()
    if by is not None or actor is None:
        return by or ""
    return ACCOUNT_HOLDER if actor.user_id == user_id else actor.name
