"""Importing renewals: who is charged, once, and never because a file was imported again."""

from datetime import timedelta
from decimal import Decimal

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text

from crm.core.db import transaction
from tests.conftest import Clock
from tests.factories.flows import write
from tests.factories.imports import counts_of, refusals_of
from tests.factories.money import (
    MONTH,
    charge,
    get_payment,
    list_payments,
    list_renewals,
    make_billkey,
    make_inbound,
    make_type,
    messages_of,
    renewal_states,
    report,
    set_up_sale,
)
from tests.factories.rules import make_rule
from tests.importer.renewal_files import (
    PAST,
    Reader,
    import_renewals,
    make_charged_reader,
    pay_again,
)

pytestmark = pytest.mark.usefixtures("gateway")

INSERTED, UPDATED, UNCHANGED, REFUSED = (1, 0, 0, 0), (0, 1, 0, 0), (0, 0, 1, 0), (0, 0, 0, 1)


@pytest.fixture(autouse=True)
def _sale(clock: Clock) -> None:
    set_up_sale()
    make_type()


@pytest.fixture
def reader(_sale: None) -> Reader:
    return make_charged_reader()


def test_a_renewal_comes_in_with_its_payment_method_and_what_it_follows(reader: Reader) -> None:
    run = import_renewals(reader.line(note="Pozor", custom_amount="", created_at="2026-11-01 08:00:00"))

    assert counts_of(run) == INSERTED
    [row] = list_renewals()
    assert (row.state, row.cid, row.user_id) == ("active", reader.cid, reader.user_id)
    assert (row.parent_payment_id, row.period_payment_id) == (reader.payment_id, reader.payment_id)
    assert (row.attempt, row.retries, row.note, row.external_id) == (0, 4, "Pozor", "r-0908630549")
    assert row.created_at == row.updated_at
    with transaction() as session:
        methods = session.execute(text("SELECT user_id, external_token FROM payment_methods")).all()
    assert methods == [(reader.user_id, reader.cid)]


def test_nothing_is_sent_charged_or_told_by_importing(reader: Reader) -> None:
    before = _count_work()

    import_renewals(reader.line(charge_at=PAST), confirm_due=True)

    assert _count_work() == before


def test_without_its_payment_it_follows_the_readers_last_one_of_the_same_message(reader: Reader) -> None:
    last = pay_again(reader)

    import_renewals(reader.line(parent_payment_variable_symbol=""))

    [row] = list_renewals()
    assert row.parent_payment_id == last.id


REFUSALS = [
    ({"cid": "nobody"}, "cid", "unknown_inbound"),
    ({"user_phone": "0905999999"}, "user_phone", "unknown_user"),
    ({"user_phone": ""}, "user_external_id", "missing"),
    ({"payment_gateway": "comfortpay"}, "payment_gateway", "gateway"),
    ({"parent_payment_variable_symbol": "77"}, "parent_payment_variable_symbol", "unknown_payment"),
    ({"subscription_type": "year"}, "subscription_type", "unknown_subscription_type"),
    ({"next_subscription_type": "year"}, "next_subscription_type", "unknown_subscription_type"),
    ({"charge_at": ""}, "charge_at", "missing"),
    ({"charge_at": PAST}, "charge_at", "due"),
    ({"state": "pending"}, "state", "pending"),
    ({"state": "charge_failed"}, "state", "charge_failed"),
    ({"state": "asleep"}, "state", "choice"),
    ({"state": "charged"}, "payment_external_id", "missing"),
    ({"status": "D5"}, "status", "not_selectable"),
    ({"approval": "no credit"}, "approval", "not_selectable"),
    ({"payment_variable_symbol": "77"}, "payment_external_id", "not_selectable"),
    ({"retries": "-1"}, "retries", "range"),
    ({"custom_amount": "0"}, "custom_amount", "amount"),
]


