"""Work of one phone number runs in the order it arrived; nobody waits for another number, or for what is not due."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import update

from crm.core.clock import db_now
from crm.core.db import transaction
from crm.events.drain import drain
from crm.events.models import OutboxEntry
from crm.events.pump import run_everything_due
from crm.events.queries import list_depths
from crm.events.registry import Event, Registry
from tests.conftest import Clock
from tests.events.conftest import Effects, Put
from tests.outbox import get_entry, run_all

Worker = Callable[[], "Future[tuple[int, bool]]"]


def test_work_of_one_lane_runs_in_the_order_it_arrived(
    switchboard: Registry, effects: Effects, put: Put
) -> None:
    write_numbers(switchboard, effects)
    for number in (1, 2, 3):
        put(lane="0908123456", number=number)
    put_earlier(3, by=timedelta(minutes=1))  # due for longer, and still the third

    run_all()

    assert effects.list_all() == ["1", "2", "3"]


def test_a_second_worker_leaves_a_lane_alone_and_serves_another(
    switchboard: Registry, effects: Effects, put: Put, other_worker: Worker
) -> None:
    with held_up(switchboard, effects, number=1) as is_held:
        put(lane="A", number=1)
        slow = other_worker()
        assert is_held.wait(10)
        put(lane="A", number=2)
        put(lane="B", number=3)

        run_all()
        seen_by_the_quick_one = effects.list_all()

    slow.result(20)
    run_all()
    assert seen_by_the_quick_one == ["3"]
    assert effects.list_all() == ["1", "3", "2"]  # in the order they were written, not committed


def test_a_row_that_becomes_due_while_a_later_one_runs_waits_for_it(
    switchboard: Registry, effects: Effects, put: Put, other_worker: Worker, clock: Clock
) -> None:
    """Never two of one lane at a time, not even when the second to come is the older one."""
    with held_up(switchboard, effects, number=2) as is_held:
        put(lane="A", number=1, due_in=timedelta(minutes=1))
        put(lane="A", number=2)
        slow = other_worker()
        assert is_held.wait(10)
        clock.advance(timedelta(minutes=2))

        ran_meanwhile = run_all()

    slow.result(20)
    run_all()
    assert ran_meanwhile == 0
    assert effects.list_all() == ["2", "1"]


def test_entries_without_a_lane_wait_for_nobody(
    switchboard: Registry, effects: Effects, put: Put, other_worker: Worker
) -> None:
    with held_up(switchboard, effects, number=1) as is_held:
        put(number=1)
        slow = other_worker()
        assert is_held.wait(10)
        put(number=2)

        run_all()
        seen_by_the_quick_one = effects.list_all()

    slow.result(20)
    assert seen_by_the_quick_one == ["2"]


def test_a_burst_waits_for_what_another_worker_has_in_hand(
    app: Flask, switchboard: Registry, effects: Effects, put: Put, other_worker: Worker
) -> None:
    with ThreadPoolExecutor(1) as threads:
        with held_up(switchboard, effects, number=1) as is_held:
            put(lane="A", number=1)
            slow = other_worker()
            assert is_held.wait(10)
            put(lane="A", number=2)
            burst = threads.submit(burst_in_context, app)
            with pytest.raises(TimeoutError):
                burst.result(0.5)
        burst.result(20)

    slow.result(20)
    assert effects.list_all() == ["1", "2"]


def test_many_workers_keep_every_lane_in_order_and_run_everything_once(
    app: Flask, switchboard: Registry, effects: Effects, put: Put
) -> None:
    switchboard.on("thing", lambda event: effects.write(f"{event['lane_']} {event['number']}"), name="write")
    for number in range(60):
        put(lane=f"lane {number % 5}", lane_=number % 5, number=number)

    with ThreadPoolExecutor(4) as threads:
        for worker in [threads.submit(drain_until_nothing_waits, app) for _ in range(4)]:
            worker.result(30)

    ran = [tuple(map(int, line.split())) for line in effects.list_all()]
    for lane in range(5):
        assert [number for its_lane, number in ran if its_lane == lane] == list(range(lane, 60, 5))


def test_a_row_that_is_backing_off_blocks_nobody(switchboard: Registry, effects: Effects, put: Put) -> None:
    def fail_first(event: Event) -> None:
        effects.write(event["number"])
        if event["number"] == 1:
            raise RuntimeError("no")

    switchboard.on("thing", fail_first, name="fail_first")
    for number in (1, 2, 3):
        put(lane="A", number=number)

    run_all()

    assert effects.list_all() == ["2", "3"]


def test_delayed_work_waits_for_its_time_and_nobody_waits_for_it(
    switchboard: Registry, effects: Effects, put: Put, clock: Clock
) -> None:
    write_numbers(switchboard, effects)
    put(lane="A", number=1, due_in=timedelta(hours=1))
    put(lane="A", number=2)

    run_all()
    clock.advance(timedelta(minutes=59))
    run_all()
    before = effects.list_all()
    clock.advance(timedelta(minutes=2))
    run_all()

    assert before == ["2"]
    assert effects.list_all() == ["2", "1"]


def test_of_what_is_due_the_oldest_of_a_lane_runs_first_even_if_it_was_put_off(
    switchboard: Registry, effects: Effects, put: Put, clock: Clock
) -> None:
    write_numbers(switchboard, effects)
    put(lane="A", number=1, due_in=timedelta(minutes=5))
    put(lane="A", number=2, due_in=timedelta(minutes=1))

    clock.advance(timedelta(minutes=6))
    run_all()

    assert effects.list_all() == ["1", "2"]


def test_a_long_lane_whose_first_row_became_due_last_does_not_stop_the_house(
    switchboard: Registry, effects: Effects, put: Put, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More rows of one lane than a batch takes, all due before the one that goes first."""
    monkeypatch.setattr("crm.events.drain.BATCH", 5)
    write_numbers(switchboard, effects)
    put(lane="A", number=0, due_in=timedelta(minutes=1))
    for number in range(1, 11):
        put(lane="A", number=number)
    put(lane="B", number=1000, due_in=timedelta(minutes=2))

    clock.advance(timedelta(minutes=3))  # nobody worked meanwhile
    run_all()

    assert sorted(map(int, effects.list_all())) == [*range(11), 1000]
    assert [int(line) for line in effects.list_all() if line != "1000"] == list(range(11))


