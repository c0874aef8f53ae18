"""The figures of the money as the staff see them: right, defined, linked, by any period, and as files."""

import csv
from collections.abc import Mapping
from io import StringIO

import pytest
from flask.testing import FlaskClient

from crm.core.business_settings import set_setting
from crm.core.db import transaction
from crm.payments.figures.keeping import count_money_days
from crm.payments.holding import hold
from tests.conftest import Clock
from tests.factories.log import make_outbound
from tests.factories.moments import on_the_wall, set_clock
from tests.factories.money import make_type
from tests.factories.money_history import make_payment, make_period, make_person, make_renewal
from tests.pages import Page

INSIGHT, FORECAST = "/admin/insight", "/admin/insight/forecast"


@pytest.fixture(autouse=True)
def _noon(clock: Clock) -> None:
    set_clock(clock, "2026-12-03 12:00")
    make_type(name="Mesačné")


@pytest.fixture
def reader() -> int:
    return make_person()


def rows(client: FlaskClient, name: str, query: str = "") -> list[dict[str, str]]:
    answer = client.get(f"{INSIGHT}/{name}.csv{query}")
    assert answer.content_type == "text/csv; charset=utf-8", answer.text
    return list(csv.DictReader(StringIO(answer.text)))


def only(row: Mapping[str, str], *names: str) -> tuple[str, ...]:
    return tuple(row[name] for name in names)


# --- revenue


def test_revenue_is_told_with_what_it_is_made_of(staff: FlaskClient, reader: int) -> None:
    make_payment(reader, "2026-12-01 10:00", amount="4.99")
    make_payment(reader, "2026-12-01 11:00", amount="1.99", renewal=True)
    make_payment(reader, "2026-12-02 11:00", amount="4.99", renewal=True, status="refund")
    make_payment(reader, "2026-10-20 11:00", amount="2.00")

    page = Page(staff.get(INSIGHT))

    assert "Revenue 6.98 € 4.98 € more than in the 30 days before" in page.text
    assert "Renewals 6.98 € before refunds" in page.text
    assert "Given back 4.99 € 1 payment" in page.text
    assert "/admin/payments?status=paid&from=2026-11-04&to=2026-12-03" in page.links
    assert "/admin/payments?status=refund&from=2026-12-02&to=2026-12-02" in page.links


def test_the_file_has_each_day_and_sums_up_to_what_was_paid(staff: FlaskClient, reader: int) -> None:
    make_payment(reader, "2026-11-04 00:00", amount="4.99")
    make_payment(reader, "2026-12-03 11:59", amount="1.99", renewal=True)
    make_payment(reader, "2026-11-03 23:59", amount="100")

    days = rows(staff, "revenue")

    assert (days[0]["from"], days[-1]["from"], len(days)) == ("2026-12-03", "2026-11-04", 30)
    assert only(days[0], "payments", "first", "renewals", "refunded", "revenue") == (
        "1", "0.00", "1.99", "0.00", "1.99",
    )  # fmt: skip
    assert sum(float(day["revenue"]) for day in days) == pytest.approx(6.98)


@pytest.mark.parametrize(
    ("query", "parts"),
    [
        ("?period=7", ["2026-12-03", "2026-11-27"]),
        ("?period=30&by=week", ["2026-11-30", "2026-11-04"]),
        ("?period=90", ["2026-11-30", "2026-09-05"]),
        ("?period=90&by=month", ["2026-12-01", "2026-09-05"]),
        ("?period=365", ["2026-12-01", "2026-01-01"]),
        ("?period=365&by=week", ["2026-11-30", "2026-01-01"]),
    ],
)
def test_a_period_ends_today_and_is_parted_by_its_step(
    staff: FlaskClient, reader: int, query: str, parts: list[str]
) -> None:
    make_payment(reader, "2026-12-01 10:00")

    found = rows(staff, "revenue", query)

    assert [found[0]["from"], found[-1]["from"]] == parts
    assert sum(float(row["revenue"]) for row in found) == pytest.approx(4.99)


@pytest.mark.parametrize("query", ["?period=8", "?period=7&by=month", "?by=hour", "?currency=XXX"])
def test_a_period_that_there_is_not_is_told_and_the_page_stays(staff: FlaskClient, query: str) -> None:
    answer = staff.get(f"{INSIGHT}{query}")

    assert answer.status_code == 400
    assert "This period cannot be shown" in Page(answer).text
    assert staff.get(f"{INSIGHT}/revenue.csv{query}").status_code == 400


