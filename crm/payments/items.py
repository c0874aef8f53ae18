"""What a payment is for, in parts that sum up to its amount to the cent. Pure.

Source: behaviour.md 7.2 and 7.7: a custom amount is shared out in proportion, in whole cents, rounded down; what is
left goes to the item of the highest VAT.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal

CENT = Decimal("0.01")
PERCENT = Decimal(100)


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One part; `amount` has the VAT in it, `vat` is in percent."""

    name: str
    amount: Decimal
    vat: Decimal
    subscription_type_id: int | None = None
    subscription_type_item_id: int | None = None

    @property
    def amount_without_vat(self) -> Decimal:
        """The amount without its VAT, rounded to cents."""
        return (self.amount / (1 + self.vat / PERCENT)).quantize(CENT, ROUND_HALF_UP)


def fit(items: Sequence[Item], amount: Decimal) -> list[Item]:
    """Return the items with amounts that sum up to the given one.

    Raises: ValueError without items.
    """
    if not items:
        raise ValueError("a payment is for something: it has at least one item")
    total = sum((item.amount for item in items), Decimal(0))
    if total == amount:
        return list(items)
    shares = [
        (item.amount * amount / total).quantize(CENT, ROUND_DOWN) if total else Decimal(0) for item in items
    ]
    highest = max(range(len(items)), key=lambda place: items[place].vat)
    shares[highest] += amount - sum(shares, Decimal(0))
    return [replace(item, amount=share) for item, share in zip(items, shares, strict=True)]
