"""The only function that RQ ever runs, and what it needs to know of its worker."""

from collections.abc import Callable
from dataclasses import dataclass

from redis.client import PubSub

from crm.core.clock import monotonic
from crm.events import doorbell
from crm.events.drain import drain

DRAIN_SECONDS = 5.0  # then the job ends, so that RQ can breathe; the next bell goes on
LISTEN_SECONDS = 1.0  # how long a job without work waits for a bell
PATIENCE_SECONDS = 0.25  # how soon it notices that it should stop


@dataclass(slots=True)
class WorkerState:
    """Set by the worker process."""

    redis_url: str = ""
    should_stop: Callable[[], bool] = lambda: False


state = WorkerState()


def drain_outbox() -> None:
    """Run what is due, then listen a moment for more: starting an RQ job costs more than most work."""
    redis = doorbell.connect(state.redis_url)
    with PubSub(redis.connection_pool, ignore_subscribe_messages=True) as bells:
        bells.subscribe(doorbell.CHANNEL)
        redis.delete(doorbell.BELL)  # first: what becomes due from now on rings again
        finished = _drain_and_listen(bells)
    # Somebody may have rung while we were hanging up.
    if state.should_stop() or (
        finished and drain(for_seconds=DRAIN_SECONDS, should_stop=state.should_stop)[1]
    ):
        return
    doorbell.ring_now(redis)


def _drain_and_listen(bells: PubSub) -> bool:
    """Return whether nothing was left when the time for a job was over, or nobody rang."""
    ends, finished = monotonic() + DRAIN_SECONDS, False
    quiet_at = monotonic() + LISTEN_SECONDS
    while not state.should_stop() and monotonic() < min(ends, quiet_at):
        count, finished = drain(for_seconds=ends - monotonic(), should_stop=state.should_stop)
        if count:
            quiet_at = monotonic() + LISTEN_SECONDS
        if finished:
            bells.get_message(timeout=PATIENCE_SECONDS)
    return finished
