"""Everything that the page of a conversation shows: the line of time, what waits, the forms, the facts."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote

from flask import abort, request
from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy.orm import Session

from crm.core.db import current_session
from crm.core.phone import find_slovak_mobile
from crm.mobiletech.conversations.answers import find_last_sent, find_opening
from crm.mobiletech.conversations.entries import read_entries
from crm.mobiletech.conversations.facts import ThreadFacts, read_facts
from crm.mobiletech.conversations.inbox import find_next, list_open_of
from crm.mobiletech.conversations.line import LinePage, get_thread, list_line
from crm.mobiletech.conversations.models import InboxItem
from crm.mobiletech.conversations.words import INBOX_MEANINGS, INBOX_WORDS, InboxReason
from crm.mobiletech.message_log import Position
from crm.mobiletech.wire.sms_text import measure
from crm.mobiletech.words import Word
from crm.users.models import KnownNumber
from crm.users.queries import read_names
from crm.users.roles import Permission, may
from crm.web.cursor import InvalidCursorError, read_cursor, write_cursor
from crm.web.ids import LARGEST_ID
from crm.web.languages import told
from crm.web.message_pages import segments, spaced
from crm.web.near_stop import list_paused_lines
from crm.web.number_money import read_number_money
from crm.web.number_words import operator_words
from crm.web.page_tools import render_staff_page
from crm.web.session import get_signed_in
from crm.web.sms_meter_words import meter_words
from crm.web.thread_charges import charge_lines
from crm.web.thread_forms import AnswerForm, NoteForm
from crm.web.thread_lines import Line, as_lines, list_people

PAGE = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Which piece of the line the address asks for; the end, unless it says otherwise or cannot be read."""

    before: Position | None = None
    after: Position | None = None
    problem: str | None = None


END = Place()


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """What waits in the inbox from this number: since when, why, who has taken it, and where to go when it is done."""

    items: Sequence[int]
    since: datetime
    reason: Word
    meaning: str | None
    taken_by: str | None
    is_mine: bool
    next_href: str
    rule_href: str | None


def thread_href(number_id: int) -> str:
    """Return the address of a conversation."""
    return f"/admin/threads/{number_id}"


def get_number(session: Session, number_id: int) -> KnownNumber:
    """Return the number of a conversation; 404 where there is none."""
    if number_id > LARGEST_ID:
        abort(404)
    return get_thread(session, number_id)


def read_place(number_id: int) -> Place:
    """Return the piece that the address asks for."""
    before, after = request.args.get("before", ""), request.args.get("after", "")
    belongs = _filters(number_id)
    try:
        return Place(
            before=read_cursor(before, belongs) if before else None,
            after=read_cursor(after, belongs) if after else None,
        )
    except InvalidCursorError as error:
        return Place(problem=told(error))


def render_thread(
    number_id: int,
    *,
    answer: AnswerForm | None = None,
    note: NoteForm | None = None,
    problems: Sequence[str] = (),
    place: Place = END,
) -> str:
    """Render the page; a form that was sent stays as it was typed, with what is to be said about it."""
    session = current_session()
    number = get_number(session, number_id)
    page = list_line(session, number, limit=PAGE, before=place.before, after=place.after)
    entries = read_entries(session, number.number, page.positions)
    names = read_names(session, list_people(entries))
    person, items = get_signed_in(), list_open_of(session, number.id)
    return render_staff_page(
        "threads/show.html",
        number=spaced(number.number),
        thread_id=number.id,
        lines=as_lines(entries, names, reader_id=person.id, between=_charges(session, number, page)),
        money=read_number_money(session, number),
        earlier_href=_href(number.id, "before", page.earlier),
        later_href=_href(number.id, "after", page.later, place="#line"),
        task=_task(session, items) if items else None,
        paused=list_paused_lines(session, number),
        facts=_facts(number.number, read_facts(session, number)),
        problems=list(problems),
        place_problem=place.problem,
        may_answer=may(person.role, Permission.ANSWER),
        **_answer(session, number, answer, waiting_id=max((item.id for item in items), default=0)),
        note=note or NoteForm(formdata=None),
    )


