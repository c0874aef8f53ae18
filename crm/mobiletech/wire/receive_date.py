"""The gateway's date, `yymmddHHMMSSd` in local time, read strictly and written back."""

import re
from datetime import UTC, datetime, timedelta, tzinfo

from crm.mobiletech.wire.problems import Problem

_SHAPE = re.compile(r"([0-9]{2})([0-9]{2})([0-9]{2})([0-9]{2})([0-9]{2})([0-9]{2})([0-9]?)")

# Assumed: years 00 and 70 to 99 are a clock that was never set; the service is younger than that.
_PLAUSIBLE_YEARS = range(1, 70)
_FUTURE_TOLERANCE = timedelta(days=2)


def parse_receive_date(
    raw: str, zone: tzinfo, now: datetime | None = None
) -> tuple[datetime | None, Problem | None]:
    """Read the date; give it in UTC, or None if it is impossible, and what was odd about it.

    Shape: thirteen digits, the last is tenths of a second; twelve are taken as whole seconds.
    `now` (aware) lets a date in the future be seen, and decides the hour that comes twice.
    Source: Mobiletech protocol, command "receive"; sample tests/samples/receive.xml.
    """
    match = _SHAPE.fullmatch(raw)
    if match is None:
        return None, Problem.DATE_BAD
    year, month, day, hour, minute, second = map(int, match.groups()[:6])
    tenths = int(match[7] or 0)
    try:
        local = datetime(2000 + year, month, day, hour, minute, second, tenths * 100_000, tzinfo=zone)
    except ValueError:
        return None, Problem.DATE_BAD
    moment, problem = _resolve_clock_change(local, now)
    if year not in _PLAUSIBLE_YEARS or (now is not None and moment > now + _FUTURE_TOLERANCE):
        return None, Problem.DATE_IMPLAUSIBLE
    return moment, problem


def format_receive_date(moment: datetime, zone: tzinfo) -> str:
    """Write an aware time as the gateway does."""
    local = moment.astimezone(zone)
    return f"{local:%y%m%d%H%M%S}{local.microsecond // 100_000}"


def _resolve_clock_change(local: datetime, now: datetime | None) -> tuple[datetime, Problem | None]:
    """Give the moment that a local time means, also where the clock jumps.

    Source: the original moves a skipped time one hour on and takes the second of two; we take the one
    nearer to `now` if we know it.
    """
    later = local.replace(fold=1)
    first_offset, second_offset = local.utcoffset(), later.utcoffset()
    if first_offset == second_offset or first_offset is None or second_offset is None:
        return local.astimezone(UTC), None
    if first_offset < second_offset:
        return local.astimezone(UTC), Problem.DATE_SKIPPED
    moments = later.astimezone(UTC), local.astimezone(UTC)
    chosen = moments[0] if now is None else min(moments, key=lambda moment: abs(moment - now))
    return chosen, Problem.DATE_AMBIGUOUS
