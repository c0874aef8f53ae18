"""The bytes of a file: packed or not, of any encoding, and what no list of rows is."""

import csv
import gzip
import os
import tracemalloc
from collections.abc import Callable
from io import BytesIO, RawIOBase
from pathlib import Path

import pytest

from crm.importer.errors import SourceError
from crm.importer.sources.examining import BLOCK, Examination, examine
from crm.importer.sources.lines import LONGEST_LINE, Lines
from crm.importer.sources.objects import read_jsonl, read_keys
from crm.importer.sources.packed import LocalFile
from crm.importer.sources.rows import Row, read_csv

MEGABYTE = 1024 * 1024
NAMES = "meno;mesto\nŽofia;Šaľa\nĽubomír;Zvolen\nŤažký;Štúrovo\n"


def rows_of(content: bytes, delimiter: str = ",", encoding: str = "utf-8") -> list[Row]:
    return list(read_csv(Lines(BytesIO(content), encoding), delimiter, 2))


class Endless(RawIOBase):
    """Gives the same byte as often as it is asked for, up to a size."""

    def __init__(self, sign: bytes, size: int) -> None:
        self._sign, self._left = sign, size

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray) -> int:  # type: ignore[override]
        count = min(len(buffer), self._left)
        buffer[:count] = self._sign * count
        self._left -= count
        return count


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1250"])
def test_the_encoding_is_found(encoding: str) -> None:
    content = NAMES.encode(encoding)

    examined = examine(BytesIO(content))

    assert examined.encoding == ("cp1250" if encoding == "cp1250" else "utf-8")
    assert [row.cells for row in rows_of(content, ";", examined.encoding)][1] == ["Žofia", "Šaľa"]
    assert examined.size == len(content)


@pytest.mark.parametrize(
    "text", ["DĹŽKA;Ján Kováč\n", "Úžasná Žofia\n", "„©Ťava“ – 5 €\n", "Kráľ\n", "VÝŽIVA, TŘÍŠŤ\n"]
)
def test_short_texts_in_windows_1250_are_not_taken_for_broken_ones(text: str) -> None:
    assert examine(BytesIO(text.encode("cp1250"))).encoding == "cp1250"


ENCODINGS = {
    "UTF-16, little end first": (NAMES.encode("utf-16"), None),
    "UTF-16 without a mark": (NAMES.encode("utf-16-le"), "This is UTF-16"),
    "ISO 8859-2": (NAMES.encode("iso8859-2"), "neither UTF-8 (line 2) nor Windows-1250"),
    "NUL at the end": (NAMES.encode() + b"a;b\0\0\0", "Line 5 has a NUL byte"),
    "broken UTF-8 in line 900": (
        ("Žofia;Šaľa\n" * 899).encode() + b"\xc5ofia;b\n" + b"a;b\n" * 9,
        "Line 900 is broken",
    ),
    "broken signs, no letters": ("5 € “a”\n".encode() * 9 + b"\xe2\x82;a\n", "Line 10 is broken UTF-8"),
    "broken behind a byte order mark": (b"\xef\xbb\xbfa\n\xe1\n", "Line 2 is broken UTF-8"),
    "UTF-8 that is cut": ("Ž;Š\n".encode() * 9 + b"\xc5", "Line 10 is broken UTF-8"),
    "bytes that Windows-1250 has not": (b"a\n\x9a\x81\n", "neither UTF-8 (line 2) nor Windows-1250"),
    "lines of an old Mac": (b"a;b\r" * 300_000, "an old Mac"),
}


@pytest.mark.parametrize(("content", "sentence"), ENCODINGS.values(), ids=ENCODINGS)
def test_what_is_no_text_of_ours_is_refused(tmp_path: Path, content: bytes, sentence: str | None) -> None:
    path = tmp_path / "file.csv"
    path.write_bytes(content)

    with pytest.raises(SourceError, match=(sentence or "UTF-16").replace("(", r"\(").replace(")", r"\)")):
        examine(LocalFile(path).open())


