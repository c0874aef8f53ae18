"""One batch of rows: what becomes of each line, what each claims for itself, and how rows are written at once."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from crm.core.errors import N_
from crm.importer.claims import Claim, Claims, Key
from crm.importer.columns import Line
from crm.importer.faults import Fault
from crm.importer.memory import Memory

L = TypeVar("L", bound=Line[Any])
V = TypeVar("V", bound=object)
SEPARATOR = "\x1f"


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
    memory: Memory = field(default_factory=Memory)
    outcomes: dict[int, Outcome] = field(default_factory=dict)
    faults: dict[int, list[Fault]] = field(default_factory=dict)
    differs: dict[int, list[str]] = field(default_factory=dict)  # by line that is updated: what is another
    due_count: int = 0  # renewals that would be charged at once
    due_sums: dict[str, Decimal] = field(default_factory=dict)  # by currency
    stopped: int = 0  # renewals that come in stopped, for they break a rule
    _held: set[int] = field(default_factory=set)  # refused lines that hold what they have claimed
    _claims: Claims = field(init=False)
    _copies: dict[int, list[int]] = field(
        default_factory=dict
    )  # lines that are the same row again, by the first

    def __post_init__(self) -> None:
        """Begin without claims."""
        self._claims = Claims(self.context.import_id, is_dry=self.context.is_dry)

    def refuse(
        self, line: int, column: str, code: str, message: str, /, *, value: object = "", **fields: object
    ) -> None:
        """Keep a line out; it may be refused for several reasons."""
        fault = Fault(column=column, value=str(value), code=code, message=message, fields=fields)
        faults = self.faults.setdefault(line, [])
        faults.append(fault)
        for each in (line, *self._copies.get(line, ())):
            self.outcomes[each], self.faults[each] = Outcome.REFUSED, faults

    def hold(self, line: int) -> None:
        """Let a refused line hold what it has claimed: it would be in, had somebody confirmed it."""
        self._held |= {line, *self._copies.get(line, ())}

    def list_bad(self) -> dict[int, list[Fault]]:
        """Return what is wrong with lines that have to be mended, not just confirmed."""
        return {line: faults for line, faults in self.faults.items() if line not in self._held}

    def settle(self, line: int, outcome: Outcome) -> None:
        """Say what became of a line."""
        self.outcomes[line] = outcome

    def settle_here(self, line: int, changes: Iterable[str]) -> None:
        """Say of a line whose row is here what is another in the file: updated, or unchanged if nothing is."""
        self.differs[line] = sorted(changes)
        self.settle(line, Outcome.UPDATED if self.differs[line] else Outcome.UNCHANGED)

    def open(self, lines: Iterable[L]) -> list[L]:
        """Return the lines of which nothing is said yet."""
        return [line for line in lines if line.number not in self.outcomes]

    def claim(
        self,
        lines: Iterable[L],
        *keys: Key[L],
        row: Callable[[L], str] = lambda line: SEPARATOR.join(line.cells),
        is_row: Callable[[L], bool] = lambda _: False,
    ) -> None:
        """Let each value of a key belong to one line of the file, the first; a line has all of its values, or none.

        The very same row again (`row`: its cells) is unchanged; another one with a value is refused, and told which
        line has it. Claim when all other rules have been asked, for a line that is refused should hold nothing back.
        `is_row` says that the line will be inserted with the values in unique columns, and that the loader itself
        refuses a row `is_of_this_file`: then a real run need not remember it.
        """
        wanted = [
            Claim(
                line,
                [(key.name, str(value)) for key in keys if (value := key.of(line)) is not None],
                row,
                is_row(line),
            )
            for line in self.open(lines)
        ]
        late = self._claims.take(self.session, wanted)
        same = {each.line: each.holder for each in late if each.is_same}
        for line, holder in same.items():
            self.settle(line, Outcome.UNCHANGED)
            self._copies.setdefault(holder, []).append(line)
        columns = {key.name: key.column or key.name for key in keys}
        order = list(columns)
        for each in sorted(late, key=lambda each: order.index(each.name)):
            if each.line not in self.outcomes:
                self.refuse_double(each.line, columns[each.name], each.value, holder=each.holder)

    def refuse_double(self, line: int, column: str, value: object, *, holder: int | None = None) -> None:
        """Keep a line out because an earlier one of the file has a value that no two may have."""
        if holder is None:
            told = N_("An earlier line of this file has the same, and other values beside it.")
            self.refuse(line, column, "duplicate", told, value=value)
        else:
            told = N_("Line %(holder)s of this file has the same, and other values beside it.")
            self.refuse(line, column, "duplicate", told, value=value, holder=holder)

    def may_be_all_new(self, *columns: Sequence[str | None]) -> bool:
        """Return whether it is worth to write all lines without asking what is here, by their unique values.

        No value stands here twice, and every row so far was new. A dry run asks: what it writes does not stay.
        """
        if self.context.is_dry or not self.memory.all_are_new or self._claims.has_earlier(self.session):
            return False
        told = [[value for value in values if value is not None] for values in columns]
        return all(len(set(values)) == len(values) for values in told)

    def is_of_this_file(self, import_id: int | None) -> bool:
        """Return whether a row that is there came with an earlier line of this file, by the row's import."""
        return import_id == self.context.import_id

    def list_claimed(self, name: str, values: Iterable[V]) -> set[V]:
        """Return those of the values that earlier lines of the file have."""
        return self._claims.list_taken(self.session, name, set(values))

    def note_all(self, name: str, values: Iterable[tuple[Line[Any], object]]) -> None:
        """Remember that lines have values, for `list_claimed`."""
        self._claims.note(name, values)

    def let_go(self, line: Line[Any]) -> None:
        """Give up what a line has claimed: for loaders that go line by line."""
        self._claims.let_go(line.number)

    def keep_claims(self) -> None:
        """Keep the claims of the lines that were not refused, whether or not the batch was taken back."""
        refused = {line for line, outcome in self.outcomes.items() if outcome is Outcome.REFUSED}
        self._claims.keep(self.session, refused - self._held)


def differing(row: Mapping[str, Any], wanted: Mapping[str, Any]) -> dict[str, Any]:
    """Return those of the wanted values that a stored row does not have."""
    return {name: value for name, value in wanted.items() if row[name] != value}
