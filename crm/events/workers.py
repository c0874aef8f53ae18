"""Who answers the doorbell: the bells that wait in Redis, and the RQ workers as they said last of themselves."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from redis import Redis, RedisError
from rq import Worker
from rq.registry import StartedJobRegistry
from rq.worker import BaseWorker

from crm.events import doorbell

# An idle RQ worker says that it is alive each 405 s, one that works more often. Source: RQ 3, DEFAULT_WORKER_TTL.
SILENT_AFTER = timedelta(minutes=8)


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerSeen:
    """One RQ worker; `state` is RQ's word: idle, busy, suspended or started. Times are those of its machine."""

    name: str
    host: str
    pid: int | None
    state: str
    seen_at: datetime | None
    born_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class BellsSeen:
    """What stands in Redis: bells that wait and that are answered, and the workers, those seen last first."""

    waiting: int
    answered: int
    workers: Sequence[WorkerSeen]


def find_bells(redis: "Redis") -> BellsSeen | None:
    """Return what Redis knows, None when it cannot be reached; the client's short timeouts bound the wait."""
    try:
        bells = doorbell.queue(redis)
        workers = [_seen(worker) for worker in Worker.all(queue=bells, serializer="json")]
        return BellsSeen(
            waiting=bells.count,
            answered=StartedJobRegistry(queue=bells).get_job_count(cleanup=False),
            workers=sorted(workers, key=_newest_first),
        )
    except RedisError:
        return None


def _seen(worker: BaseWorker) -> WorkerSeen:
    return WorkerSeen(
        name=worker.name,
        host=worker.hostname or "",
        pid=worker.pid,
        state=str(worker.get_state()),
        seen_at=worker.last_heartbeat,
        born_at=worker.birth_date,
    )


def _newest_first(worker: WorkerSeen) -> tuple[float, str]:
    return (-worker.seen_at.timestamp() if worker.seen_at else 0.0, worker.name)