def test_a_line_is_numbered_across_blocks() -> None:
    examination = Examination()
    examination.add(b"a\n" * 10)

    with pytest.raises(SourceError, match="Line 13 has a NUL"):
        examination.add(b"a\na\na\0\n")


@pytest.mark.parametrize("sign", [b"x", b"\0"])
def test_a_line_of_two_gigabytes_takes_no_memory(sign: bytes) -> None:
    stream = Endless(sign, 2 * 1024 * MEGABYTE)
    tracemalloc.start()

    with pytest.raises(SourceError, match="Line 1 "):
        examine(stream)  # type: ignore[arg-type]

    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8 * MEGABYTE


@pytest.mark.parametrize("longer", [0, 1])
def test_the_longest_line_is_the_same_for_who_looks_and_who_reads(longer: int) -> None:
    content = b"x" * (LONGEST_LINE - 1 + longer) + b"\nb\n"

    refused = [_refuses(lambda: examine(BytesIO(content))), _refuses(lambda: rows_of(content))]

    assert refused == [bool(longer)] * 2


def _refuses(act: Callable[[], object]) -> bool:
    try:
        act()
    except SourceError:
        return True
    return False


@pytest.mark.parametrize("size", [BLOCK - 1, BLOCK, BLOCK + 1])
def test_a_sign_on_the_border_of_two_blocks_is_whole(size: int) -> None:
    content = (b"a\n" * BLOCK)[: size - 1] + "Ž\n".encode()

    assert examine(BytesIO(content)).encoding == "utf-8"


PACKED = {
    "cut": (gzip.compress(os.urandom(9999).hex().encode())[:-700], "ends too early"),
    "damaged": (gzip.compress(b"a,b\n" * 9)[:-8] + b"\xff" * 8, "is damaged"),
    "damaged within": (gzip.compress(b"a,b\n" * 9)[:10] + b"\xff" * 30, "is damaged"),
    "with something behind": (gzip.compress(b"a,b\n") + b"more", "is damaged"),
    "twice": (gzip.compress(gzip.compress(b"a,b\n")), "packed once more"),
    "empty inside": (gzip.compress(b""), "is empty"),
    "a bomb": (gzip.compress(b"0\n" * 25 * MEGABYTE), "more than 200 times"),
    "a bomb of rows": (gzip.compress(b"old-1,+421908300001,8877,START\n" * 2_000_000), "more than 200 times"),
    "a workbook": (b"PK\x03\x04 and more", "ZIP or Excel"),
    "a workbook in it": (gzip.compress(b"PK\x03\x04 and more"), "ZIP or Excel"),
    "bzip2": (b"BZh91AY", "bzip2"),
    "nothing": (b"", "is empty"),
}


@pytest.mark.parametrize(("content", "sentence"), PACKED.values(), ids=PACKED)
def test_what_cannot_be_unpacked_is_refused(tmp_path: Path, content: bytes, sentence: str) -> None:
    path = tmp_path / "file.csv.gz"
    path.write_bytes(content)
    tracemalloc.start()

    with pytest.raises(SourceError, match=sentence):
        examine(LocalFile(path).open())

    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8 * MEGABYTE


def test_members_of_a_packed_file_are_one_text(tmp_path: Path) -> None:
    path = tmp_path / "file.csv.gz"
    path.write_bytes(gzip.compress(b"a,b\n") + gzip.compress(b"c,d\n"))

    with LocalFile(path).open() as stream:
        assert stream.read() == b"a,b\nc,d\n"


def test_only_an_ordinary_file_is_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")

    for path in (tmp_path / "pipe", Path("/dev/zero"), Path("/dev/null")):
        with pytest.raises(SourceError, match="no ordinary file"):
            LocalFile(path).open()


