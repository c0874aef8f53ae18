"""Twig's two number filters, exact to the last digit because they work on decimals."""

from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Context, Decimal
from typing import Final

from crm.core.errors import N_, Said
from crm.mobiletech.template_language.errors import TemplateRenderError
from crm.mobiletech.template_language.values import Value, numeric, without_trailing_zeros

ROUNDINGS: Final = {"common": ROUND_HALF_UP, "ceil": ROUND_CEILING, "floor": ROUND_FLOOR}
"""Twig's names; `common` rounds halves away from zero."""

_WIDE: Final = Context(prec=100)


def number_format(
    value: Value, decimals: int | None = None, point: str | None = None, thousands: str | None = None
) -> str:
    """Write 1234.5 with (2, ',', ' ') as "1 234,50"; without arguments as "1,235"."""
    rounded = _rounded(_number("number_format", value), decimals or 0, ROUND_HALF_UP)
    whole, _, fraction = f"{rounded.copy_abs():,f}".partition(".")
    sign = "-" if rounded < 0 else ""
    grouped = whole.replace(",", "," if thousands is None else thousands)
    return sign + grouped + (f"{'.' if point is None else point}{fraction}" if fraction else "")


def round_number(value: Value, precision: int | None = None, method: str | None = None) -> Decimal:
    """Round 4.995 with (2) to 5; like PHP's, the result has no trailing zeros."""
    number = _number("round", value)
    return Decimal(without_trailing_zeros(_rounded(number, precision or 0, ROUNDINGS[method or "common"])))


def _rounded(number: Decimal, digits: int, rounding: str) -> Decimal:
    return number.quantize(Decimal(1).scaleb(-digits), rounding=rounding, context=_WIDE)


def _number(filter_name: str, value: Value) -> Decimal:
    """Refuse where PHP would take "abc" and null for 0: a wrong price is worse than no SMS."""
    number = numeric(value)
    if number is None:
        reason = N_("the filter %(name)s was given something that is not a number")
        raise TemplateRenderError(Said(reason, name=filter_name))
    return number
