"""The list of payments shows what its address asks for, finds a number and a variable symbol, and fits in a file."""

import csv
from datetime import timedelta
from io import StringIO
from urllib.parse import parse_qsl, urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import update

from crm.core.clock import now
from crm.core.db import transaction
from crm.payments import payment_list as service
from crm.payments.charging_run import charge_due
from crm.payments.models import Payment
from crm.payments.payment_list import PaymentKind
from crm.payments.statuses import Failure, PaymentStatus
from crm.sms_billing.proofs import Waits
from crm.users.models import AuditEntry
from crm.users.numbers import find_number
from crm.web import payment_list
from crm.web.page_tools import get_settings
from crm.web.payment_filters import PURPOSE
from crm.web.sealed import seal
from tests.conftest import Clock
from tests.factories.money import (
    MONTH,
    NUMBER,
    buy,
    get_payment,
    list_payments,
    make_type,
    report,
    set_up_sale,
    subscribe,
)
from tests.fakes import FakeGateway, ambiguous
from tests.pages import Page
from tests.stored import read

LIST = "/admin/payments"


@pytest.fixture(autouse=True)
def _sale(app: Flask, gateway: FakeGateway, clock: Clock) -> None:
    set_up_sale()
    make_type()
    make_type("week", price="1.50", billkey="AA50", length=7, user_label="Týždenné", name="Týždenné")


def shown(staff: FlaskClient, query: str = "") -> list[int]:
    page = Page(staff.get(f"{LIST}{query}"))
    assert page.status == 200, page.text
    return rows(page)


def rows(page: Page) -> list[int]:
    return [int(link.rsplit("/", 1)[1]) for link in page.links if link.startswith(f"{LIST}/")]


def number_id(number: str = NUMBER) -> int:
    with transaction() as session:
        known = find_number(session, f"+421{number[1:]}")
        assert known is not None
        return known.id


def found(staff: FlaskClient, term: str, query: str = "") -> str:
    page = Page(staff.get(f"{LIST}{query}"))
    form = next(form for form in page.forms if form.action.startswith(f"{LIST}/search"))
    response = staff.post(form.action, data={**form.fields, "term": term})
    assert response.status_code == 303
    return str(response.location)


def test_an_empty_list_says_what_will_come(staff: FlaskClient) -> None:
    assert "No payment yet" in Page(staff.get(LIST)).text


def test_the_newest_stands_first_with_amount_reader_and_what_became_of_it(staff: FlaskClient) -> None:
    paid = subscribe().payment_id
    failed = buy(number="0908000002").payment_id
    report(failed, "A12")

    page = Page(staff.get(LIST))

    assert shown(staff) == [failed, paid]
    assert "0908 630 549" in page.text
    assert "Mesačné predplatné First payment 4.99 € Paid" in page.text
    assert "Not billed Technical: billing refused" in page.text
    assert "2 payments" in page.text


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("?status=paid", "month older"),
        ("?status=fail", "failed"),
        ("?failure=technical", "failed"),
        ("?kind=renewal", "renewal"),
        ("?type=week", "week"),
        ("?gateway=mobiletech", "once"),
        ("?waits=unproven", "unknown"),
        ("?amount_to=1,50", "week"),
        ("?amount_from=1.51&amount_to=1.60", ""),
        ("?from=2001-01-01&to=2001-01-02", ""),
        ("?paid_from=2001-01-01&paid_to=2001-01-02", ""),
    ],
)
def test_each_filter_shows_what_it_names(
    request: pytest.FixtureRequest, gateway: FakeGateway, clock: Clock, query: str, wanted: str
) -> None:
    ids = {"failed": buy(number="0908000002").payment_id}
    report(ids["failed"], "A12")
    ids["older"] = subscribe(number="0908000001").payment_id
    clock.advance(MONTH)
    charge_due()
    ids["renewal"] = list_payments()[-1].id
    ids["week"] = buy("week", "0908000003", billkey="AA50").payment_id
    ids["once"] = buy(number="0908000004", gateway="mobiletech").payment_id
    gateway.will(ambiguous())
    ids["unknown"] = buy(number="0908000005").payment_id
    ids["month"] = subscribe(number="0908000006").payment_id
    staff = request.getfixturevalue("staff")  # whose sign-in a month would have ended

    assert shown(staff, query) == [ids[name] for name in wanted.split()]


def test_what_is_asked_for_by_its_day_of_payment_stands_in_that_order(staff: FlaskClient) -> None:
    late, early = buy(number="0908000001").payment_id, buy(number="0908000002").payment_id
    report(early, "A0")
    report(late, "A0")

    assert shown(staff) == [early, late]
    assert shown(staff, "?paid_from=2001-01-01") == [late, early]


