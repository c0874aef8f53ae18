"""The list of the inbox as it is shown: its tabs, its filters, its rows."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.core.errors import N_, InvalidInputError
from crm.mobiletech.catalogue.short_numbers import list_numbers
from crm.mobiletech.conversations.inbox import COUNTED, InboxFilter, ItemState, count_open
from crm.mobiletech.conversations.models import InboxItem
from crm.mobiletech.conversations.words import INBOX_WORDS, InboxReason
from crm.mobiletech.message_rows import SHOWN_TEXT
from crm.mobiletech.models import InboundMessage
from crm.mobiletech.words import Word
from crm.users.models import KnownNumber
from crm.users.queries import read_names
from crm.web.filters import Chip, Choice, Reader, one_of
from crm.web.list_query import ListQuery, read_query
from crm.web.message_pages import spaced
from crm.web.session import Person
from crm.web.thread_page import thread_href

MINE = "mine"
_SHORT_NUMBER = re.compile(r"[0-9]{3,8}", re.ASCII)
LABELS = {"reason": N_("Reason"), "short_number": N_("Short number")}


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One message that waits or waited; `at` is when it came, `done_at` when somebody closed it."""

    id: int
    href: str
    number: str
    name: str
    text: str
    at: datetime
    reason: Word
    taken_by: str
    is_mine: bool
    done_at: datetime | None
    done_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Tab:
    """One of the views of the inbox, with how much is in it."""

    label: str
    count: str
    href: str
    is_current: bool


def read_filters() -> ListQuery:
    """Read what the address asks for."""
    readers: dict[str, tuple[str, Reader]] = {
        "state": (N_("State"), one_of(ItemState)),
        "whose": (N_("Whose"), _whose),
        "reason": (LABELS["reason"], one_of(InboxReason)),
        "short_number": (LABELS["short_number"], _short_number),
    }
    return read_query(readers)


def as_filter(query: ListQuery, person_id: int) -> InboxFilter:
    """Return what is to be listed for who is signed in."""
    return InboxFilter(
        state=query.wanted.get("state", ItemState.OPEN),
        person_id=person_id if query.wanted.get("whose") else None,
        reason=query.wanted.get("reason"),
        short_number=query.wanted.get("short_number"),
    )


def list_tabs(session: Session, query: ListQuery, person: Person) -> list[Tab]:
    """Return the views; each keeps the other filters, and its count is that of the whole view."""
    kept = {name: query.values[name] for name in LABELS if name in query.values}
    here = (query.wanted.get("state", ItemState.OPEN), query.wanted.get("whose"))
    views: tuple[tuple[str, dict[str, str], int | None], ...] = (
        (_("Open"), {}, count_open(session)),
        (_("Taken by me"), {"whose": MINE}, count_open(session, person_id=person.id)),
        (_("Done"), {"state": ItemState.DONE}, None),
    )
    return [
        Tab(
            label=label,
            count="" if count is None else told_count(count),
            href=f"?{urlencode({**view, **kept})}",
            is_current=here == (ItemState(view.get("state", ItemState.OPEN)), view.get("whose")),
        )
        for label, view, count in views
    ]


def list_choices(session: Session, query: ListQuery) -> list[Choice]:
    """Return the filters as the form shows them."""
    chosen = filter(None, [query.values.get("short_number")])
    numbers = dict.fromkeys([*list_numbers(session), *chosen])
    return [
        Choice(
            name="reason",
            label=_("Reason"),
            value=query.values.get("reason", ""),
            options=[(reason, _(word.word)) for reason, word in INBOX_WORDS.items()],
        ),
        Choice(
            name="short_number",
            label=_("Short number"),
            value=query.values.get("short_number", ""),
            options=[(number, number) for number in numbers],
        ),
    ]


def list_chips(query: ListQuery) -> list[Chip]:
    """Return the filters that are in force."""
    chips = []
    for name, label in LABELS.items():
        if name not in query.values:
            continue
        meant = query.wanted.get(name)
        shown = _(INBOX_WORDS[meant].word) if isinstance(meant, InboxReason) else query.values[name][:40]
        chips.append(query.chip(name, f"{_(label)}: {shown}"))
    return chips


def read_rows(session: Session, items: Sequence[InboxItem], person: Person) -> list[Row]:
    """Return the rows for the items, in their order."""
    wanted = [item.inbound_message_id for item in items]
    messages = {
        message.id: message
        for message in session.execute(select(InboundMessage).where(InboundMessage.id.in_(wanted))).scalars()
    }
    known = select(KnownNumber).where(KnownNumber.id.in_([item.number_id for item in items]))
    numbers = {number.id: number.number for number in session.execute(known).scalars()}
    staff = [user_id for item in items for user_id in (item.assigned_to, item.done_by)]
    names = read_names(session, [*staff, *(message.user_id for message in messages.values())])
    return [
        Row(
            id=item.id,
            href=thread_href(item.number_id),
            number=spaced(numbers[item.number_id]),
            name=names.get(messages[item.inbound_message_id].user_id or 0, ""),
            text=messages[item.inbound_message_id].content[:SHOWN_TEXT],
            at=item.created_at,
            reason=INBOX_WORDS[InboxReason(item.reason)],
            taken_by=names.get(item.assigned_to or 0, ""),
            is_mine=item.assigned_to == person.id,
            done_at=item.done_at,
            done_by=names.get(item.done_by or 0, ""),
        )
        for item in items
    ]


def told_count(count: int) -> str:
    """Return a count as people read it; what was not counted to its end says so."""
    return f"{COUNTED:,}+".replace(",", "\u202f") if count > COUNTED else str(count)


def _whose(text: str) -> str:
    if text != MINE:
        raise InvalidInputError(N_("%(given)r is none of %(known)s."), given=text[:40], known=MINE)
    return text


def _short_number(text: str) -> str:
    if not _SHORT_NUMBER.fullmatch(text):
        raise InvalidInputError(N_("%(given)r is no short number; write it like 8877."), given=text[:40])
    return text
