"""What stands beside a conversation: whose the number is, its operator and since when, how much was written."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from crm.core.phone import find_slovak_mobile
from crm.mobiletech.conversations.line import Counts, count_messages
from crm.mobiletech.operator_history import LOOKED_FOR_ONE, Since, read_since
from crm.mobiletech.operator_resolver import Evidence, weigh_evidence
from crm.users.models import KnownNumber, User
from crm.users.queries import find_by_phone


@dataclass(frozen=True, slots=True, kw_only=True)
class ThreadFacts:
    """`evidence` is what tells the operator, `since` since when; None if no message has told it."""

    owner: User | None
    evidence: Evidence
    since: Since | None
    first_seen: datetime
    counts: Counts


def read_facts(session: Session, number: KnownNumber) -> ThreadFacts:
    """Return what is known about the number of a conversation."""
    local = find_slovak_mobile(number.number)
    evidence = weigh_evidence(session, [number.number])
    return ThreadFacts(
        owner=find_by_phone(session, local) if local else None,
        evidence=evidence[number.number],
        since=read_since(session, evidence, looked=LOOKED_FOR_ONE).get(number.number),
        first_seen=number.created_at,
        counts=count_messages(session, number),
    )
