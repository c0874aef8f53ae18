"""Fill a template with values that a person typed, or with real-looking ones of a kind that fits."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice, product

from crm.mobiletech.editing.placeholders import PLACEHOLDERS, list_readings
from crm.mobiletech.template_language import CompiledTemplate, TemplateLanguageError
from crm.mobiletech.template_language.values import Value
from crm.mobiletech.wire.sms_text import Measured, measure

TRIES = 81  # four parameters, each of any kind
_OTHER_KINDS = ("4.99", "2026-12-24")


@dataclass(frozen=True, slots=True, kw_only=True)
class Filled:
    """A text with values: which they were, the text before it is folded, and as it is sent."""

    values: Mapping[str, Value]
    written: str
    measured: Measured


def sample_of(name: str) -> str:
    """Return a value to show a parameter with; of one that we do not know its name."""
    known = PLACEHOLDERS.get(name)
    return known.sample if known else name


def fill(compiled: CompiledTemplate, typed: Mapping[str, str], language: str) -> Filled:
    """Return the text with the typed values, and samples for those that nobody typed.

    Raises: TemplateLanguageError if no reading of them fits.
    """
    names = [parameter.name for parameter in compiled.parameters]
    refused: TemplateLanguageError | None = None
    for values in islice(product(*(_candidates(name, typed) for name in names)), TRIES):
        params = dict(zip(names, values, strict=True))
        try:
            written = compiled.render(params, language)
        except TemplateLanguageError as error:
            refused = refused or error
        else:
            return Filled(values=params, written=written, measured=measure(written))
    assert refused is not None  # there is always a first try
    raise refused


def find_sample(compiled: CompiledTemplate, language: str = "sk") -> Measured | None:
    """Return the text with sample values, measured; None if none of ours fit."""
    try:
        return fill(compiled, {}, language).measured
    except TemplateLanguageError:
        return None


def _candidates(name: str, typed: Mapping[str, str]) -> Sequence[Value]:
    if name in typed:
        return list_readings(name, typed[name])
    return [reading for text in (sample_of(name), *_OTHER_KINDS) for reading in list_readings(name, text)[:1]]
