"""What comes due at once, summed up for each currency by itself: two of them never make one sum."""

from collections.abc import Iterable, Mapping
from decimal import Decimal


def sum_up(amounts: Iterable[tuple[str, Decimal]]) -> dict[str, Decimal]:
    """Return the sum of each currency, in the order of their codes."""
    sums: dict[str, Decimal] = {}
    for currency, amount in amounts:
        sums[currency] = sums.get(currency, Decimal(0)) + amount
    return dict(sorted(sums.items()))


def read_sums(stored: Mapping[str, str]) -> dict[str, Decimal]:
    """Return what was stored."""
    return sum_up((currency, Decimal(amount)) for currency, amount in stored.items())


def add_to_stored(stored: Mapping[str, str], more: Mapping[str, Decimal]) -> dict[str, str]:
    """Return what is stored when more has come, as {"EUR": "4.99"}."""
    sums = sum_up([*read_sums(stored).items(), *more.items()])
    return {currency: str(amount) for currency, amount in sums.items()}
