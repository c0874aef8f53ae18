"""A number's operator in words: which it is, what tells it, since when, and what was told before."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from flask_babel import gettext as _

from crm.core.errors import N_
from crm.core.phone import find_slovak_mobile
from crm.mobiletech.operator_history import ChangeKind, OperatorChange, Since
from crm.mobiletech.operator_resolver import Evidence, Source
from crm.mobiletech.words import Tone, Word

LINKED = Word(N_("Linked"), Tone.GOOD, "user")
NOT_LINKED = Word(N_("Not linked"), Tone.WAIT, "minus")


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatorWords:
    """What the number is taken for; without a `name` nothing tells it. `since` may be earlier if `is_since_cut`."""

    name: str | None
    sentence: str
    told_at: datetime | None = None
    since: datetime | None = None
    is_since_cut: bool = False
    is_guess: bool = False
    denied: str | None = None
    denied_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeLine:
    """A time when something else was told than before."""

    at: datetime
    title: str
    detail: str
    tone: Tone
    icon: str
    href: str


def operator_words(number: str, evidence: Evidence, since: Since | None) -> OperatorWords:
    """Return the operator in words."""
    return OperatorWords(
        name=evidence.operator.label if evidence.operator else None,
        sentence=_sentence(number, evidence),
        told_at=evidence.at,
        since=since.at if since else None,
        is_since_cut=since is not None and since.is_cut,
        is_guess=evidence.source is Source.PREFIX,
        denied=evidence.wrong.label if evidence.wrong else None,
        denied_at=evidence.wrong_at,
    )


def change_lines(changes: Sequence[OperatorChange]) -> list[ChangeLine]:
    """Return the changes in words, in their order."""
    return [_change_line(change) for change in changes]


def _sentence(number: str, evidence: Evidence) -> str:
    match evidence.source:
        case Source.NAMED:
            return _("The gateway named it with the last SMS from this number.")
        case Source.DELIVERED:
            return _("The last SMS that reached this number went there. It has not written yet.")
        case Source.PREFIX:
            return _(
                "A guess: numbers that begin with %(prefix)s were given to it first. Numbers move.",
                prefix=(find_slovak_mobile(number) or number)[:4],
            )
    if evidence.wrong is not None:
        return _("The gateway has denied the one that we knew. The next SMS from this number will name it.")
    return _("Nothing tells it: no SMS from this number has named one, and its range is nobody’s.")


def _change_line(change: OperatorChange) -> ChangeLine:
    name = change.operator.label
    match change.kind:
        case ChangeKind.NAMED:
            title, detail = name, _("Named with an SMS from this number.")
            tone, icon = Tone.GOOD, "in"
        case ChangeKind.DELIVERED:
            title, detail = name, _("An SMS that went there was delivered.")
            tone, icon = Tone.GOOD, "out"
        case ChangeKind.PORTED:
            title = _("No longer %(operator)s", operator=name)
            detail = _("The gateway answered _OPERATOR_CHANGE: the number had moved.")
            tone, icon = Tone.WARN, "alert"
    way = "inbound" if change.kind is ChangeKind.NAMED else "outbound"
    href = f"/admin/messages/{way}/{change.message_id}"
    return ChangeLine(at=change.at, title=title, detail=detail, tone=tone, icon=icon, href=href)
