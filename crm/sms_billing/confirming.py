"""From what became of an SMS to what became of its payment: once, whatever repeats, in any order."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import select, text, update
from sqlalchemy.orm import Session

from crm.core.business_settings import get_setting
from crm.core.clock import db_now
from crm.core.errors import N_
from crm.core.log import get_logger
from crm.core.setting_kinds import parse_duration
from crm.events.publish import Work, publish_many
from crm.mobiletech.catalogue.models import StatusCode
from crm.mobiletech.catalogue.status_codes import ReasonClass, default_of, key_of, read_dictionary
from crm.mobiletech.events import PENDING_TIMEOUT, lane_of
from crm.mobiletech.models import OutboundMessage
from crm.mobiletech.outbound import OutboundState, move
from crm.mobiletech.wire.delivery_status import Billing, DeliveryStatus, classify
from crm.payments.failing import Failed, fail
from crm.payments.models import Payment
from crm.payments.paying import Proof, pay
from crm.payments.statuses import Failure, PaymentStatus
from crm.sms_billing.outcomes import NOT_CHARGED, Outcome, OutcomeKind, find_outcome

log = get_logger(__name__)

TIMEOUT_SETTING = "mobiletech_pending_charge_timeout"
UNIT_SETTING = "mobiletech_expiration_unit"
BATCH = 500
CAN_BE_CALLED_BACK = (OutboundState.QUEUED, OutboundState.HELD)
NOT_WANTED = N_("Its payment was paid by another SMS.")

_FAILURES: Mapping[ReasonClass, Failure] = {
    ReasonClass.NO_CREDIT: Failure.NO_CREDIT,
    ReasonClass.BLOCKED: Failure.BLOCKED,
    ReasonClass.PORTED: Failure.PORTED,
    ReasonClass.TECHNICAL: Failure.TECHNICAL,
    ReasonClass.SUCCESS: Failure.TECHNICAL,  # the dictionary's words never make a failure a success
}
# As long as the gateway may still bill it, and at least as long as the setting says (B61).
_SILENT = text("""
    SELECT message.id, message.payment_id, message."to", hours.number AS hour
    FROM mobiletech_outbound_messages AS message,
         (SELECT floor(extract(epoch FROM crm_now()) / 3600)::bigint AS number) AS hours
    WHERE message.state = 'accepted' AND message.billing = 'none' AND message.payment_id IS NOT NULL
      AND message.status IS NULL AND message.resent_as IS NULL
      AND message.sent_at <= crm_now() - CAST(:timeout AS interval)
      AND message.sent_at <= crm_now() - message.expiration * CAST(:unit AS interval)
      AND NOT EXISTS (SELECT 1 FROM outbox WHERE key = 'charge-timeout:' || message.id || ':' || hours.number)
      AND EXISTS (SELECT 1 FROM payments WHERE payments.id = message.payment_id AND payments.status = 'form')
    ORDER BY message.sent_at LIMIT :batch
""")


def payments_of(session: Session, outbound_message_ids: Collection[int]) -> list[int]:
    """Return the payments that the messages are for."""
    found = select(OutboundMessage.payment_id).where(
        OutboundMessage.id.in_(outbound_message_ids), OutboundMessage.payment_id.is_not(None)
    )
    return sorted({payment_id for payment_id in session.execute(found).scalars() if payment_id is not None})


def judge(session: Session, payment_ids: Collection[int], *, silence_is_failure: bool = False) -> None:
    """Let payments be paid, or fail, as their messages say; what is not decided yet stays as it is."""
    messages = _read_messages(session, payment_ids)
    outcomes = _find_outcomes(session, messages, silence_is_failure=silence_is_failure)
    billed = [
        _proof(payment_id, outcome)
        for payment_id, outcome in outcomes.items()
        if outcome.kind is OutcomeKind.BILLED
    ]
    failed = {
        payment_id: outcome
        for payment_id, outcome in outcomes.items()
        if outcome.kind is OutcomeKind.NOT_BILLED
    }
    pay(session, billed)
    if failed:
        dictionary = read_dictionary(session)
        fail(session, [_failed(each, outcome, dictionary) for each, outcome in failed.items()])
        _give_up(session, failed.values())
    _call_back(session, messages)
    for payment_id, outcome in outcomes.items():
        if outcome.kind is OutcomeKind.UNKNOWN:
            log.error("charge_unproven", payment_id=payment_id)


def read_outcomes(
    session: Session, payment_ids: Collection[int], *, silence_is_failure: bool = False
) -> Mapping[int, Outcome]:
    """Return what the messages of each payment come to; a payment without any is not in it."""
    messages = _read_messages(session, payment_ids)
    return _find_outcomes(session, messages, silence_is_failure=silence_is_failure)


_FORGOTTEN = text("""
    SELECT message.id, message.payment_id, message."to",
           floor(extract(epoch FROM crm_now()) / 3600)::bigint AS hour
    FROM payments JOIN mobiletech_outbound_messages AS message ON message.payment_id = payments.id
    WHERE payments.status = 'form' AND message.billing <> 'none'
      AND message.updated_at < crm_now() - interval '5 minutes'
    ORDER BY message.id LIMIT :batch
