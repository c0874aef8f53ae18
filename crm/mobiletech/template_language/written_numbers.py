"""Numbers as a language writes them where a text prints them: 4,99 in Slovak, 4.99 in English.

Filters and comparisons see the number, whatever the language. Source: interface.md 8, "Messages".
"""

from decimal import ROUND_HALF_UP, Context, Decimal
from typing import Final

from crm.mobiletech.template_language.values import Value, WrittenDecimal

PRICE: Final = "price"
"""The parameter that always has two decimals."""

POINTS: Final = {"sk": ",", "en": "."}
_WIDE: Final = Context(prec=100)
_CENT: Final = Decimal("0.01")


def write_number(name: str, value: Value, language: str) -> Value:
    """Return a decimal, or a price that is a whole number, as one that prints in that language."""
    if isinstance(value, bool) or not isinstance(value, Decimal | int | float):
        return value
    if name != PRICE and not isinstance(value, Decimal):
        return value
    exact = Decimal(str(value))
    shown = exact.quantize(_CENT, rounding=ROUND_HALF_UP, context=_WIDE) if name == PRICE else exact
    return WrittenDecimal(exact, format(shown, "f").replace(".", POINTS[language]))