@pytest.mark.parametrize(("values", "column", "code"), REFUSALS)
def test_what_is_wrong_is_refused_by_name(
    reader: Reader, values: dict[str, str], column: str, code: str
) -> None:
    dry = import_renewals(reader.line(**values), dry=True)
    run = import_renewals(reader.line(**values))

    assert refusals_of(run) == refusals_of(dry) == [(2, column, code)]
    assert counts_of(run) == counts_of(dry) == REFUSED
    assert list_renewals() == []


def test_a_payment_of_somebody_else_is_followed_by_nobody(reader: Reader) -> None:
    other = make_charged_reader("0905111222")

    run = import_renewals(reader.line(parent_payment_variable_symbol=other.symbol))

    assert refusals_of(run) == [(2, "parent_payment_external_id", "user_differs")]


def test_a_reader_who_has_never_paid_has_nothing_to_renew(reader: Reader) -> None:
    _do("UPDATE payments SET status = 'fail'")

    unnamed = import_renewals(reader.line(parent_payment_variable_symbol=""))
    named = import_renewals(reader.line())

    assert refusals_of(unnamed) == [(2, "parent_payment_external_id", "no_parent_payment")]
    assert refusals_of(named) == [(2, "parent_payment_external_id", "not_paid")]


@pytest.mark.parametrize("state", ["user_stop", "admin_stop", "system_stop"])
def test_what_the_old_system_stopped_stays_stopped(reader: Reader, clock: Clock, state: str) -> None:
    import_renewals(reader.line(state=state, charge_at=PAST, updated_at="2026-11-20 12:00:00"))

    clock.advance(2 * MONTH)
    charge()
    assert renewal_states() == [state]
    assert len(list_payments()) == 1
    assert list_renewals()[0].updated_at.isoformat() == "2026-11-20T11:00:00+00:00"


def test_history_comes_before_what_goes_on_and_is_charged_no_more(reader: Reader, clock: Clock) -> None:
    last = pay_again(reader)
    lines = [
        reader.line(external_id="r2", parent_payment_variable_symbol=last.variable_symbol),
        reader.line(
            external_id="r1", state="charged", charge_at=PAST, payment_variable_symbol=last.variable_symbol
        ),
    ]

    run = import_renewals(*lines)
    again = import_renewals(*lines)

    assert (counts_of(run), counts_of(again)) == ((2, 0, 0, 0), (0, 0, 2, 0))
    charged, planned = list_renewals()
    assert (charged.external_id, charged.state, charged.payment_id) == ("r1", "charged", last.id)
    assert (planned.external_id, planned.state) == ("r2", "active")
    assert charged.updated_at == last.paid_at


def test_a_due_renewal_is_counted_with_its_price_whether_it_is_confirmed_or_not(reader: Reader) -> None:
    make_billkey("BB39", "3.99")
    other = make_charged_reader("0905111222")
    lines = [reader.line(charge_at=PAST), other.line(charge_at=PAST, custom_amount="3.99")]
    _do(
        "UPDATE payments SET amount = 3.99 WHERE id = 2; UPDATE payment_meta SET value = 'BB39'"
        " WHERE payment_id = 2 AND key = 'mobiletech_billkey';"
        " UPDATE mobiletech_outbound_messages SET billkey = 'BB39' WHERE payment_id = 2"
    )

    refused = import_renewals(*lines, dry=True)
    confirmed = import_renewals(*lines, dry=True, confirm_due=True)
    real = import_renewals(*lines, confirm_due=True)

    due = [(run.due_count, run.due_amounts) for run in (refused, confirmed, real)]
    assert due == [(2, {"EUR": "8.98"})] * 3
    assert [counts_of(run) for run in (refused, confirmed, real)] == [
        (0, 0, 0, 2),
        (2, 0, 0, 0),
        (2, 0, 0, 0),
    ]


