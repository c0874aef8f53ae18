"""Payments as lines of a list: when, who, for what, how much, what became of it and why."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from flask_babel import gettext as _
from sqlalchemy.orm import Session

from crm.core.phone import to_international
from crm.mobiletech.models import OutboundMessage
from crm.mobiletech.words import Word
from crm.payments.models import Payment
from crm.payments.payment_list import PaymentKind
from crm.payments.statuses import Failure, PaymentStatus
from crm.sms_billing.proofs import Waits, find_proof, list_messages_of, why_it_waits
from crm.subscriptions.models import SubscriptionType
from crm.subscriptions.queries import read_types
from crm.users.phones import find_phones_of
from crm.users.queries import read_names
from crm.web.message_pages import spaced
from crm.web.money import money
from crm.web.payment_words import KIND_WORDS, LIST, status_word
from crm.web.renewal_words import FAILURE_WORDS
from crm.web.retelling import retell


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentRow:
    """One line; `name` is empty where the number says all that is known of the reader."""

    id: int
    href: str
    at: datetime
    number: str
    name: str
    type: str
    kind: str
    amount: str
    state: Word
    reason: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """What some payments need beside their rows, read at once for all."""

    names: Mapping[int, str]
    phones: Mapping[int, str]
    types: Mapping[int, SubscriptionType]
    messages: Mapping[int, Sequence[OutboundMessage]]

    def waits(self, payment: Payment) -> Waits | None:
        """Return for what a person has to look at it."""
        if payment.status != PaymentStatus.FORM:
            return None
        return why_it_waits(self.messages.get(payment.id, ()))

    def number(self, payment: Payment) -> str | None:
        """Return the number that was charged, or that its reader has, in the gateway's spelling."""
        proof = find_proof(self.messages.get(payment.id, ()))
        phone = self.phones.get(payment.user_id)
        return proof.to if proof is not None else phone and to_international(phone)


def read_around(session: Session, payments: Sequence[Payment]) -> Around:
    """Read what the payments need, in a handful of statements."""
    users = {payment.user_id for payment in payments}
    return Around(
        names=read_names(session, users),
        phones=find_phones_of(session, users),
        types=read_types(session, {payment.subscription_type_id for payment in payments}),
        messages=list_messages_of(session, [payment.id for payment in payments]),
    )


def as_rows(session: Session, payments: Sequence[Payment]) -> list[PaymentRow]:
    """Return the lines."""
    around = read_around(session, payments)
    return [_row(payment, around) for payment in payments]


def kind_of(payment: Payment) -> PaymentKind:
    """Return who wanted it."""
    return PaymentKind.RENEWAL if payment.recurrent_charge else PaymentKind.FIRST


def reason_of(payment: Payment) -> str | None:
    """Return why it failed: the class, and what was said."""
    if payment.failure is None:
        return None
    word, said = _(FAILURE_WORDS[Failure(payment.failure)].word), retell(payment.error_message or "")
    return f"{word}: {said}" if said else word


def _row(payment: Payment, around: Around) -> PaymentRow:
    number, name = around.number(payment), around.names.get(payment.user_id, "")
    shown = spaced(number) if number else ""
    kind = around.types.get(payment.subscription_type_id or 0)
    return PaymentRow(
        id=payment.id,
        href=f"{LIST}/{payment.id}",
        at=payment.created_at,
        number=shown,
        name="" if shown and spaced(name) == shown else name,
        type=kind.user_label if kind else "",
        kind=_(KIND_WORDS[kind_of(payment)]),
        amount=money(payment.amount, payment.currency),
        state=status_word(payment.status, around.waits(payment)),
        reason=reason_of(payment),
    )
