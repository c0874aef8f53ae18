"""Rows of the message log as they stand in the tables, each a second newer than the one before."""

from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from crm.core.db import transaction
from crm.mobiletech.models import InboundMessage, NotSent, OutboundMessage

START = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)
NUMBER = "+421908630549"

_seconds = count()
_ids = count(1)


def make_inbound(**overrides: Any) -> int:
    """Add an SMS from a reader."""
    at = START + timedelta(seconds=next(_seconds))
    values = {
        "mobiletech_id": f"in-{next(_ids)}",
        "serv_id": "1703",
        "project_id": "76",
        "from_": NUMBER,
        "to": "8877",
        "content": "START",
        "content_coding": "text",
        "dcs": "0",
        "esm": "0",
        "operator_type": "O",
        "receive_date": at,
        "receive_date_raw": "2611200900000",
        "raw": f'<message command="receive"><from>{NUMBER}</from></message>'.encode(),
        "created_at": at,
    } | overrides
    return _add(InboundMessage(**values))


def make_outbound(**overrides: Any) -> int:
    """Add an SMS to a reader, billed unless told otherwise."""
    at = START + timedelta(seconds=next(_seconds))
    content = overrides.get("content", "Prijali sme: START")
    values = {
        "mobiletech_id": f"out-{next(_ids)}",
        "state": "accepted",
        "billing": "billed",
        "status": "D1",
        "purpose": "service",
        "paid": False,
        "serv_id": "1703",
        "from_": "8877",
        "to": NUMBER,
        "billkey": "AZ19",
        "content": content,
        "content_length": len(content),
        "encoding": "gsm7",
        "parts": 1,
        "expiration": 100,
        "operator_type": "O",
        "created_at": at,
    } | overrides
    return _add(OutboundMessage(**values))


def make_not_sent(**overrides: Any) -> int:
    """Add an SMS that was wanted and not made."""
    values = {
        "reason": "no_template",
        "detail": "There is no SMS template 'welcome'.",
        "template_code": "welcome",
        "to": NUMBER,
        "created_at": START + timedelta(seconds=next(_seconds)),
    } | overrides
    return _add(NotSent(**values))


def _add(row: Any) -> int:
    with transaction() as session:
        session.add(row)
        session.flush()
        return int(row.id)
