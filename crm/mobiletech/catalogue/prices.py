"""Read what a billing key charges, as a person writes it; every way to be wrong has its own rule."""

import re
from decimal import Decimal

from crm.core.errors import N_
from crm.mobiletech.catalogue.errors import InvalidEntryError

MOST = Decimal(1000)
_AMOUNT = re.compile(r"([0-9]{1,12})(?:[.,]([0-9]+))?", re.ASCII)
_DECIMALS = 2


def parse_price(text: str) -> Decimal:
    """Read an amount such as 4.99 or 4,99.

    Raises: InvalidEntryError with the rule that it breaks.
    """
    written = text.strip()
    if written.startswith(("-", "\N{MINUS SIGN}")):
        raise _refusal(N_("A price is never below 0."))
    match = _AMOUNT.fullmatch(written)
    if match is None:
        raise _refusal(N_("Write an amount such as 4.99, in digits."))
    if len(match[2] or "") > _DECIMALS:
        raise _refusal(N_("A price has at most two decimals."))
    price = Decimal(f"{match[1]}.{match[2] or 0}")
    if price > MOST:
        raise _refusal(N_("A price is at most %(most)s."), most=MOST)
    return price.quantize(Decimal("0.01"))


def check_price(*, is_free: bool, price: Decimal) -> None:
    """Free means 0, and nothing else does. Raises: InvalidEntryError."""
    if is_free and price != 0:
        raise _refusal(N_("A free key costs 0."))
    if not is_free and price == 0:
        raise _refusal(N_("A paid key costs more than 0."))


def _refusal(message: str, **fields: object) -> InvalidEntryError:
    return InvalidEntryError(message, **fields, field="price")
