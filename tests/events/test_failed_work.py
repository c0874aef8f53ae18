"""Failed work as people find it: by state, event and handler, newest first, page by page."""

from typing import Any

import pytest
from flask import Flask

from crm.core.db import transaction
from crm.core.keyset import KeysetPage, Place
from crm.events import queries
from crm.events.failed_work import FailedState, WorkFilter, list_kinds, list_work
from crm.events.models import OutboxEntry
from tests.factories.work import make_work


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (WorkFilter(), ["retried", "dead b", "dead a"]),
        (WorkFilter(state=FailedState.DEAD), ["dead b", "dead a"]),
        (WorkFilter(state=FailedState.RETRYING), ["retried"]),
        (WorkFilter(event="order-paid"), ["dead b"]),
        (WorkFilter(handler="answer"), ["retried"]),
        (WorkFilter(event="order-paid", state=FailedState.RETRYING), []),
    ],
)
def test_failed_work_is_found_newest_first(app: Flask, wanted: WorkFilter, found: list[str]) -> None:
    make_work(key="dead a")
    make_work(key="done", state="done", attempts=0)
    make_work(key="dead b", event="order-paid")
    make_work(key="waits", state="ready", attempts=0)
    make_work(key="discarded", state="discarded")
    make_work(key="retried", state="ready", attempts=2, handler="answer")

    assert keys(read(wanted)) == found


def test_pages_go_there_and_back(app: Flask) -> None:
    for number in range(5):
        make_work(key=str(number))

    first = read(limit=2)
    second = read(limit=2, after=first.older)
    third = read(limit=2, after=second.older)
    back = read(limit=2, before=third.newer)

    assert [keys(page) for page in (first, second, third, back)] == [
        ["4", "3"],
        ["2", "1"],
        ["0"],
        ["2", "1"],
    ]
    assert (first.newer, third.older) == (None, None)


def test_what_there_is_to_choose_from_is_what_failed(app: Flask) -> None:
    make_work(event="b", handler="late")
    make_work(event="b", handler="late")
    make_work(event="a")
    make_work(event="fine", state="done", attempts=0)

    with transaction() as session:
        assert list_kinds(session) == [("a", None), ("b", "late")]


def test_loads_count_what_waits_is_due_is_tried_again_and_is_dead(app: Flask) -> None:
    make_work(event="a", state="ready", attempts=0, due_in_minutes=-7)
    make_work(event="a", state="ready", attempts=0, due_in_minutes=5)
    make_work(event="a", state="ready", attempts=3, due_in_minutes=5)
    make_work(event="a")
    make_work(event="b")
    make_work(event="c", state="done", attempts=0)

    with transaction() as session:
        loads = queries.list_loads(session)

    assert [(load.event, load.waiting, load.due, load.retried, load.dead) for load in loads] == [
        ("a", 3, 1, 1, 1),
        ("b", 0, 0, 0, 1),
    ]
    oldest = loads[0].oldest_due
    assert oldest is not None
    assert 420 <= oldest.total_seconds() < 440
    assert loads[1].oldest_due is None


def read(
    wanted: WorkFilter | None = None,
    *,
    limit: int = 50,
    after: Place | None = None,
    before: Place | None = None,
) -> KeysetPage[OutboxEntry]:
    with transaction() as session:
        page = list_work(session, wanted or WorkFilter(), limit=limit, after=after, before=before)
        session.expunge_all()
        return page


def keys(page: KeysetPage[Any]) -> list[str]:
    return [entry.key for entry in page.rows]
