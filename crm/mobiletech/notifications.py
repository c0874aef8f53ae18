"""Turn a wish ("tell this person that") into an SMS that can be sent, or into a reason why not.

`notify` stores one or the other in the caller's transaction, never neither. Fallbacks for service id,
sender, recipient and billing key: behaviour.md 6.2 and 6.3, with defect B47 mended (a system that has
never sent anything takes them from the settings, and nothing is skipped in silence).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.core import metrics
from crm.core.business_settings import get_setting
from crm.core.db import current_session
from crm.core.log import get_logger
from crm.core.phone import find_slovak_mobile, to_international
from crm.events.publish import Work, publish_many
from crm.mobiletech.events import SEND, lane_of
from crm.mobiletech.models import InboundMessage, NotSent, OutboundMessage, SmsTemplate
from crm.mobiletech.operator_resolver import resolve_operators
from crm.mobiletech.outbound import OutboundPurpose
from crm.mobiletech.sms_templates import Rendered, render
from crm.mobiletech.template_language import MissingParameterError, TemplateLanguageError
from crm.mobiletech.wire.operators import Operator
from crm.users.models import User
from crm.users.phones import find_phones_of

log = get_logger(__name__)

EXPIRATION_OF_REPLY = 100
EXPIRATION_OF_PUSH = 600


class Reason(StrEnum):
    """Why a message was not made."""

    NO_TEMPLATE = "no_template"
    NO_RECIPIENT = "no_recipient"
    BAD_RECIPIENT = "bad_recipient"
    NO_BILLKEY = "no_billkey"
    PAID_WITHOUT_PAYMENT = "paid_without_payment"
    NO_SERV_ID = "no_serv_id"
    NO_SENDER = "no_sender"
    UNKNOWN_OPERATOR = "unknown_operator"
    MISSING_PARAMETER = "missing_parameter"
    BROKEN_TEMPLATE = "broken_template"
    EMPTY_TEXT = "empty_text"
    TOO_LONG_FOR_PAID = "too_long_for_paid"
    DUPLICATE = "duplicate"
    OTHER_HANDLER_FAILED = "other_handler_failed"


class _RefusalError(Exception):
    def __init__(self, reason: Reason, detail: str) -> None:
        self.reason = reason
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Envelope:
    """Where a message goes and on whose account; what is empty comes from the inbound, then from settings."""

    inbound: InboundMessage | None = None
    billkey: str | None = None
    serv_id: str | None = None
    from_: str | None = None
    to: str | None = None


@dataclass(frozen=True, slots=True)
class Wish:
    """One SMS that somebody wants sent. `key` names the cause: a second wish with it gets the first one's message."""

    envelope: Envelope
    user_id: int | None
    template_code: str
    params: Mapping[str, object] = field(default_factory=dict)
    purpose: OutboundPurpose = OutboundPurpose.SERVICE
    key: str | None = None
    context: str | None = None
    payment_id: int | None = None


@dataclass(frozen=True, slots=True)
class _Known:
    """What was looked up for all wishes at once."""

    messages: Mapping[str, OutboundMessage]
    templates: Mapping[str, SmsTemplate]
    phones: Mapping[int, str]
    operators: Mapping[str, Operator | None]


def notify(
    envelope: Envelope,
    user: User | int | None,
    template_code: str,
    params: Mapping[str, object] | None = None,
    *,
    purpose: OutboundPurpose = OutboundPurpose.SERVICE,
    key: str | None = None,
    context: str | None = None,
    payment_id: int | None = None,
    available_at: datetime | None = None,
    session: Session | None = None,
) -> OutboundMessage | NotSent:
    """Queue one SMS and the work to send it, or store why there is none; the caller's transaction holds both.

    A paid billing key needs a payment, or the purpose `test`. `available_at` puts the sending off.
    """
    user_id = user.id if isinstance(user, User) else user
    wish = Wish(
        envelope,
        user_id,
        template_code,
        params or {},
        purpose=purpose,
        key=key,
        context=context,
        payment_id=payment_id,
    )
    return notify_many(session or current_session(), [wish], available_at=available_at)[0]


