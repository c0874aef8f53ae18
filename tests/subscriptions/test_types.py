"""Subscription types: every field has its rule, the items follow the price, every change stands in the audit log."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from flask import Flask
from sqlalchemy import update

from crm.core.business_settings import set_setting
from crm.core.db import transaction
from crm.subscriptions.details import SubscriptionTypeDetails
from crm.subscriptions.errors import (
    InvalidTypeError,
    SubscriptionTypeExistsError,
    SubscriptionTypeNotFoundError,
)
from crm.subscriptions.housekeeping import keep_subscriptions
from crm.subscriptions.models import SubscriptionType, SubscriptionTypeItem, SubscriptionTypeMeta
from crm.subscriptions.queries import get_type, read_short_names
from crm.subscriptions.types import add_type, edit_type
from crm.users.audit_log import Actor, acting
from crm.users.models import AuditEntry
from tests.stored import read

MONTH = SubscriptionTypeDetails(name="Mesačné", user_label="Mesačné predplatné", price="4.99", length="30")
DAY = datetime(2026, 12, 1, tzinfo=UTC)
ITEM = (SubscriptionTypeItem.name, SubscriptionTypeItem.amount, SubscriptionTypeItem.vat)


@pytest.mark.parametrize(
    ("field", "details", "told"),
    [
        ("name", {"name": "  "}, "Write a name."),
        ("name", {"name": "x" * 201}, "Write at most 200 characters."),
        ("name", {"name": "a\0"}, "Take out the zero character; it cannot be stored."),
        ("user_label", {"user_label": ""}, "Write what readers call it."),
        ("description", {"description": "x" * 2001}, "Write at most 2000 characters."),
        ("price", {"price": ""}, "Write an amount such as 4.99, in digits."),
        ("price", {"price": "-1"}, "A price is never below 0."),
        ("price", {"price": "4.999"}, "A price has at most two decimals."),
        ("price", {"price": "1000.01"}, "A price is at most 1000."),
        ("currency", {"currency": "eur"}, "A currency has three capital letters, such as EUR."),
        ("length", {"length": ""}, "Write how many days it lasts."),
        ("length", {"length": "0"}, "Write a whole number from 1 to 3660."),
        ("length", {"length": "3661"}, "Write a whole number from 1 to 3660."),
        ("length", {"length": "1.5"}, "Write a whole number from 1 to 3660."),
        ("length", {"length": "٣"}, "Write a whole number from 1 to 3660."),
        ("extending_length", {"extending_length": "-7"}, "Write a whole number from 1 to 3660."),
        ("length_method", {"length_method": "fix_weeks"}, "A length is fix_days or calendar_days."),
        (
            "extension_method",
            {"extension_method": "extend_same_content_access"},
            "There is no extension method 'extend_same_content_access'.",
        ),
        ("fixed_end", {"fixed_start": DAY, "fixed_end": DAY}, "It must not end before it begins."),
        ("short_name", {"short_name": "Mesačne"}, "Use letters without diacritics and plain signs only."),
        ("short_name", {"short_name": "x" * 41}, "Write at most 40 characters; these are 41."),
        ("next_type", {"next_type": "year"}, "There is no subscription type 'year'."),
        ("next_type", {"next_type": "y\0"}, "There is no subscription type 'y\\x00'."),
        (
            "trial_periods",
            {"trial_periods": "2"},
            "Say which type comes after these periods, or leave their number empty.",
        ),
        (
            "trial_periods",
            {"trial_periods": "0", "next_type": "x"},
            "Write a whole number from 1 to 100.",
        ),
        (
            "charge_before",
            {"length": "1", "charge_before": "24"},
            "A period may have only 24 hours. Charge less than that before its end.",
        ),
        (
            "charge_before",
            {"length": "30", "extending_length": "7", "charge_before": "168"},
            "A period may have only 168 hours. Charge less than that before its end.",
        ),
        ("charge_before", {"charge_before": "soon"}, "Write a whole number from -720 to 720."),
        ("sorting", {"sorting": "-1"}, "Write a whole number from 0 to 10000."),
    ],
)
def test_what_cannot_be_is_refused_with_its_rule_at_its_field(
    app: Flask, field: str, details: dict[str, object], told: str
) -> None:
    with pytest.raises(InvalidTypeError) as refused:
        add("month", replace(MONTH, **details))

    assert (str(refused.value), refused.value.field) == (told, field)
    assert read(SubscriptionType.id) == []


@pytest.mark.parametrize("code", ["", "new", "a b", "mesačné", "x" * 65, "a/b", "-a"])
def test_a_code_that_cannot_stand_in_an_address_is_refused(app: Flask, code: str) -> None:
    with pytest.raises(InvalidTypeError) as refused:
        add(code, MONTH)

    assert refused.value.field == "code"


def test_a_code_is_taken_once(app: Flask) -> None:
    add("month", MONTH)

    with pytest.raises(SubscriptionTypeExistsError):
        add("month", MONTH)


@pytest.mark.parametrize("code", ["year", "a\0b", "x" * 3000])
def test_an_unknown_type_is_told_by_its_code(app: Flask, code: str) -> None:
    with pytest.raises(SubscriptionTypeNotFoundError), transaction() as session:
        get_type(session, code)


def test_a_type_is_kept_as_it_was_written(app: Flask) -> None:
    add("month", MONTH)
    add(
        "trial",
        replace(
            MONTH,
            price="0,5",
            length="7",
            extending_length="30",
            length_method="calendar_days",
            extension_method="extend_same_type",
            next_type="month",
            charge_before="-2",
            fixed_start=DAY,
            active=False,
        ),
    )

    kind = SubscriptionType
    columns = (kind.price, kind.length, kind.extending_length, kind.length_method, kind.extension_method)
    assert read(kind.code, *columns)[1] == (
        "trial",
        Decimal("0.50"),
        7,
        30,
        "calendar_days",
        "extend_same_type",
    )
    more = (kind.next_subscription_type_id, kind.trial_periods, kind.recurrent_charge_before, kind.active)
    assert read(kind.id, *more) == [(1, None, None, None, True), (2, 1, 1, -2, False)]


def test_a_short_name_is_kept_at_once_and_goes_when_it_is_emptied(app: Flask) -> None:
    """B50: the original lost it when a type was made."""
    add("month", replace(MONTH, short_name="Mesacne"))
    assert short_names() == ["Mesacne"]

    edit("month", replace(MONTH, short_name="Mes."))
    assert short_names() == ["Mes."]

    edit("month", MONTH)
    assert short_names() == ["Mesacne predplatne"]
    assert read(SubscriptionTypeMeta.id) == []


def test_a_label_without_any_latin_letter_falls_back_to_the_code(app: Flask) -> None:
    add("month", replace(MONTH, user_label="Газета"))

    assert short_names() == ["month"]


def test_the_item_follows_price_name_and_vat(app: Flask) -> None:
    with transaction() as session:
        set_setting(session, "vat_rate", "23")
    add("month", MONTH)
    assert read(*ITEM) == [("Mesačné", Decimal("4.99"), Decimal("23.00"))]

    with transaction() as session:
        set_setting(session, "vat_rate", "5.5")
    edit("month", replace(MONTH, name="Mesiac", price="6"))
    assert read(*ITEM, SubscriptionTypeItem.deleted_at) == [
        ("Mesiac", Decimal("6.00"), Decimal("5.50"), None)
    ]


def test_a_new_rate_of_vat_reaches_single_items_within_a_minute(app: Flask) -> None:
    add("month", MONTH)
    add("bundle", MONTH)
    with transaction() as session:
        session.add(
            SubscriptionTypeItem(subscription_type_id=2, name="Print", amount=Decimal("1"), vat=Decimal("5"))
        )
        set_setting(session, "vat_rate", "23")

    keep_subscriptions()

    assert [(name, vat) for name, _, vat in read(*ITEM, order=SubscriptionTypeItem.id)] == [
        ("Mesačné", Decimal("23.00")),
        ("Mesačné", Decimal("0.00")),
        ("Print", Decimal("5.00")),
    ]


def test_several_items_stay_while_they_sum_up_to_the_price(app: Flask) -> None:
    add("month", MONTH)
    with transaction() as session:
        session.execute(update(SubscriptionTypeItem).values(amount=Decimal("4.00")))
        extra = SubscriptionTypeItem(subscription_type_id=1, name="Newsletter", amount=Decimal("0.99"), vat=0)
        session.add(extra)

    edit("month", replace(MONTH, description="With a newsletter"))
    assert [amount for _, amount, _ in read(*ITEM)] == [Decimal("4.00"), Decimal("0.99")]

    edit("month", replace(MONTH, price="7"))
    live = [row for row in read(*ITEM, SubscriptionTypeItem.deleted_at) if row[3] is None]
    assert [(name, amount) for name, amount, *_ in live] == [("Mesačné", Decimal("7.00"))]


def test_types_never_follow_each_other_in_a_circle(app: Flask) -> None:
    add("year", MONTH)
    add("month", replace(MONTH, next_type="year"))
    add("trial", replace(MONTH, next_type="month"))

    for code, following in (("year", "trial"), ("year", "month"), ("month", "month")):
        with pytest.raises(InvalidTypeError) as refused:
            edit(code, replace(MONTH, next_type=following))
        assert refused.value.field == "next_type"
        assert "this type would come again" in str(refused.value)


def test_every_change_stands_in_the_audit_log_and_no_change_does_not(app: Flask) -> None:
    with acting(Actor(name="Eva")):
        add("month", MONTH)
        assert edit("month", replace(MONTH, price="5.99", short_name="Mes.")) is True
        assert edit("month", replace(MONTH, price="5.99", short_name="Mes.")) is False

    acts = read(AuditEntry.id, AuditEntry.action, AuditEntry.subject, AuditEntry.before, AuditEntry.after)
    assert [act[1:3] for act in acts] == [
        ("subscription_type.create", "subscription_type month"),
        ("subscription_type.edit", "subscription_type month"),
    ]
    assert acts[1][3:] == ({"price": "4.99", "short_name": ""}, {"price": "5.99", "short_name": "Mes."})


def add(code: str, details: SubscriptionTypeDetails) -> None:
    with transaction() as session:
        add_type(session, code, details)


def edit(code: str, details: SubscriptionTypeDetails) -> bool:
    with transaction() as session:
        return edit_type(session, get_type(session, code), details, reason="Because")


def short_names() -> list[str]:
    with transaction() as session:
        return list(read_short_names(session, [1]).values())
