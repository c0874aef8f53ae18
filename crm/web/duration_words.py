"""Spans of time in words, in the language of the page."""

from collections.abc import Sequence
from datetime import timedelta
from itertools import groupby

from flask_babel import gettext as _
from flask_babel import ngettext


def in_words(span: timedelta) -> str:
    """Return the whole span: "1 day 6 hours"; nothing at all is "0 seconds"."""
    pieces = [_counted(count, unit) for unit, count in _parts(span) if count]
    return " ".join(pieces) or _counted(0, "seconds")


def roughly(span: timedelta) -> str:
    """Return the largest unit alone: how old something is matters, not to the second."""
    unit, count = next(((unit, count) for unit, count in _parts(span) if count), ("seconds", 0))
    return _counted(count, unit)


def one_after_another(spans: Sequence[timedelta]) -> str:
    """Return a row of spans, those that repeat with how often: "15 minutes, then 6 hours ×4"."""
    told = []
    for span, same in groupby(spans):
        times = len(list(same))
        told.append(f"{in_words(span)} ×{times}" if times > 1 else in_words(span))
    return f", {_('then')} ".join(told)


def _parts(span: timedelta) -> list[tuple[str, int]]:
    minutes, seconds = divmod(int(span.total_seconds()), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    return [("days", days), ("hours", hours), ("minutes", minutes), ("seconds", seconds)]


def _counted(count: int, unit: str) -> str:
    said = {
        "days": ngettext("%(num)s day", "%(num)s days", count),
        "hours": ngettext("%(num)s hour", "%(num)s hours", count),
        "minutes": ngettext("%(num)s minute", "%(num)s minutes", count),
        "seconds": ngettext("%(num)s second", "%(num)s seconds", count),
    }
    return said[unit]
