"""The list of all messages, and one message with everything that happened to it."""

from dataclasses import dataclass
from datetime import datetime
from textwrap import shorten
from typing import Any

from flask import Blueprint, abort, request
from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy.orm import Session

from crm.core.business_settings import get_setting
from crm.core.db import current_session
from crm.mobiletech.message_log import COUNTED, LogPage, Position, count_messages, list_messages
from crm.mobiletech.message_rows import read_rows
from crm.mobiletech.models import InboundMessage
from crm.mobiletech.outbound import OutboundPurpose
from crm.mobiletech.queries import InboundFacts, OutboundFacts, find_inbound, find_outbound, list_billkeys
from crm.mobiletech.sms_templates import list_templates
from crm.mobiletech.wire.delivery_status import Billing
from crm.mobiletech.wire.problems import Problem
from crm.mobiletech.wire.sms_text import measure
from crm.mobiletech.words import BILLING_WORDS, PURPOSE_WORDS, find_advice, word_of
from crm.users.queries import read_names
from crm.users.roles import Permission
from crm.web.cursor import InvalidCursorError, read_cursor, write_cursor
from crm.web.guards import staff
from crm.web.languages import told
from crm.web.message_filters import Filters, list_chips, list_choices, read_filters
from crm.web.message_pages import as_row, operator_label, outbound_xml, segments, shown_xml, spaced
from crm.web.message_timeline import inbound_timeline, outbound_timeline, problem_sentences
from crm.web.page_tools import local_time, render_staff_page
from crm.web.rule_words import read_trace

messages = Blueprint("messages", __name__)

PAGE = 50
SHOWN_LABEL = 40
SHOWN_CHARACTERS = 1000  # of an SMS from a reader. Source: reliability.md 7
LARGEST_ID = 2**63 - 1
NO_DATE = frozenset({Problem.DATE_BAD, Problem.DATE_IMPLAUSIBLE})


@dataclass(frozen=True, slots=True)
class Pager:
    """The ways to the neighbouring pages."""

    newer_href: str | None
    older_href: str | None


@messages.get("")
@staff(Permission.READ)
def show_list() -> str | tuple[str, int]:
    """List the messages that the address asks for."""
    session = current_session()
    filters = read_filters(request.args)
    problems = list(filters.problems)
    try:
        after, before = _cursor("after", filters), _cursor("before", filters)
    except InvalidCursorError as error:
        problems.append(told(error))
    if problems:
        return _list(session, filters, LogPage(positions=[], newer=None, older=None), problems), 400
    return _list(
        session, filters, list_messages(session, filters.wanted, limit=PAGE, after=after, before=before)
    )


@messages.get("/inbound/<int:message_id>")
@staff(Permission.READ)
def show_inbound(message_id: int) -> str:
    """Show one SMS from a reader."""
    facts = find_inbound(current_session(), message_id) if message_id <= LARGEST_ID else None
    if facts is None:
        abort(404)
    return render_staff_page(
        "messages/inbound.html",
        message=_inbound(current_session(), facts),
        answers=[as_row(row) for row in facts.answers],
        timeline=inbound_timeline(facts),
        trace=read_trace(current_session(), message_id),
        raw_xml=shown_xml(facts.message.raw),
    )


@messages.get("/outbound/<int:message_id>")
@staff(Permission.READ)
def show_outbound(message_id: int) -> str:
    """Show one SMS to a reader."""
    facts = find_outbound(current_session(), message_id) if message_id <= LARGEST_ID else None
    if facts is None:
        abort(404)
    message = facts.message
    return render_staff_page(
        "messages/outbound.html",
        message=_outbound(current_session(), facts),
        timeline=outbound_timeline(facts),
        raw_xml=outbound_xml(message),
        replies=[shown_xml(each.reply.encode()) for each in facts.attempts if each.reply],
        advice=find_advice(facts.state, paid=message.paid, conflict=message.conflict),
    )


def _cursor(name: str, filters: Filters) -> Position | None:
    word = request.args.get(name, "")
    return read_cursor(word, filters.values) if word else None