@pytest.mark.parametrize("batch_rows", [1, 5000])
def test_what_is_due_is_summed_for_each_currency_by_itself(reader: Reader, batch_rows: int) -> None:
    make_billkey("CZ99", "99.00", currency="CZK")
    make_type("mesic", price="99.00", billkey="CZ99", currency="CZK")
    other, third = make_charged_reader("0905111222"), make_charged_reader("0905111333")
    _do(
        "UPDATE payments SET amount = 99, currency = 'CZK' WHERE id = 2; UPDATE payment_meta SET value = 'CZ99'"
        " WHERE payment_id = 2 AND key = 'mobiletech_billkey';"
        " UPDATE mobiletech_outbound_messages SET billkey = 'CZ99' WHERE payment_id = 2"
    )
    lines = [
        reader.line(charge_at=PAST),
        other.line(charge_at=PAST, subscription_type="mesic"),
        third.line(charge_at=PAST),
    ]

    run = import_renewals(*lines, dry=True, batch_rows=batch_rows)

    assert (run.due_count, run.due_amounts) == (3, {"CZK": "99.00", "EUR": "9.98"})


def test_what_is_due_is_charged_once_with_the_right_key_price_text_and_number(
    reader: Reader, clock: Clock
) -> None:
    clock.advance(MONTH)
    import_renewals(reader.line(charge_at=PAST), confirm_due=True)

    payment_id = charge()
    report(payment_id, "D1")
    charge()

    [message] = messages_of(payment_id)
    assert (message.billkey, message.to, message.from_) == ("AA99", "+421908630549", "8877")
    assert message.content == "Mesacne predlzene, 4,99 EUR/mesiac. Zrusit: STOP na 8877"
    assert (get_payment(payment_id).status, get_payment(payment_id).amount) == ("paid", Decimal("4.99"))
    assert renewal_states() == ["charged", "active"]
    assert list_renewals()[1].charge_at > get_payment(payment_id).paid_at + timedelta(days=29)
    assert len(list_payments()) == 2


@pytest.mark.parametrize("by_id", [True, False])
@pytest.mark.parametrize("names_parent", [True, False])
def test_the_same_file_charges_nobody_again(
    reader: Reader, clock: Clock, by_id: bool, names_parent: bool
) -> None:
    line = reader.line(charge_at=PAST)
    line["external_id"] = line["external_id"] if by_id else ""
    line["parent_payment_variable_symbol"] = reader.symbol if names_parent else ""
    clock.advance(MONTH)
    import_renewals(line, confirm_due=True)
    report(charge(), "D1")

    again = import_renewals(line, confirm_due=True)
    charge()
    clock.advance(timedelta(days=15))
    a_third_time = import_renewals(line, confirm_due=True)
    charge()

    assert (counts_of(again), counts_of(a_third_time)) == (UNCHANGED, UNCHANGED)
    assert len(list_payments()) == 2
    clock.advance(timedelta(days=16))
    report(charge(), "D1")
    assert counts_of(import_renewals(line, confirm_due=True)) == UNCHANGED
    charge()
    assert (len(list_payments()), renewal_states()) == (3, ["charged", "charged", "active"])


def test_a_charge_on_its_way_is_not_charged_beside_by_the_same_file(reader: Reader, clock: Clock) -> None:
    clock.advance(MONTH)
    import_renewals(reader.line(charge_at=PAST), confirm_due=True)
    charge()

    again = import_renewals(reader.line(charge_at=PAST), confirm_due=True)
    charge()

    assert counts_of(again) == UNCHANGED
    assert (len(list_payments()), renewal_states()) == (2, ["pending"])


def test_a_charge_that_failed_is_tried_again_by_us_alone(reader: Reader, clock: Clock) -> None:
    clock.advance(MONTH)
    import_renewals(reader.line(charge_at=PAST), confirm_due=True)
    report(charge(), "D5")

    again = import_renewals(reader.line(charge_at=PAST), confirm_due=True)

    assert counts_of(again) == UNCHANGED
    assert renewal_states() == ["charge_failed", "active"]
    assert list_renewals()[1].attempt == 1


