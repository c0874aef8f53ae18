"""The demo's subscription types, each sold on its key with its texts."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy.orm import Session

from crm.sms_billing.offers import OfferTexts, set_offer
from crm.subscriptions.details import SubscriptionTypeDetails
from crm.subscriptions.queries import find_type
from crm.subscriptions.types import add_type

SALE = ("billkey", "template", "first_template")


def add_types(session: Session, wanted: Sequence[dict[str, Any]]) -> int:
    """Add the types that are missing; return how many. What somebody changed stays."""
    missing = [each for each in wanted if find_type(session, each["code"]) is None]
    for each in missing:
        said = {name: value for name, value in each.items() if name not in ("code", *SALE)}
        added = add_type(session, each["code"], SubscriptionTypeDetails(**said))
        texts = OfferTexts(renewal=each["template"], first=each.get("first_template"))
        set_offer(session, added, each["billkey"], texts)
    return len(missing)
