"""Billing keys come in through the door of the catalogue: a key that messages used keeps its price."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from flask import Flask

from crm.core.db import transaction
from crm.importer.examples import read_example
from crm.mobiletech.catalogue.billkeys import BillkeyDetails, edit_billkey, get_billkey
from crm.mobiletech.catalogue.models import Billkey
from crm.users.audit_log import Actor, acting, list_acts_on
from crm.users.setting_changes import change_setting
from tests.factories.imports import change_cell, counts_of, import_text, refusals_of
from tests.factories.outbound import make_outbound

EXAMPLE = read_example("billkeys")


def read(code: str) -> Billkey:
    with transaction() as session:
        billkey = get_billkey(session, code)
        session.expunge(billkey)
        return billkey


def test_a_key_comes_in_with_what_it_charges(app: Flask) -> None:
    run = import_text("billkeys", EXAMPLE)

    assert counts_of(run) == (2, 0, 0, 0)
    key = read("OLD49")
    assert (key.kind, key.price, key.currency, key.short_number) == ("paid", Decimal("4.90"), "EUR", "8877")
    with transaction() as session:
        assert [act.reason for act in list_acts_on(session, "billkey OLD49")] == ["Imported"]


def test_operators_and_validity_are_read_as_people_write_them(app: Flask) -> None:
    header = "code;kind;price;operators;valid_from;valid_until\n"

    run = import_text("billkeys", header + "A1;paid;4,90;O T;1.1.2026 0:00;2027-01-01T00:00:00Z\n")

    assert counts_of(run) == (1, 0, 0, 0)
    key = read("A1")
    assert (key.operators, key.price) == (["T", "O"], Decimal("4.90"))
    assert key.valid_from == datetime(2025, 12, 31, 23, tzinfo=UTC)
    assert key.valid_until == datetime(2027, 1, 1, tzinfo=UTC)


def test_the_same_file_again_changes_nothing(app: Flask) -> None:
    import_text("billkeys", EXAMPLE)

    assert counts_of(import_text("billkeys", EXAMPLE)) == (0, 0, 2, 0)


def test_what_a_file_says_nothing_of_stays(app: Flask) -> None:
    import_text("billkeys", EXAMPLE)

    run = import_text("billkeys", "code,kind,price,short_number\nOLD49,paid,5.90,\n")

    assert counts_of(run) == (0, 1, 0, 0)
    key = read("OLD49")
    assert (key.price, key.short_number, key.note) == (Decimal("5.90"), "8877", "Mesačné predplatné")


def test_what_staff_changed_since_the_import_stays(app: Flask) -> None:
    import_text("billkeys", EXAMPLE)
    with acting(Actor(name="Eva")), transaction() as session:
        known = get_billkey(session, "OLD49")
        edit_billkey(session, known, BillkeyDetails(kind="paid", price="5.90"), reason="New price")

    assert counts_of(import_text("billkeys", EXAMPLE)) == (0, 0, 2, 0)
    assert read("OLD49").price == Decimal("5.90")


def test_a_key_that_messages_used_keeps_its_price(app: Flask) -> None:
    import_text("billkeys", EXAMPLE)
    make_outbound(billkey="OLD49")

    run = import_text("billkeys", change_cell(EXAMPLE, 3, "price", "5.90"))

    assert refusals_of(run) == [(3, "price", "used")]
    assert read("OLD49").price == Decimal("4.90")


def test_a_paid_key_is_not_the_free_one(app: Flask) -> None:
    with transaction() as session:
        change_setting(session, "mobiletech_billkey_free", "OLD49")

    assert refusals_of(import_text("billkeys", EXAMPLE)) == [(3, "kind", "invalid")]


FAULTS = {
    "no code": ("code", "", "missing"),
    "a code of the page": ("code", "new", "invalid"),
    "a code with a space": ("code", "OLD 49", "code"),
    "an unknown kind": ("kind", "dear", "choice"),
    "no price": ("price", "", "missing"),
    "a price that is none": ("price", "4.999", "amount"),
    "a paid key for nothing": ("price", "0", "invalid"),
    "a currency that is none": ("currency", "euro", "currency"),
    "a short number that is none": ("short_number", "88", "short_number"),
    "a note like a formula": ("note", "=1+1", "formula"),
}


@pytest.mark.parametrize(("column", "value", "code"), FAULTS.values(), ids=FAULTS)
@pytest.mark.parametrize("dry", [True, False], ids=["dry", "real"])
def test_a_wrong_cell_is_refused_with_its_place(
    app: Flask, column: str, value: str, code: str, dry: bool
) -> None:
    run = import_text("billkeys", change_cell(EXAMPLE, 3, column, value), dry=dry)

    assert counts_of(run) == (1, 0, 0, 1)
    assert refusals_of(run) == [(3, column, code)]


def test_an_unknown_operator_and_an_end_before_the_beginning_are_refused(app: Flask) -> None:
    header = "code,kind,price,operators,valid_from,valid_until\n"

    run = import_text("billkeys", f"{header}A1,free,0,T X,,\nA2,free,0,,2026-02-01,2026-01-01\n")

    assert refusals_of(run) == [(2, "operators", "operators"), (3, "valid_until", "invalid")]


def test_a_code_stands_in_a_file_once(app: Flask) -> None:
    rows = EXAMPLE + "OLD49,paid,5.90,EUR,,\n"

    dry, real = import_text("billkeys", rows, dry=True), import_text("billkeys", rows)

    assert counts_of(dry) == counts_of(real) == (2, 0, 0, 1)
    assert refusals_of(real) == [(4, "code", "duplicate")]