@pytest.mark.parametrize("name", ["", "nothing", "a\0b", "x" * 300, "../" * 2000])
def test_a_name_that_cannot_be_opened_is_told(tmp_path: Path, name: str) -> None:
    with pytest.raises(SourceError, match=r"cannot be opened|no ordinary"):
        LocalFile(tmp_path / name).open()


def test_a_file_that_cannot_be_read_is_told() -> None:
    with pytest.raises(SourceError, match="cannot be read: Input/output error"):
        LocalFile(Path("/proc/self/mem")).open()


@pytest.mark.parametrize("packed", [False, True])
def test_a_file_that_is_changed_while_it_is_read_is_refused(tmp_path: Path, packed: bool) -> None:
    path = tmp_path / "file.csv"
    rows = os.urandom(2 * MEGABYTE).hex().encode()
    path.write_bytes(gzip.compress(rows, 1) if packed else rows)
    stream = LocalFile(path).open()
    stream.read(100)
    with path.open("ab") as file:
        file.write(b"more")

    with pytest.raises(SourceError, match="changed the file"):
        stream.read()


def test_another_file_of_the_same_name_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "file.csv"
    path.write_bytes(b"a,b\n")
    file = LocalFile(path)
    file.open().close()
    (tmp_path / "other").write_bytes(b"c,d\n")
    (tmp_path / "other").replace(path)

    with pytest.raises(SourceError, match="changed the file"):
        file.open()


def test_rows_know_the_lines_where_they_begin_and_end() -> None:
    rows = rows_of(b'a,"b\r\nc"\r\n\r\n  \nd,e\n"f\n\n",g\nh,i')

    assert [(row.line, row.lines) for row in rows] == [(1, 2), (5, 5), (6, 8), (9, 9)]
    assert [row.end for row in rows] == [10, 19, 27, 30]
    assert rows[0].cells == ["a", "b\r\nc"]


def test_what_a_table_program_fills_up_with_is_no_row_and_no_value() -> None:
    rows = rows_of(b"a,b,,,\n,,,,\n , ,\nc,d,,e,\nf\n\ng,,\n")

    assert [(row.line, row.cells) for row in rows] == [
        (1, ["a", "b"]),
        (4, ["c", "d", "", "e", ""]),
        (5, ["f"]),
        (7, ["g", ""]),
    ]


def test_reading_goes_on_where_a_row_ended() -> None:
    content = b'a,"b\nc"\nd,e\n\nf,g\n'
    first = rows_of(content)[0]
    stream = BytesIO(content)
    stream.seek(first.end)

    rest = list(read_csv(Lines(stream, "utf-8", position=first.end, line=first.lines), ",", 2))

    assert rest == rows_of(content)[1:]


BAD_CSV = {
    "a quotation mark that is not closed": (b'a,b\nc,"d\ne,f\n', "in line 2 is never closed"),
    "one that is not closed in a large file": (b'a,"b\n' + b"c,d\n" * 999_999, "begins in line 1 has no end"),
    "a row over all lines": (b'a,b\n"' + b'\n","' * 999_999, "begins in line 2 has no end"),
    "something behind a quotation mark": (b'a,b\n"c"d,e\n', "line 2 something follows"),
    "a carriage return": (b"a,b\nc\rd,e\n", "Line 2 has a carriage return"),
    "a million values": (b"a,b\n" + b"," * 999_999 + b"\n", "Line 2 has 1000000 values"),
}


@pytest.mark.parametrize(("content", "sentence"), BAD_CSV.values(), ids=BAD_CSV)
def test_what_is_no_csv_is_refused_with_its_line(content: bytes, sentence: str) -> None:
    with pytest.raises(SourceError, match=sentence):
        rows_of(content)


def test_a_long_cell_is_read_for_its_column_to_refuse() -> None:
    assert len(rows_of(b"a," + b"x" * 1_000_000 + b"\n")[0].cells[1]) == 1_000_000
    assert csv.field_size_limit() >= LONGEST_LINE


