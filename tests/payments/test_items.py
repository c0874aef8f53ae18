"""The items of a payment sum up to it, to the cent."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.payments.items import Item, fit

AMOUNTS = st.decimals(min_value="0.01", max_value="999.99", places=2)
VATS = st.sampled_from([Decimal(0), Decimal(5), Decimal(10), Decimal(23)])


def item(amount: str, vat: str = "0") -> Item:
    return Item(name="x", amount=Decimal(amount), vat=Decimal(vat))


def test_items_that_fit_stay() -> None:
    items = [item("3.00"), item("1.99")]

    assert fit(items, Decimal("4.99")) == items


def test_what_is_left_goes_to_the_highest_vat() -> None:
    fitted = fit([item("1.00", "5"), item("1.00", "23"), item("1.00", "5")], Decimal("1.00"))

    assert [str(each.amount) for each in fitted] == ["0.33", "0.34", "0.33"]


@given(st.lists(st.tuples(AMOUNTS, VATS), min_size=1, max_size=6), AMOUNTS)
def test_any_amount_is_shared_out_to_the_cent(parts: list[tuple[Decimal, Decimal]], amount: Decimal) -> None:
    fitted = fit([Item(name="x", amount=each, vat=vat) for each, vat in parts], amount)

    assert sum(each.amount for each in fitted) == amount
    assert all(each.amount >= 0 for each in fitted)


@pytest.mark.parametrize(
    ("amount", "vat", "net"), [("4.99", "23", "4.06"), ("1.00", "0", "1.00"), ("0.01", "10", "0.01")]
)
def test_the_amount_without_vat_is_rounded_to_cents(amount: str, vat: str, net: str) -> None:
    assert item(amount, vat).amount_without_vat == Decimal(net)


def test_a_payment_for_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one item"):
        fit([], Decimal(1))
