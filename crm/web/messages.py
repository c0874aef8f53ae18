"""One message with everything that happened to it: one that came, one of ours, or one that was not made."""

from flask import Blueprint, abort
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from crm.core.db import current_session
from crm.mobiletech.queries import find_inbound, find_not_sent, find_outbound
from crm.mobiletech.words import find_advice
from crm.users.numbers import find_number
from crm.users.roles import Permission
from crm.web.guards import staff
from crm.web.ids import LARGEST_ID
from crm.web.message_facts import (
    Replay,
    find_refusal,
    inbound_facts,
    list_replays,
    not_sent_facts,
    outbound_facts,
)
from crm.web.message_pages import as_row, outbound_xml, shown_xml
from crm.web.message_timeline import inbound_timeline, outbound_timeline
from crm.web.page_tools import render_staff_page
from crm.web.replay import receive_command
from crm.web.rule_words import read_trace
from crm.web.session import get_signed_in
from crm.web.ways import list_message_ways

messages = Blueprint("messages", __name__)


@messages.get("/inbound/<int:message_id>")
@staff(Permission.READ)
def show_inbound(message_id: int) -> str:
    """Show one SMS from a reader."""
    session = current_session()
    facts = find_inbound(session, message_id) if message_id <= LARGEST_ID else None
    if facts is None:
        abort(404)
    return render_staff_page(
        "messages/inbound.html",
        message=inbound_facts(session, facts),
        answers=[as_row(row) for row in facts.answers],
        refusal=find_refusal(facts.answers),
        timeline=inbound_timeline(facts),
        trace=read_trace(session, message_id),
        raw_xml=shown_xml(facts.message.raw),
        replays=[Replay(_("This SMS"), receive_command(facts.message))],
        thread_href=_thread(session, facts.message.from_),
    )


@messages.get("/outbound/<int:message_id>")
@staff(Permission.READ)
def show_outbound(message_id: int) -> str:
    """Show one SMS to a reader."""
    session = current_session()
    facts = find_outbound(session, message_id) if message_id <= LARGEST_ID else None
    if facts is None:
        abort(404)
    message = facts.message
    return render_staff_page(
        "messages/outbound.html",
        message=outbound_facts(session, facts),
        timeline=outbound_timeline(facts),
        raw_xml=outbound_xml(message) if message.import_id is None else None,
        replies=[shown_xml(each.reply.encode()) for each in facts.attempts if each.reply],
        reports=[(each.status, shown_xml(each.raw)) for each in facts.reports if each.raw],
        ways=list(list_message_ways(message, get_signed_in().role)),
        advice=find_advice(facts.state, paid=message.paid, conflict=message.conflict),
        replays=list_replays(facts),
        thread_href=_thread(session, message.to),
    )


@messages.get("/not-sent/<int:refusal_id>")
@staff(Permission.READ)
def show_not_sent(refusal_id: int) -> str:
    """Show one SMS that was wanted and not made, and why."""
    session = current_session()
    facts = find_not_sent(session, refusal_id) if refusal_id <= LARGEST_ID else None
    if facts is None:
        abort(404)
    return render_staff_page(
        "messages/not_sent.html",
        refusal=not_sent_facts(session, facts),
        thread_href=_thread(session, facts.refusal.to or ""),
    )


def _thread(session: Session, number: str) -> str | None:
    """Return the conversation with a number; one that no worker has seen yet has none."""
    known = find_number(session, number)
    return f"/admin/threads/{known.id}" if known else None
