"""Lines of the gateway's logs: a call of ours, an SMS from a reader, a report."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy.orm import Session

from crm.core.errors import N_
from crm.mobiletech.client import OutcomeKind
from crm.mobiletech.exchanges import list_messages_of
from crm.mobiletech.models import InboundMessage, OutboundMessage, SendAttempt, StatusReport
from crm.mobiletech.words import Tone, Word
from crm.web.message_pages import spaced
from crm.web.retelling import retell
from crm.web.status_words import explain_code

LOG = "/admin/operations/gateway"
# Short words for a column; the page of one call tells them in whole sentences.
OUTCOMES = {
    OutcomeKind.ACCEPTED: Word(N_("Taken"), Tone.GOOD, "check"),
    OutcomeKind.REJECTED: Word(N_("Refused"), Tone.BAD, "stop"),
    OutcomeKind.NOT_SENT: Word(N_("Not handed over"), Tone.WARN, "retry"),
    OutcomeKind.UNKNOWN: Word(N_("Unknown"), Tone.UNKNOWN, "question"),
}
STORED = Word(N_("Stored"), Tone.GOOD, "check")
ODD = Word(N_("Stored, with faults"), Tone.WARN, "alert")
REPEATED = Word(N_("Repeated"), Tone.WARN, "retry")
APPLIED = Word(N_("Applied"), Tone.GOOD, "check")
NOT_YET = Word(N_("Waits"), Tone.WAIT, "clock")
NOBODYS = Word(N_("No message"), Tone.UNKNOWN, "question")


@dataclass(frozen=True, slots=True, kw_only=True)
class ExchangeRow:
    """One line: who it is about, what was said, what came of it; `took` and `http` are of calls alone."""

    href: str
    at: datetime
    about: str
    said: str
    state: Word
    http: str = ""
    took: str = ""


def send_rows(session: Session, attempts: Sequence[SendAttempt]) -> list[ExchangeRow]:
    """Return the lines of calls of ours."""
    messages = list_messages_of(session, attempts).by_id
    return [
        ExchangeRow(
            href=f"{LOG}/send/{attempt.id}",
            at=attempt.created_at,
            about=spaced(messages[attempt.outbound_message_id].to),
            said=_answered(attempt, messages[attempt.outbound_message_id]),
            state=OUTCOMES[OutcomeKind(attempt.outcome)],
            http=str(attempt.http_status or ""),
            took=took(attempt),
        )
        for attempt in attempts
    ]


def receive_rows(_session: Session, messages: Sequence[InboundMessage]) -> list[ExchangeRow]:
    """Return the lines of SMS from readers."""
    return [
        ExchangeRow(
            href=f"{LOG}/receive/{message.id}",
            at=message.created_at,
            about=spaced(message.from_),
            said=_("to %(number)s under the id %(id)s", number=message.to, id=message.mobiletech_id),
            state=received(message),
        )
        for message in messages
    ]


def report_rows(session: Session, reports: Sequence[StatusReport]) -> list[ExchangeRow]:
    """Return the lines of reports."""
    messages = list_messages_of(session, reports).by_gateway_id
    return [
        ExchangeRow(
            href=f"{LOG}/status/{report.id}",
            at=report.received_at,
            about=_about(messages.get(report.mobiletech_id)),
            said=f"{reported(report, messages.get(report.mobiletech_id))} (id {report.mobiletech_id})",
            state=matched(report, messages.get(report.mobiletech_id)),
        )
        for report in reports
    ]


def took(attempt: SendAttempt) -> str:
    """Return how long the gateway took."""
    return f"{attempt.took_ms / 1000:.1f} s" if attempt.took_ms >= 1000 else f"{attempt.took_ms} ms"


def received(message: InboundMessage) -> Word:
    """Return how an SMS from a reader was taken."""
    if message.duplicate_of is not None:
        return REPEATED
    return ODD if message.problems else STORED


def reported(report: StatusReport, message: OutboundMessage | None) -> str:
    """Return a code with what it means on the operator of its message."""
    return (
        f"{report.status}: {explain_code(report.status, message.operator_type if message else None).meaning}"
    )


def matched(report: StatusReport, message: OutboundMessage | None) -> Word:
    """Return whether the report found its message."""
    if report.applied_at is not None:
        return APPLIED
    return NOT_YET if message is not None else NOBODYS


def count_hint(count: int) -> str:
    """Return how many lines a page has."""
    return ngettext("%(num)s line on this page", "%(num)s lines on this page", count)


def _answered(attempt: SendAttempt, message: OutboundMessage) -> str:
    """Return what the gateway said: its id for what it took, its reason for anything else."""
    if attempt.outcome == OutcomeKind.ACCEPTED and message.mobiletech_id:
        return f"id {message.mobiletech_id}"
    return retell(attempt.detail)


def _about(message: OutboundMessage | None) -> str:
    return spaced(message.to) if message is not None else ""