def test_what_waits_for_a_person_says_so_in_the_list(staff: FlaskClient, gateway: FakeGateway) -> None:
    gateway.will(ambiguous())
    buy()

    assert "Unproven" in Page(staff.get(LIST)).text


def test_filters_that_cannot_be_read_are_told_and_nothing_else_breaks(staff: FlaskClient) -> None:
    subscribe()

    page = Page(staff.get(f"{LIST}?status=x&amount_from=a&from=30&to=2026-02-30&gateway=%20%00"))

    assert page.status == 400
    for told in (
        "Status: 'x' is none of",
        "Amount from: 'a' is no amount",
        "Made from: '30' is no day",
        "Made until: '2026-02-30' is no day",
        "Gateway:",
    ):
        assert told in page.text


@pytest.mark.parametrize(
    "query",
    [
        "?amount_from=5&amount_to=4.99",
        "?from=2026-11-02&to=2026-11-01",
        "?paid_from=2026-11-02&paid_to=2026-11-01",
    ],
)
def test_a_range_that_ends_before_it_begins_is_told(staff: FlaskClient, query: str) -> None:
    page = Page(staff.get(f"{LIST}{query}"))

    assert page.status == 400
    assert "must not be below" in page.text


def test_a_chip_says_what_is_in_force_and_takes_it_away(staff: FlaskClient) -> None:
    page = Page(staff.get(f"{LIST}?status=paid&type=week"))

    assert "Status: Paid" in page.text
    assert "Type: Týždenné" in page.text
    assert "?type=week" in page.links
    assert "?status=paid" in page.links


filters = st.fixed_dictionaries(
    {},
    optional={
        "status": st.sampled_from(PaymentStatus),
        "waits": st.sampled_from(Waits),
        "kind": st.sampled_from(PaymentKind),
        "failure": st.sampled_from(Failure),
        "type": st.sampled_from(["month", "week"]),
        "gateway": st.just("mobiletech"),
        "amount_from": st.sampled_from(["0", "1.50"]),
        "amount_to": st.sampled_from(["4,99", "50"]),
        "from": st.dates().filter(lambda day: 2000 <= day.year < 2050).map(str),
    },
)


@given(values=filters)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_filters_survive_the_round_trip_through_the_address(
    staff: FlaskClient, values: dict[str, str]
) -> None:
    page = Page(staff.get(LIST, query_string=values))

    form = next(form for form in page.forms if form.method == "get")
    kept = {name: value for name, value in form.fields.items() if value}
    assert page.status == 200
    assert kept == {name: str(value) for name, value in values.items()}
    for name in values:
        rest = {other: str(value) for other, value in values.items() if other != name}
        assert any(
            dict(parse_qsl(urlsplit(link).query)) == rest for link in page.links if link.startswith("?")
        )