def _list(session: Session, filters: Filters, page: LogPage, problems: list[str] | None = None) -> str:
    templates = [template.code for template in list_templates(session)]
    return render_staff_page(
        "messages/list.html",
        rows=[as_row(row) for row in read_rows(session, page.positions)],
        filters=list_choices(filters, templates=templates, billkeys=list_billkeys(session)),
        active_filters=list_chips(filters),
        pager=Pager(_href(filters, "before", page.newer), _href(filters, "after", page.older)),
        total_hint=_hint(session, filters, page) if not problems else "",
        problems=problems or [],
    )


def _href(filters: Filters, name: str, position: Position | None) -> str | None:
    return filters.href(**{name: write_cursor(position, filters.values)}) if position else None


def _hint(session: Session, filters: Filters, page: LogPage) -> str:
    if page.is_cut and page.older is not None:
        moment = local_time(page.older.at, "minute")
        return _("Searched back to %(moment)s; go on with Older.", moment=moment)
    count = count_messages(session, filters.wanted)
    if count is None:
        return ""
    shown = f"{COUNTED:,}+".replace(",", "\u202f") if count > COUNTED else count
    return ngettext("%(count)s message", "%(count)s messages", count, count=shown)


def _inbound(session: Session, facts: InboundFacts) -> dict[str, Any]:
    message = facts.message
    names = read_names(session, [message.user_id])
    return {
        "id": message.id,
        "mobiletech_id": message.mobiletech_id,
        "from_": spaced(message.from_),
        "to": message.to,
        "content": _cut(message.content),
        "content_coding": message.content_coding,
        "operator": operator_label(message.operator_type),
        "receive_date": _receive_date(message),
        "receive_date_raw": message.receive_date_raw,
        "created_at": message.created_at,
        "user": {"id": message.user_id, "name": names[message.user_id]} if message.user_id else None,
        "problems": problem_sentences(message.problems),
        "duplicate_of": message.duplicate_of,
    }


def _cut(text: str) -> str:
    """Return what of a text is shown; the whole of it stands in the gateway's XML below."""
    return text if len(text) <= SHOWN_CHARACTERS else f"{text[:SHOWN_CHARACTERS]} …"


def _receive_date(message: InboundMessage) -> datetime | None:
    """Return the gateway's time, None where ours stands for it."""
    return None if NO_DATE & set(message.problems) else message.receive_date


def _outbound(session: Session, facts: OutboundFacts) -> dict[str, Any]:
    message, answered = facts.message, facts.answered
    template = {"code": facts.template_code, "version": message.template_version}
    return {
        "id": message.id,
        "mobiletech_id": message.mobiletech_id,
        "from_": message.from_,
        "to": spaced(message.to),
        "segments": None if message.is_secret else segments(message.content, message.encoding, message.parts),
        "billkey": message.billkey,
        "paid": message.paid,
        "purpose": _(PURPOSE_WORDS[OutboundPurpose(message.purpose)]),
        "state": word_of(facts.state, paid=message.paid),
        "billing": _(BILLING_WORDS[message.paid][Billing(message.billing)]),
        "status": message.status,
        "encoding": message.encoding,
        "parts": message.parts,
        "units": message.content_length if message.is_secret else measure(message.content, fold=False).units,
        "template": template | {"href": f"/admin/templates/{facts.template_code}"}
        if facts.template_code
        else None,
        "rcv": {
            "href": f"/admin/messages/inbound/{answered.id}",
            "label": shorten(answered.content, SHOWN_LABEL, placeholder=" …") or "SMS",
        }
        if answered
        else None,
        "expires_after": _window(message.expiration, get_setting(session, "mobiletech_expiration_unit")),
        "operator": operator_label(message.operator_type),
        "created_at": message.created_at,
    }


def _window(count: int, unit: str) -> str:
    """Return how long a message may wait, in the unit that the gateway counts in."""
    said = {
        "seconds": ngettext("%(num)s second", "%(num)s seconds", count),
        "minutes": ngettext("%(num)s minute", "%(num)s minutes", count),
        "hours": ngettext("%(num)s hour", "%(num)s hours", count),
    }
    return said[unit]