def notify_many(
    session: Session, wishes: Sequence[Wish], *, available_at: datetime | None = None
) -> list[OutboundMessage | NotSent]:
    """Do for each wish what `notify` does, in a handful of statements for all; same order."""
    if not wishes:
        return []
    known = _look_up(session, wishes)
    made = dict(known.messages)
    results: list[OutboundMessage | NotSent] = []
    fresh: list[OutboundMessage] = []
    for wish in wishes:
        message = made.get(wish.key or "")
        if message is None:
            try:
                message = _compose(session, known, wish)
            except _RefusalError as refusal:
                results.append(refuse(session, refusal.reason, refusal.detail, wish))
                continue
            fresh.append(message)
            if wish.key:
                made[wish.key] = message
        results.append(message)
    session.add_all(fresh)
    session.flush()
    queue(session, fresh, available_at=available_at)
    return results


def queue(
    session: Session, messages: Sequence[OutboundMessage], *, available_at: datetime | None = None
) -> None:
    """Add the work that sends the messages; the window of one for later opens then, so the work says when."""
    later = {"not_before": available_at.isoformat()} if available_at else {}
    work = [
        Work(
            key=f"send:{message.id}",
            payload={"mobiletech_outbound_message_id": message.id, **later},
            lane=lane_of(message.to),
        )
        for message in messages
    ]
    publish_many(session, SEND, work, available_at=available_at)


def refuse(session: Session, reason: Reason, detail: str, wish: Wish) -> NotSent:
    """Store why an SMS was not made, where people find it."""
    envelope, inbound = wish.envelope, wish.envelope.inbound
    row = NotSent(
        reason=reason,
        detail=detail,
        template_code=wish.template_code,
        to=envelope.to or (inbound.from_ if inbound else None),
        billkey=envelope.billkey,
        context=wish.context,
        user_id=wish.user_id,
        inbound_message_id=inbound.id if inbound else None,
    )
    session.add(row)
    session.flush()
    metrics.count("not_sent_total", reason=reason)
    log.warning("not_sent", reason=reason, template=wish.template_code, inbound_id=row.inbound_message_id)
    return row


def is_paid(session: Session, billkey: str) -> bool:
    """Return whether the key charges the reader: every key does that is not known as free."""
    return billkey != get_setting(session, "mobiletech_billkey_free")


def _look_up(session: Session, wishes: Sequence[Wish]) -> _Known:
    keys = {wish.key for wish in wishes if wish.key}
    codes = {wish.template_code for wish in wishes}
    users = {wish.user_id for wish in wishes if wish.user_id is not None and not _given_number(wish)}
    messages = session.execute(select(OutboundMessage).where(OutboundMessage.key.in_(keys))).scalars()
    templates = session.execute(select(SmsTemplate).where(SmsTemplate.code.in_(codes))).scalars()
    phones = find_phones_of(session, users) if users else {}
    given = [_given_number(wish) or phones.get(wish.user_id or 0, "") for wish in wishes]
    numbers = {to_international(number) for number in given if find_slovak_mobile(number)}
    return _Known(
        messages={message.key: message for message in messages if message.key},
        templates={template.code: template for template in templates},
        phones=phones,
        operators=resolve_operators(session, numbers),
    )


