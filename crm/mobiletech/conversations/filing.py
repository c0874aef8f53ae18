"""Put into the inbox what nobody has answered: the last thing that a worker does with a reader's SMS.

A rule, an extension or a person has answered it if an SMS of ours names it; the test answer does not count.
What a handler that will be tried again may still answer is filed all the same: a person closes it with one
press, and a message that is filed nowhere is lost.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from crm.core.business_settings import get_setting
from crm.core.db import current_session
from crm.events.registry import Event
from crm.mobiletech.conversations.words import InboxReason
from crm.mobiletech.stop.reading import StopKind, read_stop
from crm.users.numbers import note_numbers

# Each lateral piece is one look into an index, whatever the planner believes about the table. What a rule did is
# read from the steps: the rule itself may be another by now, or gone.
_READ = text("""
    SELECT inbound.id, inbound."from", inbound.content, known.id AS number_id,
           decision.outcome, decision.steps @> '[{"kind": "inbox"}]' AS is_given,
           decision.steps @> '[{"kind": "near_stop"}]'
               OR decision.steps @> '[{"kind": "stop_other"}]' AS is_near_stop,
           decision.steps @> '[{"kind": "stop_done"}]' AS is_stop_done,
           answer.id IS NOT NULL AS is_answered, refusal.id IS NOT NULL AS is_refused
    FROM mobiletech_inbound_messages AS inbound
    LEFT JOIN known_numbers AS known ON known.number = inbound."from"
    LEFT JOIN mobiletech_decisions AS decision ON decision.inbound_message_id = inbound.id
    LEFT JOIN LATERAL (
        SELECT sent.id FROM mobiletech_outbound_messages AS sent
        WHERE sent.rcv_msg_id = inbound.mobiletech_id AND coalesce(sent.key, '') NOT LIKE 'test-answer:%'
        LIMIT 1
    ) AS answer ON true
    LEFT JOIN LATERAL (
        SELECT wanted.id FROM mobiletech_not_sent AS wanted
        WHERE wanted.inbound_message_id = inbound.id
          AND (wanted.template_code IS DISTINCT FROM :test_code OR wanted.billkey IS DISTINCT FROM :test_billkey)
        LIMIT 1
    ) AS refusal ON true
    WHERE inbound.id = ANY(:ids) AND inbound.duplicate_of IS NULL
""")
_FILE = text("""
    INSERT INTO inbox_items (inbound_message_id, number_id, short_number, reason, created_at)
    SELECT inbound.id, known.id, inbound."to", filed.reason, inbound.created_at
    FROM unnest(CAST(:ids AS bigint[]), CAST(:reasons AS text[])) AS filed (id, reason)
    JOIN mobiletech_inbound_messages AS inbound ON inbound.id = filed.id
    JOIN known_numbers AS known ON known.number = inbound."from"
    ORDER BY inbound.id
    ON CONFLICT (inbound_message_id) DO NOTHING
""")
# What a decision means for the inbox, whatever else has happened.
_BY_OUTCOME = {"stop": InboxReason.STOP, "looped": InboxReason.LOOPED}
_BY_STOP = {StopKind.STOP: InboxReason.STOP, StopKind.NEAR: InboxReason.NEAR_STOP}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Filed:
    id: int
    number: str
    has_id: bool
    reason: InboxReason


def file_in_inbox(events: Sequence[Event]) -> None:
    """Give a person what no rule has answered; an operator's repeat is left out. Running it again files nothing."""
    file_messages(current_session(), [event["mobiletech_inbound_message_id"] for event in events])


def file_messages(session: Session, ids: Sequence[int]) -> None:
    """Give a person those of the messages that no rule has answered."""
    filed = _read(session, ids)
    if not filed:
        return
    note_numbers(session, [each.number for each in filed if not each.has_id])
    values = {"ids": [each.id for each in filed], "reasons": [str(each.reason) for each in filed]}
    session.execute(_FILE, values)


def _read(session: Session, ids: Sequence[int]) -> list[_Filed]:
    values = {
        "ids": list(ids),
        "test_code": get_setting(session, "mobiletech_test_template_code"),
        "test_billkey": get_setting(session, "mobiletech_test_billkey"),
    }
    decided = [(row, _reason(row)) for row in session.execute(_READ, values)]
    return [
        _Filed(id=row.id, number=row[1], has_id=row.number_id is not None, reason=reason)
        for row, reason in decided
        if reason is not None
    ]


def _reason(row: Row[tuple[object, ...]]) -> InboxReason | None:
    """Return why a person should see it, None if nobody need."""
    if row.is_near_stop:  # whatever a rule answered: a person asks what was meant
        return InboxReason.NEAR_STOP
    if row.is_stop_done and not row.is_refused:  # stopped and answered: nobody need do anything
        return None
    if row.outcome in _BY_OUTCOME:
        return _BY_OUTCOME[row.outcome]
    if row.is_answered or row.outcome == "repeated":
        return None
    if row.is_given:
        return InboxReason.RULE
    if row.is_refused:
        return InboxReason.REFUSED
    if row.outcome in ("rule", "answered", "agreed"):
        return None
    if row.outcome is not None:
        return InboxReason.UNMATCHED
    return _BY_STOP.get(read_stop(str(row.content)).kind, InboxReason.UNMATCHED)
