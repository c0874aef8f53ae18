"""What stands beside a conversation: whose the number is, its operator and since when, how much was written."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from crm.core.phone import find_slovak_mobile
from crm.mobiletech.conversations.by_number import find_first_inbound, find_last_inbound
from crm.mobiletech.conversations.line import Counts, count_messages
from crm.mobiletech.operator_resolver import resolve_operators
from crm.mobiletech.wire.operators import Operator
from crm.users.models import KnownNumber, User
from crm.users.queries import find_by_phone


@dataclass(frozen=True, slots=True, kw_only=True)
class ThreadFacts:
    """`operator_since` is the first SMS of the number that came by its operator; None if none has come by it."""

    owner: User | None
    operator: Operator | None
    operator_since: datetime | None
    first_seen: datetime
    counts: Counts


def read_facts(session: Session, number: KnownNumber) -> ThreadFacts:
    """Return what is known about the number of a conversation."""
    local = find_slovak_mobile(number.number)
    operator = resolve_operators(session, [number.number])[number.number] if local else None
    return ThreadFacts(
        owner=find_by_phone(session, local) if local else None,
        operator=operator,
        operator_since=_find_since(session, number.number, operator) if operator else None,
        first_seen=number.created_at,
        counts=count_messages(session, number),
    )


def _find_since(session: Session, number: str, operator: Operator) -> datetime | None:
    """Return when the number first came by the operator after it had last come by another."""
    other = find_last_inbound(session, number, operators=set(Operator) - {operator})
    after = other.created_at if other is not None else None
    first = find_first_inbound(session, number, operators=[operator], after=after)
    return first.created_at if first is not None else None
