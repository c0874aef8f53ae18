"""What a person needs to know of an SMS to decide about it, and the choices that there are."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.mobiletech.models import OutboundMessage, SendAttempt
from crm.mobiletech.wire.operators import Operator
from crm.mobiletech.words import Word, state_of, word_of
from crm.payments.models import Payment, RecurrentPayment
from crm.sms_billing.binding import Orphan
from crm.sms_billing.settling import Decision
from crm.sms_billing.spending import Spending, read_spending
from crm.web.message_pages import operator_label, segments, spaced
from crm.web.money import money
from crm.web.page_tools import local_time
from crm.web.renewal_words import LIST
from crm.web.retelling import retell


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """The SMS as the page of a decision shows it."""

    id: int
    href: str
    number: str
    text: list[str] | None
    language: str
    paid: bool
    state: Word
    reason: str
    billkey: str
    operator: str | None
    created_at: datetime
    sending_at: datetime | None
    last_answer: str | None
    status: str | None
    amount: str | None
    payment_id: int | None
    renewal_href: str | None
    spending: Spending | None


def facts_of(session: Session, message: OutboundMessage) -> Decided:
    """Return the facts."""
    payment = session.get(Payment, message.payment_id) if message.payment_id else None
    attempt = session.execute(
        select(SendAttempt.detail)
        .where(SendAttempt.outbound_message_id == message.id)
        .order_by(SendAttempt.id.desc())
        .limit(1)
    ).scalar_one_or_none()
    renewal_id = _renewal_of(session, payment)
    return Decided(
        id=message.id,
        href=f"/admin/messages/outbound/{message.id}",
        number=spaced(message.to),
        text=None if message.is_secret else segments(message.content, message.encoding, message.parts),
        language=message.language or "sk",
        paid=message.paid,
        state=word_of(state_of(message.state, message.billing), paid=message.paid),
        reason=retell(message.state_reason or ""),
        billkey=message.billkey,
        operator=operator_label(message.operator_type),
        created_at=message.created_at,
        sending_at=message.sending_at,
        last_answer=retell(attempt) if attempt else None,
        status=message.status,
        amount=money(payment.amount, payment.currency) if payment else None,
        payment_id=payment.id if payment else None,
        renewal_href=f"{LIST}/{renewal_id}" if renewal_id else None,
        spending=read_spending(session, message.to, payment.user_id) if payment else None,
    )


def decision_choices(orphans: Sequence[Orphan], *, can_settle: bool, bind: str) -> list[tuple[str, str]]:
    """Return what a person may say: billed, not billed, or which reports are the message's."""
    plain = [
        (str(Decision.BILLED), _("It was billed: the reader was charged.")),
        (str(Decision.NOT_BILLED), _("It was not billed: nobody was charged.")),
    ]
    reports = [
        (
            f"{bind}{orphan.mobiletech_id}",
            _(
                "The reports of id %(id)s are its: %(codes)s on %(moment)s. They decide.",
                id=orphan.mobiletech_id,
                codes=", ".join(orphan.codes),
                moment=local_time(orphan.first_at, "full"),
            ),
        )
        for orphan in orphans
    ]
    return [*(plain if can_settle else []), *reports]


def operator_choices() -> list[tuple[str, str]]:
    """Return the operators by their letters."""
    return [(str(operator), operator.label) for operator in Operator]


def _renewal_of(session: Session, payment: Payment | None) -> int | None:
    if payment is None:
        return None
    found = select(RecurrentPayment.id).where(RecurrentPayment.payment_id == payment.id)
    return session.execute(found).scalar_one_or_none()
