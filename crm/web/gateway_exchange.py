"""One exchange with the gateway: what went, what came, how long it took, and how to play it again."""

from datetime import date
from typing import TypeVar
from urllib.parse import urlencode

from flask import Blueprint, abort
from sqlalchemy.orm import Session

from crm.core.db import current_session
from crm.mobiletech.client import OutcomeKind
from crm.mobiletech.exchanges import list_messages_of
from crm.mobiletech.models import InboundMessage, OutboundMessage, SendAttempt, StatusReport
from crm.mobiletech.words import OUTCOME_WORDS
from crm.users.roles import Permission
from crm.web.gateway_rows import matched, received, reported, took
from crm.web.guards import staff
from crm.web.ids import LARGEST_ID
from crm.web.message_pages import operator_label, outbound_xml, shown_xml, spaced
from crm.web.message_timeline import problem_sentences
from crm.web.page_tools import get_settings, render_staff_page
from crm.web.replay import receive_command, send_command, status_commands
from crm.web.retelling import retell

gateway_exchange = Blueprint("gateway_exchange", __name__)

T = TypeVar("T", SendAttempt, InboundMessage, StatusReport)


@gateway_exchange.get("/send/<int:attempt_id>")
@staff(Permission.READ)
def show_send(attempt_id: int) -> str:
    """Show one call of ours."""
    session = current_session()
    attempt = _get(session, SendAttempt, attempt_id)
    message = session.get_one(OutboundMessage, attempt.outbound_message_id)
    return render_staff_page(
        "gateway_log/send.html",
        attempt=attempt,
        message=message,
        number=spaced(message.to),
        state=OUTCOME_WORDS[OutcomeKind(attempt.outcome)],
        told=retell(attempt.detail),
        took=took(attempt),
        went=outbound_xml(message),
        came=shown_xml(attempt.reply.encode()) if attempt.reply else "",
        replay=send_command(message),
    )


@gateway_exchange.get("/receive/<int:message_id>")
@staff(Permission.READ)
def show_receive(message_id: int) -> str:
    """Show one SMS from a reader as the gateway brought it."""
    message = _get(current_session(), InboundMessage, message_id)
    return render_staff_page(
        "gateway_log/receive.html",
        message=message,
        number=spaced(message.from_),
        operator=operator_label(message.operator_type),
        state=received(message),
        problems=problem_sentences(message.problems),
        came=shown_xml(message.raw),
        replay=receive_command(message),
    )


@gateway_exchange.get("/status/<int:report_id>")
@staff(Permission.READ)
def show_status(report_id: int) -> str:
    """Show one report, and what can be done about one of no message of ours."""
    session = current_session()
    report = _get(session, StatusReport, report_id)
    message = list_messages_of(session, [report]).by_gateway_id.get(report.mobiletech_id)
    return render_staff_page(
        "gateway_log/status.html",
        report=report,
        message=message,
        number=spaced(message.to) if message else "",
        state=matched(report, message),
        told=reported(report, message),
        is_orphan=message is None,
        came=shown_xml(report.raw),
        replay=status_commands([report]),
        unknown_href=_unknown_of(report),
    )


def _get(session: Session, table: type[T], row_id: int) -> T:
    row = session.get(table, row_id) if row_id <= LARGEST_ID else None
    if row is None:
        abort(404)
    return row


def _unknown_of(report: StatusReport) -> str:
    """Return the messages of unknown fate of that day: the report may belong to one of them."""
    day: date = report.received_at.astimezone(get_settings().timezone).date()
    query = {"state": "unknown", "from": day.isoformat(), "to": day.isoformat()}
    return f"/admin/messages?{urlencode(query)}"
