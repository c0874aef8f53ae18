"""The next 30 days: what is to be charged each day, what may be expected of it, and what the ceiling lets through."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

from flask import Blueprint, Response
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from crm.core.business_settings import get_setting
from crm.core.days import DAY, list_days
from crm.core.db import current_session
from crm.payments.charging import CEILING
from crm.payments.figures.forecast import Planned, read_forecast, success_rate
from crm.payments.figures.reading import read_money
from crm.payments.holding import find_hold
from crm.users.roles import Permission
from crm.web.count_words import spell, spell_day
from crm.web.guards import staff
from crm.web.insight_outlook import BASIS_DAYS, Outlook, basis_sentence, count_by_hour, list_notes
from crm.web.insight_period import Part, Span
from crm.web.insight_tables import (
    Card,
    Cell,
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
from crm.web.overview_days import BOTTOM, HEIGHT, TOP, DayChart
from crm.web.page_tools import get_settings, render_staff_page

insight_forecast = Blueprint("insight_forecast", __name__)

DAYS = 30
LIST = "recurrent-payments"


@insight_forecast.get("/forecast")
@staff(Permission.READ)
def show() -> str:
    """Show what is planned, day by day, in each currency."""
    outlook = _read(current_session())
    return render_staff_page(
        "insight/forecast.html",
        sections=[_section(outlook, currency) for currency in _currencies(outlook)],
        hold=outlook.hold,
        notes=list_notes(outlook),
        basis=basis_sentence(outlook),
        frame={"top": TOP, "bottom": BOTTOM, "height": HEIGHT},
    )


@insight_forecast.get("/forecast.csv")
@staff(Permission.READ)
def download() -> Response:
    """Send the days of all currencies as CSV."""
    outlook = _read(current_session())
    tables = [_by_day(outlook, currency) for currency in _currencies(outlook)]
    whole = replace(tables[0], rows=[row for table in tables for row in table.rows])
    name = f"forecast-{outlook.days[0]}.csv"
    return Response(
        whole.as_csv(),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def _read(session: Session) -> Outlook:
    zone = get_settings().timezone
    forecast = read_forecast(session, days=DAYS, zone=zone)
    today = forecast.now.astimezone(zone).date()
    money_ = read_money(session, today - DAY * (BASIS_DAYS - 1), today, today=today, zone=zone)
    return Outlook(
        forecast=forecast,
        days=list_days(today, today + DAY * (DAYS - 1)),
        rate=success_rate(money_.renewals),
        ceiling=int(get_setting(session, CEILING)),
        hold=find_hold(session),
    )


def _currencies(outlook: Outlook) -> list[str]:
    sums: Counter[str] = Counter()
    for row in outlook.forecast.planned:
        sums[row.currency] += row.count
    return sorted(sums, key=lambda currency: (-sums[currency], currency)) or ["EUR"]


def _section(outlook: Outlook, currency: str) -> Section:
    rows = [row for row in outlook.forecast.planned if row.currency == currency]
    return Section(
        name=f"forecast-{currency.lower()}",
        title=_("The next %(count)s days", count=DAYS),
        meanings=[
            _("Counted are the renewals that are planned, on the day and for the price as they stand now."),
            _(
                "What a renewal plans after it, such as the next week of a weekly subscription, is not in it yet."
            ),
            _("Paused and stopped renewals are not in it."),
        ],
        cards=_cards(outlook, rows, currency),
        charts=[_chart(outlook, rows, currency)],
        tables=[_by_day(outlook, currency)],
        is_empty=not rows,
        empty=_("No renewal is planned in this time."),
    )


def _cards(outlook: Outlook, rows: Sequence[Planned], currency: str) -> list[Card]:
    overdue = [row for row in rows if row.is_overdue]
    week = outlook.forecast.now + timedelta(days=7)
    soon = [row for row in rows if row.hour < week]
    total = _amount(rows)
    cards = [
        Card(
            label=_("Overdue"),
            value=spell(_count(overdue)),
            beneath=money(_amount(overdue), currency),
            href="/admin/recurrent-payments?view=due" if overdue else "",
            tone="bad" if overdue and outlook.hold else "",
        ),
        Card(label=_("Within 7 days"), value=spell(_count(soon)), beneath=money(_amount(soon), currency)),
        Card(
            label=_("Within %(count)s days", count=DAYS),
            value=spell(_count(rows)),
            beneath=money(total, currency),
        ),
    ]
    if outlook.is_known:
        cards.append(
            Card(
                label=_("Expected"),
                value=money(outlook.rate.expect(total), currency),
                beneath=_("an estimate"),
            )
        )
    return cards


def _chart(outlook: Outlook, rows: Sequence[Planned], currency: str) -> DayChart:
    amounts = [(_amount(of), _amount(row for row in of if row.is_overdue)) for of in _by_days(outlook, rows)]
    span = Span(period=str(DAYS), step="day", parts=[Part(day, day) for day in outlook.days])
    columns = Columns(
        label=_("Planned charges"),
        total=_("%(amount)s in %(count)s days", amount=money(_amount(rows), currency), count=DAYS),
        total_href="/admin/recurrent-payments?view=planned",
        values=[(cents(whole), cents(overdue)) for whole, overdue in amounts],
        note=_("the blue part is overdue") if any(overdue for _whole, overdue in amounts) else "",
        currency=currency,
        hrefs=[list_href(LIST, day, day, view="planned") for day in outlook.days],
        is_past=False,
    )
    return draw(columns, span)


def _by_day(outlook: Outlook, currency: str) -> Table:
    rows = [row for row in outlook.forecast.planned if row.currency == currency]
    overdue = [row for row in rows if row.is_overdue]
    lines = [_line(outlook, "overdue", _("Overdue"), overdue, currency, "/admin/recurrent-payments?view=due")]
    later = [row for row in rows if not row.is_overdue]
    for day, of in zip(outlook.days, _by_days(outlook, later), strict=True):
        href = list_href(LIST, day, day, view="planned")
        lines.append(_line(outlook, str(day), spell_day(day, "short"), of, currency, href))
    return Table(
        name="forecast",
        caption=_("Planned charges, overdue ones first"),
        headings=[_("Day"), _("Charges"), _("Amount"), _("Expected"), _("Most in an hour")],
        columns=("day", "currency", "charges", "amount", "expected", "most_in_an_hour"),
        rows=lines if overdue else lines[1:],
    )


def _line(outlook: Outlook, key: str, name: str, rows: Sequence[Planned], currency: str, href: str) -> Row:
    amount = _amount(rows)
    expected = Cell("", "–")
    if outlook.is_known:
        expected = money_cell(outlook.rate.expect(amount), currency)
    return Row(
        key,
        name,
        [
            Cell(currency, "", is_hidden=True),
            count_cell(_count(rows), href),
            money_cell(amount, currency),
            expected,
            count_cell(max(count_by_hour(rows).values(), default=0)),
        ],
    )


def _by_days(outlook: Outlook, rows: Sequence[Planned]) -> list[list[Planned]]:
    zone = get_settings().timezone
    days: dict[date, list[Planned]] = {day: [] for day in outlook.days}
    for row in rows:
        days[row.hour.astimezone(zone).date()].append(row)
    return list(days.values())


def _count(rows: Sequence[Planned]) -> int:
    return sum(row.count for row in rows)


def _amount(rows: Iterable[Planned]) -> Decimal:
    return add_up(row.amount for row in rows)
