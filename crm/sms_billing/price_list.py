"""What can be ordered by SMS today: price, period, keyword and short number, as the rules and the keys have it.

What could not be charged is not advertised: a type whose key is missing, over, or of another price is left out.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.core.business_settings import get_setting
from crm.mobiletech.rules.models import Rule
from crm.sms_billing.offers import read_offers
from crm.sms_billing.pricing import read_keys
from crm.subscriptions.models import SubscriptionType
from crm.subscriptions.queries import list_types


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """How something is ordered: this text to this short number; `asks_first` when the reader has to agree."""

    keyword: str
    short_number: str
    asks_first: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """One type that is sold; `following` takes its place after `trial_periods` paid ones."""

    kind: SubscriptionType
    order: Order | None
    following: SubscriptionType | None
    trial_periods: int


def list_prices(session: Session) -> list[Price]:
    """Return the prices in the order that staff gave the types."""
    kinds = list_types(session)
    by_id = {each.id: each for each in kinds}
    sold = [each for each in kinds if each.active and each.visible]
    offers, keys = read_offers(session, [each.id for each in sold]), read_keys(session)
    orders = read_orders(session)
    return [
        Price(
            kind=kind,
            order=orders.get(kind.code),
            following=_find_following(kind, by_id),
            trial_periods=1 if kind.trial_periods is None else kind.trial_periods,
        )
        for kind in sold
        if kind.id in offers and keys.find_refusal(offers[kind.id].billkey, kind.price, kind.currency) is None
    ]


def list_orders(session: Session) -> list[tuple[Price, Order]]:
    """Return what can be ordered by SMS, and how."""
    return [(price, price.order) for price in list_prices(session) if price.order is not None]


def read_orders(session: Session) -> Mapping[str, Order]:
    """Return, by the type's code, the first rule that sells it; one of every short number names the usual one."""
    usual = get_setting(session, "mobiletech_short_number")
    rules: Sequence[Rule] = (
        session.execute(
            select(Rule)
            .where(Rule.is_on, Rule.action == "subscribe", Rule.subscription_type.is_not(None))
            .order_by(Rule.position, Rule.id)
        )
        .scalars()
        .all()
    )
    orders: dict[str, Order] = {}
    for rule in rules:
        short_number = rule.short_number or usual
        if short_number:
            order = Order(keyword=rule.text, short_number=short_number, asks_first=rule.asks_first)
            orders.setdefault(rule.subscription_type or "", order)
    return orders


def _find_following(kind: SubscriptionType, by_id: Mapping[int, SubscriptionType]) -> SubscriptionType | None:
    if kind.next_subscription_type_id is None or kind.trial_periods == 0:
        return None
    return by_id.get(kind.next_subscription_type_id)
