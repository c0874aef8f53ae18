"""Refused rows come back in a file that can be mended, and imported again by itself."""

import csv
import json
from io import StringIO
from pathlib import Path

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from crm.core.db import transaction
from crm.importer.error_file import write_errors
from crm.importer.faults import Fault
from crm.importer.models import ImportRun
from crm.mobiletech.models import InboundMessage
from tests.factories.import_files import HEADER, inbound_file, inbound_line, run_file
from tests.factories.imports import counts_of


def errors_of(run: ImportRun) -> str:
    with transaction() as session:
        return "".join(write_errors(session, run))


def rows_of(errors: str, delimiter: str = ",") -> list[dict[str, str]]:
    return list(csv.DictReader(StringIO(errors.removeprefix("\ufeff")), delimiter=delimiter))


def write(path: Path, content: bytes | str) -> Path:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def test_a_row_has_its_line_all_that_is_wrong_and_what_stood_in_it(app: Flask, tmp_path: Path) -> None:
    bad = inbound_line(2, receive_date="yesterday", operator_type="X")
    run = run_file(write(tmp_path / "a.csv", inbound_file([inbound_line(1), bad, inbound_line(3)])))

    (row,) = rows_of(errors_of(run))

    assert counts_of(run) == (2, 0, 0, 1)
    assert (row["import_line"], row["receive_date"]) == ("3", "yesterday")
    assert "receive_date: Write a date" in row["import_errors"]
    assert "[date]; operator_type: This must be one of T, O, 2, S. [choice]" in row["import_errors"]


def test_mended_it_is_imported_by_itself(app: Flask, tmp_path: Path) -> None:
    bad = [inbound_line(2, receive_date="yesterday"), inbound_line(3, to="?")]
    run = run_file(write(tmp_path / "a.csv", inbound_file([inbound_line(1), *bad])))
    errors = errors_of(run)
    mended = errors.replace("yesterday", "2026-09-01").replace("?", "8877")

    again = run_file(write(tmp_path / "errors.csv", errors))
    later = run_file(write(tmp_path / "mended.csv", mended))

    assert counts_of(again) == (0, 0, 0, 2)
    assert counts_of(later) == (2, 0, 0, 0)
    assert rows_of(errors_of(again))[0]["mobiletech_id"] == "old-2"
    assert counts_of(run_file(tmp_path / "mended.csv")) == (0, 0, 2, 0)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25, deadline=None)
@given(content=st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])))
def test_any_text_comes_back_as_it_was(app: Flask, tmp_path: Path, content: str) -> None:
    row = dict(zip(HEADER.split(","), inbound_line(1, operator_type="X").split(","), strict=True))
    run = run_file(write(tmp_path / "a.jsonl", json.dumps(row | {"content": content})))
    errors = errors_of(run)

    with transaction() as session:
        session.execute(InboundMessage.__table__.delete())
    mended = run_file(write(tmp_path / "mended.csv", errors.replace(",X\r\n", ",O\r\n")))

    assert counts_of(mended) == (1, 0, 0, 0)
    with transaction() as session:
        assert session.scalars(select(InboundMessage.content)).one() == content


@pytest.mark.parametrize("cell", ["=1+1", "+421", "-1", "@SUM(A1)", "'quoted"])
def test_no_cell_runs_in_a_table(app: Flask, tmp_path: Path, cell: str) -> None:
    bad = inbound_line(1, content=cell, operator_type="X")
    run = run_file(write(tmp_path / "a.csv", inbound_file([bad])))

    (row,) = rows_of(errors_of(run))

    assert row["content"] == f"'{cell}"


@pytest.mark.parametrize(
    "bad", [inbound_line(1).rpartition(",")[0], f"{inbound_line(1)},more", "what,is,this"]
)
def test_a_row_with_too_few_or_too_many_values_stays_so(app: Flask, tmp_path: Path, bad: str) -> None:
    run = run_file(write(tmp_path / "a.csv", inbound_file([bad])))
    errors = errors_of(run)

    again = run_file(write(tmp_path / "errors.csv", errors))

    assert errors.splitlines()[1].endswith(bad.replace("+", "'+"))
    assert counts_of(again) == (0, 0, 0, 1)


def test_a_table_program_may_make_all_rows_as_wide_as_the_widest(app: Flask, tmp_path: Path) -> None:
    lines = [inbound_line(1, operator_type="X"), f"{inbound_line(2)},more", ",,,,"]
    run = run_file(write(tmp_path / "a.csv", inbound_file(lines)))
    rows = list(csv.reader(StringIO(errors_of(run).removeprefix("\ufeff"))))
    widest = max(map(len, rows))
    saved = "\r\n".join(",".join(f'"{cell}"' for cell in [*row, *[""] * (widest - len(row))]) for row in rows)

    mended = run_file(write(tmp_path / "mended.csv", saved.replace('"X"', '"O"')))

    assert counts_of(run) == (0, 0, 0, 2)
    assert counts_of(mended) == (1, 0, 0, 1)


def test_what_was_mapped_or_left_out_needs_no_mapping_again(app: Flask, tmp_path: Path) -> None:
    header = HEADER.replace("serv_id", "=service") + ",=mood"
    content = f"{header}\n{inbound_line(1, operator_type='X')},good\n"
    run = run_file(write(tmp_path / "a.csv", content), mapping={"=service": "serv_id", "=mood": ""})
    errors = errors_of(run)

    mended = run_file(write(tmp_path / "mended.csv", errors.replace(",X,", ",O,")))

    assert errors.splitlines()[0].endswith("serv_id,operator_type,import_skipped_=mood")
    assert rows_of(errors)[0]["import_skipped_=mood"] == "good"
    assert counts_of(mended) == (1, 0, 0, 0)
    again = run_file(write(tmp_path / "again.csv", errors))
    assert errors_of(again).splitlines()[0] == errors.splitlines()[0]


def test_it_has_the_delimiter_of_the_file(app: Flask, tmp_path: Path) -> None:
    content = inbound_file([inbound_line(1, operator_type="X")]).replace(b",", b";")
    run = run_file(write(tmp_path / "a.csv", content))

    assert rows_of(errors_of(run), ";")[0]["mobiletech_id"] == "old-1"


def test_odd_lines_of_json_are_in_it_too(app: Flask, tmp_path: Path) -> None:
    good = dict(zip(HEADER.split(","), inbound_line(1).split(","), strict=True))
    lines = [json.dumps(good), "nonsense", json.dumps(good | {"mobiletech_id": "a\0b"}), "[" * 9]
    run = run_file(write(tmp_path / "a.jsonl", "\n".join(lines)))

    rows = rows_of(errors_of(run))

    assert [(row["import_line"], row["mobiletech_id"]) for row in rows] == [
        ("2", "nonsense"),
        ("3", "ab"),
        ("4", "[" * 9),
    ]


def test_what_is_wrong_moves_no_cursor() -> None:
    fault = Fault(column="a", value="", code="x", message="No %(name)s.", fields={"name": "\x1b[2J\n"})

    assert str(fault) == "a: No  [2J . [x]"
