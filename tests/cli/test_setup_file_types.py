"""The subscription types of the set-up file: whole or not at all, twice changes nothing, sold on a fitting key."""

import pytest
from flask import Flask

from crm.core.db import transaction
from crm.setup_file import Change, apply_setup, export_setup
from crm.setup_yaml import SetupFileError
from crm.sms_billing.models import SmsOffer
from crm.subscriptions.models import SubscriptionType, SubscriptionTypeMeta
from tests.cli.conftest import Run
from tests.stored import read

BEFORE = """
templates:
  - code: renewal
    purpose: paid
    content: "{{ subscription_name }} predlzene, {{ price }} EUR/mesiac. Zrusit: STOP na 8877"
  - {code: hello, content: Ahoj}
billkeys:
  - {code: AA99, kind: paid, price: "4.99", currency: EUR, short_number: "8877"}
  - {code: AA50, kind: paid, price: "0.50"}
"""
# The part as interface.md 5 has it.
CONTRACT = """
subscription_types:
  - {code: month, name: Mesačné, user_label: Mesačné predplatné, short_name: Mesacne, price: "4.99", length: 30,
     extension_method: extend_actual, length_method: fix_days, billkey: AA99, template: renewal}
"""
EVERYTHING = (
    BEFORE
    + """
subscription_types:
  - {code: trial, name: Skúšobné, user_label: Skúšobné, price: 0.50, length: 7, next_subscription_type: month,
     trial_periods: 2, recurrent_charge_before: -1, visible: no, billkey: AA50, template: renewal,
     first_template: renewal}
  - {code: month, name: Mesačné, user_label: Mesačné, price: "4.99", length: 30, extending_length: 31, sorting: 5,
     description: Všetko, length_method: calendar_days, extension_method: start_now, active: no,
     fixed_start: "2027-01-01T00:00+01:00", fixed_end: "2028-01-01T00:00+01:00", no_subscription: yes}
"""
)
KIND = "code: a, name: b, user_label: c, price: 4.99, length: 30"


def apply(source: str) -> dict[Change, int]:
    with transaction() as session:
        return dict(apply_setup(session, source.encode()))


def test_the_file_of_the_contract_is_applied_and_twice_changes_nothing(app: Flask) -> None:
    first, second = apply(BEFORE + CONTRACT), apply(BEFORE + CONTRACT)

    assert (first[Change.INSERTED], second[Change.UNCHANGED]) == (5, 5)
    assert read(SubscriptionType.code, SubscriptionType.length, SubscriptionType.extension_method) == [
        ("month", 30, "extend_actual")
    ]
    assert read(SubscriptionTypeMeta.key, SubscriptionTypeMeta.value) == [("short_name", "Mesacne")]
    assert read(SmsOffer.billkey, SmsOffer.template_code) == [("AA99", "renewal")]


def test_a_type_may_stand_above_the_one_that_follows_it(app: Flask) -> None:
    apply(EVERYTHING)

    codes = {row[0]: row[1] for row in read(SubscriptionType.id, SubscriptionType.code)}
    rows = read(SubscriptionType.code, SubscriptionType.next_subscription_type_id)
    assert [(code, codes.get(following)) for code, following in rows] == [("month", None), ("trial", "month")]


def test_export_is_applied_without_a_change(run: Run) -> None:
    apply(EVERYTHING)

    exported = run("setup", "export").stdout

    assert run("setup", "apply", "-", stdin=exported).stdout == "inserted 0 updated 0 unchanged 6\n"


def test_export_makes_the_same_types_anew(app: Flask) -> None:
    apply(EVERYTHING)
    with transaction() as session:
        exported = export_setup(session)
        for table in (
            "sms_offers",
            "subscription_types_meta",
            "subscription_type_items",
            "subscription_types",
        ):
            session.connection().exec_driver_sql(f"DELETE FROM {table}")

    apply(exported)

    with transaction() as session:
        assert export_setup(session) == exported


def test_a_file_that_says_nothing_of_the_sale_leaves_it(app: Flask) -> None:
    apply(BEFORE + CONTRACT)

    apply("subscription_types: [{code: month, name: M, user_label: M, price: 4.99, length: 30}]")
    assert read(SmsOffer.billkey) == [("AA99",)]

    apply('subscription_types: [{code: month, name: M, user_label: M, price: 4.99, length: 30, billkey: ""}]')
    assert read(SmsOffer.billkey) == []


def test_a_price_that_leaves_its_key_is_refused(app: Flask) -> None:
    apply(BEFORE + CONTRACT)

    with pytest.raises(SetupFileError, match=r"charges 4\.99 EUR and the type costs 5\.99 EUR"):
        apply("subscription_types: [{code: month, name: M, user_label: M, price: 5.99, length: 30}]")


def test_a_key_that_has_ended_is_no_fault_of_a_file_that_changes_nothing(app: Flask) -> None:
    apply(BEFORE + CONTRACT)
    with transaction() as session:
        session.connection().exec_driver_sql("UPDATE billkeys SET valid_until = crm_now()")

    assert apply(CONTRACT)[Change.UNCHANGED] == 1
    with pytest.raises(SetupFileError, match="AA99 is valid no more"):
        apply(CONTRACT.replace("length: 30", "length: 31"))


FAULTS = {
    "no list": ("subscription_types: {a: b}", "subscription_types: must be a list"),
    "no price": ("subscription_types: [{code: a, name: b, user_label: c, length: 1}]", "price is missing"),
    "unknown field": (f"subscription_types: [{{{KIND}, colour: red}}]", "no field 'colour'"),
    "twice": (f"subscription_types: [{{{KIND}}}, {{{KIND}}}]", "[1]: the code 'a' stands here twice"),
    "a rule broken": (
        f"subscription_types: [{{{KIND}, short_name: Mesačne}}]",
        "subscription_types[0] a: Use letters without diacritics",
    ),
    "a method that comes later": (
        f"subscription_types: [{{{KIND}, extension_method: extend_same_content_access}}]",
        "There is no extension method 'extend_same_content_access'.",
    ),
    "no flag": (f"subscription_types: [{{{KIND}, active: maybe}}]", "active must be yes or no"),
    "no moment": (
        f"subscription_types: [{{{KIND}, fixed_end: soon}}]",
        "fixed_end must be a moment with its zone",
    ),
    "key alone": (f"subscription_types: [{{{KIND}, billkey: AA99}}]", "billkey and template go together"),
    "first text alone": (
        f"subscription_types: [{{{KIND}, first_template: hello}}]",
        "first_template goes with billkey and template",
    ),
    "other amount": (
        f"{BEFORE}\nsubscription_types: [{{{KIND}, billkey: AA50, template: renewal}}]",
        "charges 0.50 EUR and the type costs 4.99 EUR",
    ),
    "text that is not paid": (
        f"{BEFORE}\nsubscription_types: [{{{KIND}, billkey: AA99, template: hello}}]",
        "The template hello is no paid one",
    ),
    "circle": (
        f"subscription_types: [{{{KIND}, next_subscription_type: a}}]",
        "There is no subscription type 'a'.",
    ),
}


@pytest.mark.parametrize(("source", "sentence"), FAULTS.values(), ids=FAULTS)
def test_a_fault_is_told_with_its_place_and_nothing_is_kept(app: Flask, source: str, sentence: str) -> None:
    with pytest.raises(SetupFileError) as refused:
        apply(source)

    assert sentence in refused.value.faults[0]
    assert read(SubscriptionType.code) == []
