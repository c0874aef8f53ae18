"""(d) The list of messages at its sizes, with any one filter: the first page and pages deep inside.

Times are the server's, at the 95th percentile, beside the same rows read by one statement.
"""

import random
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from statistics import median
from types import MappingProxyType
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from psycopg import Connection

from benchmarks.browser import get_page, milliseconds, percentile_95, sign_in
from benchmarks.figures import Figure, say
from benchmarks.history import load_messages, mark_of_messages
from benchmarks.plan import Plan
from benchmarks.stage import open_stage
from crm.core.clock import now
from crm.core.db import db
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
RAW_PAGE = (Path(__file__).parent / "sql" / "page.sql").read_text()


def most_ms(rows: int) -> int:
    """Return how long a page may take at the 95th percentile, by the size of the list."""
    return 60 if rows <= 1_000_000 else 150


def measure(plan: Plan) -> list[Figure]:
    """Measure each size in a database of its own, which is kept for the next run."""
    return [figure for rows in plan.rows for figure in _measure_size(plan, rows)]


def _measure_size(plan: Plan, rows: int) -> Iterator[Figure]:
    mark = mark_of_messages(rows)
    with open_stage(f"crm_bench_list_{rows}", mark=mark) as stage:
        if stage.find_mark() != mark:
            load_messages(stage, rows)
        app = stage.make_app()
        client = sign_in(app)
        with stage.connect() as connection:
            places = _places(connection, rows, plan.pages)
            raw = median(milliseconds(lambda: connection.execute(RAW_PAGE).fetchall()) for _ in places)
        for view, asked in VIEWS.items():
            yield from _figures(app, client, places, f"(d) list of {rows:,}, {view}", asked, raw, rows)
        with app.app_context():
            db.engine.dispose()


def _figures(
    app: Flask,
    client: FlaskClient,
    places: Sequence[Position],
    what: str,
    asked: Mapping[str, str],
    raw: float,
    rows: int,
) -> Iterator[Figure]:
    """Time the first page and, in turn with it, the page that follows each place."""
    filters = _sealed(app, asked)
    with app.test_request_context():
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
    slowest, most = percentile_95(first), most_ms(rows)
    say(
        f"{what}: first page {slowest:.1f} ms, deep inside {percentile_95(deep):.1f} ms, bare SQL {raw:.1f} ms"
    )
    yield Figure(
        what=f"{what}: first page, p95",
        value=slowest,
        unit="ms",
        limit_is="the page's rows by one statement",
        limit=raw,
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
