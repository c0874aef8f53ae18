"""What every paid text must say, and how long it may be: rules as data, each with its source.

The words are looked for with values that say nothing themselves, so that no name of a subscription can stand
in for a period; the length is that of the longest case.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.core.business_settings import get_setting
from crm.core.errors import N_, InvalidInputError, Said
from crm.mobiletech.catalogue.models import ShortNumber
from crm.mobiletech.editing.longest import Longest, read_longest
from crm.mobiletech.editing.placeholders import PLACEHOLDERS
from crm.mobiletech.editing.worst_case import find_worst, list_cases
from crm.mobiletech.template_language import CompiledTemplate
from crm.mobiletech.wire.sms_text import Measured

_PRICE = re.compile(r"(?<![\d.,])\d+(?:[.,]\d{1,2})? ?(?:EUR\b|€)|(?:\bEUR|€) ?\d", re.IGNORECASE)
_PERIOD = re.compile(
    r"\b(?:den|dni|dna|denne|tyzden|tyzdne|tyzdnov|tyzdenne|mes|mesiac|mesiace|mesiacov|mesacne|stvrtrok|stvrtrocne"
    r"|polrok|polrocne|rok|roky|rokov|rocne|jednorazovo|jednorazova"
    r"|day|days|daily|week|weeks|weekly|month|months|monthly|quarter|quarterly|year|years|yearly|one-off)\b",
    re.IGNORECASE,
)
_STOP = re.compile(r"\bSTOP\b", re.IGNORECASE)
_SHORT_NUMBER = re.compile(r"(?<![\d.,])\d{3,6}(?!\d|[.,]\d)")
_SAYS_NOTHING = "x"


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What a rule looks at: the texts of all branches, the longest case, the numbers that we have."""

    texts: Sequence[str]
    worst: Measured | None
    short_numbers: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class PaidRule:
    """One duty: what must be done, who says so, and whether a text does it."""

    name: str
    sentence: str
    source: str
    is_kept: Callable[[Checked], bool]


@dataclass(frozen=True, slots=True)
class Verdict:
    """A rule, and the languages whose text breaks it."""

    rule: PaidRule
    broken_in: tuple[str, ...]


class PaidRulesBrokenError(InvalidInputError):
    """The text of a paid template lacks what it must say, or is too long; all of it at once."""

    def __init__(self, broken: Sequence[tuple[str, PaidRule]]) -> None:
        said = [_complaint(language, rule) for language, rule in broken]
        listed = reduce(lambda some, one: Said("%(some)s %(one)s", some=some, one=one), said)
        super().__init__(N_("A paid text must also do this: %(broken)s"), broken=listed)
        self.broken = tuple(broken)


def _in_every_text(pattern: re.Pattern[str]) -> Callable[[Checked], bool]:
    return lambda checked: bool(checked.texts) and all(pattern.search(text) for text in checked.texts)


def _names_short_number(checked: Checked) -> bool:
    found = [set(_SHORT_NUMBER.findall(text)) for text in checked.texts]
    if not checked.short_numbers:
        return bool(found) and all(found)
    return bool(found) and all(numbers & checked.short_numbers for numbers in found)


def _is_one_part(checked: Checked) -> bool:
    return checked.worst is not None and checked.worst.parts == 1


_PRACTICE = N_("domain notes, section 8: practice of the price pages of 8811 and 8866")
_PRICE_IN_TEXT = N_(
    "domain notes, section 2: in Slovakia the number does not tell the price, so the text must"
)
_ONE_CHARGE = N_("reliability, section 7: a second part can be a second charge")

PAID_RULES: Sequence[PaidRule] = (
    PaidRule(
        name="price",
        sentence=N_("Name the price with its currency, such as 4,99 EUR."),
        source=_PRICE_IN_TEXT,
        is_kept=_in_every_text(_PRICE),
    ),
    PaidRule(
        name="period",
        sentence=N_("Name the period that is paid for, such as a month or 30 days."),
        source=_PRACTICE,
        is_kept=_in_every_text(_PERIOD),
    ),
    PaidRule(
        name="stop", sentence=N_("Name the word STOP."), source=_PRACTICE, is_kept=_in_every_text(_STOP)
    ),
    PaidRule(
        name="short_number",
        sentence=N_("Name our short number that STOP is sent to."),
        source=_PRACTICE,
        is_kept=_names_short_number,
    ),
    PaidRule(
        name="one_part",
        sentence=N_("Fit into one part, also with the longest values."),
        source=_ONE_CHARGE,
        is_kept=_is_one_part,
    ),
)


def check_paid(session: Session, texts: Mapping[str, CompiledTemplate], template_id: int | None) -> None:
    """Check the text of each language.

    Raises: PaidRulesBrokenError with every broken rule.
    """
    names = {parameter.name for compiled in texts.values() for parameter in compiled.parameters}
    longest = read_longest(session, template_id, names)
    verdicts = judge(texts, longest, read_short_numbers(session))
    broken = [(language, each.rule) for language in texts for each in verdicts if language in each.broken_in]
    if broken:
        raise PaidRulesBrokenError(broken)


def judge(
    texts: Mapping[str, CompiledTemplate],
    longest: Mapping[str, Sequence[Longest]],
    short_numbers: frozenset[str],
) -> list[Verdict]:
    """Return every rule with the languages whose text breaks it."""
    checked = {
        language: _look_at(compiled, longest, language, short_numbers) for language, compiled in texts.items()
    }
    return [
        Verdict(rule, tuple(language for language in texts if not rule.is_kept(checked[language])))
        for rule in PAID_RULES
    ]


def read_short_numbers(session: Session) -> frozenset[str]:
    """Return the short numbers that readers may write to."""
    known = session.execute(select(ShortNumber.number)).scalars()
    return frozenset({*known, get_setting(session, "mobiletech_short_number")}) - {""}


def _look_at(
    compiled: CompiledTemplate,
    longest: Mapping[str, Sequence[Longest]],
    language: str,
    short_numbers: frozenset[str],
) -> Checked:
    telling = {"price": PLACEHOLDERS["price"].sample, "short_number": min(short_numbers, default="8877")}
    offered = {each.name: [telling.get(each.name, _SAYS_NOTHING)] for each in compiled.parameters}
    worst = find_worst(compiled, longest, language)
    return Checked(
        texts=[case.measured.text for case in list_cases(compiled, offered, language)],
        worst=worst.measured if worst else None,
        short_numbers=short_numbers,
    )


def _complaint(language: str, rule: PaidRule) -> Said:
    sentence = Said(rule.sentence)
    return Said(N_("In English: %(wrong)s"), wrong=sentence) if language == "en" else sentence
