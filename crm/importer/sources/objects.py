"""Rows of JSON Lines: an object a line, its values as they would stand in CSV."""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any, NoReturn

from crm.core.errors import N_
from crm.importer.errors import SourceError
from crm.importer.faults import Fault
from crm.importer.sources.lines import Lines
from crm.importer.sources.rows import MOST_COLUMNS, Row

LONGEST_NAME = 60
LONGEST_SHOWN = 1000  # of a line that is kept, though it is no object


class _RepeatedKeyError(ValueError):
    """An object has a key twice; the argument is the key."""


def read_jsonl(lines: Lines, header: Sequence[str]) -> Iterator[Row]:
    """Give the rows that are left, each with its values in the order of the header."""
    known = frozenset(header)
    for text in lines:
        if text.strip():
            cells, odd = _read_object(text, header, known)
            yield Row(lines.number, cells, lines.position, lines.number, odd)


def read_keys(text: str) -> list[str]:
    """Return the keys of a JSON object. Raises: SourceError if it is none, or has keys that cannot be columns."""
    try:
        read = _loads(text)
    except _RepeatedKeyError as error:
        raise SourceError(
            N_("The first line has the key %(key)s twice."), key=shown(error.args[0])
        ) from error
    if not isinstance(read, dict):
        raise SourceError(
            N_("The first line is no JSON object; each line must be one, without a list around.")
        )
    for key in read:
        if key != plain(key):
            raise SourceError(N_("A key of the first line has a sign in it that no text has."))
    if len(read) > MOST_COLUMNS:
        raise SourceError(N_("The file has more than %(most)s columns."), most=MOST_COLUMNS)
    return list(read)


def plain(text: str) -> str:
    """Return the text without what PostgreSQL cannot keep: NUL, and halves of signs."""
    return text.replace("\0", "").encode(errors="ignore").decode()


def shown(name: str) -> str:
    """Return the name of a column as it is safe to show: short, and without control characters."""
    bare = "".join(sign if sign.isprintable() else " " for sign in name[:LONGEST_NAME])
    return f"{bare}…" if len(name) > LONGEST_NAME else bare


def _read_object(
    text: str, header: Sequence[str], known: frozenset[str]
) -> tuple[Sequence[str], Fault | None]:
    try:
        read = _loads(text)
        cells = [_cell(read.get(key)) for key in header] if isinstance(read, dict) else []
    except _RepeatedKeyError as error:
        told = N_("This key stands in the object twice: mend the line in the JSON file itself.")
        return _whole(text), Fault(column=shown(error.args[0]), value="", code="repeated_key", message=told)
    except RecursionError:
        read = None
    if not isinstance(read, dict):
        bare = _whole(text)
        told = N_("This line is no JSON object: mend it in the JSON file itself.")
        return bare, Fault(column="", value=bare[0], code="json", message=told)
    unknown = next((key for key in read if key not in known), None)
    bare = [plain(cell) for cell in cells]
    if unknown is not None:
        told = N_(
            "The first lines of the file do not have this key: remove it, or give it to the first line."
        )
        return bare, Fault(column=shown(unknown), value="", code="unknown_column", message=told)
    if bare != cells:
        told = N_("This has a sign in it that no text has.")
        places = [key for key, cell, kept in zip(header, cells, bare, strict=True) if cell != kept]
        return bare, Fault(column=shown(places[0]), value="", code="control_character", message=told)
    return cells, None


def _whole(text: str) -> list[str]:
    return [plain(text.strip()[:LONGEST_SHOWN])]


def _loads(text: str) -> Any:
    """Return what a line says, None if it is no JSON. Raises: _RepeatedKeyError."""
    try:
        return _decoder.decode(text.strip())
    except _RepeatedKeyError:
        raise
    except (ValueError, RecursionError, ArithmeticError):
        return None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        raise _RepeatedKeyError(Counter(key for key, _ in pairs).most_common(1)[0][0])
    return made


def _no_number(written: str) -> NoReturn:
    raise ValueError(f"JSON has no {written}")


def _cell(value: Any) -> str:
    """Return a value as it would stand in CSV; numbers as they are written."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "1" if value else "0"
    return _written(value)


def _written(value: Any) -> str:
    """Write a value as JSON, numbers as they came."""
    if isinstance(value, dict):
        return f"{{{', '.join(f'{_quoted(key)}: {_written(each)}' for key, each in value.items())}}}"
    if isinstance(value, list):
        return f"[{', '.join(map(_written, value))}]"
    return str(value) if isinstance(value, Decimal) else _quoted(value)


def _quoted(value: str | bool | None) -> str:
    return json.dumps(value, ensure_ascii=False)


_decoder = json.JSONDecoder(
    parse_float=Decimal, parse_int=Decimal, parse_constant=_no_number, object_pairs_hook=_object
)