def _charges(session: Session, number: KnownNumber, page: LinePage) -> list[Line]:
    """Return what the money tells from where the piece begins to where the next one does."""
    since = page.positions[0].at if page.earlier else None
    following = list_line(session, number, limit=1, after=page.later).positions if page.later else ()
    until = following[0].at if following else None
    return charge_lines(session, number.number, since=since, until=until)


def _answer(
    session: Session, number: KnownNumber, form: AnswerForm | None, *, waiting_id: int
) -> dict[str, Any]:
    """Return the form, how what it says would go out, and what the meter says of it."""
    measured = measure(form.text) if form is not None and form.text.strip() else None
    form = form or AnswerForm(formdata=None)
    parts = measured.parts if measured else 1
    form.renew(seen_id=find_last_sent(session, number), waiting_id=waiting_id, parts=parts)
    draft = segments(measured.text, measured.encoding, measured.parts) if measured else []
    return {
        "answer": form,
        "is_answerable": find_slovak_mobile(number.number) is not None,
        "way": _way(session, number),
        "measured": measured,
        "draft": draft,
        "meter_words": meter_words(),
        "send_label": send_label(parts),
        "send_words": {
            "send": send_label(1),
            "parts": [send_label(count, shown="{}") for count in (1, 2, 5)],
        },
    }


def send_label(parts: int, *, shown: str | None = None) -> str:
    """Return what the button says: in how many parts, if there are several."""
    if parts == 1 and shown is None:
        return str(_("Send"))
    return str(ngettext("Send in %(count)s part", "Send in %(count)s parts", parts, count=shown or parts))


def _way(session: Session, number: KnownNumber) -> str:
    opening = find_opening(session, number)
    if opening.last is None:
        return str(_("Free of charge. This number has not written to us yet."))
    if opening.is_reply:
        return str(_("Free of charge, as a reply to the last SMS."))
    return str(_("Free of charge, as an SMS of its own: the last one is answered or too old."))


def _task(session: Session, items: Sequence[InboxItem]) -> Task:
    person, first, last = get_signed_in(), items[0], items[-1]
    reason = InboxReason(last.reason)
    following = find_next(session, last)
    names = read_names(session, [last.assigned_to])
    return Task(
        items=[item.id for item in items],
        since=first.created_at,
        reason=INBOX_WORDS[reason],
        meaning=INBOX_MEANINGS.get(reason),
        taken_by=names.get(last.assigned_to or 0),
        is_mine=last.assigned_to == person.id,
        next_href=quote(thread_href(following.number_id) if following else "/admin/inbox", safe=""),
        rule_href=_rule_href(last),
    )


def _rule_href(item: InboxItem) -> str | None:
    """Return where a rule is made of a message, for those who may; its text stands in no address."""
    if not may(get_signed_in().role, Permission.EDIT_RULES) or item.reason == InboxReason.STOP:
        return None
    return f"/admin/rules/new?inbox={item.id}"


def _facts(number: str, facts: ThreadFacts) -> dict[str, Any]:
    may_open = may(get_signed_in().role, Permission.MANAGE_PEOPLE)
    owner = facts.owner
    return {
        "owner": owner.public_name if owner else None,
        "owner_href": f"/admin/users/{owner.id}" if owner and may_open else None,
        "operator": operator_words(number, facts.evidence, facts.since),
        "first_seen": facts.first_seen,
        "counts": facts.counts,
    }


def _href(number_id: int, name: str, position: Position | None, *, place: str = "") -> str | None:
    return f"?{name}={quote(write_cursor(position, _filters(number_id)))}{place}" if position else None


def _filters(number_id: int) -> dict[str, str]:
    """Return what a place on the line belongs to."""
    return {"thread": str(number_id)}
