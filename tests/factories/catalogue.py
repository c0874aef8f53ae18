"""Billing keys as the gateway gives them out."""

from collections.abc import Sequence
from datetime import datetime

from crm.core.db import transaction
from crm.mobiletech.catalogue.billkeys import BillkeyDetails, add_billkey


def make_billkey(
    code: str = "AA99",
    *,
    kind: str = "paid",
    price: str | None = None,
    short_number: str = "",
    operators: Sequence[str] = (),
    valid_from: datetime | None = None,
    valid_until: datetime | None = None,
) -> str:
    """List a key, paid unless it is said to be free, and return its code."""
    details = BillkeyDetails(
        kind=kind,
        price=price or ("0" if kind == "free" else "4.99"),
        short_number=short_number,
        operators=operators,
        valid_from=valid_from,
        valid_until=valid_until,
    )
    with transaction() as session:
        add_billkey(session, code, details)
    return code
