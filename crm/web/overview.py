"""The first page of the day: the figures, what waits for a person, and the charts of the last days."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from flask import Blueprint, request
from flask_babel import gettext as _
from flask_babel import ngettext

from crm.core.db import current_session
from crm.mobiletech.figures.reading import Figures, read_figures
from crm.users.roles import Permission
from crm.web.count_words import spell_day
from crm.web.guards import staff
from crm.web.overview_breakdowns import list_breakdowns, list_failures
from crm.web.overview_days import BOTTOM, HEIGHT, TOP, list_day_charts, list_day_rows
from crm.web.overview_figures import MEASURES, list_cards
from crm.web.overview_money import list_money_cards
from crm.web.overview_subscribers import list_subscriber_cards
from crm.web.overview_tasks import list_tasks
from crm.web.page_tools import get_settings, render_staff_page

overview = Blueprint("overview", __name__)

PERIODS = {"7": 7, "30": 30}


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """A length of time to choose; `is_current` is the one that is shown."""

    label: str
    href: str
    is_current: bool


@overview.get("/")
@staff(Permission.READ)
def show() -> str | tuple[str, int]:
    """Show the figures, the tasks and the charts."""
    wanted = request.args.get("days") or "7"
    days = PERIODS.get(wanted)
    if days is not None:
        return _page(days, [])
    problem = _(
        "%(given)r is no number of days that is shown here; it may be %(known)s.",
        given=wanted[:40],
        known=_("%(one)s or %(other)s", one="7", other="30"),
    )
    return _page(PERIODS["7"], [problem]), 400


def _page(days: int, problems: Sequence[str]) -> str:
    session = current_session()
    figures = read_figures(session, days=days, zone=get_settings().timezone)
    first, last = figures.today - timedelta(days=days - 1), figures.today
    rows = figures.of_days(first, last)
    waiting = list_tasks(session)
    return render_staff_page(
        "overview.html",
        problems=problems,
        now=figures.now,
        today=spell_day(figures.today, "long"),
        cards=list_cards(figures),
        money_cards=[
            *list_money_cards(session, figures.now, get_settings().timezone),
            *list_subscriber_cards(session, figures.today),
        ],
        needs_you=waiting.tasks,
        last_done_at=waiting.last_done_at,
        periods=[_period(each, days) for each in PERIODS.values()],
        is_empty=not rows,
        day_charts=list_day_charts(rows, first, last),
        day_headings=[_(measure.label) for measure in MEASURES],
        day_rows=list_day_rows(rows, first, last),
        breakdowns=[breakdown for breakdown in list_breakdowns(rows, first, last) if breakdown.parts],
        failures=list_failures(rows, first, last),
        frame={"top": TOP, "bottom": BOTTOM, "height": HEIGHT},
        kept_note=_kept_note(figures),
        days=days,
    )


def _period(days: int, shown: int) -> Period:
    label = ngettext("%(count)s day", "%(count)s days", days, count=days)
    return Period(label=label, href=f"?days={days}#charts", is_current=days == shown)


def _kept_note(figures: Figures) -> str:
    if figures.kept_until is None:
        return ""
    day = spell_day(figures.kept_until, "short")
    return _("Days up to %(day)s are counted each hour, the newer ones now.", day=day)
