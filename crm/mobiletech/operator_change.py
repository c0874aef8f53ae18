"""A number was ported: the gateway said `_OPERATOR_CHANGE`, so it was neither delivered nor billed.

The message is sent once more only if a newer SMS from the number names another operator; otherwise its
copy is held for a person. Source: interface.md 8. The copy takes the place of the message for its payment too.
"""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.core.errors import N_, Said
from crm.core.log import get_logger
from crm.mobiletech.catalogue.key_rules import find_refusal, read_key_rules
from crm.mobiletech.models import InboundMessage, OutboundMessage
from crm.mobiletech.notifications import queue
from crm.mobiletech.outbound import OutboundState
from crm.mobiletech.search.keeping import keep_outbound_messages
from crm.mobiletech.wire.delivery_status import DeliveryStatus, classify
from crm.mobiletech.wire.operators import Operator

log = get_logger(__name__)

KEY = "operator-change:"
COPIED = (
    "user_id",
    "payment_id",
    "charges_for",
    "mobiletech_template_id",
    "template_version",
    "purpose",
    "paid",
    "serv_id",
    "project_id",
    "rcv_msg_id",
    "from_",
    "to",
    "billkey",
    "content",
    "params",
    "language",
    "content_length",
    "encoding",
    "parts",
    "expiration",
    "context",
)


def send_once_more(session: Session, message_ids: Sequence[int]) -> None:
    """Copy those of the messages whose strongest report is the operator change; each once, a copy never."""
    wanted = select(OutboundMessage).where(
        OutboundMessage.id.in_(message_ids),
        ~OutboundMessage.is_secret,  # its text is gone; who waits for a code asks for another
    )
    for message in session.execute(wanted.order_by(OutboundMessage.id)).scalars().all():
        if classify(message.status, message.operator_type) is DeliveryStatus.OPERATOR_CHANGED:
            _copy(session, message)


def _copy(session: Session, message: OutboundMessage) -> None:
    key = f"{KEY}{message.id}"
    if (message.key or "").startswith(KEY) or _exists(session, key):
        return
    operator = _find_newer_operator(session, message)
    refusal = operator and _find_key_refusal(session, message, operator)
    copy = OutboundMessage(**{name: getattr(message, name) for name in COPIED})
    copy.key, copy.operator_type = key, operator or message.operator_type
    if operator is None:
        copy.state = OutboundState.HELD
        copy.state_reason = N_("The number was ported, and no newer SMS from it names the new operator.")
    elif refusal:
        copy.state, copy.state_reason = OutboundState.HELD, refusal
    # First of all the old one stops being the live message of its payment; its copy has no id before it is stored.
    message.resent_as = 0
    session.flush()
    session.add(copy)
    session.flush()
    message.resent_as = copy.id
    keep_outbound_messages(session, [copy])
    log.warning("operator_changed", outbound_id=message.id, copy_id=copy.id, operator=operator)
    if copy.state != OutboundState.HELD:
        queue(session, [copy])


def _exists(session: Session, key: str) -> bool:
    found = select(OutboundMessage.id).where(OutboundMessage.key == key)
    return session.execute(found).scalar_one_or_none() is not None


def _find_key_refusal(session: Session, message: OutboundMessage, operator: str) -> str | None:
    """Return why the billing key of the message cannot be used with the new operator."""
    rule = read_key_rules(session, [message.billkey]).get(message.billkey)
    refusal = find_refusal(rule, operator=Operator(operator), sender=message.from_)
    return str(Said(refusal.message, **refusal.fields)) if refusal else None


def _find_newer_operator(session: Session, message: OutboundMessage) -> str | None:
    newer = (
        select(InboundMessage.operator_type)
        .where(
            InboundMessage.from_ == message.to,
            InboundMessage.created_at > message.created_at,
            InboundMessage.operator_type.in_(set(Operator) - {message.operator_type}),
        )
        .order_by(InboundMessage.created_at.desc(), (InboundMessage.id + 0).desc())
        .limit(1)
    )
    return session.execute(newer).scalar_one_or_none()
