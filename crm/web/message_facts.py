"""What stands beside one message: the facts of it, in the order in which people ask for them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from textwrap import shorten
from typing import Any

from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy.orm import Session

from crm.core.business_settings import get_setting
from crm.mobiletech.advice import find_reason_advice
from crm.mobiletech.catalogue.billkeys import find_billkey
from crm.mobiletech.message_log import Kind
from crm.mobiletech.message_rows import LogRow
from crm.mobiletech.models import InboundMessage
from crm.mobiletech.outbound import OutboundPurpose
from crm.mobiletech.queries import InboundFacts, NotSentFacts, OutboundFacts
from crm.mobiletech.sms_templates import find_template
from crm.mobiletech.wire.delivery_status import Billing
from crm.mobiletech.wire.problems import Problem
from crm.mobiletech.wire.sms_text import measure
from crm.mobiletech.words import BILLING_WORDS, PURPOSE_WORDS, word_of
from crm.users.queries import read_names
from crm.web.billkey_rows import page_of
from crm.web.message_cause import cause_of, cause_of_refusal
from crm.web.message_pages import SLOVAK, operator_label, reason_words, segments, spaced
from crm.web.message_timeline import problem_sentences
from crm.web.replay import receive_command, status_commands
from crm.web.retelling import retell

SHOWN_LABEL = 40
SHOWN_CHARACTERS = 1000  # of an SMS from a reader. Source: reliability.md 7
NO_DATE = frozenset({Problem.DATE_BAD, Problem.DATE_IMPLAUSIBLE})
LANGUAGES = {"sk": "Slovenčina", "en": "English"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Why there is no SMS: in a few words, in full, and what to do about it."""

    reason: str
    detail: str
    advice: str | None


@dataclass(frozen=True, slots=True)
class Replay:
    """What a command plays again."""

    title: str
    command: str


def inbound_facts(session: Session, facts: InboundFacts) -> Mapping[str, Any]:
    """Return the facts of an SMS from a reader."""
    message = facts.message
    names, measured = read_names(session, [message.user_id]), measure(message.content, fold=False)
    is_plain = measured.text == message.content and len(message.content) <= SHOWN_CHARACTERS
    return {
        "id": message.id,
        "mobiletech_id": message.mobiletech_id,
        "external_id": message.external_id,
        "from_": spaced(message.from_),
        "to": message.to,
        "segments": segments(message.content, measured.encoding, measured.parts)
        if is_plain
        else [_cut(message.content)],
        "units": measured.units,
        "encoding": measured.encoding,
        "parts": measured.parts,
        "content_coding": message.content_coding,
        "operator": operator_label(message.operator_type),
        "receive_date": _receive_date(message),
        "receive_date_raw": message.receive_date_raw,
        "created_at": message.created_at,
        "user": {"id": message.user_id, "name": names[message.user_id]} if message.user_id else None,
        "problems": problem_sentences(message.problems),
        "duplicate_of": message.duplicate_of,
    }


def outbound_facts(session: Session, facts: OutboundFacts) -> Mapping[str, Any]:
    """Return the facts of an SMS of ours."""
    message = facts.message
    return {
        "id": message.id,
        "mobiletech_id": message.mobiletech_id,
        "external_id": message.external_id,
        "from_": message.from_,
        "to": spaced(message.to),
        "cause": cause_of(session, message),
        "segments": None if message.is_secret else segments(message.content, message.encoding, message.parts),
        "billkey": message.billkey,
        "billkey_href": _billkey_href(session, message.billkey),
        "paid": message.paid,
        "purpose": _(PURPOSE_WORDS[OutboundPurpose(message.purpose)]),
        "state": word_of(facts.state, paid=message.paid),
        "billing": _(BILLING_WORDS[message.paid][Billing(message.billing)]),
        "status": message.status,
        "encoding": message.encoding,
        "parts": message.parts,
        "units": measure(message.content, fold=False).units if message.content else message.content_length,
        "template": _template(facts.template_code, message.template_version),
        "values": [
            (name, "" if value is None else str(value)) for name, value in (message.params or {}).items()
        ],
        "language": LANGUAGES.get(message.language or ""),
        "lang": message.language or SLOVAK,
        "rcv": _answered(facts.answered),
        "expires_after": _window(message.expiration, get_setting(session, "mobiletech_expiration_unit")),
        "operator": operator_label(message.operator_type),
        "created_at": message.created_at,
    }


def not_sent_facts(session: Session, facts: NotSentFacts) -> Mapping[str, Any]:
    """Return the facts of an SMS that was not made."""
    row = facts.refusal
    names = read_names(session, [row.user_id])
    return {
        "id": row.id,
        "to": spaced(row.to) if row.to else None,
        "why": Refusal(
            reason=reason_words(row.reason), detail=retell(row.detail), advice=_advice(row.reason)
        ),
        "cause": cause_of_refusal(session, row),
        "template": _template(row.template_code, None),
        "has_template": bool(row.template_code)
        and find_template(session, row.template_code or "") is not None,
        "billkey": row.billkey,
        "billkey_href": _billkey_href(session, row.billkey),
        "user": {"id": row.user_id, "name": names[row.user_id]} if row.user_id else None,
        "rcv": _answered(facts.answered),
        "created_at": row.created_at,
    }


def find_refusal(answers: Sequence[LogRow]) -> Refusal | None:
    """Return why an SMS from a reader got no answer: the last reason, if there is no answer at all."""
    if not answers or any(row.kind is Kind.OUTBOUND for row in answers):
        return None
    last = answers[-1]
    reason = last.reason or ""
    return Refusal(reason=reason_words(reason), detail=retell(last.text), advice=_advice(reason))


def list_replays(facts: OutboundFacts) -> list[Replay]:
    """Return what can be played again of an SMS of ours: what it answers, and what was reported of it."""
    replays = []
    if facts.answered is not None:
        replays.append(Replay(_("The SMS that it answers"), receive_command(facts.answered)))
    if facts.reports:
        replays.append(Replay(_("What was reported of it"), status_commands(facts.reports)))
    return replays


def _advice(reason: str) -> str | None:
    advice = find_reason_advice(reason)
    return _(advice) if advice else None


def _template(code: str | None, version: int | None) -> Mapping[str, Any] | None:
    if code is None:
        return None
    href = f"/admin/templates/{code}"
    return {"code": code, "href": href, "version": version, "versions_href": f"{href}/versions"}


def _billkey_href(session: Session, code: str | None) -> str | None:
    """Return the page of a key, None for one that nobody has listed."""
    return page_of(code) if code and find_billkey(session, code) else None


def _answered(message: InboundMessage | None) -> Mapping[str, str] | None:
    if message is None:
        return None
    label = shorten(message.content, SHOWN_LABEL, placeholder=" …") or "SMS"
    return {"href": f"/admin/messages/inbound/{message.id}", "label": label}


def _cut(text: str) -> str:
    """Return what of a text is shown; the whole of it stands in the gateway's XML below."""
    return text if len(text) <= SHOWN_CHARACTERS else f"{text[:SHOWN_CHARACTERS]} …"


def _receive_date(message: InboundMessage) -> datetime | None:
    """Return the gateway's time, None where ours stands for it."""
    return None if NO_DATE & set(message.problems) else message.receive_date


def _window(count: int, unit: str) -> str:
    """Return how long a message may wait, in the unit that the gateway counts in."""
    said = {
        "seconds": ngettext("%(num)s second", "%(num)s seconds", count),
        "minutes": ngettext("%(num)s minute", "%(num)s minutes", count),
        "hours": ngettext("%(num)s hour", "%(num)s hours", count),
    }
    return said[unit]
