"""Make payments: amounts and items checked, a variable symbol that nobody else has, each cause once."""

import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from crm.core.business_settings import get_setting
from crm.core.errors import N_
from crm.payments.errors import InvalidPaymentError
from crm.payments.events import tell_status
from crm.payments.gateways import Gateway, Refusal, gateway_id
from crm.payments.items import CENT, Item, fit
from crm.payments.models import Payment, PaymentItem, PaymentLog, PaymentMeta
from crm.payments.statuses import Failure, PaymentStatus
from crm.subscriptions.models import SubscriptionType, SubscriptionTypeItem

SYMBOL_DIGITS = 10
MOST = Decimal(1000)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPayment:
    """One payment to be; `key` names its cause, without items it is for its type."""

    user_id: int
    amount: Decimal
    currency: str
    type: SubscriptionType
    key: str | None = None
    metas: Mapping[str, str] = field(default_factory=dict)
    recurrent_charge: bool = False
    subscription_start_at: datetime | None = None
    subscription_end_at: datetime | None = None


def check_amount(amount: Decimal) -> None:
    """Refuse an amount that cannot be paid.

    Raises: InvalidPaymentError with the rule.
    """
    if not amount.is_finite() or amount <= 0:
        raise InvalidPaymentError(N_("A payment is of more than 0."))
    if amount != amount.quantize(CENT):
        raise InvalidPaymentError(N_("An amount has at most two decimals."))
    if amount > MOST:
        raise InvalidPaymentError(N_("An amount is at most %(most)s."), most=MOST)


def make_payments(session: Session, gateway: Gateway, wanted: Sequence[NewPayment]) -> list[Payment]:
    """Store payments of one gateway, `form`, with their items and metas; same order. Nothing is sent.

    Raises: InvalidPaymentError.
    """
    for each in wanted:
        check_amount(each.amount)
    symbols = _free_symbols(session, len(wanted))
    row_id = gateway_id(session, gateway.code)
    made = [
        Payment(
            key=each.key,
            variable_symbol=symbol,
            amount=each.amount,
            currency=each.currency,
            payment_gateway_id=row_id,
            subscription_type_id=each.type.id,
            user_id=each.user_id,
            status=PaymentStatus.FORM,
            recurrent_charge=each.recurrent_charge,
            subscription_start_at=each.subscription_start_at,
            subscription_end_at=each.subscription_end_at,
        )
        for each, symbol in zip(wanted, symbols, strict=True)
    ]
    session.add_all(made)
    session.flush()
    _add_items(session, made, wanted)
    _add_metas(session, made, wanted)
    return made


def begin(session: Session, gateway: Gateway, wanted: NewPayment) -> tuple[Payment, Refusal | None]:
    """Make one payment and send it on its way; a second time for one `key` is the first payment again.

    A payment that its gateway refuses fails at once, and says why. Raises: InvalidPaymentError.
    """
    [begun] = begin_many(session, gateway, [wanted])
    return begun


def begin_many(
    session: Session, gateway: Gateway, wanted: Sequence[NewPayment]
) -> list[tuple[Payment, Refusal | None]]:
    """Do for each what `begin` does, in a handful of statements for all; same order.

    Raises: InvalidPaymentError.
    """
    known = _find_by_keys(session, [each.key for each in wanted])
    fresh = [each for each in wanted if each.key not in known]
    made = make_payments(session, gateway, fresh) if fresh else []
    refusals = gateway.begin(session, made) if made else {}
    log_gateway(
        session, {payment.id: refusals.get(payment.id) for payment in made}, source=f"begin:{gateway.code}"
    )
    for payment in made:
        refusal = refusals.get(payment.id)
        if refusal is not None:
            payment.status, payment.failure = PaymentStatus.FAIL, refusal.failure
            payment.error_message = refusal.told
    session.flush()
    tell_status(session, refusals, PaymentStatus.FAIL)
    begun = iter(made)
    all_of_them = [known[each.key] if each.key in known else next(begun) for each in wanted]
    return [(payment, refusals.get(payment.id)) for payment in all_of_them]


def read_items(session: Session, types: Iterable[SubscriptionType]) -> Mapping[int, Sequence[Item]]:
    """Return, by type, what a payment of it is for; a type without items is one whole."""
    known = {each.id: each for each in types}
    found: dict[int, list[Item]] = {}
    statement = select(SubscriptionTypeItem).where(
        SubscriptionTypeItem.subscription_type_id.in_(known), SubscriptionTypeItem.deleted_at.is_(None)
    )
    order = (SubscriptionTypeItem.sorting, SubscriptionTypeItem.id)
    for row in session.execute(statement.order_by(*order)).scalars():
        found.setdefault(row.subscription_type_id, []).append(
            Item(
                name=row.name,
                amount=row.amount,
                vat=row.vat,
                subscription_type_id=row.subscription_type_id,
                subscription_type_item_id=row.id,
            )
        )
    vat = Decimal(get_setting(session, "vat_rate") or 0)
    whole = {
        each.id: [Item(name=each.user_label, amount=each.price, vat=vat, subscription_type_id=each.id)]
        for each in known.values()
    }
    return {**whole, **found}


def log_gateway(session: Session, outcomes: Mapping[int, Refusal | None], *, source: str) -> None:
    """Write down what a gateway said to each payment."""
    rows = [
        {
            "payment_id": payment_id,
            "status": "OK" if refusal is None else "ERROR",
            "message": "" if refusal is None else f"{refusal.code}: {refusal.told}",
            "source_url": source,
        }
        for payment_id, refusal in outcomes.items()
    ]
    if rows:
        session.execute(insert(PaymentLog), rows)


def refused(failure: Failure, code: str, told: object) -> Refusal:
    """Return a refusal whose words are kept in English; pages tell it again in theirs."""
    return Refusal(failure, code, str(told))


def _find_by_keys(session: Session, keys: Sequence[str | None]) -> Mapping[str | None, Payment]:
    found = select(Payment).where(Payment.key.in_([key for key in keys if key is not None]))
    return {payment.key: payment for payment in session.execute(found).scalars()}


def _free_symbols(session: Session, count: int) -> list[str]:
    """Return variable symbols that no payment has; the unique index has the last word (P06)."""
    free: list[str] = []
    while len(free) < count:
        drawn = {f"{secrets.randbelow(10**SYMBOL_DIGITS):0{SYMBOL_DIGITS}}" for _ in range(count - len(free))}
        taken = select(Payment.variable_symbol).where(Payment.variable_symbol.in_(drawn))
        free += sorted(drawn - set(session.execute(taken).scalars()) - set(free))
    return free


def _add_items(session: Session, made: Sequence[Payment], wanted: Sequence[NewPayment]) -> None:
    items = read_items(session, {each.type.id: each.type for each in wanted}.values())
    rows = []
    for payment, each in zip(made, wanted, strict=True):
        rows += [
            {
                "payment_id": payment.id,
                "subscription_type_id": item.subscription_type_id,
                "subscription_type_item_id": item.subscription_type_item_id,
                "name": item.name,
                "amount": item.amount,
                "amount_without_vat": item.amount_without_vat,
                "vat": item.vat,
            }
            for item in fit(items[each.type.id], each.amount)
        ]
    if rows:
        session.execute(insert(PaymentItem), rows)


def _add_metas(session: Session, made: Sequence[Payment], wanted: Sequence[NewPayment]) -> None:
    rows = [
        {"payment_id": payment.id, "key": key, "value": value}
        for payment, each in zip(made, wanted, strict=True)
        for key, value in each.metas.items()
    ]
    if rows:
        session.execute(insert(PaymentMeta), rows)
