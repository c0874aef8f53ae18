"""The first page of the day: four figures, and what waits for a person."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, time

from flask import Blueprint
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
    return render_staff_page(
        "overview.html",
        cards=_cards(session, dead),
        needs_you=[*_overdue(depths), *_messages(read_waiting(session)), *_failures(session, dead)],
    )


def _cards(session: Session, dead: int) -> list[Card]:
    now: datetime = session.execute(select(db_now())).scalar_one()
    midnight = datetime.combine(now.astimezone(get_settings().timezone), time.min, get_settings().timezone)
    day, today = read_day(session, midnight), f"from={midnight.date().isoformat()}"
    return [
        Card(
            label="Received today",
            value=_told(day.received),
            hint="from readers",
            href=_list("direction=in", today),
        ),
        Card(
            label="For readers today",
            value=_told(day.made + day.not_sent),
            hint="answers and our own, sent or not",
            href=_list("direction=out", today),
        ),
        Card(
            label="Not sent today",
            value=_told(day.not_sent),
            hint="not made, with a reason each",
            href=_list("direction=out", "state=not_sent", today),
            tone="bad" if day.not_sent else "",
        ),
        Card(
            label="Failed work",
            value=_told(dead),
            hint="given up after its last try",
            href="#needs-you",
            tone="bad" if dead else "",
        ),
    ]


def _overdue(depths: Iterable[Depth]) -> Iterable[Task]:
    """Work that is due and not done is the first thing to know: nothing below moves until a worker does."""
    seconds = max((depth.overdue_seconds for depth in depths if depth.state == EntryState.READY), default=0.0)
    if seconds > OVERDUE_SECONDS:
        yield Task(
            title=f"Work has been overdue for {_count(int(seconds // 60), 'minute', 'minutes')}",
            detail="No worker runs, or it cannot keep up. `crm doctor` says which.",
            href=MESSAGES,
        )


def _messages(waiting: Waiting) -> Iterable[Task]:
    if waiting.unknown:
        yield Task(
            title=_count(waiting.unknown, "message has", "messages have") + " an unknown fate",
            detail="The gateway gave no clear answer. What may have been paid is never sent again by itself.",
            href=_list("state=unknown"),
        )
    if waiting.held:
        yield Task(
            title=_count(waiting.held, "message is", "messages are") + " held",
            detail="A paid message over its number's limit waits until a person lets it go.",
            href=_list("state=held"),
        )
    if waiting.paused_until is not None:
        yield Task(
            title=f"Paid sending is paused until {local_time(waiting.paused_until, 'clock')}",
            detail=waiting.pause_reason or "The gateway gives no clear answers.",
            href=_list("state=queued"),
        )
    if waiting.orphans:
        yield Task(
            title=_count(waiting.orphans, "report speaks", "reports speak")
            + " of a message that is none of ours",
            detail="It may belong to a message of unknown fate. `crm audit` lists the ids.",
            href=_list("state=unknown"),
        )
    for message_id in waiting.conflicts:
        yield Task(
            title=f"Message {message_id} was reported both billed and refused",
            detail="It counts as billed until somebody has asked the gateway.",
            href=f"{MESSAGES}/outbound/{message_id}",
        )


def _failures(session: Session, dead: int) -> Iterable[Task]:
    shown = [entry for entry in list_failed(session, limit=SHOWN_FAILURES) if entry.state == EntryState.DEAD]
    for entry in shown:
        yield Task(
            title=f"Work {entry.id} was given up: {entry.handler or entry.event}",
            detail=f"{(entry.error or 'No reason was kept.')[:200]} Then: crm outbox retry {entry.id}",
            href=_page_of(entry),
        )
    if dead > len(shown):
        yield Task(
            title=f"{_told(dead - len(shown))} more were given up",
            detail="crm outbox list shows all.",
            href=MESSAGES,
        )


def _page_of(entry: OutboxEntry) -> str:
    for name, page in PAGES.items():
        if isinstance(entry.payload.get(name), int):
            return f"{page}{entry.payload[name]}"
    return MESSAGES


def _list(*query: str) -> str:
    return f"{MESSAGES}?{'&'.join(query)}"


def _count(number: int, one: str, many: str) -> str:
    return f"{_told(number)} {one if number == 1 else many}"


def _told(number: int) -> str:
    """Return a figure with thin spaces; what was not counted to its end says so."""
    return f"{number:,}".replace(",", "\u202f") + ("+" if number >= MOST else "")
