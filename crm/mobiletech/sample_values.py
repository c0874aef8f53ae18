"""Values to show a template with before it has ever been used: real-looking ones, of a kind that fits."""

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from itertools import islice, product

from crm.mobiletech.template_language import CompiledTemplate, TemplateLanguageError
from crm.mobiletech.wire.sms_text import Measured, measure

TRIES = 81  # four parameters, each of any kind

_KNOWN: Mapping[str, object] = {
    "original_message": "START",
    "name": "Žofia",
    "subscription_name": "Mesačné",
    "price": "4,99",
    "short_number": "8877",
}
_NUMBER, _DAY = Decimal("4.99"), date(2026, 12, 24)


def find_sample(compiled: CompiledTemplate) -> Measured | None:
    """Return the text with sample values, measured; None if none of ours fit."""
    names = [parameter.name for parameter in compiled.parameters]
    for values in islice(product(*(_candidates(name) for name in names)), TRIES):
        try:
            return measure(compiled.render(dict(zip(names, values, strict=True))))
        except TemplateLanguageError:
            continue  # another kind of value may fit
    return None


def _candidates(name: str) -> Iterable[object]:
    return (_KNOWN.get(name, name), _NUMBER, _DAY)
