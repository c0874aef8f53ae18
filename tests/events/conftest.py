"""A switchboard of the test's own, and effects that can be counted."""

from collections.abc import Callable, Generator, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import pytest
from flask import Flask
from sqlalchemy import select, text

from crm.core.clock import db_now
from crm.core.db import current_session, db, transaction
from crm.events.drain import drain
from crm.events.models import OutboxEntry
from crm.events.publish import publish
from crm.events.registry import Registry, registry


@pytest.fixture
def switchboard(app: Flask) -> Iterator[Registry]:
    """Return the registry, empty; afterwards it is as it was."""
    before = dict(registry.handlers), dict(registry.effects), set(registry.unheard)
    registry.clear()
    yield registry
    registry.clear()
    registry.handlers.update(before[0])
    registry.effects.update(before[1])
    registry.unheard.update(before[2])


@dataclass
class Effects:
    """A table that handlers write to, in the order in which they ran."""

    def write(self, what: object) -> None:
        """Write one line in the transaction of the handler."""
        current_session().execute(text("INSERT INTO test_effects (what) VALUES (:what)"), {"what": str(what)})

    def list_all(self) -> list[str]:
        """Return what was committed."""
        with transaction() as session:
            return list(session.execute(text("SELECT what FROM test_effects ORDER BY id")).scalars())


@pytest.fixture
def effects(app: Flask) -> Iterator[Effects]:
    """Return an empty table of effects."""
    with db.engine.begin() as connection:
        connection.execute(text("CREATE UNLOGGED TABLE test_effects (id serial, what text)"))
    yield Effects()
    db.session.remove()
    with db.engine.begin() as connection:
        connection.execute(text("DROP TABLE test_effects"))


Put = Callable[..., int | None]  # the id of the entry, None if there was one under the key


@pytest.fixture
def put(app: Flask) -> Put:
    """Return a function that publishes one entry in a transaction of its own."""
    numbers = iter(range(1, 1_000_000))

    def put_one(event: str = "thing", *, key: str | None = None, **values: object) -> int | None:
        key, lane, due_in = (
            key or f"{event}:{next(numbers)}",
            values.pop("lane", None),
            values.pop("due_in", None),
        )
        with transaction() as session:
            due_at = session.execute(select(db_now())).scalar_one() + due_in if due_in else None
            if not publish(session, event, values, key=key, lane=lane, available_at=due_at):
                return None
            return session.execute(select(OutboxEntry.id).where(OutboxEntry.key == key)).scalar_one()

    return put_one


@pytest.fixture
def other_worker(app: Flask) -> Iterator[Callable[[], Future[tuple[int, bool]]]]:
    """Return a function that drains in a thread with a database connection of its own."""

    def work() -> tuple[int, bool]:
        with app.app_context():
            return drain(for_seconds=20)

    with ThreadPoolExecutor(max_workers=4) as threads:
        yield lambda: threads.submit(work)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Let a captured log with half a surrogate pair pass to the other process: xdist takes only UTF-8."""
    report = yield
    report.sections = [(name, text.encode(errors="replace").decode()) for name, text in report.sections]
    return report
