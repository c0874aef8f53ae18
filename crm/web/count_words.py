"""Counts, days and shares as people read them, in the language of the page."""

from datetime import date
from typing import Any

from flask_babel import format_date, format_percent
from flask_babel import gettext as _

from crm.core.errors import N_
from crm.web.languages import get_language

# Patterns of Unicode's CLDR.
DAY_SHAPES = {
    "en": {
        "long": "EEEE d MMMM",
        "short": "EEE d MMM",
        "tick": "EEE",
        "date": "d MMM",
        "month": "LLLL y",
        "month_tick": "LLL",
    },
    "sk": {
        "long": "EEEE d. MMMM",
        "short": "EEE d. M.",
        "tick": "EEE",
        "date": "d. M.",
        "month": "LLLL y",
        "month_tick": "LLL",
    },
}
# A weekday by itself bends in Slovak, so the words around it stand with it.
LAST_WEEKDAYS = (
    N_("last Monday"),
    N_("last Tuesday"),
    N_("last Wednesday"),
    N_("last Thursday"),
    N_("last Friday"),
    N_("last Saturday"),
    N_("last Sunday"),
)


def spell(number: int) -> str:
    """Return a count with thin spaces between its thousands."""
    return f"{number:,}".replace(",", "\u202f")


def spell_day(day: date, shape: str) -> str:
    """Return a day: `long`, `short`, its `month`, or as a `tick`, a `date` or a `month_tick` beneath a chart."""
    written: str = format_date(day, DAY_SHAPES[get_language()][shape])
    return written


def spell_share(part: int, whole: int) -> str:
    """Return a share in whole per cent, rounded away from "all" and from "none" when it is neither."""
    if not whole:
        return ""
    percent = part * 100 // whole
    written: Any = format_percent((percent or 1) / 100)
    return _("under %(share)s", share=written) if part and not percent else format_percent(percent / 100)


def compare(count: int, before: int, a_week_ago: date) -> str:
    """Return how a count of today so far stands to that of a week ago by the same time."""
    day = _(LAST_WEEKDAYS[a_week_ago.weekday()])
    if count == before:
        return _("as many as %(day)s by now", day=day) if count else _("none %(day)s by now either", day=day)
    if not before:
        return _("none %(day)s by now", day=day)
    difference = spell(abs(count - before))
    if count > before:
        return _("%(count)s more than %(day)s by now", count=difference, day=day)
    return _("%(count)s fewer than %(day)s by now", count=difference, day=day)
