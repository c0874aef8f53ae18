"""What waits for a person, the most pressing first: each with what it means and the way to it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy.orm import Session

from crm.audit import SHOWN, read_findings
from crm.core.phone import mask_in_text
from crm.events.heartbeat import Backlog, Heartbeat, read_backlog, read_heartbeat
from crm.mobiletech.figures.waiting import MOST, Waiting, read_waiting
from crm.mobiletech.words import Tone
from crm.web.overview_figures import MESSAGES
from crm.web.overview_import_tasks import list_import_tasks
from crm.web.overview_money_tasks import list_money_tasks
from crm.web.overview_task import Task, make_task, told
from crm.web.page_tools import local_time
from crm.web.retelling import retell

OVERDUE = timedelta(seconds=120)  # from here on the audit finds it too
OPERATIONS = "/admin/operations"
ORPHANS = f"{OPERATIONS}/gateway?kind=status&matched=no"
INBOX = "/admin/inbox"
WORK = f"{OPERATIONS}/work?state=dead"
MOST_REASON = 200
# What the list names itself, by the minute: the audit of some minutes ago need not say it again.
SEEN_HERE = frozenset({"work_dead", "work_overdue", "orphan_status", "conflict", "unknown_too_long"})
MOST_CODE = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class Tasks:
    """All that waits; and when a person was last done with something, if that is known."""

    tasks: list[Task]
    last_done_at: datetime | None


def list_tasks(session: Session) -> Tasks:
    """Return what waits for a person."""
    backlog, waiting = read_backlog(session), read_waiting(session)
    tasks = [
        *_periodic(read_heartbeat(session)),
        *_overdue(backlog),
        *_paused(waiting),
        *_unknown(waiting),
        *list_money_tasks(session),
        *_unanswered(waiting),
        *_held(waiting),
        *_given_up(backlog),
        *_reports(waiting),
        *list_import_tasks(session),
    ]
    return Tasks(tasks=tasks, last_done_at=waiting.last_done_at)


def _periodic(heartbeat: Heartbeat) -> Iterable[Task]:
    """Nothing below moves until a worker does."""
    if heartbeat.is_silent:
        title = _("No worker has run yet")
        if heartbeat.last_at is not None:
            title = _(
                "Periodic work has not run since %(moment)s", moment=local_time(heartbeat.last_at, "short")
            )
        yield make_task(
            title,
            _("Messages are taken in and wait. Start a worker, or look why it stopped."),
            OPERATIONS,
            "clock",
            Tone.BAD,
        )
    for run in heartbeat.failed:
        yield from _fault(run.name, run.error or "")
    for run in heartbeat.stuck:
        yield make_task(
            _("Periodic work began and did not end: %(name)s", name=run.name),
            _(
                "It began on %(moment)s. Its worker may have died; it begins again by itself.",
                moment=local_time(run.started_at, "short"),
            ),
            OPERATIONS,
            "alert",
            Tone.WARN,
        )


def _fault(name: str, said: str) -> Iterable[Task]:
    """Tell what broke, or each rule that the audit found broken."""
    findings = read_findings(said)
    if not findings:
        title = _("Periodic work reports a fault: %(name)s", name=name)
        yield make_task(title, mask_in_text(said)[:MOST_REASON], OPERATIONS, "alert", Tone.BAD)
    for invariant, count in (found for found in findings if found[0].name not in SEEN_HERE):
        title = ngettext(
            "The audit found %(found)s row that breaks a rule",
            "The audit found %(found)s rows that break a rule",
            count,
            found=f"{count}+" if count >= SHOWN else count,
        )
        detail = _("The rule: %(rule)s", rule=_(invariant.meaning))
        yield make_task(title, detail, OPERATIONS, "alert", Tone.BAD)


def _overdue(backlog: Backlog) -> Iterable[Task]:
    if backlog.overdue > OVERDUE:
        minutes = int(backlog.overdue.total_seconds() // 60)
        yield make_task(
            ngettext(
                "Work has been overdue for %(count)s minute",
                "Work has been overdue for %(count)s minutes",
                minutes,
                count=_told(minutes),
            ),
            _("No worker runs, or it cannot keep up. `crm doctor` says which."),
            OPERATIONS,
            "clock",
            Tone.BAD,
        )


def _paused(waiting: Waiting) -> Iterable[Task]:
    if waiting.paused_until is not None:
        yield make_task(
            _("Paid sending is paused until %(time)s", time=local_time(waiting.paused_until, "clock")),
            retell(waiting.pause_reason or "") or _("The gateway gives no clear answers."),
            f"{MESSAGES}?state=queued",
            "pause",
            Tone.WARN,
        )


def _unknown(waiting: Waiting) -> Iterable[Task]:
    if waiting.unknown:
        yield make_task(
            ngettext(
                "%(count)s message has an unknown fate",
                "%(count)s messages have an unknown fate",
                waiting.unknown,
                count=_told(waiting.unknown),
            ),
            _("The gateway gave no clear answer. What may have been paid is never sent again by itself."),
            f"{MESSAGES}?state=unknown",
            "question",
            Tone.UNKNOWN,
        )
    for message_id in waiting.conflicts:
        yield make_task(
            _("Message %(id)s was reported both billed and refused", id=message_id),
            _("It counts as billed until somebody has asked the gateway."),
            f"{MESSAGES}/outbound/{message_id}",
            "question",
            Tone.UNKNOWN,
        )


def _unanswered(waiting: Waiting) -> Iterable[Task]:
    if waiting.unanswered and waiting.unanswered_since is not None:
        yield make_task(
            ngettext(
                "%(count)s message waits for an answer",
                "%(count)s messages wait for an answer",
                waiting.unanswered,
                count=_told(waiting.unanswered),
            ),
            _("The oldest came on %(moment)s.", moment=local_time(waiting.unanswered_since, "short")),
            INBOX,
            "messages",
            Tone.WARN,
        )


def _held(waiting: Waiting) -> Iterable[Task]:
    if waiting.held:
        yield make_task(
            ngettext(
                "%(count)s message is held",
                "%(count)s messages are held",
                waiting.held,
                count=_told(waiting.held),
            ),
            _("Somebody of billing lets it go or cancels it, on its page."),
            f"{MESSAGES}?state=held",
            "pause",
            Tone.WARN,
        )


def _given_up(backlog: Backlog) -> Iterable[Task]:
    first = backlog.first_dead
    if first is not None:
        yield make_task(
            ngettext(
                "%(count)s piece of work was given up",
                "%(count)s pieces of work were given up",
                backlog.dead,
                count=_told(backlog.dead),
            ),
            _(
                "The first is %(name)s: %(reason)s",
                name=first.handler or first.event,
                reason=mask_in_text(retell(first.error or ""))[:MOST_REASON] or _("No reason was kept."),
            ),
            WORK,
            "cross",
            Tone.BAD,
        )


def _reports(waiting: Waiting) -> Iterable[Task]:
    if waiting.orphans:
        yield make_task(
            ngettext(
                "%(count)s report speaks of a message that is none of ours",
                "%(count)s reports speak of a message that is none of ours",
                waiting.orphans,
                count=_told(waiting.orphans),
            ),
            _("It may belong to a message of unknown fate: compare the ids."),
            ORPHANS,
            "question",
            Tone.WARN,
        )
    for strange in waiting.strange_codes:
        message = f"{MESSAGES}/outbound/{strange.message_id}"
        yield make_task(
            _("The gateway reports a code that nobody knows: %(code)s", code=strange.code[:MOST_CODE]),
            ngettext(
                "It came %(count)s time within 7 days and changed nothing. Ask the gateway what it means.",
                "It came %(count)s times within 7 days and changed nothing. Ask the gateway what it means.",
                strange.count,
                count=_told(strange.count),
            ),
            message if strange.message_id is not None else ORPHANS,
            "question",
            Tone.WARN,
        )


def _told(number: int) -> str:
    """Return a figure; what was not counted to its end says so."""
    return told(number, MOST)