@pytest.mark.parametrize(
    "how",
    [
        "state = 'user_stop'",
        "state = 'admin_stop'",
        "charge_at = charge_at + interval '3 days'",
        "paused_at = crm_now()",
    ],
)
def test_what_a_person_did_here_is_not_undone_by_the_file(reader: Reader, how: str) -> None:
    import_renewals(reader.line())
    _do(f"UPDATE recurrent_payments SET {how}, updated_at = crm_now()")
    [before] = list_renewals()

    again = import_renewals(reader.line(), reader.line(external_id="other"))
    [after] = list_renewals()

    assert counts_of(again) == (0, 0, 1, 1)
    assert (after.state, after.charge_at, after.paused_at) == (
        before.state,
        before.charge_at,
        before.paused_at,
    )


def test_a_renewal_that_was_stopped_here_does_not_come_back_under_another_id(reader: Reader) -> None:
    import_renewals(reader.line())
    _do("UPDATE recurrent_payments SET state = 'user_stop', updated_at = crm_now()")
    last = pay_again(reader)

    run = import_renewals(
        reader.line(external_id="other", parent_payment_variable_symbol=last.variable_symbol)
    )

    assert refusals_of(run) == [(2, "cid", "has_renewal")]


def test_a_reader_whom_we_renew_already_is_not_renewed_by_the_file(clock: Clock) -> None:
    reader = make_charged_reader()
    import_renewals(reader.line(external_id="", charge_at=PAST), confirm_due=True)
    _do("UPDATE recurrent_payments SET import_id = NULL")
    last = pay_again(reader)

    run = import_renewals(reader.line(parent_payment_variable_symbol=last.variable_symbol))

    assert refusals_of(run) == [(2, "cid", "has_renewal")]


@pytest.mark.parametrize("batch_rows", [1, 5000])
@pytest.mark.parametrize("dry", [True, False])
def test_of_two_lines_about_one_renewal_the_first_is_taken(
    reader: Reader, batch_rows: int, dry: bool
) -> None:
    last = pay_again(reader, after=timedelta(0))
    lines = [
        reader.line(external_id="1"),
        reader.line(external_id="1"),
        reader.line(external_id="1", charge_at="2099-11-01"),
        reader.line(external_id="2"),
        reader.line(external_id="3", parent_payment_variable_symbol=last.variable_symbol),
    ]

    run = import_renewals(*lines, batch_rows=batch_rows, dry=dry)

    assert counts_of(run) == (1, 0, 1, 3)
    assert refusals_of(run) == [
        (4, "external_id", "duplicate"),
        (5, "parent_payment_external_id", "duplicate"),
        (6, "cid", "duplicate"),
    ]


@pytest.mark.parametrize("batch_rows", [1, 5000])
@pytest.mark.parametrize("dry", [True, False])
def test_history_after_what_goes_on_is_sorted_within_a_batch_and_refused_in_a_later_one(
    reader: Reader, batch_rows: int, dry: bool
) -> None:
    last = pay_again(reader)

    run = import_renewals(
        reader.line(external_id="2", parent_payment_variable_symbol=last.variable_symbol),
        reader.line(external_id="1", state="user_stop", charge_at=PAST),
        batch_rows=batch_rows,
        dry=dry,
    )

    assert counts_of(run) == ((1, 0, 0, 1) if batch_rows == 1 else (2, 0, 0, 0))


def test_a_reader_who_wrote_stop_to_us_before_the_renewal_came_is_not_charged(
    reader: Reader, clock: Clock
) -> None:
    clock.advance(timedelta(days=1))
    stop_id = make_inbound(content="STOP", user_id=reader.user_id)

    run = import_renewals(reader.line(charge_at=PAST))

    [row] = list_renewals()
    assert (counts_of(run), row.state) == (INSERTED, "user_stop")
    assert row.note == f"The reader wrote STOP (SMS {stop_id})."
    assert counts_of(import_renewals(reader.line(charge_at=PAST))) == UNCHANGED


