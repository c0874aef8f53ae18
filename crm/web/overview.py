"""The first page of the day: four figures, and what waits for a person."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, time

from flask import Blueprint
from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.core.clock import db_now
from crm.core.db import current_session
from crm.events.models import EntryState, OutboxEntry
from crm.events.queries import Depth, list_depths, list_failed
from crm.mobiletech.figures import MOST, Waiting, read_day, read_waiting
from crm.users.roles import Permission
from crm.web.guards import staff
from crm.web.page_tools import get_settings, local_time, render_staff_page
from crm.web.retelling import retell

overview = Blueprint("overview", __name__)

MESSAGES = "/admin/messages"
SHOWN_FAILURES = 10
OVERDUE_SECONDS = 120  # from here on the audit finds it too
# Whose page tells of a piece of work, by the name in its payload.
PAGES = {
    "mobiletech_inbound_message_id": f"{MESSAGES}/inbound/",
    "mobiletech_outbound_message_id": f"{MESSAGES}/outbound/",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """One figure; the link leads to what was counted."""

    label: str
    value: str
    hint: str
    href: str
    tone: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One thing that waits for a person."""

    title: str
    detail: str
    href: str


@overview.get("/")
@staff(Permission.READ)
def show() -> str:
    """Show the figures and the tasks."""
    session = current_session()
    depths = list_depths(session)
    dead = sum(depth.count for depth in depths if depth.state == EntryState.DEAD)
    waiting = read_waiting(session)
    return render_staff_page(
        "overview.html",
        cards=_cards(session, dead),
        needs_you=[
            *_overdue(depths),
            *_messages(waiting),
            *_reports(waiting),
            *_failures(session, dead),
        ],
    )


def _cards(session: Session, dead: int) -> list[Card]:
    now: datetime = session.execute(select(db_now())).scalar_one()
    midnight = datetime.combine(now.astimezone(get_settings().timezone), time.min, get_settings().timezone)
    day, today = read_day(session, midnight), f"from={midnight.date().isoformat()}"
    return [
        Card(
            label=_("Received today"),
            value=_told(day.received),
            hint=_("from readers"),
            href=_list("direction=in", today),
        ),
        Card(
            label=_("For readers today"),
            value=_told(day.made + day.not_sent),
            hint=_("answers and our own, sent or not"),
            href=_list("direction=out", today),
        ),
        Card(
            label=_("Not sent today"),
            value=_told(day.not_sent),
            hint=_("not made, with a reason each"),
            href=_list("direction=out", "state=not_sent", today),
            tone="bad" if day.not_sent else "",
        ),
        Card(
            label=_("Failed work"),
            value=_told(dead),
            hint=_("given up after its last try"),
            href="#needs-you",
            tone="bad" if dead else "",
        ),
    ]


def _overdue(depths: Iterable[Depth]) -> Iterable[Task]:
    """Work that is due and not done is the first thing to know: nothing below moves until a worker does."""
    seconds = max((depth.overdue_seconds for depth in depths if depth.state == EntryState.READY), default=0.0)
    if seconds > OVERDUE_SECONDS:
        minutes = int(seconds // 60)
        yield Task(
            title=ngettext(
                "Work has been overdue for %(count)s minute",
                "Work has been overdue for %(count)s minutes",
                minutes,
                count=_told(minutes),
            ),
            detail=_("No worker runs, or it cannot keep up. `crm doctor` says which."),
            href=MESSAGES,
        )


def _messages(waiting: Waiting) -> Iterable[Task]:
    if waiting.unknown:
        yield Task(
            title=ngettext(
                "%(count)s message has an unknown fate",
                "%(count)s messages have an unknown fate",
                waiting.unknown,
                count=_told(waiting.unknown),
            ),
            detail=_(
                "The gateway gave no clear answer. What may have been paid is never sent again by itself."
            ),
            href=_list("state=unknown"),
        )
    if waiting.held:
        yield Task(
            title=ngettext(
                "%(count)s message is held",
                "%(count)s messages are held",
                waiting.held,
                count=_told(waiting.held),
            ),
            detail=_("A paid message over its number's limit waits until a person lets it go."),
            href=_list("state=held"),
        )
    if waiting.paused_until is not None:
        yield Task(
            title=_("Paid sending is paused until %(time)s", time=local_time(waiting.paused_until, "clock")),
            detail=retell(waiting.pause_reason or "") or _("The gateway gives no clear answers."),
            href=_list("state=queued"),
        )


def _reports(waiting: Waiting) -> Iterable[Task]:
    if waiting.orphans:
        yield Task(
            title=ngettext(
                "%(count)s report speaks of a message that is none of ours",
                "%(count)s reports speak of a message that is none of ours",
                waiting.orphans,
                count=_told(waiting.orphans),
            ),
            detail=_("It may belong to a message of unknown fate. `crm audit` lists the ids."),
            href=_list("state=unknown"),
        )
    for message_id in waiting.conflicts:
        yield Task(
            title=_("Message %(id)s was reported both billed and refused", id=message_id),
            detail=_("It counts as billed until somebody has asked the gateway."),
            href=f"{MESSAGES}/outbound/{message_id}",
        )


def _failures(session: Session, dead: int) -> Iterable[Task]:
    shown = [entry for entry in list_failed(session, limit=SHOWN_FAILURES) if entry.state == EntryState.DEAD]
    for entry in shown:
        yield Task(
            title=_("Work %(id)s was given up: %(name)s", id=entry.id, name=entry.handler or entry.event),
            detail=_(
                "%(reason)s Then: %(command)s",
                reason=(entry.error or _("No reason was kept."))[:200],
                command=f"crm outbox retry {entry.id}",
            ),
            href=_page_of(entry),
        )
    if dead > len(shown):
        yield Task(
            title=ngettext(
                "%(count)s more was given up",
                "%(count)s more were given up",
                dead - len(shown),
                count=_told(dead - len(shown)),
            ),
            detail=_("%(command)s shows all.", command="crm outbox list"),
            href=MESSAGES,
        )


def _page_of(entry: OutboxEntry) -> str:
    for name, page in PAGES.items():
        if isinstance(entry.payload.get(name), int):
            return f"{page}{entry.payload[name]}"
    return MESSAGES


def _list(*query: str) -> str:
    return f"{MESSAGES}?{'&'.join(query)}"


def _told(number: int) -> str:
    """Return a figure with thin spaces; what was not counted to its end says so."""
    return f"{number:,}".replace(",", "\u202f") + ("+" if number >= MOST else "")
