"""The only function that RQ ever runs, and what it needs to know of its worker."""

from collections.abc import Callable
from dataclasses import dataclass

from crm.core.log import get_logger
from crm.events import doorbell
from crm.events.drain import drain

log = get_logger(__name__)

DRAIN_SECONDS = 5.0  # then the job ends, so that RQ can breathe; the next bell goes on


@dataclass(slots=True)
class WorkerState:
    """Set by the worker process."""

    redis_url: str = ""
    should_stop: Callable[[], bool] = lambda: False


state = WorkerState()


def drain_outbox() -> None:
    """Run what is due; if time is up before the end, ring for the rest."""
    redis = doorbell.connect(state.redis_url)
    redis.delete(doorbell.BELL)  # first: what becomes due from now on rings again
    count, finished = drain(for_seconds=DRAIN_SECONDS, should_stop=state.should_stop)
    if not finished:
        doorbell.ring_now(redis)
    if count:
        log.debug("drained", count=count)
