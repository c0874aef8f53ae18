"""What the files of an entity look like: its columns, what must stand in each, and how a row becomes a record."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, NamedTuple, TypeVar

from crm.importer.errors import CellError
from crm.importer.faults import HIDDEN, Fault
from crm.importer.kinds import Parse

R = TypeVar("R")

# What databases write for "nothing".
NOTHING = ("NULL", "\\N")


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


class Line(NamedTuple, Generic[R]):
    """One row of the file that could be read, and its line."""

    number: int
    record: R


@dataclass(frozen=True, slots=True, kw_only=True)
class Entity(Generic[R]):
    """One kind of thing that can be imported.

    `record` makes a record of the values by column (a NamedTuple with the columns' names as fields). `check` says
    what is wrong with a record as a whole. `load` decides each line of a batch and writes it.
    """

    name: str  # as in `crm import inbound-messages`
    title: str
    columns: Sequence[Column]
    record: Callable[..., R]
    load: Callable[[Any, Sequence[Line[R]]], None]
    check: Callable[[R], Sequence[Fault]] = lambda _: ()
    summary: str = ""
    named: Mapping[str, Column] = field(init=False)

    def __post_init__(self) -> None:
        """Know each column by each of its names."""
        named = {column.name: column for column in self.columns}
        for column in self.columns:
            for other in column.other_names:
                named.setdefault(other, column)
        object.__setattr__(self, "named", named)


class RowReader(Generic[R]):
    """Makes records of the cells of rows; `places` says where each column stands in a row."""

    def __init__(self, entity: Entity[R], places: Mapping[str, int], width: int, moment: Parse) -> None:
        self._record, self._check, self._width = entity.record, entity.check, width
        self._plan = [
            (column, places[column.name], column.read or moment)
            for column in entity.columns
            if column.name in places
        ]
        self._absent = {
            column.name: column.otherwise for column in entity.columns if column.name not in places
        }

    def read(self, cells: Sequence[str]) -> R | list[Fault]:
        """Return the record, or all that is wrong with the row."""
        if len(cells) != self._width:
            told = "The row has %(count)s values, the first line names %(width)s columns."
            fields = {"count": len(cells), "width": self._width}
            return [Fault(column="", value="", code="columns", message=told, fields=fields)]
        values = dict(self._absent)
        faults: list[Fault] = []
        for column, place, read in self._plan:
            text = cells[place]
            if not column.as_it_stands:
                text = text.strip()
                if text in NOTHING:
                    text = ""
            if not text:
                if column.must and not column.may_be_empty:
                    faults.append(_missing(column))
                values[column.name] = column.otherwise
                continue
            try:
                values[column.name] = read(text)
            except CellError as error:
                faults.append(_fault(column, text, error))
        if faults:
            return faults
        record = self._record(**values)
        return list(self._check(record)) or record


def list_missing(entity: Entity[Any], given: Collection[str]) -> list[str]:
    """Return the columns that every file of the entity must have and this one has not."""
    return [column.name for column in entity.columns if column.must and column.name not in given]


def _missing(column: Column) -> Fault:
    return Fault(column=column.name, value="", code="missing", message="This must not be empty.")


def _fault(column: Column, text: str, error: CellError) -> Fault:
    shown = HIDDEN if column.is_secret else text
    return Fault(column=column.name, value=shown, code=error.code, message=error.message, fields=error.fields)
