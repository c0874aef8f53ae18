"""How a file is laid out: any format gives the same records, and columns are known or asked for."""

import csv
import gzip
import json
from collections.abc import Mapping, Sequence
from io import BytesIO, StringIO
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.importer.columns import Line, RowReader
from crm.importer.entities.inbound_messages import INBOUND_MESSAGES
from crm.importer.errors import LayoutError, SourceError
from crm.importer.examples import read_example
from crm.importer.kinds import moment
from crm.importer.layouts import choose_columns, find_layout, read_rows, sniff_layout
from crm.importer.sources.examining import examine
from crm.importer.sources.packed import unpack
from crm.subscriptions.newsroom import current_zone
from tests.factories.import_files import HEADER, INBOUND, inbound_file, inbound_line

HEADERS = {delimiter: delimiter.join(INBOUND) for delimiter in ",;\t|"}


def _reads_as_one_encoding(text: str) -> bool:
    """Return whether the bytes in Windows-1250 are no UTF-8 as well: of áĽĽ nobody could say which it is."""
    try:
        text.encode("cp1250").decode()
    except UnicodeDecodeError:
        return True
    return text.isascii()


TEXT = st.text(
    st.sampled_from("aľšťžĽŠŤŽáéíóúôňrĺ €„“–,;|\t'\"=+-@\n \\")
    | st.characters(min_codepoint=32, max_codepoint=126)
).filter(_reads_as_one_encoding)
ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "mobiletech_id": st.from_regex(r"[A-Za-z0-9._-]{1,20}", fullmatch=True),
            "from": st.just("+421908300101"),
            "to": st.sampled_from(["8877", "0908 123 456"]),
            "content": TEXT,
            "receive_date": st.sampled_from(["2026-09-01 08:00:00", "1.9.2026 8:00", "2026-09-01T08:00:00Z"]),
            "serv_id": st.sampled_from(["1703", " 17 "]),
            "operator_type": st.sampled_from("TO2S"),
        }
    ),
    min_size=1,
    max_size=5,
)


def as_csv(
    rows: Sequence[Mapping[str, str]], delimiter: str = ",", encoding: str = "utf-8", ends: str = "\n"
) -> bytes:
    written = StringIO()
    writer = csv.DictWriter(written, list(rows[0]), delimiter=delimiter, lineterminator=ends)
    writer.writeheader()
    writer.writerows(rows)
    return written.getvalue().encode(encoding)


def as_jsonl(rows: Sequence[Mapping[str, str]], *, ascii_only: bool = False) -> bytes:
    return "".join(json.dumps(row, ensure_ascii=ascii_only) + "\n" for row in rows).encode()


def records_of(content: bytes) -> list[Line[Any]]:
    """Read a file as an import does."""
    examined = examine(unpack(BytesIO(content)))
    layout = find_layout(unpack(BytesIO(content)), examined.encoding, INBOUND_MESSAGES, {})
    reader = RowReader(INBOUND_MESSAGES, layout.places, len(layout.header), moment(current_zone()))
    stream = unpack(BytesIO(content))
    stream.read(layout.position)
    rows = list(read_rows(stream, layout, position=layout.position, line=layout.line))
    return [reader.read(row.cells) for row in rows]  # type: ignore[misc]


@given(rows=ROWS)
def test_rows_in_any_format_are_the_same_records(rows: list[dict[str, str]]) -> None:
    forms = [
        *(as_csv(rows, delimiter) for delimiter in HEADERS),
        as_csv(rows, ";", "utf-8-sig", "\r\n"),
        as_csv(rows, ";", "cp1250", "\r\n"),
        as_jsonl(rows),
        as_jsonl(rows, ascii_only=True),
        "\ufeff".encode() + as_jsonl(rows),
    ]

    read = [records_of(form) for form in (*forms, *map(gzip.compress, forms))]

    assert len(read[0]) == len(rows)
    assert read[0][0].content == rows[0]["content"]  # type: ignore[attr-defined]
    assert all(each == read[0] for each in read)


