"""The last fuses before an SMS charges somebody: what bounds the damage of a bug anywhere above.

A number has so many paid messages in 24 hours; a period of a renewal is charged once; and nobody pays for who had the
number before. Source: reliability.md 1, F2; interface.md 8.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, text
from sqlalchemy.orm import Session

from crm.core.business_settings import get_setting
from crm.core.phone import to_international
from crm.mobiletech.models import OutboundMessage
from crm.mobiletech.outbound import OutboundState
from crm.mobiletech.wire.delivery_status import Billing
from crm.users.phones import find_phones_of

CAP = "mobiletech_max_paid_per_day"
# One statement for a round of messages, and made once: asked for every charge, it costs more than its answer.
_ASK = text("""
    SELECT message.id,
        EXISTS (
            SELECT 1 FROM mobiletech_outbound_messages AS other
            WHERE other.charges_for = message.charges_for AND other.id <> message.id AND (other.billing = 'billed'
                OR other.billing = 'none' AND other.resent_as IS NULL
                   AND other.given_up_at IS NULL
                   AND other.state IN ('sending', 'accepted', 'unknown'))
        ) AS is_charged,
        (
            SELECT count(*) FROM mobiletech_outbound_messages AS other
            WHERE other."to" = message."to" AND other.paid AND other.id <> message.id
              AND coalesce(other.sending_at, other.created_at) > crm_now() - interval '24 hours'
              AND (other.billing = 'billed' OR other.billing = 'none' AND other.resent_as IS NULL
                   AND other.given_up_at IS NULL
                   AND other.state IN ('sending', 'accepted', 'unknown'))
        ) AS had
    FROM mobiletech_outbound_messages AS message WHERE message.id = ANY(:ids)
""")


@dataclass(frozen=True, slots=True)
class Fuses:
    """By id of a message, what stands in its way: the period is charged, the number has had its share, it is lost."""

    charged: frozenset[int] = frozenset()
    over_cap: frozenset[int] = frozenset()
    lost: frozenset[int] = frozenset()


def ask_fuses(session: Session, messages: Sequence[OutboundMessage]) -> Fuses:
    """Return what stands in the way of messages that charge; one that a person let go has no cap of 24 hours."""
    if not messages:
        return Fuses()
    limit = int(get_setting(session, CAP))
    released = {message.id for message in messages if message.released_at is not None}
    rows = session.execute(_ASK, {"ids": [message.id for message in messages]}).all()
    return Fuses(
        charged=frozenset(row.id for row in rows if row.is_charged),
        over_cap=frozenset(row.id for row in rows if 0 < limit <= row.had and row.id not in released),
        lost=_find_lost(session, messages),
    )


def may_charge(message: type[OutboundMessage]) -> ColumnElement[bool]:
    """Return the condition that a message has charged, or may yet: it is on its way, or nobody knows."""
    on_its_way = message.state.in_([OutboundState.SENDING, OutboundState.ACCEPTED, OutboundState.UNKNOWN])
    return (message.billing == Billing.BILLED) | (
        (message.billing == Billing.NONE)
        & message.resent_as.is_(None)
        & message.given_up_at.is_(None)
        & on_its_way
    )


def _find_lost(session: Session, messages: Sequence[OutboundMessage]) -> frozenset[int]:
    """Return those of payments that would charge a number which is its reader's no more.

    It may be another person's by now, who owes nothing for the reader of before.
    """
    owed = {
        message.id: (message.user_id, message.to)
        for message in messages
        if message.payment_id is not None and message.user_id is not None
    }
    phones = find_phones_of(session, {user_id for user_id, _ in owed.values()}) if owed else {}
    theirs = {(user_id, to_international(phone)) for user_id, phone in phones.items()}
    return frozenset(message_id for message_id, owner in owed.items() if owner not in theirs)
