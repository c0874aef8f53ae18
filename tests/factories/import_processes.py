"""Real processes that import, stopped at a moment that the database shows, and their database looked at."""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psycopg

from crm.importer.running import LOCK
from tests.factories.import_files import INBOUND, inbound_file, inbound_line
from tests.waiting import wait_until

ROOT = Path(__file__).resolve().parents[2]
ROWS = 12_000  # three batches
HELD = 7_000  # a row of the second
COUNTS = (ROWS - 3, 0, 1, 2)


def write_history(path: Path) -> Path:
    """Write a file of three batches, with a repeated row and two bad ones in different batches."""
    lines = [inbound_line(number) for number in range(ROWS)]
    lines[4000] = inbound_line(4000, receive_date="yesterday")
    lines[8000] = inbound_line(1)
    lines[11_000] = inbound_line(2, content="other")
    path.write_bytes(inbound_file(lines))
    return path


def start_import(environ: Mapping[str, str], path: Path, *options: str) -> "subprocess.Popen[str]":
    """Start `crm import inbound-messages`."""
    command = [sys.executable, "-c", "from crm.cli import main; main()", "import", "inbound-messages"]
    return subprocess.Popen(
        [*command, str(path), *options],
        env=os.environ | environ,
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(process: "subprocess.Popen[str]") -> tuple[int, str, str]:
    """Return the status and what was said, once it has ended."""
    said, told = process.communicate(timeout=120)
    return process.returncode, said, told


def last_line(counts: Sequence[int] = COUNTS) -> str:
    """Return how an import ends."""
    return "inserted {} updated {} unchanged {} refused {}\n".format(*counts)


@contextmanager
def held_up(database_url: str, environ: Mapping[str, str], path: Path) -> "Iterator[subprocess.Popen[str]]":
    """Start an import and hold it up amid its second batch, whose messages are written and not committed."""
    number = inbound_line(HELD).split(",")[INBOUND.index("from")]
    with suppress(psycopg.OperationalError), psycopg.connect(database_url) as other:
        other.execute("INSERT INTO known_numbers (number) VALUES (%s)", (number,))
        process = start_import(environ, path)
        wait_until(lambda: waits_for(database_url, "transactionid"), seconds=60)
        yield process
        if not other.broken:
            other.rollback()


@contextmanager
def held_between(
    database_url: str, environ: Mapping[str, str], path: Path
) -> "Iterator[subprocess.Popen[str]]":
    """Start an import and hold it up between two batches."""
    with psycopg.connect(database_url, autocommit=True) as other:
        other.execute("SELECT pg_advisory_lock(%s)", (LOCK,))
        process = start_import(environ, path)
        while not ask(database_url, "SELECT 1 FROM imports WHERE state = 'loading' AND rows_done > 0"):
            wait_until(lambda: waits_for(database_url, "advisory"), seconds=60)
            other.execute("SELECT pg_advisory_unlock(%s)", (LOCK,))  # one step
            other.execute("SELECT pg_advisory_lock(%s)", (LOCK,))
        yield process


def waits_for(database_url: str, event: str) -> bool:
    """Return whether a command waits for such a lock."""
    query = (
        "SELECT 1 FROM pg_stat_activity WHERE datname = current_database()"
        " AND application_name = 'crm-command' AND wait_event_type = 'Lock' AND wait_event = %s"
    )
    return bool(ask(database_url, query, event))


def ask(database_url: str, query: str, *values: object) -> list[tuple[Any, ...]]:
    """Return the rows of a query."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        return connection.execute(query, values or None).fetchall()  # type: ignore[arg-type]
