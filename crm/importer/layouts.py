"""How a file is laid out: its format, its delimiter, its columns, and which of ours each of them is."""

import csv
import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from difflib import get_close_matches
from functools import reduce
from typing import Any, BinaryIO

from crm.core.csv_cells import unescape
from crm.core.errors import N_, Said
from crm.importer.columns import Entity, list_missing
from crm.importer.entities import ENTITIES
from crm.importer.errors import LayoutError, SourceError
from crm.importer.sources.lines import Lines, old_line_ends
from crm.importer.sources.objects import LONGEST_NAME, read_jsonl, read_keys, shown
from crm.importer.sources.rows import MOST_COLUMNS, Row, read_csv

CSV, JSON_LINES = "csv", "jsonl"
DELIMITERS = (",", ";", "\t", "|")
BLANK = f" \r\n{''.join(DELIMITERS)}"  # what a line without a value is made of
LOOKED_AT = 100  # lines of JSON whose keys are the columns
LEFT_OUT = ""
MOST_TOLD = 20
# Our own error files have these as well: they tell, and are not imported.
ERROR_COLUMNS = ("import_line", "import_errors")
NOT_IMPORTED = "import_skipped_"  # how a column that is left out begins in an error file
_SEPARATOR = re.compile(r'"?sep=([,;\t|])"?', re.IGNORECASE)  # the first line of files that are for Excel
_NAME = re.compile(r"[^\W\d_][\w .()/%-]{0,63}|_\w{1,63}")  # whatever the language

# What is said of a column that nobody knows: by whether ours has one near it, and whether it can be written.
UNKNOWN = {
    (True, True): N_("%(name)s: is unknown; do you mean %(near)s? `--map %(option)s` says so"),
    (True, False): N_("%(name)s: is unknown; do you mean %(near)s?"),
    (False, True): N_("%(name)s: is unknown; `--map %(option)s` leaves it out"),
    (False, False): N_("%(name)s: is unknown; give it another name"),
}


@dataclass(frozen=True, slots=True)
class Layout:
    """Shape: `header` has the file's names of its columns, `columns` ours in the same order, "" for one left out.

    Units: `position` is where the first row begins, in bytes, `line` the lines before it.
    """

    format: str
    encoding: str
    delimiter: str
    header: Sequence[str]
    columns: Sequence[str]
    position: int
    line: int

    @property
    def places(self) -> dict[str, int]:
        """Where each of our columns stands in a row."""
        return {column: place for place, column in enumerate(self.columns) if column}

    @property
    def is_error_file(self) -> bool:
        """Whether it is one of ours, whose cells are written so that no table runs them."""
        return ERROR_COLUMNS[-1] in self.header

    def as_json(self) -> dict[str, Any]:
        """Return what is stored."""
        return asdict(self)


def read_layout(stored: Mapping[str, Any]) -> Layout:
    """Return what was stored."""
    return Layout(**stored)


def find_layout(stream: BinaryIO, encoding: str, entity: Entity[Any], mapping: Mapping[str, str]) -> Layout:
    """Return the layout of a file from its beginning; `mapping` names our column for one of the file's, or "".

    For the command, whose `--map` gives the mapping: what nobody knows is refused, and told with that option.
    Raises: LayoutError naming every column that is unknown, double or missing; SourceError.
    """
    layout = _sniff(stream, encoding, entity, mapping)
    columns = _map(layout.header, entity, mapping)
    _check(layout.header, columns, entity, mapping)
    return replace(layout, columns=[column or LEFT_OUT for column in columns])


def sniff_layout(stream: BinaryIO, encoding: str, entity: Entity[Any]) -> Layout:
    """Return the layout as far as the file tells it; columns that nobody knows are left out.

    Raises: SourceError; LayoutError if what stands in the first line are no names of columns.
    """
    layout = _sniff(stream, encoding, entity, {})
    columns = _map(layout.header, entity, {})
    if (
        layout.format == CSV
        and not any(columns)
        and find_other(layout, entity) is None
        and not all(map(_is_name, layout.header))
    ):
        raise _no_names(entity)
    return replace(layout, columns=[column or LEFT_OUT for column in columns])


