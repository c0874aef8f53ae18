"""Types that are sold by SMS, with the paid texts that go with them."""

from typing import Any

from crm.core.db import transaction
from crm.mobiletech.sms_templates import create_template
from crm.sms_billing.offers import OfferTexts, set_offer
from crm.subscriptions.models import SubscriptionType
from tests.factories.catalogue import make_billkey
from tests.factories.subscriptions import make_type

PAID_TEXT = "{{ subscription_name }} predlzene, {{ price }} EUR/mesiac. Zrusit: STOP na 8877"


def make_paid_template(code: str = "renewal") -> str:
    """Add a paid template and return its code."""
    with transaction() as session:
        create_template(session, code, PAID_TEXT, purpose="paid")
    return code


def make_sold_type(code: str = "month", **values: Any) -> int:
    """Add a type with a key AA99 of its price and a text `renewal`, and return its id."""
    type_id = make_type(code, **values)
    make_billkey("AA99", price=values.get("price"))
    make_paid_template()
    with transaction() as session:
        set_offer(session, session.get_one(SubscriptionType, type_id), "AA99", OfferTexts(renewal="renewal"))
    return type_id
