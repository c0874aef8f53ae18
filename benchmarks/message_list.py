"""(d) The list of messages at its sizes: the first page and pages deep inside, as the server makes them."""

import random
import re
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from statistics import median
from types import MappingProxyType
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from psycopg import Connection

from benchmarks.errors import BenchmarkError
from benchmarks.figures import Figure, say
from benchmarks.history import load_messages, mark_of_messages
from benchmarks.plan import Plan
from benchmarks.stage import HOST_NAME, open_stage
from crm.core.db import db, transaction
from crm.mobiletech.message_log import Kind, Position
from crm.users.accounts import create_user
from crm.users.queries import find_by_email
from crm.users.roles import Role
from crm.web.cursor import write_cursor

MOST_TIMES_FIRST, MOST_MS = 1.5, 100
WARM_UP = 5
LIST = "/admin/messages"
EMAIL, PASSWORD = "benchmark@example.sk", "a password for benchmarks"
VIEWS: MappingProxyType[str, dict[str, str]] = MappingProxyType(
    {
        "no filter": {},
        "failed": {"state": "failed"},
        "one operator": {"operator": "T"},
        "a rare key": {"billkey": "AA99"},
    }
)
RAW_PAGE = (Path(__file__).parent / "sql" / "page.sql").read_text()
_TOKEN = re.compile(r'name="csrf_token"[^>]*value="([^"]+)"')


def measure(plan: Plan) -> list[Figure]:
    """Measure each size in a database of its own, which is kept for the next run."""
    return [figure for rows in plan.rows for figure in _measure_size(plan, rows)]


def _measure_size(plan: Plan, rows: int) -> Iterator[Figure]:
    mark = mark_of_messages(rows)
    with open_stage(f"crm_bench_list_{rows}", mark=mark) as stage:
        if stage.find_mark() != mark:
            load_messages(stage, rows)
        app = stage.make_app()
        client = _sign_in(app)
        with stage.connect() as connection:
            places = _places(connection, rows, plan.pages)
            raw = median(_milliseconds(lambda: connection.execute(RAW_PAGE).fetchall()) for _ in places)
        for view, filters in VIEWS.items():
            yield from _figures(app, client, places, f"(d) list of {rows:,}, {view}", filters, raw)
        with app.app_context():
            db.engine.dispose()


def _figures(
    app: Flask,
    client: FlaskClient,
    places: Sequence[Position],
    what: str,
    filters: dict[str, str],
    raw: float,
) -> Iterator[Figure]:
    """Time the first page and, in turn with it, the page that follows each place."""
    with app.test_request_context():
        inside = [{**filters, "after": write_cursor(place, filters)} for place in places]
    for page in inside[:WARM_UP]:
        _get(client, page)
    times = [(_time_page(client, filters), _time_page(client, page)) for page in inside]
    first, deep = (median(column) for column in zip(*times, strict=True))
    say(f"{what}: first page {first:.1f} ms, deep inside {deep:.1f} ms, bare SQL {raw:.1f} ms")
    yield Figure(
        what=f"{what}: first page",
        value=first,
        unit="ms",
        limit_is="the page's rows by one statement",
        limit=raw,
        target=f"< {MOST_MS} ms",
        is_met=first < MOST_MS,
    )
    yield Figure(
        what=f"{what}: deep inside",
        value=deep,
        unit="ms",
        limit_is="its first page",
        limit=first,
        target=f"ratio <= {MOST_TIMES_FIRST}, < {MOST_MS} ms",
        is_met=deep <= MOST_TIMES_FIRST * first and deep < MOST_MS,
    )


def _places(connection: "Connection[tuple[Any, ...]]", rows: int, count: int) -> list[Position]:
    """Return messages of ours all over the list: between a tenth and nine tenths of its depth."""
    chosen = random.Random(rows)
    ids = [chosen.randrange(rows // 20, rows * 9 // 20) for _ in range(count)]
    statement = "SELECT created_at, id FROM mobiletech_outbound_messages WHERE id = ANY(%s)"
    return [Position(at, Kind.OUTBOUND, row_id) for at, row_id in connection.execute(statement, [ids])]


def _milliseconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return (time.perf_counter() - started) * 1000


def _time_page(client: FlaskClient, query: dict[str, str]) -> float:
    return _milliseconds(lambda: _get(client, query))


def _get(client: FlaskClient, query: dict[str, str]) -> None:
    response = client.get(LIST, query_string=query, base_url=f"https://{HOST_NAME}")
    if response.status_code != 200 or b"<tr" not in response.data:
        raise BenchmarkError(f"{LIST} answered {response.status_code} to {query}.")


def _sign_in(app: Flask) -> FlaskClient:
    """Return a browser in which a member of staff is signed in."""
    with app.app_context(), transaction() as session:
        if find_by_email(session, EMAIL) is None:
            create_user(session, email=EMAIL, password=PASSWORD, role=Role.ADMIN)
    client, base_url = app.test_client(), f"https://{HOST_NAME}"
    token = _TOKEN.search(client.get("/login", base_url=base_url).text)
    if token is None:
        raise BenchmarkError("The login page has no form.")
    fields = {"username": EMAIL, "password": PASSWORD, "csrf_token": token[1]}
    headers = {"Referer": f"{base_url}/login"}
    response = client.post("/login", data=fields, headers=headers, base_url=base_url)
    if response.status_code != 302:
        raise BenchmarkError(f"/login answered {response.status_code}.")
    return client
