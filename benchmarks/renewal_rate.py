"""(f) Renewals charged in a second: `crm payments charge` twice at once, one worker, the mock; each exactly once."""

import time
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
from flask import Flask
from sqlalchemy import select

from benchmarks.errors import BenchmarkError
from benchmarks.figures import Figure, say
from benchmarks.pgbench import run_pgbench
from benchmarks.plan import Plan
from benchmarks.stage import Stage, open_stage
from crm.core.db import db, transaction
from crm.mobiletech.catalogue.models import Billkey
from crm.mobiletech.models import SmsTemplate
from crm.mobiletech.sms_templates import create_template
from crm.payments.gateways import gateway_id
from crm.sms_billing.models import SmsOffer
from crm.subscriptions.models import SubscriptionType

LEAST_PER_SECOND, MOST_MEGABYTES = 150, 300
RUNS = 2
POLL_SECONDS = 0.5
SECONDS_EACH = 0.05  # five times the target; then it is given up
SQL = Path(__file__).parent / "sql"
PAID_TEXT = "{{ subscription_name }}, {{ price }} EUR/mesiac. Zrusit: STOP na {{ short_number }}"
_LEFT = """
    SELECT (SELECT count(*) FROM recurrent_payments WHERE state IN ('active', 'pending') AND id <= %s),
           (SELECT count(*) FROM outbox WHERE state = 'ready')
"""
# What must be true of each: one more payment, paid, of one billed SMS, with one more subscription and renewal.
_WRONG = """
    SELECT count(*) FROM generate_series(1, %(count)s) AS n
    WHERE (SELECT count(*) FROM payments WHERE user_id = n AND recurrent_charge AND status = 'paid') <> 1
       OR (SELECT count(*) FROM mobiletech_outbound_messages WHERE user_id = n AND charges_for IS NOT NULL) <> 1
       OR (SELECT count(*) FROM subscriptions WHERE user_id = n) <> 2
       OR (SELECT count(*) FROM recurrent_payments WHERE user_id = n AND state = 'active') <> 1
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Run:
    seconds: float
    megabytes: dict[str, float]


def measure(plan: Plan) -> list[Figure]:
    """Charge all of them once; the largest memory of any process counts."""
    with open_stage("crm_bench_renewals") as stage:
        known = _prepare(stage.make_app())
        with stage.connect() as connection:
            due = (SQL / "due_renewals.sql").read_text()
            psycopg.ClientCursor(connection).execute(due, known | {"count": plan.renewals})
            connection.execute("ANALYZE")
            connection.execute("CHECKPOINT")
        run = _charge(stage, plan.renewals)
        with stage.connect() as connection:
            connection.execute("CHECKPOINT")
        script = _script(known)
        limit = run_pgbench(stage, script, clients=1, seconds=plan.seconds, protocol="simple").per_second
        script.unlink()
    rate, largest = plan.renewals / run.seconds, max(run.megabytes.values())
    say(f"{rate:.0f}/s, {', '.join(f'{name} {size:.0f} MB' for name, size in run.megabytes.items())}")
    return [
        Figure(
            what="(f) renewals charged, from due to paid, one worker",
            value=rate,
            unit="/s",
            limit_is="pgbench, all rows of a renewal in one transaction, 1 client",
            limit=limit,
            target=f">= {LEAST_PER_SECOND}/s",
            is_met=rate >= LEAST_PER_SECOND,
            note=f"{plan.renewals:,} due at once, {RUNS} runs of `crm payments charge` at once, each charged once",
        ),
        Figure(
            what="(f) largest process while they were charged",
            value=largest,
            unit=" MB",
            limit_is="target",
            limit=MOST_MEGABYTES,
            target=f"< {MOST_MEGABYTES} MB",
            is_met=largest < MOST_MEGABYTES,
            note="peak resident memory of each run and of the worker",
        ),
    ]


def _prepare(app: Flask) -> dict[str, Any]:
    """Sell one type by SMS; return the ids that the rows need."""
    with app.app_context():
        with transaction() as session:
            template = session.execute(select(SmsTemplate).where(SmsTemplate.code == "renewal")).scalar()
            template = template or create_template(session, "renewal", PAID_TEXT, purpose="paid")
            session.add(Billkey(code="AA99", kind="paid", price=Decimal("4.99")))
            kind = SubscriptionType(
                code="month", name="month", user_label="Mesacne", price=Decimal("4.99"), length=30
            )
            session.add(kind)
            session.flush()
            session.add(SmsOffer(subscription_type_id=kind.id, billkey="AA99", template_code=template.code))
            known = {
                "type": kind.id,
                "gateway": gateway_id(session, "mobiletech_recurrent"),
                "template": template.id,
            }
        db.session.remove()
        db.engine.dispose()
    return known


def _charge(stage: Stage, count: int) -> _Run:
    stage.start_worker(CRM_MOBILETECH_CLIENT="mock")
    worker = stage.children[-1]
    started = time.monotonic()
    runs = [
        stage.start(f"charge-{number}", ["-m", "flask", "--app", "app", "payments", "charge"])
        for number in range(1, RUNS + 1)
    ]
    peaks: dict[str, float] = {}
    with stage.connect() as connection:
        while True:
            for child in (worker, *runs):
                if child.is_running:
                    peaks[child.name] = _peak_megabytes(child.process.pid)
            left, ready = connection.execute(_LEFT, [count]).fetchone() or (1, 1)
            if not left and not ready:
                break
            if time.monotonic() - started > max(60.0, count * SECONDS_EACH):
                raise BenchmarkError(f"{left} of {count} renewals are not charged; see the log of `worker`.")
            time.sleep(POLL_SECONDS)
        seconds = time.monotonic() - started
        stage.stop_processes()
        (wrong,) = connection.execute(_WRONG, {"count": count}).fetchone() or (count,)
    if wrong:
        raise BenchmarkError(f"{wrong} of {count} renewals were not charged exactly once.")
    return _Run(seconds=seconds, megabytes=peaks)


def _peak_megabytes(pid: int) -> float:
    """Return the most memory that the process ever had in RAM."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except FileNotFoundError:
        return 0.0
    lines = [line for line in status.splitlines() if line.startswith("VmHWM:")]
    return int(lines[0].split()[1]) / 1024 if lines else 0.0


def _script(known: dict[str, Any]) -> Path:
    """Write the script with its ids where pgbench reads it."""
    settings = "".join(f"\\set {name} {value}\n" for name, value in known.items())
    path = SQL / "renewal_with_ids.sql"
    path.write_text(settings + (SQL / "renewal.sql").read_text())
    return path