def test_types_stand_apart_and_lead_to_their_payments(staff: FlaskClient, reader: int) -> None:
    make_type("=week", price="1.99", billkey="BB19", name="Týždenné")
    make_payment(reader, "2026-12-01 10:00")
    make_payment(reader, "2026-12-01 10:00", amount="1.99", type_code="=week")

    assert [only(row, "type", "revenue") for row in rows(staff, "types")] == [
        ("month", "4.99"),
        ("'=week", "1.99"),
    ]
    links = Page(staff.get(INSIGHT)).links
    assert "/admin/payments?status=paid&type=month&from=2026-11-04&to=2026-12-03" in links


def test_currencies_are_never_added_up(staff: FlaskClient, reader: int) -> None:
    make_payment(reader, "2026-12-01 10:00")
    make_payment(reader, "2026-12-01 10:00", amount="99", currency="CZK")

    assert "Revenue CZK 99.00" in Page(staff.get(INSIGHT)).text.replace("99.00 CZK", "CZK 99.00")
    assert "Revenue 4.99 €" in Page(staff.get(f"{INSIGHT}?currency=EUR")).text


def test_an_empty_house_says_what_there_is_nothing_of(staff: FlaskClient) -> None:
    text = Page(staff.get(INSIGHT)).text

    for sentence in (
        "No payment was paid in this time.",
        "Nobody had a subscription in this time.",
        "No renewal was due in this time.",
        "No SMS of a payment was made in this time.",
    ):
        assert sentence in text
    for name in ("revenue", "types", "subscribers", "recovery", "tries", "operators"):
        assert staff.get(f"{INSIGHT}/{name}.csv").status_code == 200
    assert staff.get(f"{INSIGHT}/nothing.csv").status_code == 404


def test_days_that_are_counted_each_hour_are_named(staff: FlaskClient, reader: int) -> None:
    make_payment(reader, "2026-12-02 10:00")
    assert "counted each hour" not in Page(staff.get(INSIGHT)).text

    count_money_days()

    assert "Days up to Wed 2 Dec are counted each hour" in Page(staff.get(INSIGHT)).text


# --- subscribers and what ended


def test_subscribers_and_what_ended_by_will_and_by_failure(staff: FlaskClient) -> None:
    for _ in range(4):
        make_period(make_person(), "2026-11-01 10:00", 60)
    ends = ("user_stop", "admin_stop", "system_stop")
    for state in ends:
        make_renewal(make_person(), "2026-12-20 10:00", state=state, changed="2026-12-01 10:00")

    page = Page(staff.get(INSIGHT))

    assert "Subscribers now 4 as many as at the beginning" in page.text
    assert "Ended by will 2 50% of the subscribers at the beginning" in page.text
    assert "Ended by failure 1 25% of the subscribers at the beginning" in page.text
    [day] = [row for row in rows(staff, "subscribers") if row["from"] == "2026-12-01"]
    assert only(day, "subscribers_at_the_end", *ends) == ("4", "1", "1", "1")
    assert "/admin/recurrent-payments?view=stopped&by=given_up&from=2026-12-01&to=2026-12-01" in page.links


# --- recovery


def test_recovery_by_why_it_failed_and_by_try(staff: FlaskClient) -> None:
    _charge("charged")
    _charge("no_credit", "charged")
    _charge("no_credit", "no_credit", "charged")
    _charge("no_credit", "given_up")
    _charge("blocked", "active")

    text = Page(staff.get(INSIGHT)).text

    assert "Charged in the end 75% 3 of those whose end is known" in text
    assert "Recovered 2 9.98 €" in text
    columns = ("failure", "failed", "recovered", "share_percent", "open", "given_up", "recovered_amount")
    assert [only(row, *columns) for row in rows(staff, "recovery")] == [
        ("no_credit", "3", "2", "66.7", "0", "1", "9.98"),
        ("blocked", "1", "0", "", "1", "0", "0.00"),
    ]
    assert [only(row, "try", "charged", "amount") for row in rows(staff, "tries")] == [
        ("1", "1", "4.99"),
        ("2", "1", "4.99"),
        ("3", "1", "4.99"),
    ]


def _charge(*tries: str) -> None:
    reader = make_person()
    period = make_payment(reader, "2026-10-01 10:00")
    for attempt, what in enumerate(tries):
        paid = make_payment(reader, "2026-12-01 10:00", renewal=True) if what == "charged" else None
        states = {"charged": "charged", "active": "active", "given_up": "system_stop"}
        make_renewal(
            reader,
            f"2026-12-01 1{attempt}:00",
            state=states.get(what, "charge_failed"),
            failure=None if what in ("charged", "active") else what.replace("given_up", "no_credit"),
            period=period,
            parent=make_payment(reader, status="fail") if attempt else period,
            attempt=attempt,
            payment_id=paid,
        )


