"""What happened to one message, compiled from the facts that were stored as it happened."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from textwrap import shorten

from flask_babel import gettext as _
from flask_babel import ngettext

from crm.events.backoff import MAX_ATTEMPTS
from crm.events.models import EntryState, OutboxEntry
from crm.mobiletech.advice import OUTCOME_ADVICE
from crm.mobiletech.client import OutcomeKind
from crm.mobiletech.message_log import Kind
from crm.mobiletech.message_rows import LogRow
from crm.mobiletech.models import OutboundMessage, SendAttempt, StatusReport
from crm.mobiletech.queries import InboundFacts, OutboundFacts
from crm.mobiletech.wire.problems import PROBLEM_SENTENCES, Problem
from crm.mobiletech.words import OUTCOME_WORDS, MessageState, Tone, word_of
from crm.web.message_pages import as_row
from crm.web.retelling import retell
from crm.web.status_words import explain_code

SHOWN_TEXT = 160  # characters of the SMS that is answered
_LAST = datetime.max.replace(tzinfo=UTC)
# States that an attempt does not tell: something else brought the message there, with a reason.
_TOLD_BY_STATE = frozenset(
    {
        MessageState.HELD,
        MessageState.EXPIRED,
        MessageState.CANCELLED,
        MessageState.NOT_SENT,
        MessageState.UNKNOWN,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One fact; dashed is what did not happen or has not happened yet. `advice` is what to do about it."""

    at: datetime | None
    title: str
    detail: str | None = None
    tone: Tone = Tone.WAIT
    icon: str = "dot"
    dashed: bool = False
    advice: str | None = None


def inbound_timeline(facts: InboundFacts) -> list[Item]:
    """Return what became of an SMS from a reader, in order."""
    message = facts.message
    received = Item(
        at=message.created_at,
        title=_("Received from the gateway"),
        detail=_("Stored under its id %(id)s; a repeat of it changes nothing.", id=message.mobiletech_id),
        tone=Tone.GOOD,
        icon="in",
    )
    return _in_order([received, *map(_answer, facts.answers), *_work(facts)])


def outbound_timeline(facts: OutboundFacts) -> list[Item]:
    """Return what became of an SMS of ours, in order."""
    message, items = facts.message, []
    if facts.answered is not None:
        came = facts.answered
        items.append(
            Item(
                at=came.created_at,
                title=_("The reader wrote"),
                detail=shorten(came.content, SHOWN_TEXT, placeholder=" …"),
                tone=Tone.GOOD,
                icon="in",
            )
        )
    items.append(_rendered(facts) if message.import_id is None else _imported(facts))
    items += [_attempt(number, each) for number, each in enumerate(facts.attempts, start=1)]
    items += [_report(each, message) for each in facts.reports]
    items += _state(facts)
    items += _next_try(facts)
    return _in_order(items)


def problem_sentences(codes: Iterable[str]) -> list[str]:
    """Return what was odd about a message, in sentences."""
    return [_(PROBLEM_SENTENCES[Problem(code)]) if code in set(Problem) else code for code in codes]


def _in_order(items: Iterable[Item]) -> list[Item]:
    return sorted(items, key=lambda item: item.at or _LAST)


def _work(facts: InboundFacts) -> Iterable[Item]:
    if not any(entry.handler is None for entry in facts.work):
        yield Item(
            at=None,
            title=_("Handled"),
            detail=_("Long ago: finished work is kept for 30 days."),
            icon="check",
        )
    for entry in facts.work:
        yield from _entry(entry)


def _entry(entry: OutboxEntry) -> Iterable[Item]:
    """Tell the state of one piece of work: all handlers together, or one that is tried again by itself."""
    name = entry.handler or _("Handling")
    tries = _tries(entry)
    match entry.state:
        case EntryState.DONE:
            done = _("%(name)s done at last", name=name) if entry.handler else _("Handled")
            yield Item(at=entry.finished_at, title=done, tone=Tone.GOOD, icon="check")
        case EntryState.DEAD:
            yield Item(
                at=entry.finished_at,
                title=_("%(name)s failed for good", name=name),
                detail=tries,
                advice=_("Under Operations it can be tried again, or given up, with a reason."),
                tone=Tone.BAD,
                icon="cross",
            )
        case EntryState.DISCARDED:
            yield Item(
                at=entry.finished_at,
                title=_("%(name)s given up", name=name),
                detail=tries,
                tone=Tone.WARN,
                icon="minus",
            )
        case _ if entry.attempts:
            yield Item(
                at=entry.created_at,
                title=_("%(name)s failed", name=name),
                detail=tries,
                tone=Tone.WARN,
                icon="alert",
            )
            again = _("%(name)s is tried again", name=name)
            yield Item(at=entry.available_at, title=again, icon="retry", dashed=True)
        case _:
            yield Item(at=None, title=_("Waits to be handled"), icon="clock", dashed=True)


