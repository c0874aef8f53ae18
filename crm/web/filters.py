"""The parts of a list's filters: how each is shown, and how what stands in the address is read."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Any

from crm.core.errors import N_, InvalidInputError
from crm.web.page_tools import get_settings

_DATE = re.compile(r"20[0-9]{2}-[0-9]{2}-[0-9]{2}", re.ASCII)
Options = Sequence[tuple[str, str]]
Reader = Callable[[str], Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One filter as the form shows it; without options it is a date, or a text."""

    name: str
    label: str
    value: str
    options: Options
    is_text: bool = False


@dataclass(frozen=True, slots=True)
class Chip:
    """A filter that is in force, and the address without it."""

    label: str
    remove_href: str


def one_of(kind: type[StrEnum]) -> Reader:
    """Return the reader of one of a few words."""

    def read(text: str) -> StrEnum:
        try:
            return kind(text)
        except ValueError:
            known = ", ".join(kind)
            raise InvalidInputError(
                N_("%(given)r is none of %(known)s."), given=text[:40], known=known
            ) from None

    return read


def first_moment(text: str) -> datetime:
    """Return when a day begins in the newsroom. Raises: InvalidInputError."""
    return datetime.combine(_day(text), time.min, get_settings().timezone)


def moment_after(text: str) -> datetime:
    """Return the first moment after a day. Raises: InvalidInputError."""
    return datetime.combine(_day(text) + timedelta(days=1), time.min, get_settings().timezone)


def _day(text: str) -> date:
    try:
        if _DATE.fullmatch(text):
            return date.fromisoformat(text)
    except ValueError:
        pass  # such as 30 February: told like anything else that is no day
    raise InvalidInputError(N_("%(given)r is no day; write it like 2026-11-23."), given=text[:40])
