"""(b) Messages answered in a second: one worker, the mock client, from the stored SMS to the stored answer."""

import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median

from redis import Redis

from benchmarks.errors import BenchmarkError
from benchmarks.figures import Figure, listed, say
from benchmarks.history import TABLES, load_history
from benchmarks.pgbench import run_pgbench
from benchmarks.plan import Plan
from benchmarks.stage import Stage, open_stage
from crm.events import doorbell

LEAST_PER_SECOND, LEAST_WITH_HISTORY = 250, 0.9
WARM_UP = 100
GIVE_UP_SECONDS = 300.0
POLL_SECONDS = 0.1
SQL = Path(__file__).parent / "sql"
ARRIVALS = (SQL / "arrivals.sql").read_text()
_IS_ALL_DONE = "SELECT NOT EXISTS (SELECT FROM outbox WHERE state = 'ready')"
# By the database's clock, so that asking for it costs the worker nothing while it works.
_ANSWERED = """
    SELECT count(*), extract(epoch FROM max(answer.sent_at) - %s)::float8
    FROM mobiletech_inbound_messages AS message
    JOIN mobiletech_outbound_messages AS answer ON answer.rcv_msg_id = message.mobiletech_id
    WHERE message.created_at >= %s AND answer.state = 'accepted' AND answer.billing = 'billed'
"""


def measure(plan: Plan) -> list[Figure]:
    """Alternate between empty tables and tables with a history; the medians count."""
    alone, after_years, limits = [], [], []
    with open_stage("crm_bench_empty") as empty, open_stage("crm_bench_history") as full:
        load_history(full, plan.history)
        for round_ in range(1, plan.rounds + 1):
            _empty(empty)
            limits.append(run_pgbench(empty, SQL / "conversation.sql", clients=1, seconds=plan.seconds))
            _empty(empty)
            first = (round_ - 1) * (plan.answers + WARM_UP) + 1
            alone.append(_measure_worker(empty, first, plan.answers))
            after_years.append(_measure_worker(full, first, plan.answers))
            told = f"worker {alone[-1]:.0f}/s, with history {after_years[-1]:.0f}/s"
            say(f"round {round_}: {told}, pgbench {limits[-1].per_second:.0f}/s")
    return _figures(plan, alone, after_years, median(limit.per_second for limit in limits))


def _measure_worker(stage: Stage, first: int, count: int) -> float:
    """Store messages at once, ring once, and see how long a worker that waits takes to answer them."""
    stage.start_worker(CRM_MOBILETECH_CLIENT="mock")
    try:
        _answer(stage, first, WARM_UP)
        seconds = _answer(stage, first + WARM_UP, count)
    finally:
        stage.stop_processes()
    return count / seconds


def _answer(stage: Stage, first: int, count: int) -> float:
    with stage.connect() as connection:
        connection.execute(ARRIVALS, {"first": first, "last": first + count - 1})
        started, since = connection.execute(
            "SELECT clock_timestamp(), max(created_at) FROM mobiletech_inbound_messages"
        ).fetchone() or (None, None)
        doorbell.ring_now(Redis.from_url(stage.redis_url))
        deadline = time.monotonic() + GIVE_UP_SECONDS
        while connection.execute(_IS_ALL_DONE).fetchone() != (True,):
            if time.monotonic() > deadline:
                raise BenchmarkError(
                    f"The worker has not answered {count} messages; see the log of `worker`."
                )
            time.sleep(POLL_SECONDS)
        answered, seconds = connection.execute(_ANSWERED, [started, since]).fetchone() or (0, 0)
    if answered != count:
        raise BenchmarkError(f"{count} messages came, {answered} are answered and reported.")
    return float(seconds)


def _empty(stage: Stage) -> None:
    with stage.connect() as connection:
        connection.execute(f"TRUNCATE {', '.join(TABLES)} RESTART IDENTITY CASCADE")
        connection.execute("CHECKPOINT")


def _figures(plan: Plan, alone: Sequence[float], after_years: Sequence[float], limit: float) -> list[Figure]:
    empty, full = median(alone), median(after_years)
    return [
        Figure(
            what="(b) answered by one worker, empty tables",
            value=empty,
            unit="/s",
            limit_is="pgbench, all rows of a message in one transaction, 1 client",
            limit=limit,
            target=f">= {LEAST_PER_SECOND}/s",
            is_met=empty >= LEAST_PER_SECOND,
            note=f"{plan.answers:,} messages at once, rounds {listed(alone)}",
        ),
        Figure(
            what=f"(b) the same with {plan.history:,} older messages",
            value=full,
            unit="/s",
            limit_is="empty tables",
            limit=empty,
            target=f"ratio >= {LEAST_WITH_HISTORY}",
            is_met=full / empty >= LEAST_WITH_HISTORY,
            note=f"each with its answer, attempt, report and work done; rounds {listed(after_years)}",
        ),
    ]
