"""What can be ordered by SMS, in words: for the price list, and where a reader has nothing yet."""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote

from flask_babel import gettext as _
from flask_babel import ngettext

from crm.sms_billing.price_list import Order, Price
from crm.web.money import money
from crm.web.own_words import period_words


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderLine:
    """One thing to order: this text to this short number; `terms` tell what it costs, now and later."""

    name: str
    keyword: str
    short_number: str
    terms: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceLine:
    """One line of the price list. `sms_href` lets a phone open the SMS, written; the reader sends it."""

    name: str
    description: str
    price: str
    period: str
    order: OrderLine | None
    sms_href: str | None
    asks_first: bool
    following: str


def order_lines(orders: Sequence[tuple[Price, Order]]) -> list[OrderLine]:
    """Return how each of them is ordered."""
    return [_order_line(price, order) for price, order in orders]


def price_line(price: Price) -> PriceLine:
    """Return a line of the price list."""
    kind, order = price.kind, price.order
    return PriceLine(
        name=kind.user_label,
        description=kind.description,
        price=money(kind.price, kind.currency),
        period=period_words(kind),
        order=_order_line(price, order) if order else None,
        sms_href=f"sms:{order.short_number}?body={quote(order.keyword)}" if order else None,
        asks_first=order is not None and order.asks_first,
        following=_following(price),
    )


def _order_line(price: Price, order: Order) -> OrderLine:
    return OrderLine(
        name=price.kind.user_label,
        keyword=order.keyword,
        short_number=order.short_number,
        terms=_terms(price),
    )


def _terms(price: Price) -> str:
    costs, period = money(price.kind.price, price.kind.currency), period_words(price.kind)
    later = _following(price)
    if later:
        return f"{_('%(price)s for %(period)s', price=costs, period=period)}. {later}"
    return _("%(price)s for %(period)s, then it renews itself until you stop it", price=costs, period=period)


def _following(price: Price) -> str:
    """Return what comes after the first period where it is another: it is part of the price."""
    kind, after = price.kind, price.following
    if after is None:
        longer, once = period_words(kind, renewed=True), period_words(kind)
        return _("Each renewal lasts %(period)s.", period=longer) if longer != once else ""
    periods = ngettext("%(num)s paid period", "%(num)s paid periods", price.trial_periods)
    return _(
        "After %(periods)s it goes on as %(name)s, %(price)s for %(period)s.",
        periods=periods,
        name=after.user_label,
        price=money(after.price, after.currency),
        period=period_words(after),
    )
