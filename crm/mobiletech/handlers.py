"""What we do by ourselves when SMS or reports come in; each runs in a worker, inside a transaction.

Each takes what is due at once and works on it in a handful of statements: never two of one number.
"""

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from crm.core.business_settings import get_setting
from crm.core.db import current_session
from crm.core.phone import to_international
from crm.core.setting_kinds import parse_duration
from crm.events.registry import Event
from crm.mobiletech.models import InboundMessage, OutboundMessage
from crm.mobiletech.notifications import notify_many, refuse_for_failed
from crm.mobiletech.operator_change import send_once_more
from crm.mobiletech.outbound import OutboundPurpose
from crm.mobiletech.rules.deciding import Outcome, read_stop_beside
from crm.mobiletech.rules.models import Decision
from crm.mobiletech.rules.queries import read_rules
from crm.mobiletech.status_reports import apply_statuses
from crm.mobiletech.wishes import Envelope, Wish
from crm.users.accounts import confirm_many
from crm.users.codes import issue_code

CODE_TEMPLATE = "one-time-code"
DECIDED = (Outcome.STOP, Outcome.RULE, Outcome.LOOPED, Outcome.AGREED)  # the test answers none of these
_MARK_DUPLICATES = text("""
    UPDATE mobiletech_inbound_messages AS message SET duplicate_of = (
        SELECT original.id FROM mobiletech_inbound_messages AS original
        WHERE original."from" = message."from" AND original."to" = message."to"
          AND original.content = message.content AND original.id < message.id
          AND original.created_at >= message.created_at - CAST(:window AS interval)
          AND original.duplicate_of IS NULL
        ORDER BY original.id + 0 DESC LIMIT 1
    )
    WHERE message.id = ANY(:ids) AND EXISTS (
        SELECT 1 FROM mobiletech_inbound_messages AS original
        WHERE original."from" = message."from" AND original."to" = message."to"
          AND original.content = message.content AND original.id < message.id
          AND original.created_at >= message.created_at - CAST(:window AS interval)
          AND original.duplicate_of IS NULL
    )
""")


def mark_duplicates(events: Sequence[Event]) -> None:
    """Mark the same text from the same number, under a new id, within the window: an operator's repeat."""
    session = current_session()
    window = parse_duration(get_setting(session, "mobiletech_duplicate_window"))
    if window > timedelta(0):
        session.execute(_MARK_DUPLICATES, {"ids": _ids(events), "window": window})


def confirm_users(events: Sequence[Event]) -> None:
    """Confirm the accounts of the senders: who sends from a number has it in hand."""
    session = current_session()
    senders = select(InboundMessage.user_id).where(
        InboundMessage.id.in_(_ids(events)), InboundMessage.user_id.is_not(None)
    )
    users = [user_id for user_id in session.execute(senders).scalars() if user_id is not None]
    if users:
        confirm_many(session, users)


def answer_tests(events: Sequence[Event]) -> None:
    """Answer what nobody else answered, if both test settings are there and the text is no STOP."""
    session = current_session()
    billkey = get_setting(session, "mobiletech_test_billkey")
    code = get_setting(session, "mobiletech_test_template_code")
    if not (billkey and code):
        return
    failed = {event["mobiletech_inbound_message_id"]: event.failed_handlers for event in events}
    rules = read_rules(session)
    wishes = []
    for message in _unanswered(session, _ids(events)):
        envelope = Envelope(message, billkey=billkey)
        if read_stop_beside(message.content, rules).is_stop:
            continue
        if failed[message.id]:
            refuse_for_failed(session, failed[message.id], Wish(envelope, message.user_id, code))
            continue
        wishes.append(
            Wish(
                envelope,
                message.user_id,
                code,
                {"original_message": message.content},
                purpose=OutboundPurpose.TEST,
                key=f"test-answer:{message.id}",
            )
        )
    notify_many(session, wishes)


def send_codes(events: Sequence[Event]) -> None:
    """Make the one-time codes that were asked for and send them on the free key; unknown names get nothing."""
    session = current_session()
    wishes = []
    for event in events:
        issued = issue_code(session, event["one_time_code_id"])
        if issued is not None:
            params = {"code": issued.code, "purpose": issued.purpose, "language": issued.language}
            wishes.append(
                Wish(
                    Envelope(to=to_international(issued.phone)),
                    issued.user_id,
                    CODE_TEMPLATE,
                    params,
                    key=f"one-time-code:{event['one_time_code_id']}",
                    language=issued.language,
                    is_secret=True,
                )
            )
    notify_many(session, wishes)


def on_outbound_statuses(events: Sequence[Event]) -> None:
    """Fold what was reported about messages into their states; what a ported number missed goes out again."""
    session = current_session()
    ids = [event["mobiletech_outbound_message_id"] for event in events]
    apply_statuses(session, ids)
    send_once_more(session, ids)


def _ids(events: Sequence[Event]) -> list[int]:
    return [event["mobiletech_inbound_message_id"] for event in events]


def _unanswered(session: Session, ids: Sequence[int]) -> Sequence[InboundMessage]:
    answer = select(OutboundMessage.id).where(OutboundMessage.rcv_msg_id == InboundMessage.mobiletech_id)
    decided = select(Decision).where(
        Decision.inbound_message_id == InboundMessage.id, Decision.outcome.in_(DECIDED)
    )
    statement = select(InboundMessage).where(InboundMessage.id.in_(ids), ~answer.exists(), ~decided.exists())
    return session.execute(statement.order_by(InboundMessage.id)).scalars().all()
