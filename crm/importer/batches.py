"""One batch of rows: what becomes of each line, what each claims for itself, and how rows are written at once."""

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.core.copying import among, copy_rows
from crm.core.errors import N_
from crm.importer.columns import Line
from crm.importer.faults import Fault
from crm.importer.models import ImportClaim

L = TypeVar("L", bound=Line[Any])


class Outcome(StrEnum):
    """What became of a row."""

    INSERTED = "inserted"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What a batch must know of its import. `given` are the columns that the file has; others stay as they are."""

    import_id: int
    is_dry: bool
    confirm_due: bool
    given: frozenset[str]
    now: datetime
    zone: ZoneInfo


@dataclass(slots=True)
class Batch:
    """The rows of one transaction; who loads them says of each line what becomes of it."""

    session: Session
    context: Context
    outcomes: dict[int, Outcome] = field(default_factory=dict)
    faults: dict[int, list[Fault]] = field(default_factory=dict)
    due_count: int = 0  # renewals that would be charged at once
    due_amount: Decimal = Decimal(0)
    stopped: int = 0  # renewals that come in stopped, for they break a rule
    _claims: dict[int, tuple[int, int]] = field(default_factory=dict)

    def refuse(
        self, line: int, column: str, code: str, message: str, *, value: object = "", **fields: object
    ) -> None:
        """Keep a line out; it may be refused for several reasons."""
        fault = Fault(column=column, value=str(value), code=code, message=message, fields=fields)
        self.faults.setdefault(line, []).append(fault)
        self.outcomes[line] = Outcome.REFUSED

    def settle(self, line: int, outcome: Outcome) -> None:
        """Say what became of a line."""
        self.outcomes[line] = outcome

    def open(self, lines: Iterable[L]) -> list[L]:
        """Return the lines of which nothing is said yet."""
        return [line for line in lines if line.number not in self.outcomes]

    def claim(self, lines: Iterable[L], name: str, column: str, key: Callable[[L], object | None]) -> None:
        """Let each value of `key` (None: of no matter) belong to one line of the file, the first.

        The very same row again is unchanged; another one with the value is refused, and told which line has it.
        Claim when all other rules have been asked, for a line that is refused should hold nothing back.
        """
        wanted = [(line, _key(name, value)) for line in self.open(lines) if (value := key(line)) is not None]
        taken = self._read_claims([each for _, each in wanted])
        for line, each in wanted:
            holder, digest = taken.setdefault(each, (line.number, _digest(line)))
            if holder == line.number:
                self._claims[each] = (holder, digest)
            elif digest == _digest(line):
                self.settle(line.number, Outcome.UNCHANGED)
            else:
                told = N_("Line %(holder)s of this file has the same, and other values beside it.")
                self.refuse(line.number, column, "duplicate", told, value=key(line), holder=holder)

    def has_claim(self, name: str, value: object) -> bool:
        """Return whether an earlier line of the file has the value."""
        return bool(self._read_claims([_key(name, value)]))

    def note(self, line: int, name: str, value: object) -> None:
        """Remember that the file had the value, for `has_claim`."""
        self._claims.setdefault(_key(name, value), (line, 0))

    def keep_claims(self) -> None:
        """Write the claims of the lines that were not refused."""
        rows = [
            (self.context.import_id, key, line, digest)
            for key, (line, digest) in self._claims.items()
            if self.outcomes.get(line) is not Outcome.REFUSED
        ]
        copy_rows(self.session, "import_claims", ("import_id", "key", "line", "digest"), rows)

    def _read_claims(self, keys: Sequence[int]) -> dict[int, tuple[int, int]]:
        found = select(ImportClaim.key, ImportClaim.line, ImportClaim.digest).where(
            ImportClaim.import_id == self.context.import_id, among(ImportClaim.key, keys)
        )
        known = {key: (line, digest) for key, line, digest in self.session.execute(found)}
        own = {key: self._claims[key] for key in keys if key in self._claims}
        return {**known, **own}


def differing(row: Mapping[str, Any], wanted: Mapping[str, Any]) -> dict[str, Any]:
    """Return those of the wanted values that a stored row does not have."""
    return {name: value for name, value in wanted.items() if row[name] != value}


def _key(name: str, value: object) -> int:
    return _short_hash(f"{name}\0{value}")


def _digest(line: Line[Any]) -> int:
    return _short_hash("\0".join(line.cells) if line.cells else repr(line.record))


def _short_hash(text: str) -> int:
    """Return 64 bits: in a file of a million rows two texts meet by chance once in ten million files."""
    digest = hashlib.md5(text.encode(errors="surrogatepass"), usedforsecurity=False).digest()
    return int.from_bytes(digest[:8], "big", signed=True)
