"""The time that the figures of the money are shown for: a period up to today, in days, weeks or months.

Both stand in the address. Weeks begin on Monday; the first and the last part may be cut by the period.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from urllib.parse import urlencode

from flask_babel import gettext as _
from flask_babel import ngettext

from crm.core.days import DAY
from crm.core.errors import N_
from crm.web.count_words import spell_day

YEAR = "365"
DEFAULT = "30"
# period -> the steps that it is shown in, the usual one first
STEPS: Mapping[str, Sequence[str]] = {
    "7": ("day",),
    "30": ("day", "week"),
    "90": ("week", "day", "month"),
    YEAR: ("month", "week"),
}
STEP_WORDS = {"day": N_("By day"), "week": N_("By week"), "month": N_("By month")}
MOST_TICKS = 7


@dataclass(frozen=True, slots=True)
class Part:
    """The days that one column shows."""

    first: date
    last: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """What is shown: from the first day to today, in parts."""

    period: str
    step: str
    parts: Sequence[Part]
    currency: str = ""  # as asked for; empty: the one with the most money

    @property
    def first(self) -> date:
        """The first day."""
        return self.parts[0].first

    @property
    def last(self) -> date:
        """The last day, which is today."""
        return self.parts[-1].last

    @property
    def before(self) -> Part | None:
        """Return as many days before them; a year is not compared."""
        if self.period == YEAR:
            return None
        return Part(self.first - (self.last - self.first) - DAY, self.first - DAY)

    def href(self, **other: str) -> str:
        """Return the query of this view, or of one beside it."""
        values = {"period": self.period, "by": self.step, "currency": self.currency} | other
        return f"?{urlencode({name: value for name, value in values.items() if value})}"

    def gather(self, day: date) -> int:
        """Return in which part a day is."""
        return next(place for place, part in enumerate(self.parts) if day <= part.last)


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """A choice beside the one that is shown."""

    label: str
    href: str
    is_current: bool


def read_span(args: Mapping[str, str], today: date) -> tuple[Span, list[str]]:
    """Return what the address asks for, and what is wrong with it in sentences; then the usual is shown."""
    problems = []
    period = args.get("period") or DEFAULT
    if period not in STEPS:
        problems.append(_unknown(_("Period"), period, STEPS))
        period = DEFAULT
    step = args.get("by") or STEPS[period][0]
    if step not in STEPS[period]:
        problems.append(_unknown(_("Step"), step, STEPS[period]))
        step = STEPS[period][0]
    first = _year_before(today) if period == YEAR else today - DAY * (int(period) - 1)
    parts = list(_list_parts(first, today, step))
    return Span(period=period, step=step, parts=parts, currency=args.get("currency", "")[:3]), problems


def list_periods(span: Span) -> list[Way]:
    """Return the periods to choose from."""
    return [
        Way(
            label=period_word(period),
            href=span.href(period=period, by=span.step if span.step in STEPS[period] else ""),
            is_current=period == span.period,
        )
        for period in STEPS
    ]


def list_steps(span: Span) -> list[Way]:
    """Return the steps to choose from; nothing if there is but one."""
    steps = [step for step in STEP_WORDS if step in STEPS[span.period]]
    if len(steps) == 1:
        return []
    return [
        Way(label=_(STEP_WORDS[step]), href=span.href(by=step), is_current=step == span.step)
        for step in steps
    ]


def period_word(period: str) -> str:
    """Return how long a period is."""
    if period == YEAR:
        return ngettext("%(count)s month", "%(count)s months", 12, count=12)
    return ngettext("%(count)s day", "%(count)s days", int(period), count=period)


def part_word(part: Part, step: str) -> str:
    """Return the days of a part in words."""
    if part.first == part.last and step == "day":
        return spell_day(part.first, "short")
    if step == "month":
        return spell_day(part.first, "month")
    return _("%(first)s to %(last)s", first=spell_day(part.first, "date"), last=spell_day(part.last, "date"))


def tick(place: int, span: Span) -> str:
    """Return the word beneath a column, empty where there is no room: each few of them, counted from today."""
    every = max(1, -(-len(span.parts) // MOST_TICKS))
    if (len(span.parts) - 1 - place) % every:
        return ""
    first = span.parts[place].first
    return spell_day(first, "month_tick" if span.step == "month" else "date")


def _list_parts(first: date, last: date, step: str) -> Iterator[Part]:
    begin = first
    while begin <= last:
        end = {"day": begin, "week": begin + DAY * (6 - begin.weekday()), "month": _end_of_month(begin)}[step]
        yield Part(begin, min(end, last))
        begin = end + DAY


def _year_before(today: date) -> date:
    """Return the first day of twelve months of which the current one is the last."""
    months = today.year * 12 + today.month - 12
    return date(months // 12, months % 12 + 1, 1)


def _end_of_month(day: date) -> date:
    return (day.replace(day=1) + timedelta(days=32)).replace(day=1) - DAY


def _unknown(label: str, given: str, known: Mapping[str, object] | Sequence[str]) -> str:
    told = _("%(given)s is none of %(known)s.", given=f"“{given[:40]}”", known=", ".join(known))
    return f"{label}: {told}"
