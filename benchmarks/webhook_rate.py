"""(a) `receive` messages that gunicorn accepts in a second, beside pgbench doing the same inserts."""

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.errors import BenchmarkError
from benchmarks.figures import Figure, listed, say
from benchmarks.pgbench import run_pgbench
from benchmarks.plan import Plan
from benchmarks.stage import Stage, open_stage
from crm.core.config import ROOT

CONNECTIONS = 16
WARM_UP_SECONDS = 2.0
LEAST, WISHED = 0.08, 0.10
SCRIPT = Path(__file__).parent / "sql" / "receive.sql"


@dataclass(frozen=True, kw_only=True, slots=True)
class Load:
    """What the load generator saw."""

    accepted: int
    seconds: float


def measure(plan: Plan) -> list[Figure]:
    """Alternate between both, each from empty tables; the medians count."""
    ours, limits = [], []
    with open_stage("crm_bench_webhook") as stage:
        port = stage.start_web()
        post(port, seconds=WARM_UP_SECONDS)
        for round_ in range(1, plan.rounds + 1):
            ours.append(_measure_webhook(stage, port, plan.seconds))
            limits.append(_measure_pgbench(stage, plan.seconds))
            say(f"round {round_}: webhook {ours[-1]:.0f}/s, pgbench {limits[-1]:.0f}/s")
    value, limit = median(ours), median(limits)
    return [
        Figure(
            what="(a) webhook: `receive` accepted, 16 connections",
            value=value,
            unit="/s",
            limit_is="pgbench, the same inserts, 16 clients",
            limit=limit,
            target=f"ratio >= {LEAST} ({WISHED:.2f} wished)",
            is_met=value / limit >= LEAST,
            note=f"rounds {listed(ours)}; pgbench {listed(limits)}; no errors, as many rows as 200s",
        )
    ]


def post(port: int, *, seconds: float, connections: int = CONNECTIONS) -> Load:
    """Let the load generator post for a while.

    Raises: BenchmarkError if an answer was no 200.
    """
    options = ("--port", str(port), "--seconds", str(seconds), "--connections", str(connections))
    command = [sys.executable, "-m", "benchmarks.load", *options]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    said: dict[str, Any] = json.loads(done.stdout)
    if said["errors"]:
        raise BenchmarkError(f"The webhook did not accept everything: {said['errors']}")
    return Load(accepted=said["accepted"], seconds=said["seconds"])


def _measure_webhook(stage: Stage, port: int, seconds: int) -> float:
    _empty(stage)
    load = post(port, seconds=seconds)
    with stage.connect() as connection:
        for table in ("mobiletech_inbound_messages", "outbox"):
            row = connection.execute(f"SELECT count(*) FROM {table}").fetchone()
            if row != (load.accepted,):
                raise BenchmarkError(f"{load.accepted} messages were accepted, {table} has {row}.")
    return load.accepted / load.seconds


def _measure_pgbench(stage: Stage, seconds: int) -> float:
    _empty(stage)
    return run_pgbench(stage, SCRIPT, clients=CONNECTIONS, seconds=seconds).per_second


def _empty(stage: Stage) -> None:
    with stage.connect() as connection:
        connection.execute("TRUNCATE mobiletech_inbound_messages, outbox RESTART IDENTITY CASCADE")
        connection.execute("CHECKPOINT")
