"""What the parts of the set-up file share: one item at a time, each counted or told as a fault."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy.orm import Session

from crm.core.errors import CrmError

REASON = "crm setup apply"
WORDS = {"yes": True, "no": False, "true": True, "false": False}


class Change(StrEnum):
    """What came of one item."""

    INSERTED = "inserted"
    UPDATED = "updated"
    UNCHANGED = "unchanged"


class FaultError(Exception):
    """One item cannot be applied."""


@dataclass(slots=True)
class Applying:
    """The file that is being applied: what has changed, and what cannot be."""

    session: Session
    changes: Counter[Change] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)

    def item(self, place: str, apply: Callable[[], Change]) -> None:
        """Apply one item, or keep why it cannot be."""
        try:
            self.changes[apply()] += 1
        except (CrmError, FaultError) as error:
            # The rule of a setting begins with its key, which the place has said.
            self.faults.append(f"{place}: {str(error).removeprefix(place.rpartition('.')[2] + ' ')}")

    def check(self, place: str, look: Callable[[], None]) -> None:
        """Look at an item once all are applied, or keep what is wrong with it."""
        try:
            look()
        except CrmError as error:
            self.faults.append(f"{place}: {error}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One part of the file: how it is applied, and how it is written."""

    apply: Callable[[Applying, Any], None]
    export: Callable[[Session], Any]


def read_items(
    applying: Applying, part: str, content: Any, *, fields: Sequence[str], required: Sequence[str]
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Give the place and the fields of each sound item of a list; what is not sound is a fault."""
    if not isinstance(content, list):
        applying.faults.append(f"{part}: must be a list")
        return
    for number, item in enumerate(content):
        place = f"{part}[{number}]"
        try:
            yield place, _checked(item, fields, required)
        except FaultError as error:
            applying.faults.append(f"{place}: {error}")


def text_of(item: Mapping[str, Any], name: str) -> str | None:
    """Return a field that must be one text, None when it is absent.

    Raises: FaultError.
    """
    value = item.get(name)
    if name in item and not isinstance(value, str):
        raise FaultError(f"{name} must be one text")
    return value


def flag_of(item: Mapping[str, Any], name: str, *, otherwise: bool) -> bool:
    """Return a field that must be yes or no.

    Raises: FaultError.
    """
    word = text_of(item, name)
    if word is None:
        return otherwise
    if word.lower() not in WORDS:
        raise FaultError(f"{name} must be yes or no")
    return WORDS[word.lower()]


def moment_of(item: Mapping[str, Any], name: str) -> datetime | None:
    """Return a field that must be a moment, None when it is absent.

    Raises: FaultError.
    """
    written = text_of(item, name)
    if written is None:
        return None
    try:
        moment = datetime.fromisoformat(written)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise FaultError(f"{name} must be a moment with its zone, such as 2027-01-01T00:00+01:00")
    return moment


def _checked(item: Any, fields: Sequence[str], required: Sequence[str]) -> dict[str, Any]:
    if not isinstance(item, dict):
        raise FaultError(f"must have {' and '.join(required)}")
    for name in item:
        if name not in fields:
            raise FaultError(f"there is no field {name!r}; the fields are {', '.join(fields)}")
    for name in required:
        if name not in item:
            raise FaultError(f"{name} is missing")
    return item
