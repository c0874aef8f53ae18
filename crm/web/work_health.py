"""How the work is, in sentences: whether a worker lives, what is late, what failed, what the audit found."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta

from flask_babel import gettext as _
from flask_babel import ngettext

from crm.audit import SHOWN, read_findings
from crm.core.phone import mask_in_text
from crm.events.periodic import TICK, TICK_LATE, LastRun, Periodic, is_late
from crm.events.queries import Load
from crm.mobiletech.words import Tone
from crm.web.duration_words import roughly
from crm.web.health_lines import Line
from crm.web.page_tools import local_time

OVERDUE = timedelta(minutes=2)  # from here on the audit finds it too
AUDIT = "audit"
WORK = "/admin/operations/work"
ORPHANS = "/admin/operations/gateway?kind=status&matched=no"
# What this page looks at itself, by the minute: the audit of some minutes ago need not say it again.
SEEN_HERE = frozenset({"work_dead", "work_overdue", "orphan_status"})
# Where a person goes from a broken invariant.
PLACES = {
    "inbound_not_handled": f"{WORK}?state=retrying",
    "unknown_too_long": "/admin/messages?state=unknown",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkSeen:
    """What stands in the tables of work: the open of each event, the last runs, and what should have run."""

    loads: Sequence[Load]
    runs: dict[str, LastRun]
    tasks: Sequence[Periodic]


def list_work_lines(seen: WorkSeen) -> list[Line]:
    """Return what there is to say of the work."""
    return [*_worker(seen), *_overdue(seen), *_failed(seen), *_audit(seen), *_periodic(seen)]


def _worker(seen: WorkSeen) -> Iterator[Line]:
    last = seen.runs.get(TICK)
    if last is not None and last.ago <= TICK_LATE:
        told = _("The last sign of one was %(ago)s ago.", ago=roughly(last.ago))
        yield Line(tone=Tone.GOOD, title=_("A worker is alive"), detail=f"{told}{_gap(last)}")
        return
    since = (
        _("None has ever run.")
        if last is None
        else _("The last sign of one was %(ago)s ago.", ago=roughly(last.ago))
    )
    todo = _("Nothing is answered or sent until one runs: start %(command)s.", command="python worker.py")
    yield Line(tone=Tone.BAD, title=_("No worker is alive"), detail=f"{since} {todo}")


def _gap(last: LastRun) -> str:
    """Return when work last stood still, or the clock went back: what was due came late then."""
    ended, seconds = last.row.gap_ended_at, last.row.gap_seconds
    if ended is None or seconds is None:
        return ""
    span, at = roughly(timedelta(seconds=abs(seconds))), local_time(ended, "minute")
    if seconds < 0:
        return " " + _("At %(moment)s the clock went back by %(span)s.", moment=at, span=span)
    return " " + _("Until %(moment)s there was none for %(span)s.", moment=at, span=span)


def _overdue(seen: WorkSeen) -> Iterator[Line]:
    oldest = max((load.oldest_due for load in seen.loads if load.oldest_due), default=timedelta(0))
    if oldest <= OVERDUE:
        yield Line(tone=Tone.GOOD, title=_("No work is overdue"), detail=_("What is due is done at once."))
        return
    yield Line(
        tone=Tone.BAD,
        title=_("Work is overdue by %(span)s", span=roughly(oldest)),
        detail=_(
            "No worker runs, or they cannot keep up. More of them help: %(command)s.",
            command="python worker.py --workers N",
        ),
        href="#work",
    )


def _failed(seen: WorkSeen) -> Iterator[Line]:
    dead, retried = sum(load.dead for load in seen.loads), sum(load.retried for load in seen.loads)
    if dead:
        yield Line(
            tone=Tone.BAD,
            title=ngettext(
                "%(num)s piece of work was given up", "%(num)s pieces of work were given up", dead
            ),
            detail=_("It waits for a person: read the reason, mend it, then have it tried again."),
            href=f"{WORK}?state=dead",
        )
    if retried:
        yield Line(
            tone=Tone.WAIT,
            title=ngettext("%(num)s piece of work failed", "%(num)s pieces of work failed", retried),
            detail=_("It is tried again by itself, at longer and longer intervals."),
            href=f"{WORK}?state=retrying",
        )
    if not dead and not retried:
        yield Line(
            tone=Tone.GOOD, title=_("No work has failed"), detail=_("Nothing waits to be tried again.")
        )


def _audit(seen: WorkSeen) -> Iterator[Line]:
    task = next((task for task in seen.tasks if task.name == AUDIT), None)
    if task is None:
        return
    last = seen.runs.get(AUDIT)
    if last is None or is_late(task, last):
        yield Line(
            tone=Tone.WARN,
            title=_("The audit has not run of late"),
            detail=_("It looks each ten minutes for what must never be. A worker runs it."),
        )
        return
    ran = _("It ran %(ago)s ago.", ago=roughly(last.ago))
    findings = read_findings(last.row.error or "")
    for invariant, count in (found for found in findings if found[0].name not in SEEN_HERE):
        yield Line(
            tone=Tone.BAD,
            title=ngettext(
                "The audit found %(found)s row that breaks a rule",
                "The audit found %(found)s rows that break a rule",
                count,
                found=f"{count}+" if count >= SHOWN else count,
            ),
            detail=_(
                "The rule: %(rule)s %(ran)s %(command)s lists them.",
                rule=_(invariant.meaning),
                ran=ran,
                command="crm audit",
            ),
            href=PLACES.get(invariant.name),
        )
    if last.row.error and not findings:
        yield Line(tone=Tone.BAD, title=_("The audit failed"), detail=f"{mask_in_text(last.row.error)} {ran}")
    elif all(invariant.name in SEEN_HERE for invariant, _count in findings):
        title = _("The audit found nothing else") if findings else _("The audit found nothing")
        yield Line(tone=Tone.GOOD, title=title, detail=ran)


def _periodic(seen: WorkSeen) -> Iterator[Line]:
    """Tell what failed or was left out; while no worker lives that one line says enough."""
    tick = seen.runs.get(TICK)
    if tick is None or tick.ago > TICK_LATE:
        return
    for task in seen.tasks:
        last = seen.runs.get(task.name)
        if task.name in (TICK, AUDIT):
            continue
        if last is not None and last.row.error:
            yield Line(
                tone=Tone.WARN,
                title=_("The periodic work %(name)s failed", name=task.name),
                detail=mask_in_text(last.row.error),
                href="#periodic",
            )
        elif is_late(task, last):
            yield Line(
                tone=Tone.WARN,
                title=_("The periodic work %(name)s is late", name=task.name),
                detail=_("A worker is alive, and yet it did not run. Look at the log for its name."),
                href="#periodic",
            )
