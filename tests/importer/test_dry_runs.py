"""A dry run says exactly what the real run will do, for any file: each entity's example, spoilt in every way."""

import csv
from io import StringIO
from pathlib import Path
from random import Random

import pytest
from flask import Flask
from sqlalchemy import func, select

from crm.core.db import Base, transaction
from crm.importer.entities import ENTITIES
from crm.importer.examples import read_example
from crm.importer.models import ImportRun
from crm.seed import seed_standard
from tests.factories.import_files import run_file
from tests.factories.imports import counts_of

NAMES = list(ENTITIES)
OWN_TABLES = (
    "imports",
    "import_files",
    "import_chunks",
    "import_refusals",
    "import_differences",
    "import_claims",
)

# What stands in spoilt files: nothing, nonsense, what is too much, what belongs to another row.
JUNK = [
    "", " ", "NULL", "\\N", "0", "1", "-1", "4.90", "-4.90", "1000000", "x", "x" * 300, "x" * 2500, "=1+1", "@a",
    "2026-02-30", "1900-01-01", "2026-09-01 08:00:00", "2099-01-01", "2500-01-01", "nobody@example.sk", "a@",
    "eva.nova@example.com", "+421908300101", "0908300102", "+420602123456", "8877", "101", "102", "103", "999",
    "old-in-501", "old-month", "OLD49", "OLD00", "old-renewal", "{}", '{"a": [1]}', '{"a": "\\u0000"}', "EUR",
    "paid", "active", "D1", "A0", "X9", "<b>", "ľščťž", "a\nb", "a\x9bb", "\u202e", "{{ a }}", "{% if %}",
]  # fmt: skip

# A type may be followed by one that stands below it: they come in together, or not at all.
IN_ONE_BATCH = "subscription-types"
FILES = 25
OWN, ODD = 0.4, 0.05  # how often


@pytest.mark.parametrize("name", NAMES)
def test_a_dry_run_of_any_file_counts_as_the_real_one(app: Flask, tmp_path: Path, name: str) -> None:
    prepare(tmp_path, name)
    path = tmp_path / "spoilt.csv"

    for number in range(FILES):
        content = spoil(name, Random(f"{name} {number}"))
        path.write_text(content, encoding="utf-8", newline="")
        before = count_rows()
        dry = run_file(path, name, is_dry=True)
        small = run_file(path, name, is_dry=True, batch_rows=2)
        untouched = count_rows()
        real = run_file(path, name)
        again = run_file(path, name)

        assert untouched == before, content
        assert told_by(dry) == told_by(real), content
        assert name == IN_ONE_BATCH or told_by(small) == told_by(real), content
        repeated = (0, 0, real.rows_done - real.refused, real.refused)
        assert counts_of(again) == repeated, content


def told_by(run: ImportRun) -> tuple[object, ...]:
    return *counts_of(run), run.due_count, run.due_amounts, run.stopped


def prepare(tmp_path: Path, name: str) -> None:
    """Seed, and import the examples of the entities that come before."""
    with transaction() as session:
        seed_standard(session)
    for earlier in NAMES[: NAMES.index(name)]:
        (tmp_path / earlier).write_text(read_example(earlier), encoding="utf-8")
        assert run_file(tmp_path / earlier, earlier).refused == 0, earlier


def spoil(name: str, random: Random) -> str:
    """Return the example's rows, some again and again, with other values and more or fewer of them."""
    header, *good = list(csv.reader(StringIO(read_example(name))))
    rows = [_spoil(list(random.choice(good)), random) for _ in range(random.randint(1, 12))]
    written = StringIO()
    csv.writer(written, lineterminator="\n").writerows([header, *rows])
    return written.getvalue()


def _spoil(cells: list[str], random: Random) -> list[str]:
    for _ in range(random.choice([0, 0, 1, 1, 2, 3])):
        place = random.randrange(len(cells))
        own = f"{cells[place]}{random.randrange(9)}"  # as a new row of its own has it
        cells[place] = own if random.random() < OWN else random.choice(JUNK)
    if random.random() < ODD:
        return [*cells, "more"] if random.random() < OWN else cells[:-1]
    return cells


def count_rows() -> dict[str, int]:
    with transaction() as session:
        return {
            table.name: session.scalar(select(func.count()).select_from(table)) or 0
            for table in Base.metadata.sorted_tables
            if table.name not in OWN_TABLES
        }
