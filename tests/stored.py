"""What the database holds, as tests look at it."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import func, select

from crm.core.db import transaction
from crm.events.models import OutboxEntry
from crm.mobiletech.models import InboundMessage, NotSent, OutboundMessage, SendAttempt, StatusReport
from crm.users.models import AuditEntry


def read(*columns: Any, order: Any = None) -> list[tuple[Any, ...]]:
    """Return the rows of the columns, in order of the first one or of `order`.

    Of acts those that came after signing in: that one of staff stands before everything a test does.
    """
    with transaction() as session:
        statement = select(*columns).order_by(columns[0] if order is None else order)
        if columns[0].class_ is AuditEntry:
            statement = statement.where(AuditEntry.action != "user.sign_in")
        return [tuple(row) for row in session.execute(statement)]


def count_rows() -> dict[str, int]:
    """Return how many rows stand in the tables that a message touches."""
    tables = (InboundMessage, StatusReport, OutboundMessage, NotSent, OutboxEntry)
    with transaction() as session:
        return {
            table.__tablename__: session.execute(select(func.count()).select_from(table)).scalar_one()
            for table in tables
        }


def list_outbound() -> Sequence[OutboundMessage]:
    """Return our messages, oldest first."""
    return _list(OutboundMessage)


def list_inbound() -> Sequence[InboundMessage]:
    """Return readers' messages, oldest first."""
    return _list(InboundMessage)


def list_not_sent() -> Sequence[NotSent]:
    """Return what was not sent, oldest first."""
    return _list(NotSent)


def list_attempts() -> Sequence[SendAttempt]:
    """Return the calls to the gateway, oldest first."""
    return _list(SendAttempt)


def _list(table: Any) -> Sequence[Any]:
    with transaction() as session:
        rows = session.execute(select(table).order_by(table.id)).scalars().all()
        session.expunge_all()
        return rows
