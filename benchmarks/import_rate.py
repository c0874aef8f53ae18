"""(g) Rows imported in a second by `crm import`, against PostgreSQL's own `\\copy` of the same rows, and the memory."""

import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from benchmarks.errors import BenchmarkError
from benchmarks.figures import Figure, say
from benchmarks.moving_in import DUE_EACH, History, write_files
from benchmarks.pgbench import find_pgbench
from benchmarks.plan import Plan
from benchmarks.stage import BENCH_VAR, Stage, open_stage
from crm.core.config import ROOT
from crm.importer.entities import ENTITIES

MOST_MEGABYTES = 200
MOST_TIMES = {"inbound-messages": 4.0}
OTHERS_MOST_TIMES = 8.0
MESSAGES_EACH, PERIODS_EACH = 10, 3
SMALL = ("templates", "billkeys", "subscription-types")  # a handful of rows: nothing to measure
# Where the rows of an entity go; \copy gets the same rows of all these tables.
TABLES: Mapping[str, Sequence[str]] = {
    "users": ("users",),
    "phone-numbers": ("mobiletech_phone_numbers", "phone_number_links", "known_numbers"),
    "inbound-messages": ("mobiletech_inbound_messages",),
    "payments": ("subscriptions", "payments", "payment_items", "payment_meta", "payment_methods"),
    "outbound-messages": ("mobiletech_outbound_messages", "mobiletech_status_log"),
    "recurrent-payments": ("recurrent_payments",),
}
SECONDS_EACH = 0.05
POLL_SECONDS = 0.5
SQL = Path(__file__).parent / "sql"
_LEFT = """
    SELECT (SELECT count(*) FROM recurrent_payments
            WHERE state = 'pending' OR state = 'active' AND charge_at <= crm_now()),
           (SELECT count(*) FROM outbox WHERE state = 'ready')
"""
BEFORE = (
    *("mobiletech_templates", "mobiletech_template_versions", "billkeys", "subscription_types"),
    *("subscription_types_meta", "subscription_type_items", "payment_gateways"),
)
_COLUMNS = """
    SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) FROM pg_attribute
    WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = ''
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Imported:
    """What importing one entity took."""

    seconds: float
    megabytes: float
    rows: int


def measure(plan: Plan) -> list[Figure]:
    """Import a whole history, then let PostgreSQL copy the very same rows into empty tables."""
    folder = BENCH_VAR / "moving-in"
    folder.mkdir(parents=True, exist_ok=True)
    history = History(
        readers=plan.readers, messages_each=MESSAGES_EACH, periods_each=PERIODS_EACH, now=datetime.now(UTC)
    )
    say(f"writes the files of {plan.readers:,} readers")
    files = write_files(history, folder)
    with open_stage("crm_bench_moved") as stage, open_stage("crm_bench_copied") as other:
        imported = import_all(stage, files)
        copied = _copy_all(stage, other, folder)
        wrong = _charge(stage, history)
    figures = [_figure(entity, imported[entity], copied[entity]) for entity in TABLES]
    return [*figures, _memory(imported), _charged(history, wrong)]


def import_all(stage: Stage, files: Mapping[str, Path]) -> dict[str, Imported]:
    """Import every file with the command, in their order; each must take in all of its rows."""
    *others, renewals = ENTITIES
    imported = {entity: _import(stage, entity, files[entity]) for entity in others}
    _import(
        stage, renewals, files[renewals], "--dry-run", "--confirm-due"
    )  # not counted: --confirm-due wants it
    return imported | {renewals: _import(stage, renewals, files[renewals], "--confirm-due")}


def _import(stage: Stage, entity: str, path: Path, *more: str) -> Imported:
    command = [sys.executable, "-m", "flask", "--app", "app", "import", entity, str(path), *more]
    began = time.monotonic()
    with (BENCH_VAR / "import.log").open("w+") as log:
        process = subprocess.Popen(
            command, cwd=ROOT, env=stage.environment(), stdout=log, stderr=subprocess.STDOUT
        )
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.monotonic() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        log.seek(0)
        told = log.read().splitlines() or [""]
    if process.returncode:
        raise BenchmarkError(f"importing {entity} failed:\n" + "\n".join(told[-12:]))
    rows = int(told[-1].split()[1])
    megabytes = usage.ru_maxrss / 1024
    say(f"{' '.join([entity, *more])}: {rows:,} rows in {seconds:.1f} s, {megabytes:.0f} MB")
    return Imported(seconds=seconds, megabytes=megabytes, rows=rows)


def _charge(stage: Stage, history: History) -> int:
    """Charge what is due, and return how many readers were not charged just as they should be."""
    with stage.connect() as connection:
        connection.execute("ANALYZE")
    stage.start_worker(CRM_MOBILETECH_CLIENT="mock")
    stage.start("charge", ["-m", "flask", "--app", "app", "payments", "charge"])
    deadline = time.monotonic() + max(60.0, history.due * SECONDS_EACH)
    with stage.connect() as connection:
        while any(connection.execute(_LEFT).fetchone() or (1,)):
            if time.monotonic() > deadline:
                raise BenchmarkError("Not all that was due is charged; see the log of `worker`.")
            time.sleep(POLL_SECONDS)
        stage.stop_processes()
        statement = (SQL / "charged_after_moving_in.sql").read_text()
        (wrong,) = connection.execute(statement, {"due_each": DUE_EACH}).fetchone() or (history.readers,)
    say(f"charged {history.due:,} of {history.readers:,} readers, {wrong} of them wrongly")
    return int(wrong)


def _copy_all(stage: Stage, other: Stage, folder: Path) -> dict[str, float]:
    """Return the seconds of \\copy for each entity, into a database with the same indexes and foreign keys."""
    with stage.connect() as connection:
        connection.execute("CHECKPOINT")
        columns = {
            table: (connection.execute(_COLUMNS, [table]).fetchone() or ("",))[0]
            for table in (*BEFORE, *(table for tables in TABLES.values() for table in tables))
        }
    for table in columns:
        _psql(
            stage,
            f"\\copy (SELECT {columns[table]} FROM {table} ORDER BY ctid) TO '{folder / table}.csv' CSV",
        )
    for table in reversed(BEFORE):
        _psql(other, f"DELETE FROM {table}")
    for table in BEFORE:
        _psql(other, f"\\copy {table} ({columns[table]}) FROM '{folder / table}.csv' CSV")
    seconds = {}
    for entity, tables in TABLES.items():
        began = time.monotonic()
        for table in tables:
            _psql(other, f"\\copy {table} ({columns[table]}) FROM '{folder / table}.csv' CSV")
        seconds[entity] = time.monotonic() - began
        say(f"{entity}: \\copy took {seconds[entity]:.1f} s")
    return seconds


def _psql(stage: Stage, *commands: str) -> None:
    address = urlsplit(stage.database_url)
    options = {key: values[0] for key, values in parse_qs(address.query).items()}
    command = [
        str(find_pgbench().with_name("psql")),
        *("--host", options["host"], "--port", options["port"], "--username", address.username or ""),
        *("--no-psqlrc", "--quiet", "--set", "ON_ERROR_STOP=1", "--dbname", address.path.removeprefix("/")),
        *(part for each in commands for part in ("--command", each)),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise BenchmarkError(f"psql failed:\n{done.stdout}{done.stderr}")


def _figure(entity: str, imported: Imported, copied: float) -> Figure:
    most = MOST_TIMES.get(entity, OTHERS_MOST_TIMES)
    return Figure(
        what=f"(g) {entity} imported from CSV",
        value=imported.seconds,
        unit="s",
        limit_is="\\copy of the same rows",
        limit=copied,
        target=f"<= {most:.0f} times",
        is_met=imported.seconds <= most * copied,
        note=f"{imported.rows:,} rows, {imported.rows / imported.seconds:,.0f} a second, "
        f"{imported.megabytes:.0f} MB; \\copy into {', '.join(TABLES[entity])}",
    )


def _charged(history: History, wrong: int) -> Figure:
    return Figure(
        what="(g) readers not charged just as they should be, after moving in",
        value=wrong,
        unit="",
        limit_is="readers",
        limit=history.readers,
        target="0",
        is_met=wrong == 0,
        note=f"{history.due:,} of {history.readers:,} renewals were due: once each, with their key, price and number",
    )


def _memory(imported: Mapping[str, Imported]) -> Figure:
    largest = max(each.megabytes for each in imported.values())
    return Figure(
        what="(g) largest `crm import`",
        value=largest,
        unit="MB",
        limit_is="target",
        limit=MOST_MEGABYTES,
        target=f"< {MOST_MEGABYTES} MB",
        is_met=largest < MOST_MEGABYTES,
        note="peak resident memory, of all entities",
    )
