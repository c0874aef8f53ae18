"""Counters and durations that any process may add to, summed up in Redis, told as Prometheus text.

A process counts in memory and hands over what it has at most each second, from a thread of its own: no
request waits for Redis. A wiped Redis starts the counters again at zero, which Prometheus understands.
"""

import os
import threading
from collections import defaultdict
from collections.abc import Iterable
from time import sleep

from prometheus_client.metrics_core import CounterMetricFamily, HistogramMetricFamily, Metric
from redis import Redis, RedisError

KEY = "crm:metrics"
FLUSH_SECONDS = 1.0
BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0)

HELP = {
    "webhook_requests_total": "Webhook calls by command and HTTP status.",
    "webhook_seconds": "Time to answer a webhook call, in seconds, by command.",
    "webhook_body_mismatches_total": "Repeated gateway ids that came with another body.",
    "sends_total": "SMS handed to the gateway, by outcome.",
    "statuses_total": "Delivery reports applied, by code.",
    "not_sent_total": "SMS that were not made, by reason.",
    "outbox_dead_total": "Work given up after its last try, by event.",
    "doorbell_failures_total": "Bells that could not be carried to Redis.",
    "logins_total": "Tries to sign in, by what came of them.",
    "audit_findings_total": "Invariants found broken, summed over the audits.",
}

_lock = threading.Lock()
_pending: defaultdict[str, float] = defaultdict(float)
_owner = 0
_redis: "Redis | None" = None


def configure(redis: "Redis | None") -> None:
    """Say where the sums are kept; None keeps them in this process (and nobody sees them)."""
    global _redis
    _redis = redis


def count(name: str, amount: float = 1, **labels: str) -> None:
    """Add to a counter; never waits, never fails."""
    _add([(_field(name, labels), amount)])


def observe(name: str, seconds: float, **labels: str) -> None:
    """Add one duration to a histogram."""
    bucket = next((edge for edge in BUCKETS if seconds <= edge), float("inf"))
    _add([(_field(name, labels | {"le": str(bucket)}), 1), (_field(f"{name}_sum", labels), seconds)])


def flush() -> None:
    """Hand over what was counted since the last time; keep it if Redis cannot be reached."""
    if _redis is None:
        return
    with _lock:
        taken = dict(_pending)
        _pending.clear()
    try:
        with _redis.pipeline(transaction=False) as pipe:
            for name, amount in taken.items():
                pipe.hincrbyfloat(KEY, name, amount)
            pipe.execute()
    except RedisError:
        _add(taken.items(), start=False)


def collect(redis: "Redis") -> Iterable[Metric]:
    """Return the sums as Prometheus metrics.

    Raises: RedisError if they cannot be read.
    """
    flush()
    sums: dict[bytes, bytes] = redis.hgetall(KEY)  # type: ignore[assignment]
    parsed = sorted((_parse(name.decode()), float(amount)) for name, amount in sums.items())
    counters: dict[str, list[tuple[dict[str, str], float]]] = defaultdict(list)
    for (name, labels), amount in parsed:
        counters[name].append((dict(labels), amount))
    for name, text in HELP.items():
        if name.endswith("_seconds"):
            yield _histogram(name, text, counters)
        else:
            yield _counter(name, text, counters.get(name, []))


def _counter(name: str, text: str, samples: list[tuple[dict[str, str], float]]) -> Metric:
    labels = sorted({label for known, _ in samples for label in known})
    family = CounterMetricFamily(f"crm_{name}", text, labels=labels)
    for known, amount in samples:
        family.add_metric([known.get(label, "") for label in labels], amount)
    return family


def _histogram(name: str, text: str, sums: dict[str, list[tuple[dict[str, str], float]]]) -> Metric:
    totals = {tuple(sorted(labels.items())): amount for labels, amount in sums.get(f"{name}_sum", [])}
    label_names = sorted({label for key in totals for label, _ in key})
    family = HistogramMetricFamily(f"crm_{name}", text, labels=label_names)
    for key, total in totals.items():
        edges = {
            labels["le"]: amount for labels, amount in sums.get(name, []) if _without_edge(labels) == key
        }
        running, buckets = 0.0, []
        for edge in (*map(str, BUCKETS), "inf"):
            running += edges.get(edge, 0.0)
            buckets.append(("+Inf" if edge == "inf" else edge, running))
        family.add_metric([dict(key)[label] for label in label_names], buckets, total)
    return family


def _without_edge(labels: dict[str, str]) -> tuple[tuple[str, str], ...]:
    return tuple(sorted((label, value) for label, value in labels.items() if label != "le"))


def _field(name: str, labels: dict[str, str]) -> str:
    return "\t".join([name, *(f"{label}={value}" for label, value in sorted(labels.items()))])


def _parse(field: str) -> tuple[str, tuple[tuple[str, str], ...]]:
    name, *labels = field.split("\t")
    return name, tuple((label, value) for label, _, value in (text.partition("=") for text in labels))


def _add(amounts: Iterable[tuple[str, float]], *, start: bool = True) -> None:
    global _owner
    with _lock:
        for name, amount in amounts:
            _pending[name] += amount
        starts = start and _redis is not None and _owner != os.getpid()
        if starts:
            _owner = os.getpid()
    if starts:
        threading.Thread(target=_flush_forever, name="metrics", daemon=True).start()


def _flush_forever() -> None:
    while True:
        sleep(FLUSH_SECONDS)
        flush()
