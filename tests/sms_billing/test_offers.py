"""A type is sold only on a paid key of exactly its price, and with texts that tell it."""

from datetime import UTC, datetime

import pytest
from flask import Flask

from crm.core.business_settings import set_setting
from crm.core.db import transaction
from crm.mobiletech.sms_templates import create_template
from crm.sms_billing.errors import InvalidOfferError
from crm.sms_billing.models import SmsOffer
from crm.sms_billing.offers import OfferTexts, find_offer, list_offer_faults, remove_offer, set_offer
from crm.subscriptions.models import SubscriptionType
from crm.users.audit_log import Actor, acting
from crm.users.models import AuditEntry
from tests.factories.catalogue import make_billkey
from tests.factories.offers import make_paid_template, make_sold_type
from tests.factories.subscriptions import make_type
from tests.stored import read

OFFER = (
    SmsOffer.subscription_type_id,
    SmsOffer.billkey,
    SmsOffer.template_code,
    SmsOffer.first_template_code,
)
PAST = datetime(2026, 1, 1, tzinfo=UTC)
FUTURE = datetime(2099, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("billkey", "texts", "field", "told"),
    [
        (
            "AA50",
            OfferTexts(renewal="renewal"),
            "billkey",
            "The billing key AA50 charges 5.00 EUR and the type costs 4.99 EUR: they must be the same.",
        ),
        (
            "ZZ00",
            OfferTexts(renewal="renewal"),
            "billkey",
            "The billing key ZZ00 is not listed: nobody has said what it charges.",
        ),
        (
            "a\0",
            OfferTexts(renewal="renewal"),
            "billkey",
            "The billing key a\0 is not listed: nobody has said what it charges.",
        ),
        (
            "AZ19",
            OfferTexts(renewal="renewal"),
            "billkey",
            "The billing key AZ19 is free: nothing can be sold on it.",
        ),
        (
            "SET1",
            OfferTexts(renewal="renewal"),
            "billkey",
            "The billing key SET1 is free: nothing can be sold on it.",
        ),
        ("OLD1", OfferTexts(renewal="renewal"), "billkey", "The billing key OLD1 is valid no more."),
        ("FUT1", OfferTexts(renewal="renewal"), "billkey", "The billing key FUT1 is not valid yet."),
        ("AA99", OfferTexts(renewal="nope"), "template", "There is no template nope."),
        ("AA99", OfferTexts(renewal="a\0"), "template", "There is no template a\0."),
        (
            "AA99",
            OfferTexts(renewal="hello"),
            "template",
            "The template hello is no paid one: its text need not tell price and STOP.",
        ),
        (
            "AA99",
            OfferTexts(renewal="renewal", first="hello"),
            "first_template",
            "The template hello is no paid one: its text need not tell price and STOP.",
        ),
    ],
)
def test_what_does_not_fit_is_refused_with_its_rule(
    app: Flask, billkey: str, texts: OfferTexts, field: str, told: str
) -> None:
    type_id = make_type()
    make_billkey("AA99")
    make_billkey("AA50", price="5")
    make_billkey("AZ19", kind="free")
    make_billkey("SET1")
    make_billkey("OLD1", valid_until=PAST)
    make_billkey("FUT1", valid_from=FUTURE)
    make_paid_template()
    with transaction() as session:
        create_template(session, "hello", "Ahoj")
        set_setting(session, "mobiletech_billkey_free", "SET1")

    with pytest.raises(InvalidOfferError) as refused, transaction() as session:
        set_offer(session, session.get_one(SubscriptionType, type_id), billkey, texts)

    assert (str(refused.value), refused.value.field) == (told, field)
    assert read(SmsOffer.billkey) == []


def test_an_amount_in_another_currency_is_another_amount(app: Flask) -> None:
    type_id = make_type(currency="CZK")
    make_billkey("AA99")
    make_paid_template()

    with pytest.raises(InvalidOfferError) as refused, transaction() as session:
        texts = OfferTexts(renewal="renewal")
        set_offer(session, session.get_one(SubscriptionType, type_id), "AA99", texts)

    assert "charges 4.99 EUR and the type costs 4.99 CZK" in str(refused.value)


def test_an_offer_is_set_changed_and_taken_back_in_the_audit_log(app: Flask) -> None:
    type_id = make_sold_type()
    make_paid_template("welcome-paid")

    with acting(Actor(name="Eva")):
        assert change(type_id, OfferTexts(renewal="renewal", first="welcome-paid")) is True
        assert change(type_id, OfferTexts(renewal="renewal", first="welcome-paid")) is False
        assert read(*OFFER) == [(type_id, "AA99", "renewal", "welcome-paid")]
        with transaction() as session:
            assert remove_offer(session, session.get_one(SubscriptionType, type_id)) is True
            assert remove_offer(session, session.get_one(SubscriptionType, type_id)) is False

    assert read(SmsOffer.billkey) == []
    assert read(AuditEntry.id, AuditEntry.action, AuditEntry.subject, AuditEntry.before) == [
        (1, "subscription_type.sale", "subscription_type month", {"first_template": None}),
        (
            2,
            "subscription_type.sale",
            "subscription_type month",
            {"billkey": "AA99", "template": "renewal", "first_template": "welcome-paid"},
        ),
    ]


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("UPDATE subscription_types SET price = 5.99", ["charges 4.99 EUR and the type costs 5.99 EUR"]),
        ("UPDATE billkeys SET price = 5.99", ["charges 5.99 EUR and the type costs 4.99 EUR"]),
        ("UPDATE billkeys SET valid_until = crm_now()", ["The billing key AA99 is valid no more."]),
        ("DELETE FROM billkeys", ["The billing key AA99 is not listed"]),
        ("UPDATE mobiletech_templates SET purpose = 'service'", ["The template renewal is no paid one"]),
        ("UPDATE sms_offers SET billkey = 'X', template_code = 'y'", ["X is not listed", "no template y"]),
        ("SELECT 1", []),
    ],
)
def test_what_came_undone_later_is_found(app: Flask, statement: str, told: list[str]) -> None:
    type_id = make_sold_type()
    with transaction() as session:
        session.connection().exec_driver_sql(statement)

    with transaction() as session:
        offer = find_offer(session, type_id)
        assert offer is not None
        faults = list_offer_faults(session, session.get_one(SubscriptionType, type_id), offer)
        found = [str(fault) for fault in faults]

    assert len(found) == len(told)
    assert all(part in fault for part, fault in zip(told, found, strict=True))


def change(type_id: int, texts: OfferTexts) -> bool:
    with transaction() as session:
        return set_offer(session, session.get_one(SubscriptionType, type_id), "AA99", texts)
