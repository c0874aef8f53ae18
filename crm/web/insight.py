"""The figures of the money: revenue, subscribers, what ended, recovery of failed charges, and how operators bill."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from flask import Blueprint, Response, abort, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy import select

from crm.core.clock import db_now
from crm.core.db import current_session
from crm.payments.figures.reading import read_money
from crm.payments.figures.subscribers import read_subscribers
from crm.sms_billing.figures.operators import read_operators
from crm.subscriptions.queries import list_types
from crm.users.roles import Permission
from crm.web.count_words import spell_day
from crm.web.guards import staff
from crm.web.insight_money import add_up_revenue, list_currencies, revenue_section
from crm.web.insight_operators import operators_section
from crm.web.insight_period import Span, Way, list_periods, list_steps, period_word, read_span
from crm.web.insight_readers import readers_section
from crm.web.insight_recovery import recovery_section
from crm.web.insight_tables import Section
from crm.web.overview_days import BOTTOM, HEIGHT, TOP
from crm.web.page_tools import get_settings, render_staff_page

insight = Blueprint("insight", __name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What a look at the figures came to."""

    span: Span
    problems: Sequence[str]
    sections: Sequence[Section]
    currencies: Sequence[Way]
    kept_note: str


@insight.get("")
@staff(Permission.READ)
def show() -> ResponseReturnValue:
    """Show the figures of the period that the address asks for."""
    shown = _read()
    page = render_staff_page(
        "insight/show.html",
        problems=shown.problems,
        sections=shown.sections,
        periods=list_periods(shown.span),
        steps=list_steps(shown.span),
        currencies=shown.currencies,
        period=period_word(shown.span.period),
        query=shown.span.href(),
        kept_note=shown.kept_note,
        frame={"top": TOP, "bottom": BOTTOM, "height": HEIGHT},
    )
    return (page, 400) if shown.problems else page


@insight.get("/<figures>.csv")
@staff(Permission.READ)
def download(figures: str) -> ResponseReturnValue:
    """Send one table as CSV, of the period that the address asks for; people are not in it."""
    shown = _read()
    if shown.problems:
        return "\n".join(shown.problems), 400, {"Content-Type": "text/plain; charset=utf-8"}
    tables = {table.name: table for section in shown.sections for table in section.tables}
    if figures not in tables:
        abort(404)
    name = f"{figures}-{shown.span.first}-{shown.span.last}.csv"
    return Response(
        tables[figures].as_csv(),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def _read() -> Shown:
    session, zone = current_session(), get_settings().timezone
    now: datetime = session.execute(select(db_now())).scalar_one()
    today = now.astimezone(zone).date()
    span, problems = read_span(request.args, today)
    first = span.before.first if span.before else span.first
    money = read_money(session, first, today, today=today, zone=zone)
    currencies = list_currencies(money)
    if span.currency and span.currency not in currencies:
        problems.append(_("No payment was paid in %(currency)s.", currency=f"“{span.currency}”"))
    currency = span.currency if span.currency in currencies else currencies[0]
    types = {each.id: each for each in list_types(session)}
    return Shown(
        span=span,
        problems=problems,
        sections=[
            revenue_section(add_up_revenue(money, span, currency), span, types),
            readers_section(money, read_subscribers(session, span.first, zone), span),
            recovery_section(money, span, currency),
            operators_section(read_operators(session, span.first, today, today=today, zone=zone), span),
        ],
        currencies=[
            Way(label=each, href=span.href(currency=each), is_current=each == currency) for each in currencies
        ],
        kept_note=_kept_note(money.kept_until),
    )


def _kept_note(kept_until: date | None) -> str:
    if kept_until is None:
        return ""
    return _(
        "Days up to %(day)s are counted each hour, those of more than two months ago once a day; today is counted"
        " now. What is given back shows at once.",
        day=spell_day(kept_until, "short"),
    )