def test_pages_go_on_where_the_one_before_ended(
    staff: FlaskClient, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(payment_list, "PAGE", 2)
    ids = [buy(number=f"090800000{number}").payment_id for number in range(5)][::-1]

    seen, query = [], ""
    for _ in range(3):
        page = Page(staff.get(f"{LIST}{query}"))
        seen += rows(page)
        query = next((link for link in page.links if link.startswith("?after=")), "")

    assert seen == ids
    back = next(link for link in Page(staff.get(f"{LIST}{_older(staff)}")).links if "before=" in link)
    assert shown(staff, back) == ids[:2]


def _older(staff: FlaskClient) -> str:
    return next(link for link in Page(staff.get(LIST)).links if "after=" in link)


def test_a_place_of_another_view_is_refused(staff: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(payment_list, "PAGE", 1)
    buy(number="0908000001")
    buy(number="0908000002")
    place = _older(staff)

    page = Page(staff.get(f"{LIST}{place}&status=form"))

    assert page.status == 400
    assert "Start from the first page" in page.text


def test_many_are_counted_to_a_thousand_only(staff: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "COUNTED", 1)
    monkeypatch.setattr(payment_list, "COUNTED", 1)
    buy(number="0908000001")
    buy(number="0908000002")

    assert "1+ payments" in Page(staff.get(LIST)).text


def test_a_number_leads_to_its_payments_and_stands_in_no_address(staff: FlaskClient) -> None:
    ours = subscribe().payment_id
    subscribe(number="0908000002")

    address = found(staff, "0908 630 549", "?status=paid")

    assert address == f"{LIST}?status=paid&thread={number_id()}"
    assert shown(staff, f"?{urlsplit(address).query}") == [ours]
    assert f"/admin/threads/{number_id()}" in Page(staff.get(address)).links


def test_the_end_of_a_number_finds_all_with_that_end(staff: FlaskClient) -> None:
    ours = subscribe().payment_id
    subscribe(number="0908000002")

    address = found(staff, "630549")

    assert "630549" not in address
    assert shown(staff, f"?{urlsplit(address).query}") == [ours]


def test_a_payment_whose_sms_was_never_made_is_found_by_its_readers_number(staff: FlaskClient) -> None:
    unmade = buy(billkey="AA50").payment_id  # another price: refused before there is an SMS

    assert get_payment(unmade).failure == "ours"
    assert shown(staff, f"?{urlsplit(found(staff, '630549')).query}") == [unmade]


@pytest.mark.parametrize(
    ("stored", "typed"),
    [
        ("0006789465", "6789465"),
        ("0006789465", "0006789465"),
        ("0006789465", "06789465"),
        ("6789465", "6789465"),
    ],
)
def test_a_variable_symbol_finds_its_payment_with_or_without_left_zeros(
    staff: FlaskClient, stored: str, typed: str
) -> None:
    payment = subscribe().payment_id
    with transaction() as session:
        session.execute(update(Payment).values(variable_symbol=stored))

    assert found(staff, typed) == f"{LIST}/{payment}"


def test_a_longer_symbol_is_not_found_by_what_is_only_its_end(staff: FlaskClient) -> None:
    subscribe()
    with transaction() as session:
        session.execute(update(Payment).values(variable_symbol="1006789465"))

    assert found(staff, "6789465").startswith(f"{LIST}?q=")


@pytest.mark.parametrize("term", ["", "  ", "\0", "čo to", "'; --", "9" * 300])
def test_whatever_is_typed_the_search_answers(staff: FlaskClient, term: str) -> None:
    address = found(staff, term)

    assert Page(staff.get(address)).status == 200


def test_an_old_link_to_a_search_is_told(staff: FlaskClient, app: Flask) -> None:
    with app.app_context():
        word = seal("0549", key=get_settings().secret_key, purpose=PURPOSE, at=now() - timedelta(days=8))

    assert Page(staff.get(f"{LIST}?q={word}")).status == 400
    assert Page(staff.get(f"{LIST}?thread=999999")).status == 400


def _rows(staff: FlaskClient, query: str = "") -> list[dict[str, str]]:
    page = Page(staff.get(f"{LIST}{query}"))
    form = next(form for form in page.forms if form.action.startswith(f"{LIST}/export"))
    response = staff.post(form.action, data=form.fields)
    assert response.headers["Content-Disposition"].startswith('attachment; filename="payments-20')
    return list(csv.DictReader(StringIO(response.text)))


def test_the_file_has_what_the_view_has_with_two_decimals_and_no_text(staff: FlaskClient) -> None:
    bought = subscribe()
    weekly = buy("week", "0908000002", billkey="AA50")

    newest, first = _rows(staff)

    assert (first["id"], first["amount"], first["currency"]) == (str(bought.payment_id), "4.99", "EUR")
    assert (first["status"], first["kind"], first["code"], first["billkey"]) == (
        "paid",
        "first",
        "A0",
        "AA99",
    )
    assert first["number"] == "'+421908630549"  # a spreadsheet would add it up
    assert first["subscription_id"]
    assert first["subscription_end"] > first["subscription_start"]
    assert (newest["id"], newest["amount"], newest["status"]) == (str(weekly.payment_id), "1.50", "form")
    assert "predlzene" not in str([newest, first])
    assert [row["id"] for row in _rows(staff, "?type=week")] == [newest["id"]]


def test_a_cell_is_no_formula(staff: FlaskClient) -> None:
    subscribe()
    with transaction() as session:
        session.execute(update(Payment).values(referer="=HYPERLINK(1)"))

    assert _rows(staff)[0]["referer"] == "'=HYPERLINK(1)"


def test_a_long_file_comes_in_pieces_and_whole(staff: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(payment_list, "EXPORTED_AT_ONCE", 2)
    ids = [buy(number=f"090800000{number}").payment_id for number in range(5)]

    assert [int(row["id"]) for row in _rows(staff)] == ids[::-1]


def test_who_took_the_file_is_written_down_without_the_number(staff: FlaskClient) -> None:
    subscribe()
    query = urlsplit(found(staff, "908630549")).query

    _rows(staff, f"?{query}")

    [(action, after)] = read(AuditEntry.action, AuditEntry.after)
    assert action == "payments.export"
    assert "908630549" not in str(after)
