"""Work of the outbox in words: what it is, what it concerns, what a retry does and what giving it up means."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask_babel import gettext as _

from crm.core.errors import N_
from crm.core.phone import mask_in_text
from crm.events.backoff import MAX_ATTEMPTS
from crm.events.failed_work import FailedState
from crm.events.models import EntryState, OutboxEntry
from crm.importer.events import IMPORT_CHECK, IMPORT_STEP
from crm.mobiletech.events import INBOUND, OUTBOUND_ENDED, OUTBOUND_STATUS, PENDING_TIMEOUT, SEND
from crm.mobiletech.words import Tone, Word
from crm.users.codes import ONE_TIME_CODE

SHOWN_REASON = 160


@dataclass(frozen=True, slots=True, kw_only=True)
class EventWords:
    """What an event is, and what a person's decision about its failed work comes to."""

    name: str
    retry: str
    discard: str


EVENTS: Mapping[str, EventWords] = {
    INBOUND: EventWords(
        name=N_("SMS from a reader"),
        retry=N_(
            "What failed for this SMS runs again. Every step finds what it has done already, so nobody is"
            " answered twice."
        ),
        discard=N_("What failed for this SMS is never done: the reader may get no answer."),
    ),
    SEND: EventWords(
        name=N_("SMS to a reader"),
        retry=N_(
            "The message goes out only if it still waits and is not too old. If it was on its way when the"
            " work stopped, a paid one becomes unknown and is never sent again by itself. Nobody is charged twice."
        ),
        discard=N_(
            "A message that still waits is cancelled: nobody is charged for it. One that was on its way counts as"
            " unknown, and is never sent again by itself."
        ),
    ),
    OUTBOUND_STATUS: EventWords(
        name=N_("Delivery report"),
        retry=N_(
            "All reports on the message are counted together again; the result is the same however often."
        ),
        discard=N_("The message keeps the state that it has, until another report on it comes."),
    ),
    OUTBOUND_ENDED: EventWords(
        name=N_("SMS of a payment that will not go out"),
        retry=N_("The payment is looked at again: its messages say whether it failed. Nobody is charged."),
        discard=N_("The payment stays open until another report on its SMS comes, or somebody settles it."),
    ),
    PENDING_TIMEOUT: EventWords(
        name=N_("Charge without an answer"),
        retry=N_("The payment is looked at again; it fails only if its SMS can be billed no more."),
        discard=N_("The charge stays on its way until a report comes, or somebody settles it."),
    ),
    ONE_TIME_CODE: EventWords(
        name=N_("One-time code"),
        retry=N_("A code is made and sent only if the one that was asked for is still good."),
        discard=N_("No code is sent; the person asks for another."),
    ),
    IMPORT_STEP: EventWords(
        name=N_("Step of an import"),
        retry=N_("The import goes on with the row where it stopped. No row goes in twice."),
        discard=N_("The import stands still until somebody resumes it on its page; what is in stays in."),
    ),
    IMPORT_CHECK: EventWords(
        name=N_("Check of what was imported"),
        retry=N_("The rule is checked again. Nothing else is changed."),
        discard=N_("The page of checks keeps what the last check found."),
    ),
}
OTHER = EventWords(
    name=N_("Other work"),
    retry=N_("The handler runs again. Whether a second run does harm is known to who wrote it."),
    discard=N_("The handler never runs for this."),
)

STATES: Mapping[EntryState, Word] = {
    EntryState.READY: Word(N_("Waits"), Tone.WAIT, "clock"),
    EntryState.DONE: Word(N_("Done"), Tone.GOOD, "check"),
    EntryState.DEAD: Word(N_("Given up"), Tone.BAD, "cross"),
    EntryState.DISCARDED: Word(N_("Given up by a person"), Tone.WARN, "minus"),
}
RETRYING = Word(N_("Tried again"), Tone.WARN, "retry")
FAILED: Mapping[FailedState, Word] = {
    FailedState.DEAD: STATES[EntryState.DEAD],
    FailedState.RETRYING: RETRYING,
}

LIST = "/admin/operations/work"
# Whose page tells of a piece of work, by the name in its payload.
PAGES = {
    "mobiletech_inbound_message_id": "/admin/messages/inbound/",
    "mobiletech_outbound_message_id": "/admin/messages/outbound/",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkRow:
    """One piece of work in a list; `next_at` is None when nothing runs it by itself."""

    id: int
    href: str
    at: datetime
    name: str
    what: str
    reason: str
    tries: str
    state: Word
    next_at: datetime | None


def as_row(entry: OutboxEntry) -> WorkRow:
    """Return the line."""
    return WorkRow(
        id=entry.id,
        href=f"{LIST}/{entry.id}",
        at=entry.created_at,
        name=event_name(entry.event),
        what=entry.handler or entry.event,
        reason=short_reason(entry),
        tries=f"{entry.attempts}/{MAX_ATTEMPTS}",
        state=state_word(entry),
        next_at=entry.available_at if entry.state == EntryState.READY else None,
    )


def words_of(event: str) -> EventWords:
    """Return what is said of an event; one of an extension is other work."""
    return EVENTS.get(event, OTHER)


def event_name(event: str) -> str:
    """Return what an event is."""
    return str(_(words_of(event).name))


def state_word(entry: OutboxEntry) -> Word:
    """Return the state of a piece of work; what failed and waits is tried again."""
    if entry.state == EntryState.READY and entry.attempts:
        return RETRYING
    return STATES[EntryState(entry.state)]


def find_message_href(payload: Mapping[str, Any]) -> str | None:
    """Return the page of the message that the work concerns."""
    for name, page in PAGES.items():
        if isinstance(payload.get(name), int):
            return f"{page}{payload[name]}"
    return None


def reason_of(entry: OutboxEntry) -> str:
    """Return the whole reason, numbers masked: such a page ends up in a ticket."""
    return mask_in_text(entry.error) if entry.error else _("No reason was kept.")


def short_reason(entry: OutboxEntry) -> str:
    """Return the beginning of the reason, for a list."""
    first = reason_of(entry).partition("\n")[0]
    return first if len(first) <= SHOWN_REASON else f"{first[:SHOWN_REASON]}…"
