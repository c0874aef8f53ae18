"""Tell the workers that something is due, without ever making the caller wait.

`ring()` sets a flag; a thread of this process carries it to Redis, one bell for however many rings. A bell
that is lost, doubled or late is harmless: the pump looks at the table each second.
"""

import os
import threading
from dataclasses import dataclass, field
from time import sleep

from redis import Redis, RedisError
from redis.backoff import NoBackoff
from redis.retry import Retry
from rq import Queue

from crm.core import metrics
from crm.core.log import get_logger

log = get_logger(__name__)

QUEUE = "crm"
DRAIN = "crm.events.jobs.drain_outbox"
BELL = "crm:doorbell"
CHANNEL = "crm:doorbell:listening"
BELL_SECONDS = 1
JOB_TIMEOUT_SECONDS = 45
GATHER_SECONDS = 0.02  # rings that come within it share one bell
REDIS_TIMEOUT_SECONDS = 0.2


def connect(redis_url: str, *, timeout: float | None = REDIS_TIMEOUT_SECONDS) -> "Redis":
    """Return a client that gives up at once: nothing may hang on Redis."""
    return Redis.from_url(
        redis_url, socket_timeout=timeout, socket_connect_timeout=timeout, retry=Retry(NoBackoff(), 0)
    )


def queue(redis: "Redis") -> Queue:
    """Return the one queue: with a single one RQ moves jobs safely, with two it may lose them."""
    return Queue(QUEUE, connection=redis, serializer="json", default_timeout=JOB_TIMEOUT_SECONDS)


@dataclass(slots=True)
class Doorbell:
    """One per process; its thread starts with the first ring, so a fork before that is harmless."""

    redis_url: str = ""
    _flag: threading.Event = field(default_factory=threading.Event)
    _owner: int = 0

    def ring(self) -> None:
        """Ask for a bell; returns at once."""
        if not self.redis_url:
            return
        if self._owner != os.getpid():
            self._owner = os.getpid()
            threading.Thread(target=self._carry, name="doorbell", daemon=True).start()
        self._flag.set()

    def _carry(self) -> None:
        redis = connect(self.redis_url)
        while True:
            self._flag.wait()
            self._flag.clear()
            ring_now(redis)
            sleep(GATHER_SECONDS)


def ring_now(redis: "Redis") -> bool:
    """Wake a drain job that listens, or put one into the queue unless one waits there.

    Returns False if Redis cannot be reached.
    """
    try:
        if not redis.publish(CHANNEL, "1") and redis.set(BELL, "1", nx=True, ex=BELL_SECONDS):
            queue(redis).enqueue(DRAIN, ttl=60, result_ttl=0, failure_ttl=86400)
    except RedisError as error:
        metrics.count("doorbell_failures_total")
        log.warning("doorbell_failed", reason=type(error).__name__)
        return False
    return True


_doorbell = Doorbell()


def configure(redis_url: str) -> None:
    """Say where Redis is; an empty address makes the bell silent."""
    _doorbell.redis_url = redis_url


def ring() -> None:
    """Ask this process's doorbell for a bell; returns at once and never fails."""
    _doorbell.ring()
