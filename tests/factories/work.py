"""Entries of the outbox as they stand in the table, failed unless told otherwise."""

from itertools import count
from typing import Any

from sqlalchemy import func, text

from crm.core.clock import db_now
from crm.core.db import transaction
from crm.events.models import OutboxEntry

_keys = count(1)


def make_work(*, state: str = "dead", due_in_minutes: float = 0, **overrides: Any) -> int:
    """Add an entry and return its id."""
    values = {
        "key": f"work:{next(_keys)}",
        "event": "mobiletech-inbound",
        "payload": {"mobiletech_inbound_message_id": 1},
        "attempts": 8,
        "error": "ValueError: no",
        "finished_at": None if state == "ready" else db_now(),
    } | overrides
    with transaction() as session:
        due_at = db_now() + func.make_interval(0, 0, 0, 0, 0, 0, due_in_minutes * 60)
        entry = OutboxEntry(state=state, available_at=due_at, **values)
        session.add(entry)
        session.flush()
        return entry.id


def make_run(
    name: str, *, minutes_ago: float, error: str | None = None, gap_seconds: int | None = None
) -> None:
    """Add the last run of a periodic task."""
    with transaction() as session:
        session.execute(
            text(
                "INSERT INTO periodic_runs (name, started_at, finished_at, error, gap_seconds, gap_ended_at)"
                " SELECT :name, at, at, :error, CAST(:gap AS int), CASE WHEN :gap IS NOT NULL THEN at END"
                " FROM (SELECT crm_now() - make_interval(secs => :ago) AS at) AS run"
            ),
            {"name": name, "ago": minutes_ago * 60, "error": error, "gap": gap_seconds},
        )
