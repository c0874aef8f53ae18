"""The pump: rings for what is due, works itself when nobody can be rung, and takes turns with other pumps."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from flask import Flask
from redis import Redis
from sqlalchemy import select

from crm.core.clock import db_now
from crm.core.db import transaction
from crm.events import doorbell
from crm.events.models import PeriodicRun
from crm.events.periodic import Periodic
from crm.events.pump import run_everything_due, run_if_due, run_pump, tick
from crm.events.registry import Registry
from tests.conftest import Clock
from tests.events.conftest import Effects, Put
from tests.logs import list_facts
from tests.waiting import wait_until

NOWHERE = "redis://127.0.0.1:1"


def test_a_tick_rings_for_what_is_due(switchboard: Registry, put: Put, redis: Redis) -> None:
    switchboard.unheard.add("thing")
    put()
    wait_until(
        lambda: len(doorbell.queue(redis)) == 1
    )  # the bell of what was published is carried by a thread
    redis.flushall()

    one_tick(redis)

    assert len(doorbell.queue(redis)) == 1


def test_a_tick_with_nothing_due_rings_nobody(app: Flask, put: Put, redis: Redis) -> None:
    put(due_in=timedelta(minutes=1))
    forget_bells(redis)

    one_tick(redis)

    assert len(doorbell.queue(redis)) == 0


def test_without_redis_the_pump_does_the_work_itself(
    switchboard: Registry, effects: Effects, put: Put
) -> None:
    switchboard.on("thing", lambda event: effects.write("ran"), name="write")
    put()

    one_tick(doorbell.connect(NOWHERE))

    assert effects.list_all() == ["ran"]


def test_a_burst_runs_the_periodic_tasks_whose_time_has_come_and_what_they_cause(
    switchboard: Registry, effects: Effects, put: Put
) -> None:
    switchboard.on("thing", lambda event: effects.write("ran"), name="write")

    run_everything_due((Periodic(name="cause", every=timedelta(minutes=1), run=lambda: put()),))

    assert effects.list_all() == ["ran"]


def test_work_that_was_delayed_before_a_restart_runs_when_its_time_comes(
    switchboard: Registry, effects: Effects, put: Put, clock: Clock
) -> None:
    switchboard.on("thing", lambda event: effects.write("ran"), name="write")
    put(due_in=timedelta(hours=3))
    pump_redis = doorbell.connect(NOWHERE)  # all that a restart leaves us is the table

    one_tick(pump_redis)
    before = effects.list_all()
    clock.advance(timedelta(hours=3, seconds=1))
    one_tick(pump_redis)

    assert (before, effects.list_all()) == ([], ["ran"])


def test_a_failing_tick_is_logged_and_the_next_one_comes(
    app: Flask, redis: Redis, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    ticks: list[int] = []
    stopped = threading.Event()

    def fail_then_stop(*_arguments: object, **_options: object) -> None:
        ticks.append(1)
        if len(ticks) == 1:
            raise RuntimeError("the database is away")
        stopped.set()

    monkeypatch.setattr("crm.events.pump.tick", fail_then_stop)
    monkeypatch.setattr("crm.events.pump.TICK_SECONDS", 0.01)

    run_pump(redis, (), stopped)

    assert len(ticks) == 2
    assert "pump_tick_failed" in [fact["event"] for fact in list_facts(caplog)]


def test_a_periodic_task_runs_once_in_its_time_however_many_pumps_there_are(app: Flask, clock: Clock) -> None:
    runs: list[int] = []
    task = Periodic(name="count", every=timedelta(minutes=10), run=lambda: runs.append(1))

    taken = run_at_once(app, task, pumps=4)
    clock.advance(timedelta(minutes=9))
    too_soon = run_if_due(task)
    clock.advance(timedelta(minutes=1, seconds=1))
    again = run_at_once(app, task, pumps=4)

    assert (sorted(taken), too_soon, sorted(again)) == (
        [False, False, False, True],
        False,
        [False] * 3 + [True],
    )
    assert len(runs) == 2


def test_a_periodic_task_that_fails_leaves_its_reason_and_keeps_its_turn(
    app: Flask, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    def fail() -> None:
        raise ValueError("no disk")

    task = Periodic(name="fail", every=timedelta(minutes=10), run=fail)

    assert run_if_due(task)

    run = read_run("fail")
    assert (run.error, run.finished_at is not None) == ("ValueError: no disk", True)
    assert "periodic_task_failed" in [fact["event"] for fact in list_facts(caplog)]
    clock.advance(timedelta(minutes=11))
    assert run_if_due(task)


def test_what_a_periodic_task_found_wrong_stands_beside_its_run(app: Flask, clock: Clock) -> None:
    found = iter(["two rows", None])
    task = Periodic(name="look", every=timedelta(minutes=10), run=lambda: next(found))

    run_if_due(task)
    first = read_run("look").error
    clock.advance(timedelta(minutes=11))
    run_if_due(task)

    assert (first, read_run("look").error) == ("two rows", None)


def test_a_failing_task_does_not_keep_the_others_from_running(app: Flask, redis: Redis) -> None:
    runs: list[str] = []

    def fail() -> None:
        raise ValueError

    first = Periodic(name="first", every=timedelta(minutes=1), run=fail)
    second = Periodic(name="second", every=timedelta(minutes=1), run=lambda: runs.append("second"))

    one_tick(redis, first, second)

    assert runs == ["second"]


def test_a_clock_that_went_back_does_not_silence_a_task(app: Flask, clock: Clock) -> None:
    runs: list[int] = []
    task = Periodic(name="count", every=timedelta(minutes=10), run=lambda: runs.append(1))
    clock.advance(timedelta(days=1))
    run_if_due(task)

    clock.advance(-timedelta(days=1))
    run_if_due(task)

    assert len(runs) == 2


def test_a_pump_whose_turn_began_a_moment_earlier_does_not_take_it_too(app: Flask) -> None:
    """Its time is that of its transaction's beginning, so it sees a start that seems to lie ahead."""
    task = Periodic(name="count", every=timedelta(minutes=10), run=lambda: None)
    with transaction() as session:
        a_moment_ahead = session.execute(select(db_now())).scalar_one() + timedelta(seconds=5)
        session.add(PeriodicRun(name="count", started_at=a_moment_ahead))

    assert not run_if_due(task)


