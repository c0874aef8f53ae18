"""What happened to one payment, from what caused it to its proof and what followed, each as it was stored."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime

from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.core.errors import N_
from crm.mobiletech.models import OutboundMessage
from crm.mobiletech.queries import find_outbound
from crm.mobiletech.words import Tone
from crm.payments.models import Payment, PaymentLog
from crm.payments.payment_place import PaymentPlace
from crm.payments.statuses import PaymentStatus, RecurrentState
from crm.sms_billing.models import SettledOutcome
from crm.subscriptions.models import Subscription
from crm.users.audit_log import list_acts_on
from crm.users.queries import read_names
from crm.web.act_words import act_word
from crm.web.message_timeline import Item, outbound_timeline
from crm.web.money import money
from crm.web.page_tools import local_time
from crm.web.payment_rows import reason_of
from crm.web.retelling import retell

_LAST = datetime.max.replace(tzinfo=UTC)


def payment_timeline(
    session: Session,
    payment: Payment,
    messages: Sequence[OutboundMessage],
    place: PaymentPlace,
    subscription: Subscription | None,
) -> list[Item]:
    """Return it in order; what is only planned stands last."""
    items = [_made(payment, place)]
    items += [item for message in messages for item in _of_message(session, message)]
    items += _refusals(session, payment)
    items += _decisions(session, messages)
    items += _outcome(payment, subscription)
    items += _acts(session, payment)
    items += _following(payment, place)
    return sorted(items, key=lambda item: item.at or _LAST)


def _made(payment: Payment, place: PaymentPlace) -> Item:
    amount = money(payment.amount, payment.currency)
    detail = _("The reader ordered by SMS: %(amount)s.", amount=amount)
    if payment.import_id is not None:
        detail = _("It was made in the old system, and imported: %(amount)s.", amount=amount)
    elif place.made_by is not None and place.tries is not None:
        number, most = place.tries
        detail = _(
            "Renewal %(id)s was due: %(amount)s, try %(number)s of %(most)s.",
            id=place.made_by.id,
            amount=amount,
            number=number,
            most=most,
        )
    return Item(
        at=payment.created_at, title=_("Payment made"), detail=detail, tone=Tone.GOOD, icon="payments"
    )


def _of_message(session: Session, message: OutboundMessage) -> Iterable[Item]:
    facts = find_outbound(session, message.id)
    return outbound_timeline(facts) if facts is not None else []


def _refusals(session: Session, payment: Payment) -> Iterable[Item]:
    """Tell what the gateway's own rules refused, when no SMS was made that would tell it."""
    logs = select(PaymentLog).where(PaymentLog.payment_id == payment.id, PaymentLog.status == "ERROR")
    for log in session.execute(logs.order_by(PaymentLog.id)).scalars():
        code, _colon, told = log.message.partition(": ")
        yield Item(
            at=log.created_at,
            title=_("No SMS was made: %(code)s", code=code),
            detail=retell(told),
            tone=Tone.BAD,
            icon="minus",
            dashed=True,
        )


def _decisions(session: Session, messages: Sequence[OutboundMessage]) -> Iterable[Item]:
    ids = [message.id for message in messages]
    found = select(SettledOutcome).where(SettledOutcome.outbound_message_id.in_(ids))
    decisions = session.execute(found).scalars().all()
    names = read_names(session, [each.author_id for each in decisions])
    titles = {"billed": _("Settled: it was billed"), "not_billed": _("Settled: it was not billed")}
    for each in decisions:
        who = names.get(each.author_id or 0) or _("somebody")
        is_billed = each.decision == "billed"
        yield Item(
            at=each.created_at,
            title=titles[each.decision],
            detail=f"{who}: {each.reason}",
            tone=Tone.GOOD if is_billed else Tone.BAD,
            icon="check" if is_billed else "cross",
        )


def _outcome(payment: Payment, subscription: Subscription | None) -> Iterable[Item]:
    if payment.paid_at is not None:
        detail = None
        if subscription is not None:
            detail = _(
                "It pays for %(first)s to %(last)s.",
                first=local_time(subscription.start_time, "minute"),
                last=local_time(subscription.end_time, "minute"),
            )
        yield Item(at=payment.paid_at, title=_("Paid"), detail=detail, tone=Tone.GOOD, icon="check")
    elif payment.status in (PaymentStatus.FAIL, PaymentStatus.TIMEOUT):
        yield Item(
            at=payment.modified_at,
            title=_("Not billed"),
            detail=reason_of(payment),
            tone=Tone.BAD,
            icon="cross",
        )


def _acts(session: Session, payment: Payment) -> Iterable[Item]:
    for entry in list_acts_on(session, f"payment {payment.id}"):
        yield Item(
            at=entry.created_at,
            title=act_word(entry.action),
            detail=f"{entry.actor}: {entry.reason}" if entry.reason else entry.actor,
            tone=Tone.WARN,
            icon="user",
        )


def _following(payment: Payment, place: PaymentPlace) -> Iterable[Item]:
    """Tell what comes: the next period, or, after a failure, the same one again."""
    row = place.followed_by
    if row is None or row.state not in _PLANNED:
        return
    is_retry = row.period_payment_id != payment.id
    title, icon = (_RETRIED if is_retry else _PLANNED)[row.state]
    yield Item(
        at=row.charge_at if row.state == RecurrentState.ACTIVE else None,
        title=_(title),
        detail=_("Paused: it waits for a person.") if row.paused_at else None,
        icon=icon,
        dashed=True,
    )


_RETRIED: Mapping[str, tuple[str, str]] = {
    RecurrentState.ACTIVE: (N_("It is tried again"), "retry"),
    RecurrentState.PENDING: (N_("It is being tried again"), "send"),
}
_PLANNED: Mapping[str, tuple[str, str]] = {
    RecurrentState.ACTIVE: (N_("The next charge is planned"), "clock"),
    RecurrentState.PENDING: (N_("The next charge is on its way"), "send"),
}
