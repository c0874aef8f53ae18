"""The charts of the overview that go day by day: what came, and what was for readers; the same as a table."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from flask_babel import gettext as _

from crm.core.days import list_days
from crm.mobiletech.figures.counting import Alike
from crm.web.charts import Column, lay_out_columns, round_up
from crm.web.count_words import spell, spell_day
from crm.web.overview_figures import DELIVERED, FOR_READERS, MEASURES, RECEIVED, Link, Measure, list_href

TOP, BOTTOM, HEIGHT = 28, 148, 172  # of a chart of columns, in pixels
HALF_A_LINE = 5
MOST_TICKS = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class DayColumn:
    """A day in a chart: where it stands, what the pointer is told, the word beneath if there is room for one."""

    at: Column
    title: str
    href: str
    tick: str
    is_open: bool  # today: not over yet


@dataclass(frozen=True, slots=True, kw_only=True)
class DayChart:
    """A chart of columns, one for each day."""

    label: str
    total: Link
    note: str
    most: str
    last: str
    last_y: float
    columns: Sequence[DayColumn]


@dataclass(frozen=True, slots=True, kw_only=True)
class DayRow:
    """The same in words: a day and its counts, each with its list."""

    day: str
    cells: Sequence[Link]


def list_day_charts(rows: Sequence[Alike], first: date, last: date) -> list[DayChart]:
    """Return what came and what was for readers, day by day; of the second, what was delivered stands out."""
    days = list_days(first, last)
    return [
        _day_chart(rows, days, RECEIVED, None, ""),
        _day_chart(rows, days, FOR_READERS, DELIVERED, _("the blue part was delivered")),
    ]


def list_day_rows(rows: Sequence[Alike], first: date, last: date) -> list[DayRow]:
    """Return the counts of each day, the newest first."""
    by_day = _by_day(rows)
    return [
        DayRow(
            day=spell_day(day, "short"),
            cells=[
                _cell(measure.count(by_day.get(day, ())), list_href(day, day, measure.filters))
                for measure in MEASURES
            ],
        )
        for day in reversed(list_days(first, last))
    ]


def _day_chart(
    rows: Sequence[Alike], days: Sequence[date], whole: Measure, part: Measure | None, note: str
) -> DayChart:
    by_day = _by_day(rows)
    counts = [
        (whole.count(by_day.get(day, ())), part.count(by_day.get(day, ())) if part else 0) for day in days
    ]
    most = round_up(max(count for count, _part in counts))
    total = sum(count for count, _part in counts)
    columns = lay_out_columns(counts, most=most, top=TOP, bottom=BOTTOM)
    return DayChart(
        label=_(whole.label),
        total=Link(
            text=_("%(count)s in %(days)s days", count=spell(total), days=len(days)),
            href=list_href(days[0], days[-1], whole.filters),
        ),
        note=note,
        most=_("%(count)s a day", count=spell(most)),
        last=spell(counts[-1][0]),
        last_y=min(max(columns[-1].top + HALF_A_LINE, TOP), BOTTOM),
        columns=[
            DayColumn(
                at=column,
                title=_title(day, count, whole, part),
                href=list_href(day, day, whole.filters),
                tick=_tick(day, days),
                is_open=day == days[-1],
            )
            for day, column, count in zip(days, columns, counts, strict=True)
        ],
    )


def _title(day: date, counts: tuple[int, int], whole: Measure, part: Measure | None) -> str:
    told = f"{spell_day(day, 'long')}: {_(whole.label)} {spell(counts[0])}"
    return f"{told}, {_(part.label)} {spell(counts[1])}" if part else told


def _tick(day: date, days: Sequence[date]) -> str:
    """Return the word beneath a day: each has one if there are few, else that of each week before today."""
    if day == days[-1]:
        return _("today")
    if len(days) <= MOST_TICKS:
        return spell_day(day, "tick")
    return spell_day(day, "date") if (days[-1] - day).days % MOST_TICKS == 0 else ""


def _cell(count: int, href: str) -> Link:
    return Link(text=spell(count), href=href if count else "")


def _by_day(rows: Iterable[Alike]) -> dict[date, list[Alike]]:
    by_day: dict[date, list[Alike]] = {}
    for row in rows:
        by_day.setdefault(row.day, []).append(row)
    return by_day
