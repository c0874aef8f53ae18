"""The inbox: who has waited longest stands first, every press is counted once, and each filter has its index."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from crm.core.db import transaction
from crm.core.keyset import Place
from crm.mobiletech.conversations import inbox
from crm.mobiletech.conversations.errors import ItemNotFoundError
from crm.mobiletech.conversations.inbox import InboxFilter, ItemState, count_open, find_next, list_items
from crm.mobiletech.conversations.models import InboxItem
from crm.mobiletech.conversations.words import InboxReason
from crm.users.audit_log import Actor, acting
from crm.users.models import AuditEntry
from tests.factories.conversations import make_item
from tests.factories.log import START
from tests.factories.users import make_user
from tests.stored import read

pytestmark = pytest.mark.usefixtures("app")
OTHER = "+421908000002"


def test_what_is_open_stands_with_the_oldest_first_what_is_done_with_the_last_closed_first() -> None:
    first, second = make_item(), make_item()
    early, late = make_item(done_at=at(5)), make_item(done_at=at(9))

    assert ids() == [first, second]
    assert ids(state=ItemState.DONE) == [late, early]


@pytest.mark.parametrize("state", ItemState)
def test_filters_are_exact(state: ItemState) -> None:
    jan, eva = make_user(), make_user()
    done = {"done_at": at(1)} if state is ItemState.DONE else {}
    mine = {"done_by": jan} if done else {"assigned_to": jan}
    theirs = {"done_by": eva} if done else {"assigned_to": eva}
    items = [
        make_item(**done, **mine),  # type: ignore[arg-type]
        make_item(reason="stop", **done, **theirs),  # type: ignore[arg-type]
        make_item(to="8866", **done),  # type: ignore[arg-type]
    ]

    assert ids(state=state, person_id=jan) == [items[0]]
    assert ids(state=state, reason=InboxReason.STOP) == [items[1]]
    assert ids(state=state, short_number="8866") == [items[2]]


@pytest.mark.parametrize("size", [1, 2, 3])
@pytest.mark.parametrize("moments", [range(7), [0] * 7, [0, 0, 1, 1, 1, 2, 2]])
def test_pages_of_what_is_open_lead_down_and_back(size: int, moments: list[int]) -> None:
    whole = [make_item(created_at=at(moment)) for moment in moments]

    down, last = walk(size, "before")
    up, _ = walk(size, "after", start=last)

    assert down == whole
    assert up[::-1] == whole[:-1]


def test_at_the_beginning_the_first_page_is_whole() -> None:
    whole = [make_item(created_at=at(minute)) for minute in range(6)]
    with transaction() as session:
        page = list_items(session, InboxFilter(), limit=4, after=Place(at(2), whole[2]))

        assert ([row.id for row in page.rows], page.older) == (whole[:4], None)
        assert page.newer == Place(at(3), whole[3])


def test_the_count_is_of_what_is_open_and_stops_at_a_thousand(monkeypatch: pytest.MonkeyPatch) -> None:
    jan = make_user()
    for _ in range(3):
        make_item()
    make_item(assigned_to=jan)
    make_item(done_at=at(1))

    with transaction() as session:
        assert (count_open(session), count_open(session, person_id=jan)) == (4, 1)
        monkeypatch.setattr(inbox, "COUNTED", 2)
        assert count_open(session) == 3


def test_what_comes_next_is_of_another_number_and_younger() -> None:
    skipped, here = make_item(number=OTHER), make_item()
    make_item()
    following = make_item(number="+421908000003")

    with transaction() as session:
        item = session.get_one(InboxItem, here)
        found = find_next(session, item)
        assert found is not None and found.id == following
        assert find_next(session, found) is None
        assert skipped < here


ACTS: list[tuple[str, dict[str, Any], Callable[..., list[int]], dict[str, Any], tuple[str, Any, Any]]] = [
    ("inbox.done", {}, inbox.finish, {"by": 7}, ("done", None, 7)),
    ("inbox.reopen", {"done_at": START, "done_by": 7}, inbox.reopen, {}, ("open", None, None)),
    ("inbox.take", {}, inbox.take, {"by": 7}, ("open", 7, None)),
    ("inbox.take", {"assigned_to": 8}, inbox.take, {"by": 7}, ("open", 7, None)),
    ("inbox.give_back", {"assigned_to": 7}, inbox.give_back, {"by": 7}, ("open", None, None)),
]


@pytest.mark.parametrize(("act", "before", "press", "values", "after"), ACTS)
def test_a_press_changes_it_once_and_is_written_down_once(
    act: str, before: dict[str, Any], press: Any, values: dict[str, Any], after: tuple[str, Any, Any]
) -> None:
    people = {number: make_user(role="support") for number in range(1, 9)}
    assert people[7] == 7
    item = make_item(**before)

    with acting(Actor(name="Ján", user_id=7)):
        for changed in ([item], []):
            with transaction() as session:
                assert press(session, [item], **values) == changed

    assert read(InboxItem.state, InboxItem.assigned_to, InboxItem.done_by) == [after]
    assert read(AuditEntry.action, AuditEntry.after) == [(act, {"inbox_item": item})]


def test_somebody_elses_is_not_given_back() -> None:
    jan, eva = make_user(), make_user()
    item = make_item(assigned_to=jan)

    with transaction() as session:
        assert inbox.give_back(session, [item], by=eva) == []

    assert read(InboxItem.assigned_to) == [(jan,)]


def test_several_are_closed_at_once_or_none() -> None:
    user = make_user()
    items = [make_item(), make_item()]

    with pytest.raises(ItemNotFoundError), transaction() as session:
        inbox.finish(session, [*items, 99], by=user)
    assert read(InboxItem.state) == [("open",)] * 2
    with transaction() as session:
        inbox.finish(session, items, by=user)

    assert read(InboxItem.state) == [("done",)] * 2
    assert len(set(read(InboxItem.done_at))) == 1


@pytest.mark.parametrize(
    ("wanted", "index"),
    [
        ({}, "open"),
        ({"reason": InboxReason.STOP}, "open_reason"),
        ({"short_number": "8866"}, "open_short_number"),
        ({"person_id": 1}, "open_assigned_to"),
        ({"state": ItemState.DONE}, "done"),
        ({"state": ItemState.DONE, "reason": InboxReason.STOP}, "done_reason"),
        ({"state": ItemState.DONE, "short_number": "8866"}, "done_short_number"),
        ({"state": ItemState.DONE, "person_id": 1}, "done_by"),
    ],
)
def test_each_view_walks_an_index_of_its_own(wanted: dict[str, Any], index: str) -> None:
    with transaction() as session:
        session.execute(text("SET LOCAL enable_seqscan = off"))
        session.execute(text("SET LOCAL enable_bitmapscan = off"))
        session.execute(text("SET LOCAL enable_sort = off"))
        found = inbox._found(InboxFilter(**wanted))
        order = (
            (InboxItem.done_at.desc(), InboxItem.id.desc())
            if wanted.get("state")
            else (InboxItem.created_at, InboxItem.id)
        )
        compiled = (
            found.order_by(*order)
            .limit(51)
            .compile(session.connection(), compile_kwargs={"literal_binds": True})
        )
        plan = "\n".join(row[0] for row in session.execute(text(f"EXPLAIN {compiled}")))

    assert f"using ix_inbox_items_{index} " in plan


def ids(**wanted: Any) -> list[int]:
    with transaction() as session:
        return [row.id for row in list_items(session, InboxFilter(**wanted), limit=50).rows]


def walk(size: int, way: str, start: Place | None = None) -> tuple[list[int], Place]:
    """Return the ids page after page (upward each page backward), and the place of the last one."""
    found: list[int] = []
    place = start
    while True:
        with transaction() as session:
            page = list_items(session, InboxFilter(), limit=size, **({way: place} if place else {}))  # type: ignore[arg-type]
            rows = [row.id for row in page.rows]
            found += rows if way == "before" else rows[::-1]
            last = Place(page.rows[-1].created_at, page.rows[-1].id)
            place = page.newer if way == "before" else page.older
        if place is None:
            return found, last


def at(minutes: int) -> Any:
    return START + timedelta(minutes=minutes)