def find_other(layout: Layout, entity: Entity[Any]) -> str | None:
    """Return the entity of which the file seems to be, if most of its columns are unknown to this one."""
    return _find_other(layout.header, _map(layout.header, entity, {}))


def choose_columns(layout: Layout, entity: Entity[Any], columns: Sequence[str]) -> Layout:
    """Return the layout with our column for each place of its header, "" to leave it out; two may have one name.

    Raises: LayoutError naming every column that is unknown, double or missing.
    """
    own, given = [column.name for column in entity.columns], [column for column in columns if column]
    unknown = [_said(N_("%(name)s: there is no such column"), ours) for ours in given if ours not in own]
    faults = [*unknown, *_list_unsound(entity, given)]
    if faults:
        told = N_("The columns of the file are not those of %(entity)s: %(faults)s.")
        raise LayoutError(told, entity=entity.name, faults=_joined(faults))
    return replace(layout, columns=list(columns))


def read_rows(stream: BinaryIO, layout: Layout, *, position: int, line: int) -> Iterator[Row]:
    """Give the rows of a stream that stands at a position. Raises: SourceError."""
    lines = Lines(stream, layout.encoding, position=position, line=line)
    if layout.format == CSV:
        rows = read_csv(lines, layout.delimiter, len(layout.header))
    else:
        rows = read_jsonl(lines, layout.header)
    return map(_unescaped, rows) if layout.is_error_file else rows


def _unescaped(row: Row) -> Row:
    return row._replace(cells=list(map(unescape, row.cells)))


def _sniff(stream: BinaryIO, encoding: str, entity: Entity[Any], mapping: Mapping[str, str]) -> Layout:
    """Return the layout without our columns."""
    lines = Lines(stream, encoding)
    first, delimiters = _first_line(lines), list(DELIMITERS)
    if told := _SEPARATOR.fullmatch(first.strip("\r\n")):
        first, delimiters = _first_line(lines), [told[1]]
    if not first.lstrip().startswith(("{", "[")):
        if "\r" in first.rstrip("\r\n"):
            raise old_line_ends()
        delimiter, header = _split_header(first, delimiters, entity, mapping)
        return Layout(CSV, encoding, delimiter, _not_too_many(header), (), lines.position, lines.number)
    position, line = lines.position - len(first.encode(encoding)), lines.number - 1
    keys = dict.fromkeys(read_keys(first))
    for text, _ in zip(lines, range(LOOKED_AT), strict=False):
        keys |= dict.fromkeys(_keys_of(text))
        _not_too_many(list(keys))
    return Layout(JSON_LINES, encoding, "", list(keys), (), position, line)


def _first_line(lines: Lines) -> str:
    """Return the next line with something in it. Raises: LayoutError."""
    first = next((text for text in lines if text.strip(BLANK).strip()), None)
    if first is None:
        raise LayoutError(N_("The file has no rows."))
    return first


def _not_too_many(header: list[str]) -> list[str]:
    if len(header) > MOST_COLUMNS:
        raise LayoutError(N_("The file has more than %(most)s columns."), most=MOST_COLUMNS)
    return header


def _split_header(
    first: str, delimiters: Sequence[str], entity: Entity[Any], mapping: Mapping[str, str]
) -> tuple[str, list[str]]:
    """Return the delimiter by which the first line names the most of the columns that we know, and the names."""
    return max(
        ((each, _split(first, each)) for each in delimiters),
        key=lambda found: (
            sum(_name(name) in entity.named or name in mapping for name in found[1]),
            len(found[1]),
        ),
    )


def _keys_of(text: str) -> list[str]:
    try:
        return read_keys(text)
    except SourceError:
        return []  # told when its turn comes, with its line


def _split(first: str, delimiter: str) -> list[str]:
    """Return the names; those at the end that are empty come from a wider row, and are none."""
    try:
        names = [name.strip() for name in next(csv.reader([first], delimiter=delimiter, strict=True), [])]
    except csv.Error:
        return []
    while names and not names[-1]:
        names.pop()
    return names


