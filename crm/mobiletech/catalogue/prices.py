"""What a billing key charges, as a person writes it: free means 0, and nothing else does."""

from decimal import Decimal

from crm.core.errors import N_
from crm.core.money import InvalidAmountError, parse_amount
from crm.mobiletech.catalogue.errors import InvalidEntryError


def parse_price(text: str) -> Decimal:
    """Read the price of a key.

    Raises: InvalidEntryError with the rule that it breaks.
    """
    try:
        return parse_amount(text)
    except InvalidAmountError as error:
        raise InvalidEntryError(error.message, **error.fields, field="price") from error


def check_price(*, is_free: bool, price: Decimal) -> None:
    """Refuse a free key with a price, and a paid one without. Raises: InvalidEntryError."""
    if is_free and price != 0:
        raise InvalidEntryError(N_("A free key costs 0."), field="price")
    if not is_free and price == 0:
        raise InvalidEntryError(N_("A paid key costs more than 0."), field="price")
