"""Types are brought in so that the one that follows is there before the one it follows."""

import pytest

from crm.subscriptions.type_order import list_followers_first

ORDERS = {
    "none follows": ({"a": "", "b": ""}, ["a", "b"]),
    "the next one stands below": ({"trial": "month", "month": ""}, ["month", "trial"]),
    "a chain": ({"a": "b", "b": "c", "c": ""}, ["c", "b", "a"]),
    "two are followed by one": ({"a": "c", "b": "c", "c": ""}, ["c", "a", "b"]),
    "the next one is elsewhere": ({"a": "z", "b": ""}, ["a", "b"]),
    "a circle": ({"a": "b", "b": "a"}, ["b", "a"]),
    "itself": ({"a": "a"}, ["a"]),
}


@pytest.mark.parametrize(("following", "order"), ORDERS.values(), ids=ORDERS)
def test_the_next_type_comes_first(following: dict[str, str], order: list[str]) -> None:
    assert list_followers_first(following) == order
