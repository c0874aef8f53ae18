"""Turn a wish ("tell this person that") into an SMS that can be sent, or into a reason why not.

`notify` stores one or the other in the caller's transaction, never neither. Fallbacks for service id,
sender, recipient and billing key: behaviour.md 6.2 and 6.3, with defect B47 mended (a system that has
never sent anything takes them from the settings, and nothing is skipped in silence).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.core import metrics
from crm.core.business_settings import get_setting
from crm.core.db import current_session
from crm.core.log import get_logger
from crm.core.phone import find_slovak_mobile, to_international
from crm.events.publish import publish
from crm.mobiletech.events import SEND, lane_of
from crm.mobiletech.models import InboundMessage, NotSent, OutboundMessage
from crm.mobiletech.operator_resolver import resolve_operator
from crm.mobiletech.outbound import OutboundPurpose
from crm.mobiletech.sms_templates import Rendered, find_template, render
from crm.mobiletech.template_language import MissingParameterError, TemplateLanguageError
from crm.mobiletech.wire.operators import Operator
from crm.users.models import User
from crm.users.phones import find_phone_of

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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Address:
    to: str
    operator: Operator
    serv_id: str
    from_: str
    billkey: str
    is_paid: bool


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

    `key` names the cause: the second call with it returns the first one's message. A paid billing key needs
    a payment, or the purpose `test`. `available_at` puts the sending off.
    """
    session = session or current_session()
    user_id = user.id if isinstance(user, User) else user
    known = _find_by_key(session, key)
    if known is not None:
        return known
    try:
        rendered = _render(session, template_code, params or {})
        address = _address(session, envelope, user_id)
        _check_price(
            address, rendered, envelope, has_reason=payment_id is not None or purpose == OutboundPurpose.TEST
        )
    except _RefusalError as refusal:
        return refuse(
            session,
            refusal.reason,
            refusal.detail,
            envelope=envelope,
            user_id=user_id,
            template_code=template_code,
            context=context,
        )
    message = _message(envelope, address, rendered)
    message.user_id, message.payment_id = user_id, payment_id
    message.key, message.context = key, context
    message.purpose = OutboundPurpose.PAID if payment_id is not None else purpose
    session.add(message)
    session.flush()
    queue(session, message, available_at=available_at)
    return message


def queue(session: Session, message: OutboundMessage, *, available_at: datetime | None = None) -> None:
    """Add the work that sends the message."""
    publish(
        session,
        SEND,
        {"mobiletech_outbound_message_id": message.id},
        key=f"send:{message.id}",
        lane=lane_of(message.to),
        available_at=available_at,
    )


def refuse(
    session: Session,
    reason: Reason,
    detail: str,
    *,
    envelope: Envelope,
    user_id: int | None,
    template_code: str | None,
    context: str | None = None,
) -> NotSent:
    """Store why an SMS was not made, where people find it."""
    inbound = envelope.inbound
    row = NotSent(
        reason=reason,
        detail=detail,
        template_code=template_code,
        to=envelope.to or (inbound.from_ if inbound else None),
        billkey=envelope.billkey,
        context=context,
        user_id=user_id,
        inbound_message_id=inbound.id if inbound else None,
    )
    session.add(row)
    session.flush()
    metrics.count("not_sent_total", reason=reason)
    log.warning("not_sent", reason=reason, template=template_code, inbound_id=row.inbound_message_id)
    return row


def is_paid(session: Session, billkey: str) -> bool:
    """Return whether the key charges the reader: every key does that is not known as free."""
    return billkey != get_setting(session, "mobiletech_billkey_free")


def _find_by_key(session: Session, key: str | None) -> OutboundMessage | None:
    if key is None:
        return None
    return session.execute(select(OutboundMessage).where(OutboundMessage.key == key)).scalar_one_or_none()


def _render(session: Session, code: str, params: Mapping[str, object]) -> Rendered:
    template = find_template(session, code)
    if template is None:
        raise _RefusalError(Reason.NO_TEMPLATE, f"There is no SMS template {code!r}.")
    try:
        rendered = render(template, params)
    except MissingParameterError as error:
        raise _RefusalError(Reason.MISSING_PARAMETER, str(error)) from error
    except TemplateLanguageError as error:
        raise _RefusalError(Reason.BROKEN_TEMPLATE, str(error)) from error
    if not rendered.measured.text.strip():
        raise _RefusalError(Reason.EMPTY_TEXT, f"The template {code!r} gave an empty text.")
    return rendered


def _address(session: Session, envelope: Envelope, user_id: int | None) -> _Address:
    inbound = envelope.inbound
    to = _recipient(session, envelope, user_id)
    billkey = envelope.billkey or get_setting(session, "mobiletech_billkey_free")
    if not billkey:
        raise _RefusalError(
            Reason.NO_BILLKEY, "Set mobiletech_billkey_free: there is no billing key for free messages."
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
    operator = resolve_operator(session, to)
    if operator is None:
        raise _RefusalError(
            Reason.UNKNOWN_OPERATOR, "Neither messages nor the prefix tell the number's operator."
        )
    return _Address(
        to=to,
        operator=operator,
        serv_id=serv_id,
        from_=from_,
        billkey=billkey,
        is_paid=is_paid(session, billkey),
    )


def _recipient(session: Session, envelope: Envelope, user_id: int | None) -> str:
    given = envelope.to or (envelope.inbound.from_ if envelope.inbound else "")
    if not given and user_id is not None:
        given = find_phone_of(session, user_id) or ""
    if not given:
        raise _RefusalError(Reason.NO_RECIPIENT, "There is no number to send to: the user has none linked.")
    if find_slovak_mobile(given) is None:
        raise _RefusalError(Reason.BAD_RECIPIENT, "The recipient is no Slovak mobile number.")
    return to_international(given)


def _check_price(address: _Address, rendered: Rendered, envelope: Envelope, *, has_reason: bool) -> None:
    if not address.is_paid:
        return
    if envelope.inbound is not None and envelope.inbound.duplicate_of is not None:
        raise _RefusalError(
            Reason.DUPLICATE, "The operator repeated an SMS; a second paid answer would charge twice."
        )
    if not has_reason:
        raise _RefusalError(
            Reason.PAID_WITHOUT_PAYMENT,
            f"The billing key {address.billkey} charges, and there is no payment.",
        )
    if rendered.measured.parts > 1:
        raise _RefusalError(
            Reason.TOO_LONG_FOR_PAID,
            f"The text takes {rendered.measured.parts} parts; on a paid key each part can be a charge.",
        )


def _message(envelope: Envelope, address: _Address, rendered: Rendered) -> OutboundMessage:
    inbound, measured = envelope.inbound, rendered.measured
    return OutboundMessage(
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
