"""What the files of an entity look like: its columns, what must stand in each, and how a row becomes a record."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, NamedTuple, TypeVar

from sqlalchemy.orm import Session

from crm.core.errors import N_
from crm.importer import kinds
from crm.importer.errors import CellError
from crm.importer.faults import HIDDEN, Fault
from crm.importer.kinds import Parse

R = TypeVar("R")

# What databases write for "nothing".
NOTHING = ("NULL", "\\N")
MOST_KNOWN = 500  # values of a column that are kept in mind
LONGEST_KNOWN = 100  # a hostile one is a megabyte of spaces
_UNREAD = object()


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column; `must` be there and filled, or, if it `may_be_empty`, at least be there.

    `other_names` are those that the old system has for it. What is empty or left out is `otherwise`.
    """

    name: str
    read: Parse | None = None  # None: a moment, which needs the newsroom's zone
    told: str
    must: bool = False
    may_be_empty: bool = False
    other_names: tuple[str, ...] = ()
    otherwise: Any = None
    as_it_stands: bool = False  # not trimmed, and NULL is a text like any other
    is_secret: bool = False


EXTERNAL_ID = Column(
    name="external_id",
    read=kinds.external_id,
    other_names=("id",),
    told=N_("Its id in the old system."),
)


class Line(NamedTuple, Generic[R]):
    """One row of the file that could be read, its line, and its cells as they were."""

    number: int
    record: R
    cells: Sequence[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Entity(Generic[R]):
    """One kind of thing that can be imported.

    `record` is a NamedTuple with the columns as fields, in their order (`from_` for `from`). `check` says what is
    wrong with a record as a whole. `load` decides each line of a batch and writes it. `look_back` is called in the next
    transaction, with when that of the batch began: what came beside it could not be seen.
    """

    name: str  # as in `crm import inbound-messages`
    title: str
    columns: Sequence[Column]
    record: Callable[..., R]
    load: Callable[[Any, Sequence[Line[R]]], None]
    check: Callable[[R], Sequence[Fault]] = lambda _: ()
    look_back: Callable[[Session, datetime], object] | None = None
    summary: str = ""
    named: Mapping[str, Column] = field(init=False)

    def __post_init__(self) -> None:
        """Know each column by each of its names."""
        named = {column.name: column for column in self.columns}
        for column in self.columns:
            for other in column.other_names:
                named.setdefault(other, column)
        object.__setattr__(self, "named", named)

    @property
    def has_dates(self) -> bool:
        """Whether a column is a moment."""
        return any(column.read is None for column in self.columns)


class RowReader(Generic[R]):
    """Makes records of the cells of rows; `places` says where each column stands in a row."""

    def __init__(self, entity: Entity[R], places: Mapping[str, int], width: int, moment: Parse) -> None:
        self._check, self._width = entity.check, width
        self._make = _maker(entity)
        self._otherwise = [column.otherwise for column in entity.columns]
        steps = [_Step(column, column.read or moment) for column in entity.columns]
        self._plan = [
            (index, places[step.column.name], step.known, step)
            for index, step in enumerate(steps)
            if step.column.name in places
        ]

    def read(self, cells: Sequence[str]) -> R | list[Fault]:
        """Return the record, or all that is wrong with the row."""
        if len(cells) != self._width:
            told = N_("The row has %(count)s values, the first line names %(width)s columns.")
            fields = {"count": len(cells), "width": self._width}
            return [Fault(column="", value="", code="columns", message=told, fields=fields)]
        values = self._otherwise.copy()
        faults: list[Fault] = []
        for index, place, known, step in self._plan:
            text = cells[place]
            value = known.get(text, _UNREAD)
            if value is _UNREAD:
                try:
                    value = step.read(text)
                except CellError as error:
                    faults.append(_fault(step.column, text, error))
            values[index] = value
        if faults:
            return faults
        record = self._make(values)
        return list(self._check(record)) or record


class _Step:
    """How one column of a row is read. Values that come again and again are read once."""

    __slots__ = ("_parse", "column", "known")

    def __init__(self, column: Column, parse: Parse) -> None:
        self.column, self._parse = column, parse
        self.known: dict[str, Any] = {}

    def read(self, text: str) -> Any:
        """Return what a cell means. Raises: CellError."""
        plain = text if self.column.as_it_stands else text.strip()
        if not plain or (plain in NOTHING and not self.column.as_it_stands):
            if _is_needed(self.column):
                raise CellError("missing", N_("This must not be empty."))
            return self.column.otherwise
        value = self._parse(plain)
        if len(self.known) < MOST_KNOWN and len(text) <= LONGEST_KNOWN:
            self.known[text] = value
        return value


def _is_needed(column: Column) -> bool:
    return column.must and not column.may_be_empty


def _maker(entity: Entity[R]) -> Callable[[list[Any]], R]:
    """Return what makes a record of values in the order of the columns; a NamedTuple of just them is the fastest."""
    names = [column.name for column in entity.columns]
    fields = getattr(entity.record, "_fields", ())
    if [each.rstrip("_") for each in fields] == names:
        make: Callable[[list[Any]], R] = entity.record._make  # type: ignore[attr-defined]
        return make
    return lambda values: entity.record(**dict(zip(names, values, strict=True)))


def list_missing(entity: Entity[Any], given: Collection[str]) -> list[str]:
    """Return the columns that every file of the entity must have and this one has not."""
    return [column.name for column in entity.columns if column.must and column.name not in given]


def _fault(column: Column, text: str, error: CellError) -> Fault:
    shown = HIDDEN if column.is_secret else text
    return Fault(column=column.name, value=shown, code=error.code, message=error.message, fields=error.fields)
