"""Renewals are exported anew until the switch, by systems without ids too: which row a line is, and what is new."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from crm.core.db import transaction
from crm.payments.models import Payment, RecurrentPayment
from tests.conftest import Clock
from tests.factories.imports import counts_of, refusals_of, told_of
from tests.factories.money import (
    charge,
    list_renewals,
    make_billkey,
    make_type,
    renewal_states,
    report,
    set_up_sale,
)
from tests.importer.renewal_files import PAST, Reader, import_renewals, make_charged_reader, pay_again

pytestmark = pytest.mark.usefixtures("gateway", "app")

UPDATED, UNCHANGED = (0, 1, 0, 0), (0, 0, 1, 0)
D1, D2, D3 = "2099-10-01 08:00:00", "2099-11-01 08:00:00", "2099-12-01 08:00:00"


@pytest.fixture
def reader(clock: Clock) -> Reader:
    set_up_sale()
    make_type()
    return make_charged_reader()


def test_a_newer_export_closes_what_was_charged_and_brings_what_goes_on(reader: Reader) -> None:
    import_renewals(_line(reader, D1))
    lines = [_charged(reader, D1, pay_again(reader)), _line(reader, D2)]

    dry = import_renewals(*lines, dry=True)
    run = import_renewals(*lines)
    again = import_renewals(*lines)

    assert counts_of(dry) == counts_of(run) == (1, 1, 0, 0)
    assert counts_of(again) == (0, 0, 2, 0)
    assert renewal_states() == ["charged", "active"]


def test_what_goes_on_is_new_though_it_is_the_only_line_and_its_chain_is_here(reader: Reader) -> None:
    import_renewals(_line(reader, D1))
    import_renewals(_charged(reader, D1, pay_again(reader)))

    run = import_renewals(_line(reader, D2))

    assert counts_of(run) == (1, 0, 0, 0)
    assert renewal_states() == ["charged", "active"]


@pytest.mark.parametrize("is_backwards", [False, True])
def test_a_charge_whose_date_has_moved_is_the_row_that_waited(reader: Reader, is_backwards: bool) -> None:
    import_renewals(_line(reader, D1))
    lines = [_charged(reader, D2, pay_again(reader)), _line(reader, D3)]

    run = import_renewals(*(reversed(lines) if is_backwards else lines))

    assert (counts_of(run), refusals_of(run)) == ((1, 1, 0, 0), [])
    assert [(row.state, row.charge_at.month) for row in list_renewals()] == [("charged", 11), ("active", 12)]


def test_a_date_that_has_moved_is_followed_though_the_chain_has_a_history(reader: Reader) -> None:
    lines = [_charged(reader, "2026-11-20 08:00:00", pay_again(reader)), _line(reader, D1)]
    import_renewals(*lines)

    run = import_renewals(lines[0], _line(reader, D2))

    assert counts_of(run) == (0, 1, 1, 0)
    assert [(row.state, row.charge_at.month) for row in list_renewals()] == [("charged", 11), ("active", 11)]


def test_the_very_same_line_twice_moves_one_row_once(reader: Reader) -> None:
    import_renewals(_line(reader, D1))

    run = import_renewals(_line(reader, D2), _line(reader, D2))

    assert counts_of(run) == (0, 1, 1, 0)


def test_two_lines_that_go_on_are_not_one_row(reader: Reader) -> None:
    import_renewals(_line(reader, D1))

    run = import_renewals(_line(reader, D2), _line(reader, D3))

    assert counts_of(run) == (0, 1, 0, 1)
    assert [row.charge_at.month for row in list_renewals()] == [11]


def test_a_file_is_unchanged_though_a_person_has_moved_its_renewal_and_we_have_charged_it(
    reader: Reader, clock: Clock
) -> None:
    with transaction() as session:
        now = session.get_one(Payment, reader.payment_id).paid_at
    assert now is not None
    line = _line(reader, (now + timedelta(days=31)).isoformat())
    import_renewals(line)
    [row] = list_renewals()
    with transaction() as session:
        session.get_one(RecurrentPayment, row.id).charge_at += timedelta(days=2)
    clock.advance(timedelta(days=34))
    report(charge(), "D1")

    run = import_renewals(line, confirm_due=True)

    assert (counts_of(run), refusals_of(run)) == ((0, 0, 1, 0), [])
    assert renewal_states() == ["charged", "active"]


def test_what_a_newer_export_has_emptied_stays_until_it_says_otherwise(reader: Reader) -> None:
    make_billkey("YY33", "33.00")
    make_type("year", price="33.00", billkey="YY33")
    import_renewals(reader.line(next_subscription_type="year", custom_amount="33.00"))

    emptied = import_renewals(reader.line(next_subscription_type="", custom_amount=""))
    said = import_renewals(reader.line(next_subscription_type="month", custom_amount="4.99"))

    assert [counts_of(run) for run in (emptied, said)] == [(0, 0, 1, 0), (0, 1, 0, 0)]
    [row] = list_renewals()
    assert (row.next_subscription_type_id, row.custom_amount) == (row.subscription_type_id, Decimal("4.99"))
    assert (row.state, said.stopped) == ("active", 0)


def test_a_try_that_follows_a_failed_one_follows_the_last_paid_payment(reader: Reader) -> None:
    line = reader.line(retries="3", parent_payment_variable_symbol="the-failed-one")
    refused = import_renewals(line)

    run = import_renewals(line | {"parent_payment_variable_symbol": ""})

    assert refusals_of(refused) == [(2, "parent_payment_variable_symbol", "unknown_payment")]
    assert "If it failed, it is not imported: leave this empty" in told_of(refused)[0]
    assert counts_of(run) == (1, 0, 0, 0)
    [row] = list_renewals()
    assert (row.state, row.parent_payment_id, row.retries) == ("active", reader.payment_id, 3)


def test_a_newer_export_moves_what_still_waits_as_it_came(reader: Reader) -> None:
    import_renewals(reader.line())

    moved = import_renewals(reader.line(charge_at="2099-12-01 08:00:00", retries="2"))
    again = import_renewals(reader.line(charge_at="2099-12-01 08:00:00", retries="2"))

    [row] = list_renewals()
    assert (counts_of(moved), counts_of(again)) == (UPDATED, UNCHANGED)
    assert (row.charge_at.isoformat(), row.retries) == ("2099-12-01T07:00:00+00:00", 2)
    assert row.updated_at == row.created_at


def test_a_newer_export_stops_what_the_old_system_has_stopped_since(reader: Reader) -> None:
    import_renewals(reader.line())

    run = import_renewals(reader.line(state="user_stop"))

    assert counts_of(run) == UPDATED
    assert renewal_states() == ["user_stop"]


@pytest.mark.parametrize("batch_rows", [1, 5000])
def test_a_newer_export_brings_what_the_old_system_has_charged_since(reader: Reader, batch_rows: int) -> None:
    import_renewals(reader.line(external_id="r1"))
    last = pay_again(reader)
    lines = [
        reader.line(
            external_id="r1", state="charged", charge_at=PAST, payment_variable_symbol=last.variable_symbol
        ),
        reader.line(external_id="r2", parent_payment_variable_symbol=last.variable_symbol),
    ]

    dry = import_renewals(*lines, dry=True, batch_rows=batch_rows)
    run = import_renewals(*lines, batch_rows=batch_rows)
    again = import_renewals(*lines, batch_rows=batch_rows)

    assert counts_of(dry) == counts_of(run) == (1, 1, 0, 0)
    assert counts_of(again) == (0, 0, 2, 0)
    assert [(row.state, row.parent_payment_id) for row in list_renewals()] == [
        ("charged", reader.payment_id),
        ("active", last.id),
    ]


def test_a_date_moved_into_the_past_has_to_be_confirmed(reader: Reader) -> None:
    import_renewals(reader.line())

    run = import_renewals(reader.line(charge_at=PAST))
    confirmed = import_renewals(reader.line(charge_at=PAST), confirm_due=True)

    assert refusals_of(run) == [(2, "charge_at", "due")]
    assert (counts_of(confirmed), confirmed.due_count, confirmed.due_amounts) == (UPDATED, 1, {"EUR": "4.99"})


def test_a_renewal_of_another_payment_or_type_is_another_renewal(reader: Reader) -> None:
    make_type("year", price="4.99")
    import_renewals(reader.line())
    last = pay_again(reader)

    run = import_renewals(
        reader.line(subscription_type="year", parent_payment_variable_symbol=last.variable_symbol)
    )

    assert refusals_of(run) == [
        (2, "parent_payment_external_id", "parent_differs"),
        (2, "subscription_type", "type_differs"),
    ]


def test_an_id_of_the_old_system_names_one_renewal(reader: Reader) -> None:
    other = make_charged_reader("0905111222")
    import_renewals(reader.line(external_id="7"))

    run = import_renewals(other.line(external_id="7"))

    assert refusals_of(run) == [(2, "external_id", "taken")]


@pytest.mark.parametrize("batch_rows", [1, 5000])
@pytest.mark.parametrize("dry", [True, False])
def test_a_line_is_not_known_by_a_date_that_an_earlier_line_has_moved(
    reader: Reader, batch_rows: int, dry: bool
) -> None:
    import_renewals(reader.line(external_id=""))
    last = pay_again(reader)
    date = PAST

    run = import_renewals(
        reader.line(
            external_id="", state="charged", charge_at=date, payment_variable_symbol=last.variable_symbol
        ),
        reader.line(external_id="", charge_at=date, parent_payment_variable_symbol=last.variable_symbol),
        batch_rows=batch_rows,
        dry=dry,
        confirm_due=True,
    )

    assert counts_of(run) == (1, 1, 0, 0)


def test_an_empty_cell_takes_nothing_away(reader: Reader) -> None:
    given = {
        "external_id": "r4",
        "expires_at": "2099-12-01 08:00:00",
        "custom_amount": "4.99",
        "retries": "2",
    }
    import_renewals(reader.line(**given, next_subscription_type="month"))
    [before] = list_renewals()

    run = import_renewals(reader.line(**dict.fromkeys(given, ""), next_subscription_type=""))

    [after] = list_renewals()
    assert counts_of(run) == (0, 0, 1, 0)
    for name in (*given, "next_subscription_type_id"):
        assert getattr(after, name) == getattr(before, name) is not None


def _line(reader: Reader, charge_at: str | datetime, **values: Any) -> dict[str, Any]:
    line = reader.line(charge_at=str(charge_at), parent_payment_variable_symbol="", **values)
    del line["external_id"]
    return line


def _charged(reader: Reader, charge_at: str, payment: Payment) -> dict[str, Any]:
    return _line(reader, charge_at, state="charged", payment_variable_symbol=payment.variable_symbol)
