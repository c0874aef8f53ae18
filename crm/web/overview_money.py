"""The money of today beside that of the same weekday a week ago, by this time of day; each leads to its list."""

from datetime import date, datetime
from decimal import Decimal
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from flask_babel import gettext as _
from sqlalchemy.orm import Session

from crm.core.days import WEEK, span_of, week_before
from crm.payments.day_figures import read_money_figures
from crm.web.count_words import LAST_WEEKDAYS, compare, spell
from crm.web.money import money
from crm.web.overview_figures import Card, Link
from crm.web.payment_words import LIST

CURRENCY = "EUR"
STOPPED = "/admin/recurrent-payments?view=stopped"


def list_money_cards(session: Session, now: datetime, zone: ZoneInfo) -> list[Card]:
    """Return what was billed, what failed and what was stopped today."""
    today = now.astimezone(zone).date()
    a_week_ago = today - WEEK
    begins, _ends = span_of(today, today, zone)
    began, ended = span_of(a_week_ago, a_week_ago, zone)
    day = read_money_figures(session, begins, now)
    by_now = read_money_figures(session, began, week_before(now, zone))
    whole = read_money_figures(session, began, ended)
    return [
        Card(
            label=_("Billed"),
            value=money(day.billed, CURRENCY),
            href=_href(today, paid=True),
            comparison=_compare(day.billed, by_now.billed, a_week_ago),
            whole_day=_whole(
                money(whole.billed, CURRENCY), _href(a_week_ago, paid=True), shown=whole.billed > 0
            ),
            beside=(),
            tone="",
        ),
        Card(
            label=_("Charges that failed"),
            value=spell(day.failed),
            href=_href(today, status="fail"),
            comparison=compare(day.failed, by_now.failed, a_week_ago),
            whole_day=_whole(spell(whole.failed), _href(a_week_ago, status="fail"), shown=whole.failed > 0),
            beside=(),
            tone="bad" if day.failed else "",
        ),
        Card(
            label=_("Stopped"),
            value=spell(day.stopped),
            href=STOPPED,
            comparison=compare(day.stopped, by_now.stopped, a_week_ago),
            whole_day=None,
            beside=(),
            tone="",
        ),
    ]


def _href(day: date, *, paid: bool = False, **filters: str) -> str:
    first, last = ("paid_from", "paid_to") if paid else ("from", "to")
    return f"{LIST}?{urlencode({**filters, first: day.isoformat(), last: day.isoformat()})}"


def _whole(shown_value: str, href: str, *, shown: bool) -> Link | None:
    return Link(text=_("%(count)s that whole day", count=shown_value), href=href) if shown else None


def _compare(amount: Decimal, before: Decimal, a_week_ago: date) -> str:
    """Return how an amount of today so far stands to that of a week ago by the same time."""
    day = _(LAST_WEEKDAYS[a_week_ago.weekday()])
    if amount == before:
        return _("as much as %(day)s by now", day=day) if amount else _("none %(day)s by now either", day=day)
    if not before:
        return _("none %(day)s by now", day=day)
    difference = money(abs(amount - before), CURRENCY)
    if amount > before:
        return _("%(amount)s more than %(day)s by now", amount=difference, day=day)
    return _("%(amount)s less than %(day)s by now", amount=difference, day=day)
