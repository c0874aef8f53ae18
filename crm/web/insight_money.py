"""What came in: by day, week or month, by type, first payments and renewals, and what was given back."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from flask_babel import gettext as _
from flask_babel import ngettext

from crm.payments.figures.counting import Alike, Kind
from crm.payments.figures.reading import MoneyFigures
from crm.subscriptions.models import SubscriptionType
from crm.web.count_words import spell
from crm.web.insight_period import Part, Span, part_word, period_word
from crm.web.insight_tables import (
    NOTHING,
    Card,
    Columns,
    Row,
    Section,
    Table,
    add_up,
    cents,
    count_cell,
    draw,
    list_href,
    money_cell,
)
from crm.web.money import money
from crm.web.overview_days import DayChart


@dataclass(slots=True)
class Sum:
    """What came in together."""

    count: int = 0
    first: Decimal = NOTHING
    renewals: Decimal = NOTHING
    refunded: Decimal = NOTHING
    refunds: int = 0

    @property
    def net(self) -> Decimal:
        """What stayed: the sum of the payments that are paid."""
        return self.first + self.renewals - self.refunded


@dataclass(frozen=True, slots=True, kw_only=True)
class Revenue:
    """The money of one currency: all of it, by part of the span, by type, and before the span."""

    currency: str
    all_: Sum = field(default_factory=Sum)
    parts: Sequence[Sum]
    types: Mapping[int, Sum]
    before: Decimal | None


def list_currencies(figures: MoneyFigures) -> list[str]:
    """Return in what money came in, the most first."""
    sums: dict[str, Decimal] = {}
    for row in figures.received:
        sums[row.currency] = sums.get(row.currency, NOTHING) + row.amount
    return sorted(sums, key=lambda currency: (-sums[currency], currency)) or ["EUR"]


def add_up_revenue(figures: MoneyFigures, span: Span, currency: str) -> Revenue:
    """Return what came in of one currency; of days before the span only the sum."""

    def within(rows: Iterable[Alike], part: Part) -> list[Alike]:
        return [row for row in rows if row.currency == currency and part.first <= row.day <= part.last]

    whole = Part(span.first, span.last)
    received, refunded = within(figures.received, whole), within(figures.refunded, whole)
    parts = _sums(received, refunded, lambda row: span.gather(row.day))
    before = None
    if span.before is not None:
        came = add_up(row.amount for row in within(figures.received, span.before))
        before = came - add_up(row.amount for row in within(figures.refunded, span.before))
    return Revenue(
        currency=currency,
        all_=_sums(received, refunded, lambda row: 0).get(0, Sum()),
        parts=[parts.get(place, Sum()) for place in range(len(span.parts))],
        types=_sums(received, refunded, lambda row: row.type_id),
        before=before,
    )


def revenue_section(revenue: Revenue, span: Span, types: Mapping[int, SubscriptionType]) -> Section:
    """Return the money as the page shows it."""
    return Section(
        name="revenue",
        title=_("Revenue"),
        meanings=[
            _("Revenue is the sum of the payments that are paid, on the day on which each was paid."),
            _("What was given back is taken off the day of its payment, whenever that happened."),
            _("A renewal is a charge that we made; a first payment is an order of the reader."),
        ],
        cards=_cards(revenue, span),
        charts=[_chart(revenue, span)],
        tables=[_by_part(revenue, span), _by_type(revenue, span, types)],
        is_empty=revenue.all_.count == 0,
        empty=_("No payment was paid in this time."),
    )


def _sums(
    received: Iterable[Alike], refunded: Iterable[Alike], mark: Callable[[Alike], int]
) -> dict[int, Sum]:
    sums: dict[int, Sum] = {}
    for row in received:
        each = sums.setdefault(mark(row), Sum())
        each.count += row.count
        if row.mark == Kind.FIRST:
            each.first += row.amount
        else:
            each.renewals += row.amount
    for row in refunded:
        each = sums.setdefault(mark(row), Sum())
        each.refunded += row.amount
        each.refunds += row.count
    return sums


def _cards(revenue: Revenue, span: Span) -> list[Card]:
    all_, currency = revenue.all_, revenue.currency
    return [
        Card(
            label=_("Revenue"),
            value=money(all_.net, currency),
            beneath=_compared(all_.net, revenue.before, currency, span),
            href=_payments(span.first, span.last, status="paid"),
        ),
        Card(label=_("Renewals"), value=money(all_.renewals, currency), beneath=_("before refunds")),
        Card(label=_("First payments"), value=money(all_.first, currency), beneath=_("before refunds")),
        Card(
            label=_("Given back"),
            value=money(all_.refunded, currency),
            beneath=ngettext(
                "%(count)s payment", "%(count)s payments", all_.refunds, count=spell(all_.refunds)
            ),
            href=_payments(span.first, span.last, status="refund") if all_.refunds else "",
            tone="bad" if all_.refunds else "",
        ),
    ]


def _compared(now: Decimal, before: Decimal | None, currency: str, span: Span) -> str:
    if before is None:
        return ""
    values = {"amount": money(abs(now - before), currency), "period": period_word(span.period)}
    if now >= before:
        return _("%(amount)s more than in the %(period)s before", **values)
    return _("%(amount)s less than in the %(period)s before", **values)


def _chart(revenue: Revenue, span: Span) -> DayChart:
    columns = Columns(
        label=_("Revenue"),
        total=_(
            "%(amount)s in %(period)s",
            amount=money(revenue.all_.net, revenue.currency),
            period=period_word(span.period),
        ),
        total_href=_payments(span.first, span.last, status="paid"),
        values=[(cents(each.net), min(cents(each.renewals), cents(each.net))) for each in revenue.parts],
        note=_("the blue part is renewals"),
        currency=revenue.currency,
        hrefs=[_payments(part.first, part.last, status="paid") for part in span.parts],
    )
    return draw(columns, span)


def _by_part(revenue: Revenue, span: Span) -> Table:
    rows = [
        Row(
            key=str(part.first),
            name=part_word(part, span.step),
            cells=[
                count_cell(each.count),
                money_cell(each.first, revenue.currency),
                money_cell(each.renewals, revenue.currency),
                money_cell(
                    each.refunded, revenue.currency, _payments(part.first, part.last, status="refund")
                ),
                money_cell(each.net, revenue.currency, _payments(part.first, part.last, status="paid")),
            ],
        )
        for part, each in zip(span.parts, revenue.parts, strict=True)
    ]
    return Table(
        name="revenue",
        caption=_("Revenue, the newest first"),
        headings=[_("Time"), *_headings()],
        columns=("from", *_COLUMNS),
        rows=rows[::-1],
        is_folded=True,
    )


def _by_type(revenue: Revenue, span: Span, types: Mapping[int, SubscriptionType]) -> Table:
    rows = []
    for type_id, each in sorted(revenue.types.items(), key=lambda item: (-item[1].net, item[0])):
        kind = types.get(type_id)
        filters = {"type": kind.code} if kind else {}

        def href(status: str, filters: Mapping[str, str] = filters) -> str:
            return _payments(span.first, span.last, status=status, **filters) if filters else ""

        cells = [
            count_cell(each.count),
            money_cell(each.first, revenue.currency),
            money_cell(each.renewals, revenue.currency),
            money_cell(each.refunded, revenue.currency, href("refund")),
            money_cell(each.net, revenue.currency, href("paid")),
        ]
        rows.append(Row(kind.code if kind else "", kind.name if kind else _("Of no type"), cells))
    return Table(
        name="types",
        caption=_("Revenue by subscription"),
        headings=[_("Subscription"), *_headings()],
        columns=("type", *_COLUMNS),
        rows=rows,
    )


_COLUMNS = ("payments", "first", "renewals", "refunded", "revenue")


def _headings() -> list[str]:
    return [_("Payments"), _("First"), _("Renewals"), _("Given back"), _("Revenue")]


def _payments(first: object, last: object, **filters: str) -> str:
    return list_href("payments", first, last, **filters)
