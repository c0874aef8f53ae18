"""One chain of renewals as a line of time: the first payment, each try with its code and its SMS, what comes next."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.mobiletech.models import OutboundMessage
from crm.mobiletech.words import Tone
from crm.payments.models import Payment, RecurrentPayment
from crm.payments.statuses import Failure, PaymentStatus, RecurrentState
from crm.web.money import money
from crm.web.renewal_rows import Surroundings, next_words, state_word
from crm.web.renewal_words import FAILURE_RULES, FAILURE_WORDS, LIST, tries_of
from crm.web.retelling import retell
from crm.web.status_words import explain_code

SHOWN = 60  # rows of a chain, the newest
R = RecurrentState


@dataclass(frozen=True, slots=True)
class Link:
    """Where more stands."""

    label: str
    href: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One fact on the line; dashed is what has not happened yet."""

    at: datetime | None
    title: str
    detail: str | None = None
    tone: Tone = Tone.WAIT
    icon: str = "dot"
    dashed: bool = False
    advice: str | None = None
    links: tuple[Link, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainFacts:
    """All rows of a payment method, the oldest first, with their payments and messages."""

    rows: Sequence[RecurrentPayment]
    payments: Mapping[int, Payment]
    messages: Mapping[int, Sequence[OutboundMessage]]  # by payment, the oldest first

    def message_of(self, row: RecurrentPayment) -> OutboundMessage | None:
        """Return the SMS that decides about a row's charge."""
        sent = self.messages.get(row.payment_id or 0, ())
        return sent[-1] if sent else None


def read_chain(session: Session, row: RecurrentPayment) -> ChainFacts:
    """Read the newest rows of the chain that a row is in."""
    newest = (
        select(RecurrentPayment)
        .where(RecurrentPayment.payment_method_id == row.payment_method_id)
        .order_by(RecurrentPayment.id.desc())
        .limit(SHOWN)
    )
    rows = list(session.execute(newest).scalars())[::-1]
    ids = {each.payment_id for each in rows if each.payment_id} | {rows[0].period_payment_id}
    payments = session.execute(select(Payment).where(Payment.id.in_(ids))).scalars()
    messages: dict[int, list[OutboundMessage]] = {}
    sent = select(OutboundMessage).where(OutboundMessage.payment_id.in_(ids)).order_by(OutboundMessage.id)
    for message in session.execute(sent).scalars():
        messages.setdefault(message.payment_id or 0, []).append(message)
    return ChainFacts(rows=rows, payments={each.id: each for each in payments}, messages=messages)


def list_steps(chain: ChainFacts, current: RecurrentPayment, around: Surroundings) -> list[Step]:
    """Return the line of time; `current` is the row whose page it is."""
    steps = [*_first(chain), *(_step(chain, row, current, around) for row in chain.rows)]
    return [step for step in steps if step is not None]


def _first(chain: ChainFacts) -> Iterator[Step]:
    payment = chain.payments.get(chain.rows[0].period_payment_id)
    if payment is not None and payment.status == PaymentStatus.PAID:
        yield Step(
            at=payment.paid_at,
            title=_("Paid: %(amount)s", amount=money(payment.amount, payment.currency)),
            detail=_("This payment began the line, or the part of it that is shown."),
            tone=Tone.GOOD,
            icon="check",
            links=_links(chain, payment.id),
        )


def _step(
    chain: ChainFacts, row: RecurrentPayment, current: RecurrentPayment, around: Surroundings
) -> Step | None:
    word = state_word(row, around.now, around.unproven)
    number, most = tries_of(row)
    title = _("Try %(number)s of %(most)s: %(state)s", number=number, most=most, state=_(word.word).lower())
    payment = chain.payments.get(row.payment_id or 0)
    if payment is not None:
        title += f", {money(payment.amount, payment.currency)}"
    is_ahead = row.state == R.ACTIVE
    return Step(
        at=row.charge_at if is_ahead else (payment.created_at if payment else row.updated_at),
        title=title,
        detail=_detail(chain, row, around),
        tone=word.tone,
        icon=word.icon,
        dashed=is_ahead,
        advice=_(FAILURE_RULES[Failure(row.failure)]) if row.failure and row.state != R.SYSTEM_STOP else None,
        links=(*_links(chain, row.payment_id), *_own(row, current)),
    )


def _detail(chain: ChainFacts, row: RecurrentPayment, around: Surroundings) -> str | None:
    if row.state not in (R.CHARGED, R.CHARGE_FAILED):
        return next_words(row, around) or None
    message, said = chain.message_of(row), []
    if row.failure:
        said.append(f"{_(FAILURE_WORDS[Failure(row.failure)].word)}.")
    if row.status and message is not None:
        meaning = explain_code(row.status, message.operator_type).meaning
        said.append(_("Reported %(code)s: %(meaning)s.", code=row.status, meaning=meaning))
    elif row.approval:
        said.append(retell(row.approval))
    return " ".join(said) or None


def _links(chain: ChainFacts, payment_id: int | None) -> tuple[Link, ...]:
    if payment_id is None:
        return ()
    messages = chain.messages.get(payment_id, ())
    return (
        Link(_("Payment %(id)s", id=payment_id), f"/admin/payments/{payment_id}"),
        *(Link(_("SMS %(id)s", id=each.id), f"/admin/messages/outbound/{each.id}") for each in messages),
    )


def _own(row: RecurrentPayment, current: RecurrentPayment) -> tuple[Link, ...]:
    if row.id == current.id:
        return ()
    return (Link(_("Renewal %(id)s", id=row.id), f"{LIST}/{row.id}"),)