def _name(written: str) -> str:
    return written.strip().lower().replace(" ", "_").replace("-", "_")


def _map(header: Sequence[str], entity: Entity[Any], mapping: Mapping[str, str]) -> list[str | None]:
    """Return our column for each of the file's: "" to leave it out, None for one that nobody knows."""
    return [_find(name, entity, mapping) for name in header]


def _find(name: str, entity: Entity[Any], mapping: Mapping[str, str]) -> str | None:
    if name in mapping:
        return mapping[name]
    if name in ERROR_COLUMNS or name.startswith(NOT_IMPORTED):
        return LEFT_OUT
    column = entity.named.get(_name(name))
    return column.name if column else None


def _check(
    header: Sequence[str], columns: Sequence[str | None], entity: Entity[Any], mapping: Mapping[str, str]
) -> None:
    own = [column.name for column in entity.columns]
    other = _find_other(header, columns)
    if not any(columns) and other is None:
        raise _no_names(entity)
    given = [column for column in columns if column]
    absent = N_("%(name)s: the file has no such column")
    strange = N_("%(name)s: there is no such column")
    faults = [
        *(_said(absent, name) for name in mapping if name not in header),
        *(_unknown(place, header[place], own) for place, ours in enumerate(columns) if ours is None),
        *(_said(strange, ours) for ours in mapping.values() if ours and ours not in own),
        *_list_unsound(entity, given),
    ]
    if faults:
        told = N_("The columns of the file are not those of %(entity)s: %(faults)s.")
        asked = N_(
            "Is this a file of %(other)s? The columns of the file are not those of %(entity)s: %(faults)s."
        )
        raise LayoutError(
            asked if other else told,
            entity=entity.name,
            faults=_joined(faults),
            **({"other": other} if other else {}),
        )


def _no_names(entity: Entity[Any]) -> LayoutError:
    told = N_("The first line must name the columns. Those of %(entity)s are: %(columns)s.")
    columns = ", ".join(column.name for column in entity.columns)
    return LayoutError(told, entity=entity.name, columns=columns)


def _is_name(written: str) -> bool:
    """Return whether something may be the name of a column: no value has one, such as a number or a date."""
    return not written or _NAME.fullmatch(written) is not None


def _list_unsound(entity: Entity[Any], given: Sequence[str]) -> list[Said]:
    """Say of our columns which two of the file's are, and which none is."""
    twice = N_("%(name)s: stands in the file twice")
    return [
        *(_said(twice, name) for name in sorted(set(given)) if given.count(name) > 1),
        *(_said(N_("%(name)s: is missing"), name) for name in list_missing(entity, given)),
    ]


def _said(message: str, name: str) -> Said:
    return Said(message, name=shown(name))


def _joined(faults: Sequence[Said]) -> Said:
    return reduce(lambda some, one: Said("%(some)s; %(one)s", some=some, one=one), faults[:MOST_TOLD])


def _find_other(header: Sequence[str], columns: Sequence[str | None]) -> str | None:
    """Return the entity whose columns they seem to be, if most of them are unknown."""
    if columns.count(None) <= len(columns) / 2:
        return None
    known = {
        name: [column for column in _map(header, other, {}) if column]
        for name, other in ENTITIES.items()
        if len(header) < 2 * sum(map(bool, _map(header, other, {})))
    }
    fitting = [name for name, given in known.items() if not list_missing(ENTITIES[name], given)]
    return max(fitting, key=lambda name: len(known[name]), default=None)


def _unknown(place: int, name: str, own: Sequence[str]) -> Said:
    if not name:
        return Said(N_("column %(place)s has no name: give it one in the first line"), place=place + 1)
    near = next(iter(get_close_matches(_name(name[:LONGEST_NAME]), own, n=1)), "")
    fields = {"name": shown(name), "near": near, "option": shlex.quote(f"{name}={near}")}
    is_writable = name == shown(name)  # else no terminal could write it
    return Said(UNKNOWN[bool(near), is_writable], **fields)
