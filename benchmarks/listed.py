"""A database with so many messages, kept for the next run, and a browser of staff on it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from flask import Flask
from flask.testing import FlaskClient

from benchmarks.browser import milliseconds, sign_in
from benchmarks.history import load_messages, mark_of_messages
from benchmarks.plan import Plan
from benchmarks.stage import Stage, open_stage
from crm.core.db import db
from crm.mobiletech.figures.housekeeping import count_days

RAW_PAGE = (Path(__file__).parent / "sql" / "page.sql").read_text()


@dataclass(frozen=True, kw_only=True, slots=True)
class Listed:
    """What pages are asked of; `raw` is how long PostgreSQL takes for a page's rows, in milliseconds."""

    stage: Stage
    app: Flask
    client: FlaskClient
    raw: float


@contextmanager
def open_list(plan: Plan, rows: int) -> Iterator[Listed]:
    """Give the database of that size, loaded unless it is there already."""
    mark = mark_of_messages(rows)
    with open_stage(f"crm_bench_list_{rows}", mark=mark) as stage:
        if stage.find_mark() != mark:
            load_messages(stage, rows)
        app = stage.make_app()
        with app.app_context():
            count_days()  # as a worker does each hour
        with stage.connect() as connection:
            raw = median(
                milliseconds(lambda: connection.execute(RAW_PAGE).fetchall()) for _ in range(plan.pages)
            )
        yield Listed(stage=stage, app=app, client=sign_in(app), raw=raw)
        with app.app_context():
            db.engine.dispose()


def most_ms(rows: int) -> int:
    """Return how long a page may take at the 95th percentile, by the size of the list."""
    return 60 if rows <= 1_000_000 else 150