@pytest.mark.parametrize("delimiter", HEADERS)
def test_the_delimiter_is_the_one_that_names_our_columns(delimiter: str) -> None:
    layout = sniff_layout(BytesIO(f"{HEADERS[delimiter]}\n".encode()), "utf-8", INBOUND_MESSAGES)

    assert (layout.delimiter, list(layout.columns)) == (delimiter, list(INBOUND))


def test_the_delimiter_may_be_known_by_what_is_mapped() -> None:
    content = b"a, b;c, d\n"

    with pytest.raises(LayoutError, match="to: is missing"):
        find_layout(BytesIO(content), "utf-8", INBOUND_MESSAGES, {"a, b": "content", "c, d": "from"})


def test_columns_are_known_by_the_names_of_the_old_system_and_however_they_are_spelled() -> None:
    header = HEADER.replace("mobiletech_id", "Mobiletech ID").replace("serv_id", "SERV-ID") + ",id,user_id"

    layout = find_layout(BytesIO(header.encode()), "utf-8", INBOUND_MESSAGES, {})

    assert list(layout.columns) == [*INBOUND, "external_id", "user_external_id"]


WRONG = {
    "misspelled": (
        HEADER.replace("content", "contnet"),
        {},
        "do you mean content? `--map contnet=content` says so",
    ),
    "unknown": (f"{HEADER},mood", {}, "mood: is unknown; `--map mood=` leaves it out"),
    "unknown to a shell": (f"{HEADER},a $b", {}, r"a $b: is unknown; `--map 'a $b='` leaves it out"),
    "twice": (f"{HEADER},to", {}, "to: stands in the file twice"),
    "twice by other names": (f"{HEADER},external_id,id", {}, "external_id: stands in the file twice"),
    "missing": (HEADER.replace(",content", ""), {}, "content: is missing"),
    "without a name": (f",{HEADER}", {}, "column 1 has no name: give it one in the first line"),
    "mapped from nothing": (HEADER, {"x": "dcs"}, "x: the file has no such column"),
    "mapped to nothing": (f"{HEADER},x", {"x": "y"}, "y: there is no such column"),
    "no header": ("1,2,3", {}, "The first line must name the columns"),
    "a quotation mark that is not closed": (f'"{HEADER}', {}, "The first line must name the columns"),
    "too many": (",".join(f"c{number}" for number in range(100_000)), {}, "more than 200 columns"),
    "a million": ("c," * 500_000, {}, "more than 200 columns"),
    "a million without names": ("," * 1_000_000, {}, "has no rows"),
    "one that moves the cursor": (f"{HEADER},\x1b[2Jx", {}, r"(?s)^[^\x1b]* \[2Jx: is unknown[^\x1b]*$"),
    "one without end": (f"{HEADER},{'x' * 100_000}", {}, "x{60}…: is unknown"),
    "old line ends": (f"{HEADER}\r{inbound_line(1)}", {}, "an old Mac"),
    "nothing but blank lines": ("\n \n\n", {}, "has no rows"),
    "a list of objects": ('[{"a": 1}]', {}, "no JSON object; each line must be one"),
    "an object over several lines": ('{\n"a": 1}', {}, "no JSON object; each line must be one"),
}


@pytest.mark.parametrize(("header", "mapping", "sentence"), WRONG.values(), ids=WRONG)
def test_wrong_columns_are_told_shortly(header: str, mapping: dict[str, str], sentence: str) -> None:
    with pytest.raises(
        SourceError,
        match=sentence.replace("?", r"\?").replace("$", r"\$") if "(?s)" not in sentence else sentence,
    ) as told:
        find_layout(BytesIO(f"{header}\n".encode()), "utf-8", INBOUND_MESSAGES, mapping)

    assert len(str(told.value)) < 2000


