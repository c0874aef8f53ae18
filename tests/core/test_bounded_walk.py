"""Pages of a walked list: everything once, in both directions, whatever is rare and wherever the walk gives up."""

from collections.abc import Sequence
from datetime import timedelta

import pytest
from sqlalchemy import select

from crm.core.bounded_walk import Walk, WalkedPage, walk_page
from crm.core.db import current_session, transaction
from crm.core.keyset import Place
from crm.users.models import KnownNumber
from tests.factories.moments import on_the_wall

pytestmark = pytest.mark.usefixtures("app")

KEY = (KnownNumber.created_at, KnownNumber.id)
START = on_the_wall("2026-12-01 10:00")


def make_numbers(count: int, wanted: Sequence[int]) -> None:
    with transaction() as session:
        for number in range(count):
            mark = "9" if number in wanted else "1"
            at = START + timedelta(minutes=number // 2)
            session.add(KnownNumber(number=f"+4219{number:07}{mark}", created_at=at))


def read(most: int, limit: int = 2, **places: Place | None) -> WalkedPage[KnownNumber]:
    walk = Walk(select(KnownNumber), KnownNumber.number.endswith("9"), KEY, most)
    return walk_page(current_session(), walk, limit=limit, **places)


@pytest.mark.parametrize("most", [1, 2, 3, 5, 100])
@pytest.mark.parametrize("wanted", [(), (0,), (11,), (3, 4, 5), (0, 5, 6, 11), range(12)])
def test_walking_on_and_back_again_meets_each_row(most: int, wanted: Sequence[int]) -> None:
    make_numbers(12, wanted)

    page = read(most).page
    down, pages = [row.id for row in page.rows], [page]
    while page.older is not None:
        page = read(most, after=page.older).page
        down += [row.id for row in page.rows]
        pages.append(page)
    up: list[int] = [row.id for row in page.rows]
    while page.newer is not None:
        page = read(most, before=page.newer).page
        up = [row.id for row in page.rows] + up

    assert down == [number + 1 for number in sorted(wanted, reverse=True)]
    assert set(up) == set(down)


def test_a_walk_that_gives_up_says_so() -> None:
    make_numbers(6, (0,))

    assert read(3).is_cut
    assert read(3).page.rows == []
    assert not read(100).is_cut


def test_a_full_page_is_not_cut() -> None:
    make_numbers(6, range(6))

    shown = read(3)

    assert (len(shown.page.rows), shown.is_cut) == (2, False)