@pytest.mark.parametrize(
    ("passed", "is_logged"),
    [(timedelta(minutes=2), False), (timedelta(hours=2), True), (-timedelta(minutes=5), True)],
    ids=["as usual", "nobody ticked for two hours", "the clock went back"],
)
def test_a_gap_between_ticks_is_logged_and_kept(
    app: Flask, clock: Clock, caplog: pytest.LogCaptureFixture, passed: timedelta, is_logged: bool
) -> None:
    task = Periodic(name="tick", every=timedelta(minutes=1), run=lambda: None)
    run_if_due(task)

    clock.advance(passed)
    run_if_due(task)

    with transaction() as session:
        kept = session.execute(select(PeriodicRun.gap_seconds)).scalar_one()
    assert ("tick_gap" in [fact["event"] for fact in list_facts(caplog)]) is is_logged
    assert (kept is not None and abs(kept - passed.total_seconds()) < 5) is is_logged


def test_a_pump_that_is_told_to_stop_starts_no_further_task(app: Flask, redis: Redis) -> None:
    runs: list[int] = []
    task = Periodic(name="count", every=timedelta(minutes=1), run=lambda: runs.append(1))

    tick(redis, (task,), should_stop=lambda: True)

    assert runs == []


def one_tick(redis: Redis, *periodic: Periodic, stop: Callable[[], bool] = lambda: False) -> None:
    tick(redis, periodic, should_stop=stop)


def run_at_once(app: Flask, task: Periodic, *, pumps: int) -> list[bool]:
    start = threading.Barrier(pumps)

    def run() -> bool:
        with app.app_context():
            start.wait(10)
            return run_if_due(task)

    with ThreadPoolExecutor(pumps) as threads:
        return [running.result(20) for running in [threads.submit(run) for _ in range(pumps)]]


def read_run(name: str) -> PeriodicRun:
    with transaction() as session:
        run = session.execute(select(PeriodicRun).where(PeriodicRun.name == name)).scalar_one()
        session.expunge(run)
        return run


def forget_bells(redis: Redis) -> None:
    """Wait for the bell of what was published, which another thread carries, and take it away."""
    wait_until(lambda: len(doorbell.queue(redis)) or not redis.exists(doorbell.BELL))
    redis.flushall()


@pytest.fixture
def redis(app: Flask, redis_url: str) -> Redis:
    """Return the Valkey of this test."""
    return Redis.from_url(redis_url)
