"""A publisher who sells by SMS, and readers who write to it."""

from datetime import datetime
from itertools import count
from typing import Any
from zoneinfo import ZoneInfo

from flask.testing import FlaskClient
from sqlalchemy import select

from crm.core.clock import db_now
from crm.core.db import transaction
from crm.mobiletech.conversations.models import InboxItem
from crm.mobiletech.models import InboundMessage, NotSent
from crm.mobiletech.rules.models import Decision
from crm.mobiletech.wire.receive_date import format_receive_date
from crm.seed.standard import seed_standard
from tests.factories.messages import WEBHOOK, make_receive
from tests.factories.money import NUMBER, make_type, set_up_sale
from tests.factories.rules import make_rule
from tests.outbox import run_all

ZONE = ZoneInfo("Europe/Bratislava")
_ids = count(700_001)


def set_up_keywords(**settings: str) -> int:
    """Sell a month at START, tell the state at STAV, and return the type's id."""
    set_up_sale(**settings)
    with transaction() as session:
        seed_standard(session)
    type_id = make_type()
    make_rule("START", action="subscribe", subscription_type="month")
    make_rule("STAV", action="state")
    return type_id


def write(
    client: FlaskClient,
    content: str,
    number: str = NUMBER,
    *,
    written_at: datetime | None = None,
    run: bool = True,
    **overrides: str,
) -> int:
    """Let a reader write an SMS, at a moment that may differ from when it comes; return its id."""
    mobiletech_id = str(next(_ids))
    with transaction() as session:
        at = written_at or session.execute(select(db_now())).scalar_one()
    body = make_receive(
        id=mobiletech_id,
        from_=f"+421{number[1:]}" if number.startswith("0") else number,
        content=content,
        receive_date_raw=format_receive_date(at, ZONE),
        **overrides,
    )
    assert client.post(WEBHOOK, data=body).status_code == 200
    if run:
        run_all()
    with transaction() as session:
        found = select(InboundMessage.id).where(InboundMessage.mobiletech_id == mobiletech_id)
        return session.execute(found).scalar_one()


def decision_of(inbound_id: int) -> tuple[str, list[dict[str, Any]]]:
    """Return the outcome and the steps."""
    with transaction() as session:
        decision = session.get_one(Decision, inbound_id)
        return decision.outcome, list(decision.steps)


def step_kinds(inbound_id: int) -> list[str]:
    """Return what kinds of steps a decision has."""
    return [step["kind"] for step in decision_of(inbound_id)[1]]


def waiting_in_inbox() -> list[tuple[int, str]]:
    """Return the SMS that wait for a person, and why."""
    with transaction() as session:
        rows = session.execute(select(InboxItem.inbound_message_id, InboxItem.reason).order_by(InboxItem.id))
        return [(row.inbound_message_id, row.reason) for row in rows]


def refusals() -> list[tuple[str, str]]:
    """Return what was not sent, and the reason in words."""
    with transaction() as session:
        rows = session.execute(select(NotSent.reason, NotSent.detail).order_by(NotSent.id))
        return [(row.reason, row.detail) for row in rows]
