"""Subscription types come in through the door of the catalogue, those that follow others first."""

from decimal import Decimal

import pytest
from flask import Flask

from crm.core.db import transaction
from crm.importer.examples import read_example
from crm.sms_billing.models import SmsOffer
from crm.sms_billing.offers import find_offer
from crm.subscriptions.details import SubscriptionTypeDetails
from crm.subscriptions.models import SubscriptionType
from crm.subscriptions.queries import find_type, read_written_short_names
from crm.subscriptions.types import edit_type
from crm.users.audit_log import Actor, acting
from tests.factories.imports import (
    change_cell,
    counts_of,
    faults_by_line,
    import_examples,
    import_text,
    refusals_of,
)

ENTITY = "subscription-types"
EXAMPLE = read_example(ENTITY)
HEADER = "code,name,price,length,next_subscription_type\n"


@pytest.fixture(autouse=True)
def _sold_with(app: Flask) -> None:
    import_examples("templates", "billkeys")


def read(code: str) -> SubscriptionType:
    with transaction() as session:
        known = find_type(session, code)
        assert known is not None
        session.expunge(known)
        return known


def read_offer(code: str) -> SmsOffer | None:
    with transaction() as session:
        known = find_type(session, code)
        offer = find_offer(session, known.id) if known else None
        if offer is not None:
            session.expunge(offer)
        return offer


def test_a_type_comes_in_with_how_it_is_sold() -> None:
    run = import_text(ENTITY, EXAMPLE)

    assert counts_of(run) == (1, 0, 0, 0)
    month, offer = read("old-month"), read_offer("old-month")
    assert (month.price, month.length, month.external_id) == (Decimal("4.90"), 30, "7")
    assert (month.active, month.visible, month.sorting, month.extension_method) == (
        True,
        True,
        10,
        "extend_actual",
    )
    assert offer is not None and (offer.billkey, offer.template_code) == ("OLD49", "old-renewal")
    with transaction() as session:
        assert read_written_short_names(session, [month.id]) == {month.id: "Mesacne"}


def test_the_same_file_again_changes_nothing() -> None:
    import_text(ENTITY, EXAMPLE)

    assert counts_of(import_text(ENTITY, EXAMPLE)) == (0, 0, 1, 0)


def test_a_type_may_be_followed_by_one_that_stands_below_it() -> None:
    rows = f"{HEADER}trial,Skúška,0.50,7,month\nmonth,Mesiac,4.90,30,\n"

    dry, real = import_text(ENTITY, rows, dry=True), import_text(ENTITY, rows)

    assert counts_of(dry) == counts_of(real) == (2, 0, 0, 0)
    trial = read("trial")
    assert (trial.next_subscription_type_id, trial.trial_periods) == (read("month").id, 1)


def test_a_type_is_not_followed_by_one_that_was_refused() -> None:
    run = import_text(ENTITY, f"{HEADER}trial,Skúška,0.50,7,month\nmonth,Mesiac,4.90,0,\n")

    assert refusals_of(run) == [(2, "next_subscription_type", "invalid"), (3, "length", "range")]


def test_columns_that_the_file_does_not_have_stay_as_they_are() -> None:
    import_text(ENTITY, EXAMPLE)
    import_text(ENTITY, "code,name,price,length,active,description\nold-month,Mesačné,4.90,30,0,Denne\n")

    run = import_text(ENTITY, "code,name,price,length,active\nold-month,Mesiac,4.90,31,\n")

    assert counts_of(run) == (0, 1, 0, 0)
    month = read("old-month")
    assert (month.name, month.length, month.active, month.description) == ("Mesiac", 31, False, "Denne")
    assert (month.user_label, month.external_id) == ("Mesačné predplatné", "7")
    assert read_offer("old-month") is not None


def test_what_staff_changed_since_the_import_stays() -> None:
    import_text(ENTITY, EXAMPLE)
    with acting(Actor(name="Eva")), transaction() as session:
        known = find_type(session, "old-month")
        assert known is not None
        wanted = SubscriptionTypeDetails(name="Mesiac", user_label="Mesiac", price="4.90", length="30")
        edit_type(session, known, wanted, reason="Shorter")

    assert counts_of(import_text(ENTITY, EXAMPLE)) == (0, 0, 1, 0)
    assert read("old-month").name == "Mesiac"


def test_a_new_price_needs_a_key_that_charges_it() -> None:
    import_text(ENTITY, EXAMPLE)

    run = import_text(ENTITY, "code,name,price,length\nold-month,Mesačné,5.90,30\n")

    assert refusals_of(run) == [(2, "billkey", "sale")]
    assert read("old-month").price == Decimal("4.90")


FAULTS = {
    "no code": ("code", "", "missing"),
    "a code of the page": ("code", "new", "invalid"),
    "no name": ("name", "", "missing"),
    "no price": ("price", "", "missing"),
    "a price that is none": ("price", "-1", "amount"),
    "a price that the key does not charge": ("price", "5.90", "billkey/sale"),
    "a length that is none": ("length", "month", "integer"),
    "no length": ("length", "0", "range"),
    "a short name with diacritics": ("short_name", "Mesačné", "invalid"),
    "a currency that is none": ("currency", "Eur", "currency"),
    "an unknown extension method": ("extension_method", "extend_all", "choice"),
    "access to contents": ("extension_method", "extend_same_content_access", "content_access"),
    "an unknown length method": ("length_method", "months", "choice"),
    "a key that nobody listed": ("billkey", "NOPE", "sale"),
    "a free key": ("billkey", "OLD00", "sale"),
    "a template that is not there": ("template", "nope", "sale"),
    "a template that is no paid one": ("template", "old-thanks", "sale"),
    "a key without a template": ("template", "", "missing"),
    "a template without a key": ("billkey", "", "missing"),
}


@pytest.mark.parametrize(("column", "value", "code"), FAULTS.values(), ids=FAULTS)
@pytest.mark.parametrize("dry", [True, False], ids=["dry", "real"])
def test_a_wrong_cell_is_refused_with_its_place(column: str, value: str, code: str, dry: bool) -> None:
    run = import_text(ENTITY, change_cell(EXAMPLE, 2, column, value), dry=dry)

    told = code.split("/") if "/" in code else [column, code]
    assert counts_of(run) == (0, 0, 0, 1)
    assert refusals_of(run) == [(2, *told)]


def test_the_methods_that_there_are_are_named() -> None:
    run = import_text(ENTITY, change_cell(EXAMPLE, 2, "extension_method", "extend_same_content_access"))

    (fault,) = faults_by_line(run)[2]
    assert "extend_actual, extend_same_actual, extend_same_type, extend_last_subscription, start_now" in str(
        fault
    )


def test_several_wrong_cells_of_a_row_are_told_at_once() -> None:
    rows = change_cell(change_cell(EXAMPLE, 2, "price", "much"), 2, "length", "long")

    run = import_text(ENTITY, rows)

    assert refusals_of(run) == [(2, "price", "amount"), (2, "length", "integer")]


def test_a_circle_of_types_is_refused() -> None:
    import_text(ENTITY, f"{HEADER}a,A,1,7,\nb,B,1,7,a\n")

    run = import_text(ENTITY, f"{HEADER}a,A,1,7,b\n")

    assert refusals_of(run) == [(2, "next_subscription_type", "invalid")]
