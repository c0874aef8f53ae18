"""The list of numbers on one operator: walked a piece at a time, there and back without a gap or a repeat."""

import pytest
from flask import Flask

from crm.core.db import transaction
from crm.core.keyset import Place
from crm.mobiletech import numbers_on_operator
from crm.mobiletech.numbers_on_operator import OperatorPage, list_numbers_on
from crm.mobiletech.wire.operators import Operator
from crm.users.number_list import NumberFilter, find_numbers
from crm.users.numbers import note_numbers
from tests.factories.log import make_inbound

pytestmark = pytest.mark.usefixtures("numbers")
# Twelve numbers, newest first: every third is Telekom's by its prefix, and one has moved there.
NUMBERS = [f"+4219{'03' if place % 3 == 0 else '08'}{place:06d}" for place in range(12)]
MOVED = NUMBERS[4]
ON_TELEKOM = [NUMBERS[place] for place in (0, 3, 4, 6, 9)]


def test_only_those_on_the_operator_are_listed() -> None:
    page = read(limit=10)

    assert list_of(page) == ON_TELEKOM
    assert (page.page.newer, page.page.older, page.is_cut) == (None, None, False)


@pytest.mark.parametrize("limit", [1, 2, 3, 4, 5])
@pytest.mark.parametrize(("scanned", "at_once"), [(500, 100), (4, 2), (3, 1), (2, 2)])
def test_pages_go_there_and_back_without_a_gap(
    monkeypatch: pytest.MonkeyPatch, limit: int, scanned: int, at_once: int
) -> None:
    monkeypatch.setattr(numbers_on_operator, "SCANNED", scanned)
    monkeypatch.setattr(numbers_on_operator, "AT_ONCE", at_once)
    there: list[str] = []
    page = read(limit=limit)

    while True:
        there += list_of(page)
        if page.page.older is None:
            break
        page = read(limit=limit, after=page.page.older)
    back = list_of(page)
    while page.page.newer is not None:
        page = read(limit=limit, before=page.page.newer)
        back = list_of(page) + back

    assert there == ON_TELEKOM
    assert list(dict.fromkeys(back)) == ON_TELEKOM


def test_a_page_says_where_the_walk_has_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(numbers_on_operator, "SCANNED", 5)
    monkeypatch.setattr(numbers_on_operator, "AT_ONCE", 1)

    page = read(limit=10)

    assert list_of(page) == [NUMBERS[0], NUMBERS[3], NUMBERS[4]]
    assert page.is_cut
    assert page.page.older is not None


def test_a_full_page_is_not_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(numbers_on_operator, "AT_ONCE", 1)

    page = read(limit=2)

    assert list_of(page) == [NUMBERS[0], NUMBERS[3]]
    assert not page.is_cut
    assert list_of(read(limit=2, after=page.page.older)) == [NUMBERS[4], NUMBERS[6]]


def test_the_way_back_ends_with_a_whole_first_page() -> None:
    second = read(limit=3, after=read(limit=1).page.older)

    page = read(limit=3, before=second.page.newer)

    assert list_of(page) == ON_TELEKOM[:3]
    assert page.page.newer is None


def read(*, limit: int, after: Place | None = None, before: Place | None = None) -> OperatorPage:
    with transaction() as session:
        found = find_numbers(session, NumberFilter()).statement
        page = list_numbers_on(session, found, Operator.TELEKOM, limit=limit, after=after, before=before)
        session.expunge_all()
        return page


def list_of(page: OperatorPage) -> list[str]:
    return [row.number for row in page.page.rows]


@pytest.fixture
def numbers(app: Flask) -> None:
    """Add the numbers, the last of the list first."""
    for number in reversed(NUMBERS):
        with transaction() as session:
            note_numbers(session, [number])
    make_inbound(from_=MOVED, operator_type="T")