def _compose(session: Session, known: _Known, wish: Wish) -> OutboundMessage:
    rendered = _render(known, wish)
    address = _address(session, known, wish)
    _check_price(address, rendered, wish)
    inbound, measured = wish.envelope.inbound, rendered.measured
    return OutboundMessage(
        key=wish.key,
        context=wish.context,
        user_id=wish.user_id,
        payment_id=wish.payment_id,
        purpose=OutboundPurpose.PAID if wish.payment_id is not None else wish.purpose,
        mobiletech_template_id=rendered.template_id,
        template_version=rendered.version,
        paid=address.is_paid,
        serv_id=address.serv_id,
        project_id=(inbound.project_id or None) if inbound else None,
        rcv_msg_id=inbound.mobiletech_id if inbound else None,
        from_=address.from_,
        to=address.to,
        billkey=address.billkey,
        content=measured.text,
        content_length=len(measured.text),
        encoding=measured.encoding,
        parts=measured.parts,
        expiration=EXPIRATION_OF_REPLY if inbound else EXPIRATION_OF_PUSH,
        operator_type=address.operator,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Address:
    to: str
    operator: Operator
    serv_id: str
    from_: str
    billkey: str
    is_paid: bool


def _render(known: _Known, wish: Wish) -> Rendered:
    code = wish.template_code
    template = known.templates.get(code)
    if template is None:
        raise _RefusalError(Reason.NO_TEMPLATE, f"There is no SMS template {code!r}.")
    try:
        rendered = render(template, wish.params)
    except MissingParameterError as error:
        raise _RefusalError(Reason.MISSING_PARAMETER, str(error)) from error
    except TemplateLanguageError as error:
        raise _RefusalError(Reason.BROKEN_TEMPLATE, str(error)) from error
    if not rendered.measured.text.strip():
        raise _RefusalError(Reason.EMPTY_TEXT, f"The template {code!r} gave an empty text.")
    return rendered


def _address(session: Session, known: _Known, wish: Wish) -> _Address:
    envelope, inbound = wish.envelope, wish.envelope.inbound
    to = _recipient(known, wish)
    billkey = envelope.billkey or get_setting(session, "mobiletech_billkey_free")
    if not billkey:
        raise _RefusalError(
            Reason.NO_BILLKEY, "Set mobiletech_billkey_free: no billing key for free messages is known."
        )
    serv_id = (
        envelope.serv_id or (inbound.serv_id if inbound else "") or get_setting(session, "mobiletech_serv_id")
    )
    if not serv_id:
        raise _RefusalError(
            Reason.NO_SERV_ID, "Set mobiletech_serv_id: a message that answers nothing needs it."
        )
    from_ = (
        envelope.from_ or (inbound.to if inbound else "") or get_setting(session, "mobiletech_short_number")
    )
    if not from_:
        raise _RefusalError(
            Reason.NO_SENDER, "Set mobiletech_short_number: a message that answers nothing needs it."
        )
    operator = known.operators.get(to)
    if operator is None:
        raise _RefusalError(
            Reason.UNKNOWN_OPERATOR, "Neither messages nor the prefix tell the operator of the number."
        )
    return _Address(
        to=to,
        operator=operator,
        serv_id=serv_id,
        from_=from_,
        billkey=billkey,
        is_paid=is_paid(session, billkey),
    )


def _given_number(wish: Wish) -> str:
    return wish.envelope.to or (wish.envelope.inbound.from_ if wish.envelope.inbound else "")


def _recipient(known: _Known, wish: Wish) -> str:
    given = _given_number(wish) or known.phones.get(wish.user_id or 0, "")
    if not given:
        raise _RefusalError(Reason.NO_RECIPIENT, "There is no number to send to: the user has none linked.")
    if find_slovak_mobile(given) is None:
        raise _RefusalError(Reason.BAD_RECIPIENT, "The recipient is no Slovak mobile number.")
    return to_international(given)


def _check_price(address: _Address, rendered: Rendered, wish: Wish) -> None:
    if not address.is_paid:
        return
    if wish.envelope.inbound is not None and wish.envelope.inbound.duplicate_of is not None:
        raise _RefusalError(
            Reason.DUPLICATE, "The operator repeated an SMS; a second paid answer would charge twice."
        )
    if wish.payment_id is None and wish.purpose is not OutboundPurpose.TEST:
        raise _RefusalError(
            Reason.PAID_WITHOUT_PAYMENT,
            f"The billing key {address.billkey} charges, and there is no payment.",
        )
    if rendered.measured.parts > 1:
        raise _RefusalError(
            Reason.TOO_LONG_FOR_PAID,
            f"The text takes {rendered.measured.parts} parts; on a paid key each part can be a charge.",
        )
