"""Who has a subscription, and what is to be charged soon, among the figures of today."""

from collections.abc import Sequence
from datetime import date, timedelta

from flask_babel import gettext as _
from sqlalchemy.orm import Session

from crm.core.days import WEEK
from crm.payments.figures.forecast import Planned, read_due_within
from crm.payments.figures.subscribers import read_subscribers
from crm.web.count_words import spell
from crm.web.money import money
from crm.web.overview_figures import Card, Link
from crm.web.page_tools import get_settings

FORECAST = "/admin/insight/forecast"
SOON, LATER = timedelta(hours=24), timedelta(days=7)


def list_subscriber_cards(session: Session, today: date) -> list[Card]:
    """Return how many readers have a subscription beside a week ago, and what is due within a day and a week."""
    return [_subscribers(session, today), _due(session)]


def _subscribers(session: Session, today: date) -> Card:
    counted = read_subscribers(session, today - WEEK, get_settings().timezone)
    change = counted.today - counted.by_day[today - WEEK]
    told = _("as many as a week ago")
    if change:
        more = _("%(count)s more than a week ago", count=spell(change))
        told = more if change > 0 else _("%(count)s fewer than a week ago", count=spell(-change))
    return _card(
        _("Subscribers"), counted.today, "/admin/subscribers", told if counted.today or change else ""
    )


def _due(session: Session) -> Card:
    soon, later = read_due_within(session, SOON, LATER)
    week = _("%(count)s in 7 days, %(amount)s", count=spell(_count(later)), amount=_amounts(later))
    return _card(
        _("Due in 24 hours"),
        _count(soon),
        FORECAST,
        _amounts(soon),
        Link(text=week, href=FORECAST) if later else None,
    )


def _card(label: str, count: int, href: str, comparison: str, more: Link | None = None) -> Card:
    return Card(
        label=label,
        value=spell(count),
        href=href,
        comparison=comparison,
        whole_day=more,
        beside=(),
        tone="",
    )


def _count(rows: Sequence[Planned]) -> int:
    return sum(row.count for row in rows)


def _amounts(rows: Sequence[Planned]) -> str:
    """Return the sum of each currency."""
    currencies = sorted({row.currency for row in rows})
    return " + ".join(
        money(sum((row.amount for row in rows if row.currency == each), start=rows[0].amount * 0), each)
        for each in currencies
    )
