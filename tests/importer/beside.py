"""Something that happens beside an open transaction: it is over before that ends, or has to wait for it."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from flask import Flask
from sqlalchemy import text

from crm.core.db import db
from tests.waiting import wait_until

WAITS = "SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"


@contextmanager
def beside(app: Flask, act: Callable[[], object]) -> Iterator[Callable[[], None]]:
    """Give what lets something happen beside the open transaction: it is over then, or waits for that to end."""

    def run() -> None:
        with app.app_context():
            act()

    thread = threading.Thread(target=run)

    def happen() -> None:
        thread.start()
        wait_until(lambda: not thread.is_alive() or _is_anybody_waiting(), seconds=60)

    yield happen
    thread.join()


def _is_anybody_waiting() -> bool:
    """Return whether some transaction waits for a lock of another, asked beside both."""
    with db.engine.connect() as connection:
        return connection.execute(text(WAITS)).first() is not None
