"""Amounts of money as people write them; every way to be wrong has its own rule."""

import re
from decimal import Decimal

from crm.core.errors import N_, InvalidInputError

MOST = Decimal(1000)
CENT = Decimal("0.01")
CURRENCY = re.compile(r"[A-Z]{3}", re.ASCII)
_AMOUNT = re.compile(r"([0-9]{1,12})(?:[.,]([0-9]+))?", re.ASCII)
_DECIMALS = 2


class InvalidAmountError(InvalidInputError):
    """What was written is no price."""


def parse_amount(text: str) -> Decimal:
    """Read an amount such as 4.99 or 4,99.

    Raises: InvalidAmountError with the rule that it breaks.
    """
    written = text.strip()
    if written.startswith(("-", "\N{MINUS SIGN}")):
        raise InvalidAmountError(N_("A price is never below 0."))
    match = _AMOUNT.fullmatch(written)
    if match is None:
        raise InvalidAmountError(N_("Write an amount such as 4.99, in digits."))
    if len(match[2] or "") > _DECIMALS:
        raise InvalidAmountError(N_("A price has at most two decimals."))
    amount = Decimal(f"{match[1]}.{match[2] or 0}")
    if amount > MOST:
        raise InvalidAmountError(N_("A price is at most %(most)s."), most=MOST)
    return amount.quantize(CENT)
