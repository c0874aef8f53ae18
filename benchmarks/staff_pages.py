"""(e) Every other list and detail page of the staff, beside as many messages as the list has."""

import random
from collections.abc import Iterator
from statistics import median
from types import MappingProxyType

from benchmarks.browser import get_page, milliseconds, percentile_95
from benchmarks.errors import BenchmarkError
from benchmarks.figures import Figure, say
from benchmarks.listed import Listed, most_ms, open_list
from benchmarks.message_list import WARM_UP
from benchmarks.plan import Plan

# {n} is the id of a message anywhere in the list, {thread} that of a known number.
PAGES: MappingProxyType[str, str] = MappingProxyType(
    {
        "overview": "/admin/",
        "overview of 30 days": "/admin/?days=30",
        "one SMS from a reader": "/admin/messages/inbound/{n}",
        "one SMS of ours": "/admin/messages/outbound/{n}",
        "conversation": "/admin/threads/{thread}",
        "numbers": "/admin/phone-numbers",
        "numbers that are linked": "/admin/phone-numbers?linked=yes",
        "numbers of one operator": "/admin/phone-numbers?operator=T",
        "one number": "/admin/phone-numbers/{thread}",
        "inbox": "/admin/inbox",
        "inbox, done": "/admin/inbox?state=done",
        "templates": "/admin/templates",
        "one template": "/admin/templates/bench",
        "versions of a template": "/admin/templates/bench/versions",
        "rules": "/admin/rules",
        "one rule": "/admin/rules/1",
        "billing keys": "/admin/billkeys",
        "one billing key": "/admin/billkeys/AZ19",
        "operations": "/admin/operations",
        "failed work": "/admin/operations/work",
        "gateway log, sends": "/admin/operations/gateway?kind=send",
        "gateway log, rejected sends": "/admin/operations/gateway?kind=send&outcome=rejected",
        "gateway log, SMS": "/admin/operations/gateway?kind=receive",
        "gateway log, reports": "/admin/operations/gateway?kind=status",
        "gateway log, one code": "/admin/operations/gateway?kind=status&code=D6",
        "people": "/admin/users",
        "audit log": "/admin/audit",
        "help": "/admin/help",
    }
)


def measure(plan: Plan) -> list[Figure]:
    """Measure beside each size of the list of messages."""
    return [figure for rows in plan.rows for figure in _measure_size(plan, rows)]


def _measure_size(plan: Plan, rows: int) -> Iterator[Figure]:
    with open_list(plan, rows) as listed:
        with listed.stage.connect() as connection:
            [threads] = connection.execute("SELECT count(*) FROM known_numbers").fetchone() or (0,)
        chosen = random.Random(rows)
        for what, path in PAGES.items():
            places = [_place(path, chosen, rows, threads) for _ in range(plan.pages + WARM_UP)]
            yield _figure(f"(e) {what}, {rows:,} messages", places, listed, most_ms(rows))


def _place(path: str, chosen: random.Random, rows: int, threads: int) -> str:
    return path.format(n=chosen.randrange(1, rows // 2), thread=chosen.randrange(1, threads))


def _figure(what: str, places: list[str], listed: Listed, most: int) -> Figure:
    def get(path: str) -> None:
        get_page(listed.client, path)

    try:
        for place in places[:WARM_UP]:
            get(place)
        times = [milliseconds(lambda place=place: get(place)) for place in places[WARM_UP:]]  # type: ignore[misc]
    except BenchmarkError as error:
        raise BenchmarkError(f"{what}: {error}") from error
    slowest = percentile_95(times)
    say(f"{what}: p95 {slowest:.1f} ms, median {median(times):.1f} ms")
    return Figure(
        what=f"{what}: p95",
        value=slowest,
        unit="ms",
        limit_is="a page's rows by one statement",
        limit=listed.raw,
        target=f"< {most} ms",
        is_met=slowest < most,
    )
