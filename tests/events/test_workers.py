"""Who answers the bell is read from Redis; when Redis is away that is said, and soon."""

from time import monotonic

from flask import Flask
from redis import Redis
from rq import Worker

from crm.events import doorbell
from crm.events.workers import find_bells


def test_workers_that_signed_on_are_seen_with_the_bells_that_wait(app: Flask, redis_url: str) -> None:
    redis = doorbell.connect(redis_url)
    worker = sign_on(redis)
    doorbell.ring_now(redis)

    bells = find_bells(redis)

    assert bells is not None
    assert (bells.waiting, bells.answered) == (1, 0)
    [seen] = bells.workers
    assert (seen.name, seen.pid, seen.state) == (worker.name, worker.pid, "idle")
    assert seen.seen_at is not None
    assert seen.seen_at.tzinfo is not None


def test_a_worker_whose_key_has_gone_is_seen_no_more(app: Flask, redis_url: str) -> None:
    redis = doorbell.connect(redis_url)
    redis.delete(sign_on(redis).key)

    bells = find_bells(redis)

    assert bells is not None
    assert bells.workers == []


def test_without_redis_there_is_an_answer_within_a_second(app: Flask) -> None:
    started = monotonic()

    assert find_bells(doorbell.connect("redis://127.0.0.1:1")) is None
    assert monotonic() - started < 1


def sign_on(redis: "Redis") -> Worker:
    worker = Worker([doorbell.queue(redis)], connection=redis, serializer="json")
    worker.register_birth()
    worker.set_state("idle")
    return worker