def test_a_file_of_another_sort_is_asked_for() -> None:
    other = read_example("payments").splitlines()[0]

    for each in (other, f"{other},mood"):
        with pytest.raises(
            LayoutError, match=r"^Is this a file of payments[?] The columns of the file are not"
        ):
            find_layout(BytesIO(each.encode()), "utf-8", INBOUND_MESSAGES, {})
    with pytest.raises(LayoutError, match=r"^The columns of the file are not"):
        find_layout(BytesIO(b"id,mood,temper"), "utf-8", INBOUND_MESSAGES, {})


def test_all_that_is_wrong_is_told_at_once() -> None:
    with pytest.raises(LayoutError) as told:
        find_layout(BytesIO(b"mobiletech_id,mood,from,from\n"), "utf-8", INBOUND_MESSAGES, {"x": "to"})

    for fault in ("x: the file has no", "mood: is unknown", "from: stands in", "content: is missing"):
        assert fault in str(told.value)


CHOSEN_WRONG = {
    "twice": (
        [*INBOUND, "from"],
        "The columns of the file are not those of inbound-messages: from: stands in",
    ),
    "none of ours": ([*INBOUND, "password"], "password: there is no such column"),
    "missing": ([*INBOUND[:-1], "", ""], "operator_type: is missing"),
}


@pytest.mark.parametrize(("columns", "sentence"), CHOSEN_WRONG.values(), ids=CHOSEN_WRONG)
def test_columns_that_are_chosen_by_their_place_are_checked(columns: list[str], sentence: str) -> None:
    layout = sniff_layout(BytesIO(f"{HEADER},from\n".encode()), "utf-8", INBOUND_MESSAGES)

    with pytest.raises(LayoutError, match=sentence) as told:
        choose_columns(layout, INBOUND_MESSAGES, columns)

    assert "--map" not in str(told.value)


def test_keys_may_come_later() -> None:
    lines = [json.dumps({"mobiletech_id": "1"}), *["nonsense"] * 3, json.dumps(dict.fromkeys(INBOUND, "x"))]

    layout = find_layout(BytesIO("\n".join(lines).encode()), "utf-8", INBOUND_MESSAGES, {})

    assert sorted(layout.header) == sorted(INBOUND)


def test_a_hundred_lines_of_other_keys_are_too_many_columns() -> None:
    lines = [json.dumps({f"k{line}-{number}": 1 for number in range(150)}) for line in range(100)]

    with pytest.raises(LayoutError, match="more than 200 columns"):
        sniff_layout(BytesIO("\n".join(lines).encode()), "utf-8", INBOUND_MESSAGES)


def test_columns_at_the_end_without_a_name_are_none() -> None:
    content = inbound_file([f"{inbound_line(1)},,", f"{inbound_line(2)},,x", ",,,,,,,,"])

    wide = records_of(f",,,,,,,,\n{HEADER},,\n".encode() + content.partition(b"\n")[2])

    assert wide[0] == records_of(inbound_file([inbound_line(1)]))[0]
    assert [fault.code for fault in wide[1]] == ["columns"]
    assert len(wide) == 2


@pytest.mark.parametrize("told", ["sep=;", "SEP=;", '"sep=;"'])
def test_the_delimiter_may_be_told_by_the_first_line(told: str) -> None:
    content = inbound_file([inbound_line(1)])

    read = records_of(f"\ufeff{told}\r\n".encode() + content.replace(b",", b";"))

    assert read == records_of(content)


def test_a_tab_may_be_told_too() -> None:
    layout = sniff_layout(BytesIO(f"sep=\t\n{HEADERS[chr(9)]}\n".encode()), "utf-8", INBOUND_MESSAGES)

    assert (layout.delimiter, layout.line) == ("\t", 2)


def test_a_header_that_is_repeated_is_a_row() -> None:
    assert len(records_of(inbound_file([inbound_line(1), HEADER]))) == 2


def test_the_first_row_is_where_the_header_ends() -> None:
    content = b"\xef\xbb\xbf\r\n" + HEADER.encode() + b"\r\n" + inbound_line(1).encode()

    layout = find_layout(BytesIO(content), "utf-8", INBOUND_MESSAGES, {})

    assert content[layout.position :] == inbound_line(1).encode()
    assert layout.line == 2
