"""My messages: the SMS of my number, both directions, since the number is mine."""

from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from flask import Blueprint, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from crm.core.db import current_session
from crm.core.phone import to_international
from crm.mobiletech.message_log import Direction, Position
from crm.mobiletech.number_messages import NumberMessage, list_messages_of, read_messages
from crm.mobiletech.words import Tone, Word, word_of
from crm.users.models import MobilePhone
from crm.users.phones import find_phone_of
from crm.web.cursor import InvalidCursorError, read_cursor, write_cursor
from crm.web.guards import signed_in
from crm.web.languages import told
from crm.web.message_list import Pager
from crm.web.message_pages import segments, spaced
from crm.web.page_tools import render_reader_page
from crm.web.session import get_signed_in

account_messages = Blueprint("account_messages", __name__)

PAGE = 25


@dataclass(frozen=True, slots=True, kw_only=True)
class Bubble:
    """One SMS as the page shows it: theirs, from us, stands left as on their phone."""

    side: str
    is_mine: bool
    at: datetime
    segments: list[str] | None
    state: Word | None


@account_messages.get("")
@signed_in()
def show() -> ResponseReturnValue:
    """Show a page of them, newest first."""
    phone = find_phone_of(current_session(), get_signed_in().id)
    if phone is None:
        return render_reader_page(
            "account/messages.html", number=None, since=None, bubbles=[], pager=None, problem=None
        )
    try:
        return _list(phone, after=_cursor(phone, "after"), before=_cursor(phone, "before"))
    except InvalidCursorError as error:
        return _list(phone, problem=told(error)), 400


def _list(
    phone: MobilePhone,
    *,
    after: Position | None = None,
    before: Position | None = None,
    problem: str | None = None,
) -> str:
    session = current_session()
    page = list_messages_of(
        session,
        to_international(phone.phone_number),
        since=phone.created_at,
        limit=PAGE,
        after=after,
        before=before,
    )
    pager = Pager(_href(phone, "before", page.newer), _href(phone, "after", page.older))
    return render_reader_page(
        "account/messages.html",
        number=spaced(phone.phone_number),
        since=phone.created_at,
        bubbles=[_bubble(each) for each in read_messages(session, page.positions)],
        pager=pager if pager.newer_href or pager.older_href else None,
        problem=problem,
    )


def _bubble(message: NumberMessage) -> Bubble:
    is_mine = message.direction is Direction.IN
    is_kept = message.text is not None and (is_mine or message.text)  # the old system kept no texts of ours
    parts = segments(message.text or "", message.encoding, message.parts) if is_kept else None
    word = word_of(message.state, paid=message.paid) if message.state is not None else None
    return Bubble(
        side="out" if is_mine else "in",
        is_mine=is_mine,
        at=message.at,
        segments=parts,
        # Of what is unknown nobody need call the reader: the staff look into it.
        state=Word(_(word.word), Tone.WAIT if word.tone is Tone.UNKNOWN else word.tone, word.icon)
        if word
        else None,
    )


def _cursor(phone: MobilePhone, name: str) -> Position | None:
    word = request.args.get(name, "")
    return read_cursor(word, _filters(phone)) if word else None


def _href(phone: MobilePhone, name: str, position: Position | None) -> str | None:
    if position is None:
        return None
    word = write_cursor(position, _filters(phone))
    return f"/account/messages?{urlencode({name: word})}"


def _filters(phone: MobilePhone) -> dict[str, str]:
    """Return what a place in the list belongs to: one person's time with one number."""
    return {"number of": f"{phone.user_id} {phone.id}"}
