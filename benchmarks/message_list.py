"""(d) The list of messages at its sizes, with any one filter: the first page and pages deep inside.

Times are the server's, at the 95th percentile, beside the same rows read by one statement.
"""

import random
from collections.abc import Iterator, Mapping, Sequence
from statistics import median
from types import MappingProxyType
from typing import Any

from flask import Flask
from psycopg import Connection

from benchmarks.browser import get_page, milliseconds, percentile_95
from benchmarks.figures import Figure, say
from benchmarks.listed import Listed, most_ms, open_list
from benchmarks.plan import Plan
from crm.core.clock import now
from crm.mobiletech.message_log import Kind, Position
from crm.web.cursor import write_cursor
from crm.web.message_filters import PURPOSE
from crm.web.page_tools import get_settings
from crm.web.sealed import seal

MOST_TIMES_FIRST = 1.5
WARM_UP = 5
LIST = "/admin/messages"
# What one filter asks for; `words` and `end of a number` are searches, which the address seals.
VIEWS: MappingProxyType[str, Mapping[str, str]] = MappingProxyType(
    {
        "no filter": {},
        "received": {"direction": "in"},
        "failed": {"state": "failed"},
        "a rare state": {"state": "expired"},
        "a reason": {"reason": "unknown_operator"},
        "a template": {"template": "bench"},
        "a version": {"template": "bench", "version": "1"},
        "one operator": {"operator": "T"},
        "a rare key": {"billkey": "AA99"},
        "a code": {"code": "D6"},
        "a number": {"thread": "17"},
        "a common word": {"term": "prijali"},
        "a rare word": {"term": "m9pflf 4999990"},
        "the end of a number": {"term": "0549"},
    }
)


def measure(plan: Plan) -> list[Figure]:
    """Measure each size in a database of its own, which is kept for the next run."""
    return [figure for rows in plan.rows for figure in _measure_size(plan, rows)]


def _measure_size(plan: Plan, rows: int) -> Iterator[Figure]:
    with open_list(plan, rows) as listed:
        with listed.stage.connect() as connection:
            places = _places(connection, rows, plan.pages)
        for view, asked in VIEWS.items():
            yield from _figures(listed, places, f"(d) list of {rows:,}, {view}", asked, most_ms(rows))


def _figures(
    listed: Listed, places: Sequence[Position], what: str, asked: Mapping[str, str], most: int
) -> Iterator[Figure]:
    """Time the first page and, in turn with it, the page that follows each place."""
    client, filters = listed.client, _sealed(listed.app, asked)
    with listed.app.test_request_context():
        inside = [{**filters, "after": write_cursor(place, filters)} for place in places]
    for page in inside[:WARM_UP]:
        get_page(client, LIST, page)
    times = [
        (
            milliseconds(lambda: get_page(client, LIST, filters)),
            milliseconds(lambda page=page: get_page(client, LIST, page)),  # type: ignore[misc]
        )
        for page in inside
    ]
    first, deep = ([*column] for column in zip(*times, strict=True))
    slowest = percentile_95(first)
    say(f"{what}: first page {slowest:.1f} ms, deep inside {percentile_95(deep):.1f} ms")
    yield Figure(
        what=f"{what}: first page, p95",
        value=slowest,
        unit="ms",
        limit_is="the page's rows by one statement",
        limit=listed.raw,
        target=f"< {most} ms",
        is_met=slowest < most,
    )
    yield Figure(
        what=f"{what}: deep inside, median",
        value=median(deep),
        unit="ms",
        limit_is="its first page",
        limit=median(first),
        target=f"ratio <= {MOST_TIMES_FIRST}, p95 < {most} ms",
        is_met=median(deep) <= MOST_TIMES_FIRST * median(first) and percentile_95(deep) < most,
    )


def _sealed(app: Flask, asked: Mapping[str, str]) -> dict[str, str]:
    if "term" not in asked:
        return dict(asked)
    with app.test_request_context():
        key = get_settings().secret_key
    return {"q": seal(asked["term"], key=key, purpose=PURPOSE, at=now())}


def _places(connection: "Connection[tuple[Any, ...]]", rows: int, count: int) -> list[Position]:
    """Return messages of ours all over the list: between a tenth and nine tenths of its depth."""
    chosen = random.Random(rows)
    ids = [chosen.randrange(rows // 20, rows * 9 // 20) for _ in range(count)]
    statement = "SELECT created_at, id FROM mobiletech_outbound_messages WHERE id = ANY(%s)"
    return [Position(at, Kind.OUTBOUND, row_id) for at, row_id in connection.execute(statement, [ids])]
