"""Billing keys as data: bad amounts, keys that messages used, and every change in the audit log."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from flask import Flask

from crm.core.db import transaction
from crm.mobiletech.catalogue.billkey_use import COUNTED, list_unlisted, read_use
from crm.mobiletech.catalogue.billkeys import (
    BillkeyDetails,
    add_billkey,
    edit_billkey,
    find_billkey,
    get_billkey,
    remove_billkey,
)
from crm.mobiletech.catalogue.errors import (
    BillkeyExistsError,
    BillkeyNotFoundError,
    InvalidEntryError,
    KeptBillkeyError,
    UsedBillkeyError,
)
from crm.mobiletech.catalogue.models import Billkey
from crm.users.audit_log import Actor, acting
from crm.users.models import AuditEntry
from tests.conftest import Clock
from tests.factories.catalogue import make_billkey
from tests.factories.messages import set_up_gateway
from tests.factories.outbound import make_outbound
from tests.stored import read

PAID = BillkeyDetails(kind="paid", price="4.99")
DAY = datetime(2026, 12, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("kind", "price", "told"),
    [
        ("paid", "-4.99", "A price is never below 0."),
        ("paid", "−4.99", "A price is never below 0."),
        ("paid", "NaN", "Write an amount such as 4.99, in digits."),
        ("paid", "Infinity", "Write an amount such as 4.99, in digits."),
        ("paid", "1e9", "Write an amount such as 4.99, in digits."),
        ("paid", "", "Write an amount such as 4.99, in digits."),
        ("paid", "4.", "Write an amount such as 4.99, in digits."),
        ("paid", "4 99", "Write an amount such as 4.99, in digits."),
        ("paid", "٤", "Write an amount such as 4.99, in digits."),
        ("paid", "4.999", "A price has at most two decimals."),
        ("paid", "4.990", "A price has at most two decimals."),
        ("paid", "1000.01", "A price is at most 1000."),
        ("paid", "999999999999", "A price is at most 1000."),
        ("paid", "0", "A paid key costs more than 0."),
        ("paid", "0.00", "A paid key costs more than 0."),
        ("free", "0.01", "A free key costs 0."),
    ],
)
def test_an_impossible_price_is_refused_with_its_rule(app: Flask, kind: str, price: str, told: str) -> None:
    with pytest.raises(InvalidEntryError) as refused, transaction() as session:
        add_billkey(session, "AA99", replace(PAID, kind=kind, price=price))

    assert (str(refused.value), refused.value.field) == (told, "price")
    assert read(Billkey.id) == []


@pytest.mark.parametrize(
    ("kind", "written", "price"),
    [
        ("paid", "4.99", "4.99"),
        ("paid", " 4,9 ", "4.90"),
        ("paid", "1000", "1000.00"),
        ("free", "0,00", "0.00"),
    ],
)
def test_a_price_is_read_with_a_point_or_a_comma(app: Flask, kind: str, written: str, price: str) -> None:
    make_billkey(kind=kind, price=written)

    assert read(Billkey.price) == [(Decimal(price),)]


@pytest.mark.parametrize(
    ("field", "details"),
    [
        ("kind", replace(PAID, kind="cheap")),
        ("currency", replace(PAID, currency="eur")),
        ("short_number", replace(PAID, short_number="88")),
        ("short_number", replace(PAID, short_number="8877x")),
        ("operators", replace(PAID, operators=("X",))),
        ("valid_until", replace(PAID, valid_from=DAY, valid_until=DAY)),
        ("note", replace(PAID, note="x" * 501)),
        ("note", replace(PAID, note="\0")),
    ],
)
def test_what_cannot_be_said_of_a_key_is_refused_at_its_field(
    app: Flask, field: str, details: BillkeyDetails
) -> None:
    with pytest.raises(InvalidEntryError) as refused, transaction() as session:
        add_billkey(session, "AA99", details)

    assert refused.value.field == field


@pytest.mark.parametrize("code", ["", "AA 99", ".", "..", "new", "x" * 65, "AÁ", "a/b"])
def test_a_code_that_cannot_stand_in_an_address_is_refused(app: Flask, code: str) -> None:
    with pytest.raises(InvalidEntryError) as refused, transaction() as session:
        add_billkey(session, code, PAID)

    assert refused.value.field == "code"


def test_a_code_is_listed_once(app: Flask) -> None:
    make_billkey("AA99")

    with pytest.raises(BillkeyExistsError), transaction() as session:
        add_billkey(session, "AA99", PAID)


def test_all_operators_are_the_same_as_none(app: Flask) -> None:
    make_billkey("AA99", operators=("S", "2", "O", "T"))
    make_billkey("AA98", operators=("2", "T"))

    assert read(Billkey.code, Billkey.operators) == [("AA98", ["T", "2"]), ("AA99", [])]


@pytest.mark.parametrize("change", [{"price": "5.99"}, {"kind": "free", "price": "0"}, {"currency": "CZK"}])
def test_the_price_of_a_used_key_changes_only_when_it_is_meant(app: Flask, change: dict[str, str]) -> None:
    make_billkey("AA99")
    make_outbound(billkey="AA99", is_queued=False)

    with pytest.raises(UsedBillkeyError):
        edit(replace(PAID, **change))
    assert edit(replace(PAID, **change), is_meant=True)

    assert [each.action for each in acts()] == ["billkey.edit"]


def test_what_is_not_the_price_of_a_used_key_may_be_changed(app: Flask) -> None:
    make_billkey("AA99")
    make_outbound(billkey="AA99", is_queued=False)

    assert edit(replace(PAID, note="monthly", valid_until=DAY))

    [act] = acts()
    assert (act.before, act.after, act.reason) == (
        {"note": "", "valid_until": None},
        {"note": "monthly", "valid_until": "2026-12-01T00:00:00+00:00"},
        "because",
    )


def test_the_price_of_an_unused_key_is_simply_changed(app: Flask) -> None:
    make_billkey("AA99")

    assert edit(replace(PAID, price="5.99"))
    assert not edit(replace(PAID, price="5,99"))

    assert [(act.before, act.after) for act in acts()] == [({"price": "4.99"}, {"price": "5.99"})]


def test_a_used_key_is_never_removed(app: Flask) -> None:
    make_billkey("AA99")
    make_outbound(billkey="AA99", is_queued=False)

    with pytest.raises(KeptBillkeyError, match="Messages went out on it"):
        remove("AA99")


@pytest.mark.parametrize("key", ["mobiletech_billkey_free", "mobiletech_test_billkey"])
def test_a_key_that_a_setting_names_is_not_removed(app: Flask, key: str) -> None:
    make_billkey("AZ19", kind="free")
    set_up_gateway(**{"mobiletech_billkey_free": "", key: "AZ19"})

    with pytest.raises(KeptBillkeyError, match=f"The setting {key} names it"):
        remove("AZ19")


def test_a_key_that_was_listed_by_mistake_is_removed(app: Flask) -> None:
    make_billkey("AA99")

    remove("AA99")

    assert read(Billkey.id) == []
    assert [(act.action, act.subject, act.reason) for act in acts()] == [
        ("billkey.remove", "billkey AA99", "because")
    ]


@pytest.mark.parametrize("code", ["AA98", "a\0b", "../x"])
def test_a_key_that_nobody_listed_is_not_found(app: Flask, code: str) -> None:
    with pytest.raises(BillkeyNotFoundError), transaction() as session:
        get_billkey(session, code)


def test_the_use_of_a_key_is_its_last_message_and_the_count_of_30_days(app: Flask, clock: Clock) -> None:
    make_outbound(billkey="AA99", is_queued=False)
    clock.advance(timedelta(days=31))
    for _ in range(2):
        make_outbound(billkey="AA99", is_queued=False)
    make_outbound(billkey="AA97", is_queued=False)

    with transaction() as session:
        use = read_use(session, ["AA98", "AA99"])

    assert (use["AA98"].last_at, use["AA98"].recent) == (None, 0)
    assert use["AA99"].last_at is not None
    assert use["AA99"].recent == 2 <= COUNTED


def test_keys_that_messages_or_settings_use_and_nobody_described_are_found(app: Flask) -> None:
    set_up_gateway(mobiletech_billkey_free="AZ20", mobiletech_test_billkey="AA99")
    for code in ("AA99", "AZ19", "AZ19", "AZ18"):
        make_outbound(billkey=code, is_queued=False)
    make_billkey("AA99")

    with transaction() as session:
        assert list_unlisted(session) == ["AZ18", "AZ19", "AZ20"]


def edit(details: BillkeyDetails, *, is_meant: bool = False) -> bool:
    with acting(Actor(name="Eva")), transaction() as session:
        billkey = get_billkey(session, "AA99")
        return edit_billkey(session, billkey, details, reason="because", is_meant=is_meant)


def remove(code: str) -> None:
    with acting(Actor(name="Eva")), transaction() as session:
        billkey = find_billkey(session, code)
        assert billkey is not None
        remove_billkey(session, billkey, reason="because")


def acts() -> list[AuditEntry]:
    with transaction() as session:
        rows = list(session.query(AuditEntry).order_by(AuditEntry.id))
        session.expunge_all()
        return rows
