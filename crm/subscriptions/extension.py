"""Where a new period goes among those that a reader has already. Pure: records in, a moment out.

Source: behaviour.md 7.11 and 10.4; `extend_same_content_access` comes with content access.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

# What ends later than this was given for life: nothing is put after it.
FOR_LIFE = timedelta(days=30 * 365)


class ExtensionMethod(StrEnum):
    """What a new period follows."""

    EXTEND_ACTUAL = "extend_actual"
    EXTEND_SAME_ACTUAL = "extend_same_actual"
    EXTEND_SAME_TYPE = "extend_same_type"
    EXTEND_LAST_SUBSCRIPTION = "extend_last_subscription"
    START_NOW = "start_now"


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A period that the reader has, had or will have. Shape: `end` is the first moment after it."""

    type_id: int
    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Extension:
    """When the new period begins, and whether it extends one: then the type's extending length counts."""

    start: datetime
    is_extending: bool
    is_after_another: bool = True  # else it begins now


def extend(method: str, type_id: int, held: Iterable[Held], now: datetime) -> Extension:
    """Return where a period of the type begins; what has ended by `now` never counts."""
    found = _METHODS[ExtensionMethod(method)](type_id, [each for each in held if each.end > now], now)
    return found or Extension(start=now, is_extending=False, is_after_another=False)


def _after_running(type_id: int, held: Sequence[Held], now: datetime) -> Extension | None:
    # of two that end together the one of the type itself: it is the one that is extended
    own_last = sorted(held, key=lambda each: each.type_id != type_id)
    last = _last(each for each in own_last if _is_running(each, now))
    return None if last is None else Extension(start=last.end, is_extending=last.type_id == type_id)


def _after_running_of_type(type_id: int, held: Sequence[Held], now: datetime) -> Extension | None:
    return _after_running(type_id, [each for each in held if each.type_id == type_id], now)


def _after_type(type_id: int, held: Sequence[Held], now: datetime) -> Extension | None:
    limited = [each for each in held if each.end < now + FOR_LIFE]
    last = _last(each for each in limited if each.type_id == type_id)
    if last is not None:
        return Extension(start=last.end, is_extending=True)
    return _after_running(type_id, limited, now)


def _after_last(_type_id: int, held: Sequence[Held], _now: datetime) -> Extension | None:
    last = _last(each for each in held if each.start < each.end)
    return None if last is None else Extension(start=last.end, is_extending=True)


def _now(_type_id: int, _held: Sequence[Held], _moment: datetime) -> Extension | None:
    return None


_METHODS: dict[ExtensionMethod, Callable[[int, Sequence[Held], datetime], Extension | None]] = {
    ExtensionMethod.EXTEND_ACTUAL: _after_running,
    ExtensionMethod.EXTEND_SAME_ACTUAL: _after_running_of_type,
    ExtensionMethod.EXTEND_SAME_TYPE: _after_type,
    ExtensionMethod.EXTEND_LAST_SUBSCRIPTION: _after_last,
    ExtensionMethod.START_NOW: _now,
}


def _is_running(each: Held, now: datetime) -> bool:
    return each.start <= now < each.end


def _last(held: Iterable[Held]) -> Held | None:
    return max(held, key=lambda each: each.end, default=None)
