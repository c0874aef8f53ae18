"""Figures of all processes: counted in memory, summed in Redis, and never a reason to wait or to fail."""

import time
from collections.abc import Iterator

import pytest
from prometheus_client.metrics_core import Metric
from redis import Redis

from crm.core import metrics
from crm.core.config import Settings
from crm.events import doorbell


def test_counts_are_summed_by_label(redis: Redis) -> None:
    for outcome in ("accepted", "accepted", "unknown"):
        metrics.count("sends_total", outcome=outcome)

    assert samples(redis, "crm_sends") == {
        ("crm_sends_total", "accepted"): 2,
        ("crm_sends_total", "unknown"): 1,
    }


def test_what_several_processes_counted_is_one_sum(redis: Redis) -> None:
    metrics.count("sends_total", outcome="accepted")
    metrics.flush()
    metrics.count("sends_total", outcome="accepted")
    metrics.flush()

    assert samples(redis, "crm_sends")["crm_sends_total", "accepted"] == 2


def test_a_histogram_has_running_buckets_a_count_and_a_sum(redis: Redis) -> None:
    for seconds in (0.0005, 0.003, 0.003, 99.0):
        metrics.observe("webhook_seconds", seconds, command="receive")

    metric = find(redis, "crm_webhook_seconds")
    buckets = {
        sample.labels["le"]: sample.value for sample in metric.samples if sample.name.endswith("_bucket")
    }
    others = {sample.name: sample.value for sample in metric.samples if not sample.name.endswith("_bucket")}
    assert (buckets["0.001"], buckets["0.0025"], buckets["0.005"], buckets["15.0"], buckets["+Inf"]) == (
        1,
        1,
        3,
        3,
        4,
    )
    assert others == {"crm_webhook_seconds_count": 4, "crm_webhook_seconds_sum": pytest.approx(99.0065)}


def test_every_figure_is_there_before_anything_was_counted(redis: Redis) -> None:
    names = {metric.name for metric in metrics.collect(redis)}

    assert names == {f"crm_{name.removesuffix('_total')}" for name in metrics.HELP}


def test_a_redis_that_is_away_costs_no_time_and_loses_nothing(redis: Redis, settings: Settings) -> None:
    metrics.configure(doorbell.connect("redis://127.0.0.1:1"))
    started = time.monotonic()
    for _ in range(100):
        metrics.count("sends_total", outcome="accepted")
    took = time.monotonic() - started
    metrics.flush()

    metrics.configure(redis)

    assert took < 0.05
    assert samples(redis, "crm_sends")["crm_sends_total", "accepted"] == 100


def test_a_wiped_redis_starts_at_zero(redis: Redis) -> None:
    metrics.count("sends_total", outcome="accepted")
    metrics.flush()

    redis.flushall()
    metrics.count("sends_total", outcome="accepted")

    assert samples(redis, "crm_sends")["crm_sends_total", "accepted"] == 1


@pytest.mark.parametrize("label", ["a=b", "a b", 'a"b', "ä", "a\\b"])
def test_a_label_may_be_any_text_of_one_line(redis: Redis, label: str) -> None:
    metrics.count("not_sent_total", reason=label)

    assert samples(redis, "crm_not_sent") == {("crm_not_sent_total", label): 1}


def find(redis: Redis, name: str) -> Metric:
    return next(metric for metric in metrics.collect(redis) if metric.name == name)


def samples(redis: Redis, name: str) -> dict[tuple[str, str], float]:
    return {
        (sample.name, next(iter(sample.labels.values()), "")): sample.value
        for sample in find(redis, name).samples
    }


@pytest.fixture
def redis(redis_url: str, migrated_app: object) -> Iterator[Redis]:
    """Return an empty Valkey that the figures go to."""
    client = Redis.from_url(redis_url)
    metrics.flush()
    client.flushall()
    metrics.configure(client)
    yield client
    metrics.configure(doorbell.connect(redis_url))
