"""What the gateway's codes mean, in the language of the page: staff's own words first, then those that we bring.

The dictionary is read once for a request, however many messages a page has.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from flask import g
from flask_babel import gettext as _

from crm.core.db import current_session
from crm.mobiletech.catalogue.models import StatusCode
from crm.mobiletech.catalogue.status_codes import CLASSES, ReasonClass, default_of, key_of, read_dictionary
from crm.mobiletech.words import Tone
from crm.web.languages import get_language

SLOVAK = "sk"


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeWords:
    """A code as people read it; the advice is what to do about it, and empty when there is nothing."""

    meaning: str
    advice: str
    kind: ReasonClass
    tone: Tone
    icon: str
    is_described: bool


def explain_code(code: str, operator: str | None) -> CodeWords:
    """Return what a code means on that operator."""
    default, row = default_of(code, operator), _dictionary().get(key_of(code, operator))
    if row is None:
        return CodeWords(
            meaning=_(default.word.word),
            advice=_(default.advice) if default.advice else "",
            kind=default.reason,
            tone=default.word.tone,
            icon=default.word.icon,
            is_described=False,
        )
    kind, is_slovak = ReasonClass(row.reason), get_language() == SLOVAK
    advice = row.advice_sk if is_slovak else row.advice_en
    return CodeWords(
        meaning=row.meaning_sk if is_slovak else row.meaning_en,
        advice=advice or (_(CLASSES[kind].advice) if CLASSES[kind].advice else ""),
        kind=kind,
        tone=default.word.tone,
        icon=default.word.icon,
        is_described=True,
    )


def find_own_meaning(english: str) -> str | None:
    """Return in Slovak what staff wrote in English about a code; None if these are no words of theirs."""
    if not english:
        return None
    return next((row.meaning_sk for row in _dictionary().values() if row.meaning_en == english), None)


def _dictionary() -> Mapping[str, StatusCode]:
    if "status_codes" not in g:
        g.status_codes = read_dictionary(current_session())
    known: Mapping[str, StatusCode] = g.status_codes
    return known
