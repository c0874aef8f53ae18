"""Moments by the clock on the newsroom's wall or counted from now, and the database's clock set to one."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select

from crm.core.clock import db_now
from crm.core.db import transaction
from tests.conftest import Clock

ZONE = ZoneInfo("Europe/Bratislava")


def on_the_wall(written: str) -> datetime:
    """Return the moment when the wall shows `2026-12-03 10:00`."""
    return datetime.fromisoformat(written).replace(tzinfo=ZONE)


def set_clock(clock: Clock, written: str) -> None:
    """Let it be that time now."""
    with transaction() as session:
        now: datetime = session.execute(select(db_now())).scalar_one()
    clock.advance(on_the_wall(written) - now)


def in_days(days: int) -> str:
    """Return the moment in so many days, negative for ago, as a file says it."""
    return f"{datetime.now(UTC) + timedelta(days=days):%Y-%m-%d %H:%M:%SZ}"