@pytest.mark.parametrize(("text", "state"), [("STOP TYZDEN", "active"), ("STOP MESIAC", "user_stop")])
def test_a_stop_that_names_something_ends_only_that(
    reader: Reader, clock: Clock, text: str, state: str
) -> None:
    make_type("week")
    make_rule("TYZDEN", action="subscribe", subscription_type="week")
    make_rule("MESIAC", action="subscribe", subscription_type="month")
    clock.advance(timedelta(days=1))
    make_inbound(content=text)

    import_renewals(reader.line())

    assert renewal_states() == [state]


def test_what_a_rule_stopped_is_stopped_though_its_words_are_no_stop(
    reader: Reader, clock: Clock, client: FlaskClient
) -> None:
    make_rule("UZ NIE", action="stop")
    clock.advance(timedelta(days=1))
    write(client, "UZ NIE")

    import_renewals(reader.line())

    assert renewal_states() == ["user_stop"]


def test_a_stop_that_the_old_system_got_was_heeded_there(reader: Reader, clock: Clock) -> None:
    clock.advance(timedelta(days=1))
    make_inbound(content="STOP", user_id=reader.user_id)
    _do("UPDATE mobiletech_inbound_messages SET import_id = 7 WHERE content = 'STOP'")

    import_renewals(reader.line())

    assert renewal_states() == ["active"]


def test_who_ordered_after_a_stop_is_renewed(clock: Clock) -> None:
    make_inbound(content="STOP")
    clock.advance(timedelta(days=1))
    reader = make_charged_reader()

    import_renewals(reader.line())

    assert renewal_states() == ["active"]


def test_a_renewal_is_spaced_from_a_payment_that_history_says_is_later(reader: Reader, clock: Clock) -> None:
    """The file names an old payment, and the same chain was charged an hour ago: its reader is not charged now."""
    last = pay_again(reader)
    import_renewals(
        reader.line(
            external_id="1", state="charged", charge_at=PAST, payment_variable_symbol=last.variable_symbol
        ),
        reader.line(external_id="2", charge_at=PAST, parent_payment_variable_symbol=last.variable_symbol),
        confirm_due=True,
    )

    charge()

    assert renewal_states() == ["charged", "active"]
    assert len(list_payments()) == 2


@pytest.mark.parametrize("batch_rows", [2, 7, 5000])
def test_a_dry_run_of_a_file_with_every_kind_of_error_counts_as_the_real_one(
    reader: Reader, batch_rows: int
) -> None:
    others = [make_charged_reader(f"090511122{number}") for number in range(4)]
    import_renewals(others[0].line(), others[1].line())
    last = pay_again(others[1])
    _do(
        f"UPDATE mobiletech_outbound_messages SET billing = 'failed' WHERE payment_id = {others[2].payment_id}"
    )
    lines = [
        *(reader.line(**values) for values, _, code in REFUSALS if code != "due"),
        others[0].line(),
        others[0].line(external_id="again"),
        reader.line(),
        others[1].line(state="charged", charge_at=PAST, payment_variable_symbol=last.variable_symbol),
        others[2].line(),
        others[1].line(external_id="next", parent_payment_variable_symbol=last.variable_symbol),
        reader.line(),
        reader.line(charge_at="2099-11-01"),
        others[3].line(parent_payment_variable_symbol=reader.symbol),
        others[3].line(charge_at=PAST),
    ]

    dry = import_renewals(*lines, dry=True, batch_rows=batch_rows)
    real = import_renewals(*lines, batch_rows=batch_rows)

    assert counts_of(dry) == counts_of(real) == (3, 1, 2, 21)
    assert refusals_of(dry) == refusals_of(real)
    assert (dry.stopped, dry.due_count, dry.due_amounts) == (real.stopped, real.due_count, real.due_amounts)
    assert real.stopped == 1


def _count_work() -> list[int]:
    tables = ("outbox", "mobiletech_outbound_messages", "mobiletech_not_sent", "payments")
    with transaction() as session:
        return [session.execute(text(f"SELECT count(*) FROM {table}")).scalar_one() for table in tables]


def _do(statement: str) -> None:
    with transaction() as session:
        session.execute(text(statement))