def objects_of(*texts: str, header: tuple[str, ...] = ("a", "b")) -> list[Row]:
    content = "\n".join(texts).encode("utf-8", "surrogatepass")
    return list(read_jsonl(Lines(BytesIO(content), "utf-8"), header))


VALUES = {
    "texts": ('{"a": "x", "b": ""}', ["x", ""]),
    "nothing": ('{"a": null}', ["", ""]),
    "numbers as they are written": ('{"a": 4.90, "b": 123456789012345678901234567890}', None),
    "yes and no": ('{"a": true, "b": false}', ["1", "0"]),
    "objects": ('{"a": {"x": 4.90, "y": ["ž", null, true]}}', ['{"x": 4.90, "y": ["ž", null, true]}', ""]),
    "a number without end": ('{"a": 1e999999}', ["1E+999999", ""]),
    "a byte order mark": ("\ufeff" + '{"a": "x"}', ["x", ""]),
}


@pytest.mark.parametrize(("text", "cells"), VALUES.values(), ids=VALUES)
def test_values_of_json_are_those_of_csv(text: str, cells: list[str] | None) -> None:
    (row,) = objects_of(text)

    assert row.odd is None
    assert row.cells == (cells or ["4.90", "123456789012345678901234567890"])


ODD = {
    "a list": ("[1, 2]", "json"),
    "a number": ("7", "json"),
    "not a number": ('{"a": NaN}', "json"),
    "infinity": ('{"a": -Infinity}', "json"),
    "cut": ('{"a": "x"', "json"),
    "two objects": ('{"a": 1} {"a": 2}', "json"),
    "deep": ('{"a": ' + "[" * 100_000 + "]" * 100_000 + "}", "json"),
    "deep, but not too deep to be read": ('{"a": ' + "[" * 900 + "]" * 900 + "}", "json"),
    "an unknown key": ('{"a": 1, "c": 2}', "unknown_column"),
    "a key twice": ('{"a": 1, "a": 2}', "repeated_key"),
    "a NUL": ('{"a": "x\\u0000"}', "control_character"),
    "half a sign": ('{"a": "\\ud83d"}', "control_character"),
    "a number beyond exponents": ('{"a": 1e99999999999999999999}', "json"),
    "a control character in a text": ('{"a": "x\ty"}', "json"),
}


@pytest.mark.parametrize(("text", "code"), ODD.values(), ids=ODD)
def test_odd_lines_of_json_are_refused_one_by_one(text: str, code: str) -> None:
    rows = objects_of(text, '{"a": "good"}')

    assert rows[0].odd is not None
    assert (rows[0].odd.code, rows[0].line) == (code, 1)
    assert all("\0" not in cell for cell in rows[0].cells)
    assert rows[1].odd is None


def test_a_huge_line_that_is_no_object_is_kept_in_part() -> None:
    (row,) = objects_of("x" * 1_000_000)

    assert len(row.cells[0]) == 1000


BAD_KEYS = {
    "a list": ("[{}]", "no JSON object"),
    "a NUL": ('{"\\u0000": 1}', "a sign in it"),
    "half a sign": ('{"\\ud83d": 1}', "a sign in it"),
    "twice": ('{"a": 1, "a": 2}', "key a twice"),
    "too many": ("{" + ",".join(f'"{n}": 1' for n in range(100_000)) + "}", "more than 200 columns"),
    "one key a hundred thousand times": ("{" + '"a": 1,' * 99_999 + '"a": 1}', "key a twice"),
    "one that moves the cursor": ('{"\\u001b[2J": 1, "\\u001b[2J": 2}', r"key  \[2J twice"),
}


@pytest.mark.parametrize(("text", "sentence"), BAD_KEYS.values(), ids=BAD_KEYS)
def test_keys_that_cannot_be_columns_are_refused(text: str, sentence: str) -> None:
    with pytest.raises(SourceError, match=sentence):
        read_keys(text)
