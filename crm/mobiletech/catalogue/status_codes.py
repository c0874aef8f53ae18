"""What the gateway's codes mean to people: the words that we bring, and what staff have learnt since.

The gateway's own table of codes is not public, so we ship what is known for certain and say the rest in general.
Words are all that stands here: what a code does to the money is wire/delivery_status.py, and nothing changes it.
Source: domain.md 5, behaviour.md 2.1.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from crm.core.errors import N_
from crm.mobiletech.catalogue.errors import InvalidEntryError
from crm.mobiletech.catalogue.models import StatusCode
from crm.mobiletech.catalogue.places import checked_note
from crm.mobiletech.models import StatusReport
from crm.mobiletech.wire.delivery_status import DeliveryStatus, classify
from crm.mobiletech.words import Word, meaning_of
from crm.users.audit_log import record_act

CODE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,31}", re.ASCII)
SEEN_IN = 10_000  # newest reports
LONGEST_WORDS = 200
# The codes that are known for certain; D0 is told as D1 where an operator means that by it.
KNOWN_CODES = ("A0", "D1", "D0", "_OPERATOR_CHANGE")
_NUMBERED = re.compile(r"([AD])0*([0-9]{1,5})", re.ASCII)
_GOOD = frozenset({DeliveryStatus.BILLED, DeliveryStatus.DELIVERED})


class ReasonClass(StrEnum):
    """What kind of thing a code tells; the later retries of charges go by it."""

    SUCCESS = "success"
    NO_CREDIT = "no_credit"
    BLOCKED = "blocked"
    PORTED = "ported"
    TECHNICAL = "technical"


@dataclass(frozen=True, slots=True)
class ClassWords:
    """A class in words: its name, what belongs there, what to do about it."""

    name: str
    meaning: str
    advice: str


CLASSES: Mapping[ReasonClass, ClassWords] = {
    ReasonClass.SUCCESS: ClassWords(N_("Success"), N_("It was billed or delivered."), ""),
    ReasonClass.NO_CREDIT: ClassWords(
        N_("No credit"),
        N_("The reader's prepaid credit was too low."),
        N_("Nothing was charged. It may go through once the reader has topped up."),
    ),
    ReasonClass.BLOCKED: ClassWords(
        N_("Blocked or over a limit"),
        N_("The operator bars paid SMS for the number, or its limit is reached."),
        N_("Nothing was charged. The reader has to ask the operator; trying again soon is of no use."),
    ),
    ReasonClass.PORTED: ClassWords(
        N_("Ported or invalid number"),
        N_("The number is with another operator, or does not exist any more."),
        N_("Look at the number's conversation: a new SMS from it tells the operator."),
    ),
    ReasonClass.TECHNICAL: ClassWords(
        N_("Technical"),
        N_("Something failed on the way, or nobody has told us more."),
        N_("Once is chance. When many fail so at once, ask Mobiletech."),
    ),
}
# What to do about a code that nobody has described, by what it says.
_ADVICE: Mapping[DeliveryStatus, str] = {
    DeliveryStatus.OPERATOR_CHANGED: N_(
        "It is sent once more when a newer SMS from the number names the new operator; else a copy is held for you."
    ),
    DeliveryStatus.NOT_DELIVERED: N_("The phone did not get it: it may be off, out of reach, or full."),
    DeliveryStatus.ERROR: N_(
        "Mobiletech's table of codes tells the cause: whoever has it can describe the code under Settings."
    ),
    DeliveryStatus.UNKNOWN: N_("It changes nothing here. Ask Mobiletech what it means."),
}


@dataclass(frozen=True, slots=True)
class Default:
    """What a code says by its form alone."""

    word: Word
    reason: ReasonClass
    advice: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeDetails:
    """What staff write about a code, in both languages."""

    reason: str
    meaning_sk: str
    meaning_en: str
    advice_sk: str = ""
    advice_en: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenCode:
    """A code in the newest reports."""

    code: str
    times: int
    last_at: datetime


def default_of(code: str, operator: str | None = None) -> Default:
    """Return what the form of a code tells; without an operator D0 is told as most of them mean it."""
    status = classify(code, operator)
    reason = ReasonClass.SUCCESS if status in _GOOD else ReasonClass.TECHNICAL
    if status is DeliveryStatus.OPERATOR_CHANGED:
        reason = ReasonClass.PORTED
    return Default(meaning_of(code, operator or ""), reason, _ADVICE.get(status, ""))


def key_of(code: str, operator: str | None = None) -> str:
    """Return under which code it is described: D01 is D1, and so is the D0 of an operator that means delivered."""
    if code.startswith("D") and classify(code, operator) is DeliveryStatus.DELIVERED:
        return "D1"
    match = _NUMBERED.fullmatch(code)
    return f"{match[1]}{match[2]}" if match else code


def read_dictionary(session: Session) -> Mapping[str, StatusCode]:
    """Return what staff have described, by code."""
    rows = session.execute(select(StatusCode).order_by(StatusCode.code)).scalars()
    return {row.code: row for row in rows}


def list_seen(session: Session) -> Sequence[SeenCode]:
    """Return the codes of the newest SEEN_IN reports, the most frequent first."""
    newest = select(StatusReport.status, StatusReport.received_at).order_by(StatusReport.id.desc())
    recent = newest.limit(SEEN_IN).subquery()
    counted = select(recent.c.status, func.count(), func.max(recent.c.received_at)).group_by(recent.c.status)
    times: dict[str, SeenCode] = {}
    for code, count, last_at in session.execute(counted):
        known = times.get(key_of(code))
        times[key_of(code)] = SeenCode(
            code=key_of(code),
            times=count + (known.times if known else 0),
            last_at=max(last_at, known.last_at) if known else last_at,
        )
    return sorted(times.values(), key=lambda seen: (-seen.times, seen.code))


def describe_code(session: Session, code: str, details: CodeDetails) -> bool:
    """Write down what a code means; return whether that is news.

    Raises: InvalidEntryError.
    """
    code = checked_code(code)
    values = _checked(code, details)
    row = session.get(StatusCode, code, with_for_update=True)
    before = _told(row)
    if before == values:
        return False
    if row is None:
        row = StatusCode(code=code)
        session.add(row)
    for name, value in values.items():
        setattr(row, name, value)
    session.flush()
    record_act(session, "status_code.describe", f"status_code {code}", before=before, after=values)
    return True


def restore_code(session: Session, code: str) -> bool:
    """Forget what staff wrote; the words that we bring hold again. Return False if there was nothing."""
    row = session.get(StatusCode, code, with_for_update=True) if CODE.fullmatch(code) else None
    if row is None:
        return False
    before = _told(row)
    session.delete(row)
    session.flush()
    record_act(session, "status_code.restore", f"status_code {code}", before=before)
    return True


def checked_code(code: str) -> str:
    """Return the code as it is described. Raises: InvalidEntryError."""
    code = key_of(code.strip())
    if not CODE.fullmatch(code):
        raise InvalidEntryError(
            N_("A code is what the gateway reports, such as A12: up to 32 letters, digits, . _ and -."),
            field="code",
        )
    return code


def _checked(code: str, details: CodeDetails) -> dict[str, object]:
    if details.reason not in set(ReasonClass):
        raise InvalidEntryError(N_("Choose one of the kinds."), field="kind")
    if (details.reason == ReasonClass.SUCCESS) != (classify(code, None) in _GOOD):
        told = N_(
            "By Mobiletech's rule A0 and D1 are a success and nothing else is; words do not change that."
        )
        raise InvalidEntryError(told, field="kind")
    values: dict[str, object] = {"reason": details.reason}
    for name in ("meaning_sk", "meaning_en", "advice_sk", "advice_en"):
        values[name] = checked_note(name, getattr(details, name), longest=LONGEST_WORDS)
        if name.startswith("meaning") and not values[name]:
            raise InvalidEntryError(N_("Say what it means."), field=name)
    return values


def _told(row: StatusCode | None) -> dict[str, object] | None:
    names = ("reason", "meaning_sk", "meaning_en", "advice_sk", "advice_en")
    return None if row is None else {name: getattr(row, name) for name in names}
