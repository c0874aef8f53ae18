"""Whether the work gets done: health in words, what waits, who works, what is done every so often."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from flask import Blueprint, current_app
from flask_babel import gettext as _

from crm.audit import read_findings
from crm.core.clock import now
from crm.core.db import current_session
from crm.core.errors import N_
from crm.core.phone import mask_in_text
from crm.events import doorbell
from crm.events.periodic import TICK, LastRun, Periodic, is_late, list_last_runs
from crm.events.queries import Load, list_loads
from crm.events.workers import SILENT_AFTER, WorkerSeen, find_bells
from crm.mobiletech.exchanges import find_last_heard
from crm.mobiletech.words import Tone, Word
from crm.users.roles import Permission
from crm.web.duration_words import in_words, roughly
from crm.web.guards import staff
from crm.web.operations_health import list_health
from crm.web.page_tools import get_settings, render_staff_page
from crm.web.work_health import AUDIT, WORK, WorkSeen
from crm.web.work_words import event_name

operations = Blueprint("operations", __name__)

TASKS = {
    TICK: N_("Sign of life of a worker"),
    AUDIT: N_("Audit: looks for what must never be"),
    "forget_old_work": N_("Forgets finished work after 30 days"),
    "keep_subscriptions": N_("Moves subscriptions on: begun, over"),
    "forget_old_words": N_("Forgets the searchable words of old messages"),
    "end_overtaken": N_("Ends imports whose file was imported anew since"),
    "forget_old_imports": N_("Forgets uploaded files after 7 days, refused rows of imports after 90"),
    "apply_late_reports": N_("Applies what was reported about messages while they were imported"),
    "charge_due": N_("Charges the renewals that are due"),
    "renewal_notices": N_("Tells readers of renewals that are due soon"),
    "charge_timeouts": N_("Ends charges that nothing was reported about in time"),
    "count_days": N_("Adds up the days that are over, for the overview"),
    "count_money_days": N_("Adds up the money of the days that are over, for Insight"),
    "count_billing_days": N_("Adds up how operators billed on the days that are over, for Insight"),
    "count_subscribers": N_("Counts the readers who have a subscription"),
}
WORKER_WORDS = {
    "idle": Word(N_("Waits for a bell"), Tone.GOOD, "check"),
    "started": Word(N_("Starting"), Tone.WAIT, "clock"),
    "busy": Word(N_("Works"), Tone.GOOD, "send"),
    "suspended": Word(N_("Suspended"), Tone.WARN, "pause"),
}
SILENT = Word(N_("Silent"), Tone.BAD, "alert")
ODD = Word(N_("Not known"), Tone.WAIT, "question")
RAN = Word(N_("Done"), Tone.GOOD, "check")
RUNS = Word(N_("Runs now"), Tone.WAIT, "clock")
FOUND = Word(N_("Found something"), Tone.BAD, "alert")
LATE = Word(N_("Late"), Tone.WARN, "clock")


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueRow:
    """The open work of one event."""

    name: str
    event: str
    load: Load
    oldest: str
    retried_href: str
    dead_href: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerRow:
    """One worker, as it said last of itself."""

    name: str
    place: str
    state: Word
    seen_at: datetime | None
    born_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskRow:
    """One periodic task; `gap` tells when it last stood still."""

    name: str
    meaning: str
    every: str
    ran_at: datetime | None
    ago: str
    state: Word
    told: str


@operations.get("")
@staff(Permission.READ)
def show() -> str:
    """Show how everything is."""
    session = current_session()
    tasks: Sequence[Periodic] = current_app.extensions["periodic"]
    work = WorkSeen(loads=list_loads(session), runs=list_last_runs(session), tasks=tasks)
    bells = find_bells(doorbell.connect(get_settings().redis_url))
    return render_staff_page(
        "operations/show.html",
        health=list_health(session, get_settings(), work, is_redis_there=bells is not None),
        queues=[_queue(load) for load in work.loads],
        bells=bells,
        workers=[_worker(seen) for seen in bells.workers] if bells else [],
        tasks=[_task(task, work.runs.get(task.name)) for task in tasks],
        heard=find_last_heard(session),
    )


def _queue(load: Load) -> QueueRow:
    return QueueRow(
        name=event_name(load.event),
        event=load.event,
        load=load,
        oldest=roughly(load.oldest_due) if load.oldest_due is not None else "",
        retried_href=f"{WORK}?state=retrying&event={load.event}",
        dead_href=f"{WORK}?state=dead&event={load.event}",
    )


def _worker(seen: WorkerSeen) -> WorkerRow:
    is_silent = seen.seen_at is None or now() - seen.seen_at > SILENT_AFTER
    return WorkerRow(
        name=seen.name[:12],
        place=f"{seen.host}, {seen.pid}" if seen.host else "",
        state=SILENT if is_silent else WORKER_WORDS.get(seen.state, ODD),
        seen_at=seen.seen_at,
        born_at=seen.born_at,
    )


def _task(task: Periodic, last: LastRun | None) -> TaskRow:
    return TaskRow(
        name=task.name,
        meaning=_(TASKS[task.name]) if task.name in TASKS else "",
        every=in_words(task.every),
        ran_at=last.row.started_at if last else None,
        ago=roughly(last.ago) if last else "",
        state=_state(task, last),
        told=" ".join(_told(last)) if last else "",
    )


def _state(task: Periodic, last: LastRun | None) -> Word:
    if last is None or is_late(task, last):
        return LATE
    if last.row.error:
        return FOUND
    return RUNS if last.row.finished_at is None else RAN


def _told(last: LastRun) -> Sequence[str]:
    """Return what the run found or how it failed, and the last time that the task stood still."""
    told = []
    if last.row.error:
        findings = [f"{invariant.name} ({count})" for invariant, count in read_findings(last.row.error)]
        told.append(", ".join(findings) or mask_in_text(last.row.error))
    if last.row.gap_seconds:
        span = roughly(timedelta(seconds=abs(last.row.gap_seconds)))
        went_back = last.row.gap_seconds < 0
        told.append(
            _("The clock once went back by %(span)s.", span=span)
            if went_back
            else _("It once stood still for %(span)s.", span=span)
        )
    return told
