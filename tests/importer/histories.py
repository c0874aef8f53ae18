"""A reader's history in an old system as rows of files: what was paid, by which SMS, and what renews it.

All dates of a test are counted from one moment: a second may pass while it runs, and another date is another row.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import text

from crm.core.db import transaction
from tests.factories.imported_money import import_rows, message_row, payment_row
from tests.factories.money import NUMBER

PARENT = "parent_payment_external_id"
_moments: list[datetime] = []


def begin_moment() -> None:
    """Count dates from now on from now."""
    _moments[:] = [datetime.now(UTC).replace(microsecond=0)]


def ago(**how_long: int) -> datetime:
    """Return a time before the moment of the test; negative ones are ahead of it."""
    [moment] = _moments
    return moment - timedelta(**how_long)


def paid_row(number: int, at: datetime, **values: Any) -> dict[str, Any]:
    dates = {
        "paid_at": at.isoformat(),
        "created_at": at.isoformat(),
        "subscription_start_at": at.isoformat(),
        "subscription_end_at": (at + timedelta(days=30)).isoformat(),
    }
    return payment_row(number, **dates, **values)


def message_of(number: int, at: datetime, **values: Any) -> dict[str, Any]:
    return message_row(number, created_at=at.isoformat(), **values)


def pay_there(number: int, at: datetime, **values: Any) -> None:
    """Import a payment and the SMS by which it was paid; the first SMS answered the reader's."""
    import_rows("payments", [paid_row(number, at, **values)])
    answered = values.get("cid", "old-in-1") if number == 1 or "cid" in values else ""
    sent = message_of(number, at, rcv_msg_id=answered, billkey=values.get("billkey", "AA99"))
    import_rows("outbound-messages", [sent])


def renewal_line(*, charge_at: datetime, **values: Any) -> dict[str, Any]:
    return {
        "external_id": "r1",
        "cid": "old-in-1",
        "user_phone": NUMBER,
        PARENT: "9001",
        "payment_external_id": "",
        "subscription_type": "month",
        "charge_at": charge_at.isoformat(),
        "state": "active",
    } | values


def do(statement: str) -> None:
    """Run a statement in a transaction of its own."""
    with transaction() as session:
        session.execute(text(statement))