def _tries(entry: OutboxEntry) -> str:
    number, most = entry.attempts, MAX_ATTEMPTS
    return _("Try %(number)s of %(most)s: %(error)s", number=number, most=most, error=entry.error)


def _answer(row: LogRow) -> Item:
    shown = as_row(row)
    if row.kind is Kind.NOT_SENT:
        return Item(
            at=row.at,
            title=_("No answer: %(reason)s", reason=shown.reason),
            detail=shown.text,
            tone=Tone.BAD,
            icon="minus",
            dashed=True,
        )
    made_of = _("Written by a person")
    if row.template_code:
        made_of = _("Template %(code)s", code=row.template_code)
    return Item(
        at=row.at,
        title=_("Answer made"),
        detail=_("%(made_of)s. Now: %(state)s.", made_of=made_of, state=_(shown.state.word).lower()),
        icon="out",
        tone=Tone.GOOD,
    )


def _rendered(facts: OutboundFacts) -> Item:
    message = facts.message
    made_of = _("Written by a person")
    if facts.template_code:
        made_of = _(
            "Template %(code)s, version %(version)s",
            code=facts.template_code,
            version=message.template_version,
        )
    alphabet = "UCS-2" if message.encoding == "ucs2" else "GSM-7"
    length = message.content_length
    characters = ngettext("%(num)s character", "%(num)s characters", length)
    parts = ngettext("%(num)s part", "%(num)s parts", message.parts)
    return Item(
        at=message.created_at,
        title=_("Text made and queued"),
        detail=_(
            "%(made_of)s: %(characters)s, %(parts)s in %(alphabet)s.",
            made_of=made_of,
            characters=characters,
            parts=parts,
            alphabet=alphabet,
        ),
        tone=Tone.GOOD,
        icon="templates",
    )


def _imported(facts: OutboundFacts) -> Item:
    message = facts.message
    characters = ngettext("%(num)s character", "%(num)s characters", message.content_length)
    return Item(
        at=message.created_at,
        title=_("Sent by the old system"),
        detail=_(
            "Imported: template %(code)s, %(characters)s.", code=facts.template_code, characters=characters
        ),
        icon="out",
    )


def _attempt(number: int, attempt: SendAttempt) -> Item:
    word = OUTCOME_WORDS[OutcomeKind(attempt.outcome)]
    answered = f", HTTP {attempt.http_status}" if attempt.http_status else ""
    told = "" if attempt.detail == f"{word.word}." else f": {retell(attempt.detail)}"
    advice = OUTCOME_ADVICE.get(OutcomeKind(attempt.outcome))
    took = f"{attempt.took_ms / 1000:.1f} s" if attempt.took_ms >= 1000 else f"{attempt.took_ms} ms"
    return Item(
        at=attempt.created_at,
        title=_(word.word),
        detail=_("Try %(number)s", number=number) + f", {took}{answered}{told}",
        tone=word.tone,
        icon=word.icon,
        advice=_(advice) if advice else None,
    )


def _report(report: StatusReport, message: OutboundMessage) -> Item:
    words = explain_code(report.status, message.operator_type)
    early = message.sent_at is not None and report.received_at < message.sent_at
    notes = [_("It came before we knew the message's id.")] if early else []
    notes += [_("Not applied yet.")] if report.applied_at is None else []
    return Item(
        at=report.received_at,
        title=_("Reported %(code)s: %(meaning)s", code=report.status, meaning=words.meaning),
        detail=" ".join(notes) or None,
        advice=words.advice or None,
        tone=words.tone,
        icon=words.icon,
    )


def _state(facts: OutboundFacts) -> Iterable[Item]:
    """Tell a state that no attempt explains."""
    message = facts.message
    told = facts.attempts[-1].detail if facts.attempts else None
    if facts.state in _TOLD_BY_STATE and message.state_reason != told:
        word = word_of(facts.state, paid=message.paid)
        yield Item(
            at=message.updated_at,
            title=_(word.word),
            detail=retell(message.state_reason or "") or None,
            tone=word.tone,
            icon=word.icon,
        )


def _next_try(facts: OutboundFacts) -> Iterable[Item]:
    work = facts.work
    if facts.state is not MessageState.QUEUED:
        return
    if work is None or work.state != EntryState.READY:
        yield Item(
            at=None,
            title=_("Nothing will send it"),
            detail=_("No work will move it: see `crm audit`."),
            tone=Tone.BAD,
            icon="alert",
            dashed=True,
        )
        return
    yield Item(
        at=work.available_at,
        title=_("Is tried again") if facts.attempts else _("Is sent when it is its turn"),
        detail=retell(facts.message.state_reason or "") or None,
        icon="clock",
        dashed=True,
    )
