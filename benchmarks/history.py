"""Messages of the years before: bulk-loaded, as rows that the product itself would have left behind."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import psycopg

from benchmarks.figures import say
from benchmarks.stage import Stage
from crm.core.config import ROOT

CHUNK = 250_000
SQL = Path(__file__).parent / "sql"
TABLES = (
    "mobiletech_inbound_messages",
    "mobiletech_outbound_messages",
    "mobiletech_message_words",
    "known_numbers",
    "mobiletech_decisions",
    "inbox_items",
    "mobiletech_send_attempts",
    "mobiletech_status_log",
    "outbox",
)
INDEXED = TABLES[:3]
NUMBERED = ("mobiletech_inbound_messages", "mobiletech_outbound_messages", "mobiletech_status_log")
MONTH, YEARS = timedelta(days=25), timedelta(days=3 * 365)  # done work is kept for 30 days
_INDEXES = """
    SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index
    WHERE indrelid = ANY(%s::regclass[])
      AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid)
"""

Connection = psycopg.Connection[tuple[Any, ...]]


def load_history(stage: Stage, count: int) -> None:
    """Add that many inbound messages, as many answers, and all the work they caused, to empty tables."""
    with stage.connect() as connection, _fast(connection):
        names = ("history_inbound.sql", "history_outbound.sql", "history_work.sql")
        _fill(connection, count, names, over=MONTH)
        connection.execute((SQL / "history_found.sql").read_text())
    _settle(stage)


def mark_of_messages(count: int) -> str:
    """Name what `load_messages` makes: with other migrations or other statements it is something else."""
    digest = sha256()
    for path in sorted([*(ROOT / "migrations" / "versions").glob("*.py"), *SQL.glob("history_*.sql")]):
        digest.update(path.read_bytes())
    return f"{count} messages, {digest.hexdigest()[:16]}"


def load_messages(stage: Stage, count: int) -> None:
    """Load a list of that many messages, half of them answers; empty tables are needed."""
    with stage.connect() as connection, _fast(connection), _without_indexes(connection):
        _fill(connection, count // 2, ("history_inbound.sql", "history_outbound.sql"), over=YEARS)
        for name in ("history_found.sql", "history_decided.sql"):
            connection.execute((SQL / name).read_text())
    _settle(stage)
    stage.set_mark(mark_of_messages(count))


def _fill(connection: Connection, count: int, names: tuple[str, ...], *, over: timedelta) -> None:
    statements = [(SQL / name).read_text() for name in names]
    for first in range(1, count + 1, CHUNK):
        last = min(first + CHUNK - 1, count)
        for statement in statements:
            connection.execute(statement, {"first": first, "last": last, "total": count, "over": over})
        say(f"loaded {last:,} of {count:,} conversations")
    for table in NUMBERED:
        connection.execute(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), %s)", [count])


@contextmanager
def _fast(connection: Connection) -> Iterator[None]:
    """Check no foreign keys and wait for no disk, in this connection alone."""
    connection.execute("SET session_replication_role = replica")
    connection.execute("SET synchronous_commit = off")
    yield


@contextmanager
def _without_indexes(connection: Connection) -> Iterator[None]:
    """Drop the indexes of the lists, and build them again in one go."""
    indexes = connection.execute(_INDEXES, [list(INDEXED)]).fetchall()
    for name, _ in indexes:
        connection.execute(f"DROP INDEX {name}")
    yield
    say(f"builds {len(indexes)} indexes")
    for _, definition in indexes:
        connection.execute(definition)


def _settle(stage: Stage) -> None:
    """Do what autovacuum would have done over the years."""
    with stage.connect() as connection:
        connection.execute(f"VACUUM ANALYZE {', '.join(TABLES)}")
        connection.execute("CHECKPOINT")