@pytest.mark.parametrize(
    "lanes",
    [[None] * 12, ["A"] * 12, [None] * 6 + ["A"] * 6, ["A"] * 6 + [None] * 6, [None, "A", "A", "B"] * 4],
    ids=["no lane", "one lane", "no lane, then one", "one, then no lane", "mixed"],
)
def test_more_than_a_batch_of_few_lanes_runs_once_each(
    switchboard: Registry,
    effects: Effects,
    put: Put,
    monkeypatch: pytest.MonkeyPatch,
    lanes: list[str | None],
) -> None:
    monkeypatch.setattr("crm.events.drain.BATCH", 5)
    write_numbers(switchboard, effects)
    for number, lane in enumerate(lanes):
        put(lane=lane, number=number)

    run_all()

    assert sorted(map(int, effects.list_all())) == list(range(len(lanes)))


def test_a_flood_of_one_lane_and_of_none_lets_the_others_through(
    switchboard: Registry, effects: Effects, put: Put, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("crm.events.drain.BATCH", 5)
    write_numbers(switchboard, effects)
    put(number=0)
    for number in range(1, 14):
        put(lane="A", number=number)
    put(lane="B", number=100)

    run_all()

    assert effects.list_all().index("100") < 3


def test_a_row_that_may_have_killed_a_worker_does_not_stop_its_lane(
    switchboard: Registry, effects: Effects, put: Put, clock: Clock
) -> None:
    """It is the oldest of its lane and became due after the next one: both must run, it first and alone."""
    write_numbers(switchboard, effects)
    suspect = put(lane="A", number=1, due_in=timedelta(minutes=1))
    put(lane="A", number=2)
    with transaction() as session:
        session.execute(update(OutboxEntry).where(OutboxEntry.id == suspect).values(crashes=1))

    clock.advance(timedelta(minutes=2))
    run_all()

    assert effects.list_all() == ["1", "2"]


@pytest.mark.parametrize("lanes", [("A", "A"), ("A", "B"), (None, None)], ids=["same", "other", "none"])
def test_work_that_arrives_while_a_batch_runs_is_run_by_the_same_drain(
    switchboard: Registry, effects: Effects, put: Put, lanes: tuple[str | None, str | None], app: Flask
) -> None:
    def write_and_put_more(event: Event) -> None:
        effects.write(event["number"])
        if event["number"] == 1:
            with ThreadPoolExecutor(1) as thread:
                thread.submit(put_in_context, app, put, lanes[1]).result(10)

    switchboard.on("thing", write_and_put_more, name="write")
    put(lane=lanes[0], number=1)

    run_all()

    assert effects.list_all() == ["1", "2"]


def write_numbers(switchboard: Registry, effects: Effects) -> None:
    switchboard.on("thing", lambda event: effects.write(event["number"]), name="write")


@contextmanager
def held_up(switchboard: Registry, effects: Effects, *, number: int) -> Iterator[threading.Event]:
    """Let the handler of that number wait until the block ends; the event says that it waits."""
    is_held, go_on = threading.Event(), threading.Event()

    def write_and_wait(event: Event) -> None:
        effects.write(event["number"])
        if event["number"] == number:
            is_held.set()
            assert go_on.wait(20)

    switchboard.on("thing", write_and_wait, name="write")
    try:
        yield is_held
    finally:
        go_on.set()


def drain_until_nothing_waits(app: Flask) -> None:
    """Drain as workers do: one that finds a lane taken stops, and is rung again."""
    with app.app_context():
        while True:
            drain(for_seconds=20)
            with transaction() as session:
                if not list_depths(session):
                    return


def burst_in_context(app: Flask) -> None:
    with app.app_context():
        run_everything_due(())


def put_earlier(entry_id: int, *, by: timedelta) -> None:
    with transaction() as session:
        session.execute(
            update(OutboxEntry).where(OutboxEntry.id == entry_id).values(available_at=db_now() - by)
        )
    assert get_entry(entry_id).state == "ready"


def put_in_context(app: Flask, put: Put, lane: str | None) -> None:
    with app.app_context():
        put(lane=lane, number=2)
