"""One piece of work in full: what it is about, what happened to it, who decided what."""

from collections.abc import Iterator
from dataclasses import dataclass

from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy.orm import Session

from crm.core.phone import mask_in_text
from crm.events.backoff import MAX_ATTEMPTS
from crm.events.failed_work import has_failed
from crm.events.models import EntryState, OutboxEntry
from crm.importer.events import IMPORT_CHECK
from crm.mobiletech.words import Tone
from crm.users.audit_log import list_acts_on
from crm.users.roles import Permission, may
from crm.web.act_words import as_line
from crm.web.message_pages import spaced
from crm.web.message_timeline import Item
from crm.web.page_tools import render_staff_page
from crm.web.session import get_signed_in
from crm.web.work_words import event_name, find_message_href, reason_of, state_word, words_of

SHOWN_ACTS = 20


@dataclass(frozen=True, slots=True)
class Fact:
    """One value of the payload."""

    name: str
    value: str


def show_work(session: Session, entry: OutboxEntry) -> str:
    """Return the page."""
    acts = list_acts_on(session, f"work {entry.id}", limit=SHOWN_ACTS)
    is_open = has_failed(entry)
    return render_staff_page(
        "failed_work/show.html",
        entry=entry,
        name=event_name(entry.event),
        number=spaced(entry.lane) if entry.lane and entry.event != IMPORT_CHECK else "",
        state=state_word(entry),
        reason=reason_of(entry) if entry.error else "",
        payload=[Fact(name, mask_in_text(str(value))) for name, value in entry.payload.items()],
        message_href=find_message_href(entry.payload),
        timeline=list(_happened(entry)),
        acts=[as_line(act) for act in acts],
        means=_(words_of(entry.event).retry) if is_open else "",
        may_decide=is_open and may(get_signed_in().role, Permission.OPERATE),
    )


def _happened(entry: OutboxEntry) -> Iterator[Item]:
    yield Item(at=entry.created_at, title=_("The work was put into the outbox"), tone=Tone.GOOD, icon="in")
    if entry.crashes:
        yield Item(
            at=None,
            title=ngettext(
                "A worker died %(num)s time while it ran this",
                "A worker died %(num)s times while it ran this",
                entry.crashes,
            ),
            detail=_("After the third time it is kept for a person: it may be what kills the workers."),
            tone=Tone.BAD,
            icon="alert",
        )
    if entry.attempts:
        yield Item(
            at=None,
            title=ngettext("It failed %(num)s time", "It failed %(num)s times", entry.attempts),
            detail=_("Of at most %(most)s tries; the last reason stands above.", most=MAX_ATTEMPTS),
            tone=Tone.WARN,
            icon="retry",
        )
    yield _now(entry)


def _now(entry: OutboxEntry) -> Item:
    word = state_word(entry)
    if entry.state == EntryState.READY:
        title = _("Next try") if entry.attempts else _("It is due")
        return Item(at=entry.available_at, title=title, icon="clock", dashed=True)
    return Item(at=entry.finished_at, title=_(word.word), tone=word.tone, icon=word.icon)
