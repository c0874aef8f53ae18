"""The doorbell: nobody waits for it, and everything it forgets is done all the same."""

import socket
import time
from collections.abc import Iterator
from threading import Timer

import pytest
from flask import Flask
from redis import Redis
from rq import SimpleWorker

from crm.core.db import transaction
from crm.events import doorbell, jobs
from crm.events.doorbell import Doorbell, ring_now
from crm.events.publish import publish
from crm.events.pump import tick
from crm.events.registry import Event, Registry
from tests.events.conftest import Effects, Put
from tests.logs import list_facts
from tests.waiting import wait_until

NOWHERE = "redis://127.0.0.1:1"
AT_ONCE = 0.05  # seconds; a blocking ring takes at least the 0.2 of the timeout


@pytest.mark.parametrize("address", ["nowhere", "silent", "none"])
def test_a_ring_returns_at_once_wherever_redis_is(app: Flask, address: str, silent_port: int) -> None:
    urls = {"nowhere": NOWHERE, "silent": f"redis://127.0.0.1:{silent_port}", "none": ""}
    bell = Doorbell(redis_url=urls[address])
    bell.ring()  # the first one starts the thread

    started = time.monotonic()
    for _ in range(100):
        bell.ring()

    assert time.monotonic() - started < AT_ONCE


def test_a_redis_that_does_not_answer_is_given_up_soon(app: Flask, silent_port: int) -> None:
    started = time.monotonic()

    is_rung = ring_now(doorbell.connect(f"redis://127.0.0.1:{silent_port}"))

    assert not is_rung
    assert time.monotonic() - started < 1.5


def test_a_bell_that_cannot_be_carried_is_logged(app: Flask, caplog: pytest.LogCaptureFixture) -> None:
    ring_now(doorbell.connect(NOWHERE))

    assert "doorbell_failed" in [fact["event"] for fact in list_facts(caplog)]


def test_however_many_ring_one_job_waits(app: Flask, redis: Redis) -> None:
    for _ in range(50):
        assert ring_now(redis)

    assert len(doorbell.queue(redis)) == 1


def test_a_published_entry_rings_after_the_commit_and_not_before(app: Flask, redis: Redis) -> None:
    with transaction() as session:
        publish(session, "thing", {}, key="thing:1")
        before = len(doorbell.queue(redis))

    wait_until(lambda: len(doorbell.queue(redis)) == 1)
    assert before == 0


def test_the_job_runs_what_is_due(
    worker: "Worker", switchboard: Registry, effects: Effects, put: Put
) -> None:
    switchboard.on("thing", lambda event: effects.write(event["number"]), name="write")
    put(number=1)
    put(number=2)

    worker.answer()

    assert effects.list_all() == ["1", "2"]


def test_the_job_carries_no_data_and_is_no_pickle(worker: "Worker", put: Put, redis: Redis) -> None:
    put(phone="+421908123456")
    wait_until(lambda: len(doorbell.queue(redis)) == 1)

    stored = b"".join(b"".join(redis.hgetall(key).values()) for key in redis.keys("rq:job:*"))  # type: ignore[union-attr,arg-type]

    assert b"908123456" not in stored
    assert doorbell.queue(redis).jobs[0].args == []


def test_work_that_comes_while_the_job_listens_is_run_by_it(
    app: Flask, worker: "Worker", switchboard: Registry, effects: Effects, redis: Redis, put: Put
) -> None:
    def publish_another() -> None:
        with app.app_context(), transaction() as session:
            publish(session, "thing", {"number": 2}, key="thing:later")

    def write(event: Event) -> None:
        effects.write(event["number"])
        if event["number"] == 1:
            Timer(0.3, publish_another).start()

    switchboard.on("thing", write, name="write")
    put(number=1)
    wait_until(lambda: len(doorbell.queue(redis)) == 1)

    SimpleWorker([doorbell.queue(redis)], connection=redis, serializer="json").work(
        burst=True, max_jobs=1, logging_level="ERROR"
    )

    assert effects.list_all() == ["1", "2"]
    assert len(doorbell.queue(redis)) == 0


def test_a_job_whose_time_is_up_rings_for_the_rest(
    worker: "Worker",
    switchboard: Registry,
    redis: Redis,
    put: Put,
    effects: Effects,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(jobs, "DRAIN_SECONDS", 0.0)
    switchboard.on("thing", lambda event: effects.write("ran"), name="write")
    put()
    wait_until(lambda: len(doorbell.queue(redis)) == 1)

    SimpleWorker([doorbell.queue(redis)], connection=redis, serializer="json").work(
        burst=True, max_jobs=1, logging_level="ERROR"
    )

    assert len(doorbell.queue(redis)) == 1
    assert effects.list_all() == []


def test_a_redis_that_lost_everything_between_the_bell_and_the_work_loses_nothing(
    worker: "Worker", switchboard: Registry, effects: Effects, put: Put, redis: Redis
) -> None:
    switchboard.on("thing", lambda event: effects.write("ran"), name="write")
    put()
    wait_until(lambda: len(doorbell.queue(redis)) == 1)

    redis.flushall()
    worker.burst()
    after_the_loss = effects.list_all()
    tick(redis, (), should_stop=lambda: False)
    worker.burst()

    assert (after_the_loss, effects.list_all()) == ([], ["ran"])


def test_a_failing_handler_does_not_fail_the_job(
    worker: "Worker", switchboard: Registry, redis: Redis, put: Put
) -> None:
    def fail(_event: Event) -> None:
        raise RuntimeError("no")

    switchboard.on("thing", fail, name="fail")
    put()

    worker.answer()

    assert doorbell.queue(redis).failed_job_registry.count == 0


class Worker:
    """Runs the jobs that wait, as `worker.py` does, in this process."""

    def __init__(self, redis: Redis) -> None:
        self.redis = redis

    def answer(self) -> None:
        """Wait for the bell that a thread is carrying, then run until the queue is empty."""
        wait_until(lambda: len(doorbell.queue(self.redis)))
        self.burst()

    def burst(self) -> None:
        """Run until the queue is empty."""
        worker = SimpleWorker([doorbell.queue(self.redis)], connection=self.redis, serializer="json")
        worker.work(burst=True, logging_level="ERROR")


@pytest.fixture
def worker(app: Flask, redis: Redis, redis_url: str) -> Iterator[Worker]:
    """Return a worker on the queue of this test."""
    jobs.state.redis_url = redis_url
    yield Worker(redis)
    jobs.state.redis_url = ""


@pytest.fixture
def redis(app: Flask, redis_url: str) -> Redis:
    """Return the Valkey of this test."""
    return Redis.from_url(redis_url)


@pytest.fixture
def silent_port() -> Iterator[int]:
    """Return a port that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]