""")


def tell_forgotten(session: Session) -> int:
    """Put into the outbox payments whose SMS was reported and that nobody judged: something broke off between."""
    work = [
        Work(
            key=f"charge-forgotten:{row.id}:{row.hour}",
            payload={"payment_id": row.payment_id},
            lane=lane_of(row.to),
        )
        for row in session.execute(_FORGOTTEN, {"batch": BATCH})
    ]
    return publish_many(session, PENDING_TIMEOUT, work)


def tell_timeouts(session: Session) -> int:
    """Put into the outbox what has waited for an answer long enough; return how many. A turn of the worker (B27)."""
    unit = get_setting(session, UNIT_SETTING)
    values = {
        "timeout": parse_duration(get_setting(session, TIMEOUT_SETTING)),
        "unit": f"1 {unit}",
        "batch": BATCH,
    }
    work = [
        # Asked again each hour: had the clock gone back between, it would never be judged.
        Work(
            key=f"charge-timeout:{row.id}:{row.hour}",
            payload={"payment_id": row.payment_id},
            lane=lane_of(row.to),
        )
        for row in session.execute(_SILENT, values)
    ]
    return publish_many(session, PENDING_TIMEOUT, work)


def failure_of(code: str, operator: str | None, dictionary: Mapping[str, StatusCode]) -> tuple[Failure, str]:
    """Return why a code says that nothing was billed, as a class and in words; staff's words beat ours."""
    described = dictionary.get(key_of(code, operator))
    if described is not None:
        return _FAILURES[ReasonClass(described.reason)], described.meaning_en
    known = default_of(code, operator)
    return _FAILURES[known.reason], known.word.word


def _read_messages(session: Session, payment_ids: Collection[int]) -> Mapping[int, Sequence[OutboundMessage]]:
    messages: defaultdict[int, list[OutboundMessage]] = defaultdict(list)
    found = select(OutboundMessage).where(OutboundMessage.payment_id.in_(payment_ids))
    for message in session.execute(found.execution_options(populate_existing=True)).scalars():
        messages[message.payment_id or 0].append(message)
    return messages


def _give_up(session: Session, outcomes: Iterable[Outcome]) -> None:
    """What nothing was reported about, or a ported number missed twice, stands in the way of the next try no more."""
    ids = [
        outcome.message.id
        for outcome in outcomes
        if outcome.message is not None and outcome.message.billing == Billing.NONE
    ]
    if ids:
        given_up = update(OutboundMessage).where(
            OutboundMessage.id.in_(ids), OutboundMessage.given_up_at.is_(None)
        )
        session.execute(given_up.values(given_up_at=db_now()))


def _call_back(session: Session, messages: Mapping[int, Sequence[OutboundMessage]]) -> None:
    """A copy that has not left, or is held, would only charge once more when its payment is paid, or failed before."""
    waiting = {
        message.id: payment_id
        for payment_id, rows in messages.items()
        for message in rows
        if message.state in CAN_BE_CALLED_BACK
    }
    if not waiting:
        return
    over = select(Payment.id).where(
        Payment.id.in_(set(waiting.values())), Payment.status != PaymentStatus.FORM
    )
    ids = set(session.execute(over).scalars())
    copies = [message_id for message_id, payment_id in waiting.items() if payment_id in ids]
    move(session, copies, from_=CAN_BE_CALLED_BACK, to=OutboundState.CANCELLED, state_reason=NOT_WANTED)


def _find_outcomes(
    session: Session, messages: Mapping[int, Sequence[OutboundMessage]], *, silence_is_failure: bool
) -> Mapping[int, Outcome]:
    now = session.execute(select(db_now())).scalar_one() if silence_is_failure else None
    return {
        payment_id: find_outcome(rows, overdue_before=now and _overdue_before(session, rows, now))
        for payment_id, rows in messages.items()
    }


def _overdue_before(session: Session, rows: Sequence[OutboundMessage], now: datetime) -> datetime:
    """Return the moment before which a message must have been taken to be overdue now."""
    unit = {get_setting(session, UNIT_SETTING): max(row.expiration for row in rows)}
    waits = max(parse_duration(get_setting(session, TIMEOUT_SETTING)), timedelta(**unit))
    return now - waits


def _proof(payment_id: int, outcome: Outcome) -> Proof:
    message = outcome.message
    assert message is not None
    return Proof(payment_id=payment_id, code=message.status or "settled")


def _failed(payment_id: int, outcome: Outcome, dictionary: Mapping[str, StatusCode]) -> Failed:
    message = outcome.message
    assert message is not None
    if outcome.failure is not None:
        return Failed(payment_id=payment_id, failure=outcome.failure, code=message.status, told=outcome.told)
    if classify(message.status, message.operator_type) is DeliveryStatus.UNKNOWN:  # a person has decided
        return Failed(payment_id=payment_id, failure=Failure.TECHNICAL, code=message.status, told=NOT_CHARGED)
    assert message.status is not None
    failure, told = failure_of(message.status, message.operator_type, dictionary)
    return Failed(payment_id=payment_id, failure=failure, code=message.status, told=told)