# --- operators


def test_operators_by_what_came_of_their_sms(staff: FlaskClient) -> None:
    at = on_the_wall("2026-12-01 10:00")
    for payment_id, (operator, billing) in enumerate((("O", "billed"), ("O", "failed"), ("T", "none")), 1):
        make_outbound(
            payment_id=payment_id, created_at=at, operator_type=operator, billing=billing, paid=True
        )

    columns = ("operator", "sms", "billed", "share_percent", "not_billed", "waiting")
    assert [only(row, *columns) for row in rows(staff, "operators")] == [
        ("O", "2", "1", "50.0", "1", "0"),
        ("T", "1", "0", "", "0", "1"),
    ]
    assert "Orange 2 1 50% 1" in Page(staff.get(INSIGHT)).text


# --- the forecast


def test_the_forecast_tells_overdue_ones_first_and_what_is_expected(staff: FlaskClient) -> None:
    for _ in range(30):
        _charge("charged")
    for _ in range(10):
        _charge("given_up")
    make_renewal(make_person(), "2026-12-02 10:00")
    make_renewal(make_person(), "2026-12-05 10:00")
    make_renewal(make_person(), "2026-12-25 10:00")

    page = Page(staff.get(FORECAST))

    assert "Overdue 1 4.99 €" in page.text
    assert "Within 7 days 2 9.98 €" in page.text
    assert "Within 30 days 3 14.97 €" in page.text
    assert "Expected 11.23 € an estimate" in page.text
    assert "of the 40 renewals that were due in the last 90 days and whose end is known, 75%" in page.text
    days = rows(staff, "forecast")
    assert only(days[0], "day", "currency", "charges", "amount", "expected") == (
        "overdue", "EUR", "1", "4.99", "3.74",
    )  # fmt: skip
    assert [only(day, "day", "charges") for day in days if day["charges"] != "0"][1:] == [
        ("2026-12-05", "1"),
        ("2026-12-25", "1"),
    ]
    assert "/admin/recurrent-payments?view=planned&from=2026-12-05&to=2026-12-05" in page.links


def test_a_share_of_few_is_not_told(staff: FlaskClient) -> None:
    _charge("charged")
    make_renewal(make_person(), "2026-12-05 10:00")

    text = Page(staff.get(FORECAST)).text

    assert "Nothing is expected yet" in text
    assert "an estimate" not in text
    assert {day["expected"] for day in rows(staff, "forecast")} == {""}


@pytest.mark.usefixtures("in_2026")
@pytest.mark.parametrize(
    ("ceiling", "told"),
    [
        ("0", "No ceiling is set"),
        ("1", "On 5 Dec 10:00 2 are planned: they take about 2 hours."),
        ("2", "The ceiling lets 2 charges through in an hour; no hour has more."),
    ],
)
def test_the_busiest_hour_stands_beside_the_ceiling(staff: FlaskClient, ceiling: str, told: str) -> None:
    with transaction() as session:
        set_setting(session, "recurrent_max_charges_per_hour", ceiling)
    make_renewal(make_person(), "2026-12-05 10:10")
    make_renewal(make_person(), "2026-12-05 10:50")

    assert told in Page(staff.get(FORECAST)).text


def test_held_paused_and_pending_ones_are_told(staff: FlaskClient) -> None:
    with transaction() as session:
        hold(session, reason="price list changes")
    paused = {"paused_at": on_the_wall("2026-12-01 10:00"), "pause_reason": "near stop"}
    make_renewal(make_person(), "2026-12-05 10:00", **paused)
    on_its_way = make_payment(make_person(), status="form")
    make_renewal(make_person(), "2026-12-03 10:00", state="pending", payment_id=on_its_way)

    text = Page(staff.get(FORECAST)).text

    assert "Renewals are held since" in text
    assert "price list changes" in text
    assert "1 renewal is paused" in text
    assert "1 charge is on its way" in text
    assert "No renewal is planned in this time." in text


# --- the overview


def test_the_overview_tells_subscribers_and_what_is_due(staff: FlaskClient) -> None:
    make_period(make_person(), "2026-11-20 10:00")
    make_period(make_person(), "2026-12-01 10:00")
    make_renewal(make_person(), "2026-12-04 10:00")
    make_renewal(make_person(), "2026-12-09 10:00")

    page = Page(staff.get("/admin/"))

    assert "Subscribers 2 1 more than a week ago" in page.text
    assert "Due in 24 hours 1 4.99 € 2 in 7 days, 9.98 €" in page.text
    assert FORECAST in page.links
