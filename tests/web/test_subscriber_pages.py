"""The lists of subscribers and of subscriptions: who stands how, found without a trace, and as files."""

import csv
from io import StringIO
from typing import Any
from urllib.parse import unquote

import pytest
from flask.testing import FlaskClient

from crm.core.db import transaction
from crm.core.phone import to_international
from crm.payments import subscribers as payments_subscribers
from crm.payments.models import Payment
from crm.subscriptions.models import Subscription
from crm.users.models import AuditEntry
from crm.users.numbers import note_numbers
from crm.web import subscriber_export, subscribers
from tests.conftest import Clock
from tests.factories.moments import on_the_wall, set_clock
from tests.factories.money import make_type
from tests.factories.money_history import make_payment, make_period, make_person, make_renewal
from tests.factories.users import make_user
from tests.pages import Page, sign_in
from tests.stored import read

SUBSCRIBERS, SUBSCRIPTIONS = "/admin/subscribers", "/admin/subscriptions"
NUMBER, SHOWN = "0907111222", "0907 111 222"


@pytest.fixture(autouse=True)
def _noon(clock: Clock) -> None:
    set_clock(clock, "2026-12-03 12:00")
    make_type(name="Mesačné")
    make_type("week", price="1.99", billkey="BB19", length=7, name="Týždenné")


def make_reader(state: str, number: str = NUMBER, **person: Any) -> int:
    """Add a reader who stands so, and return the id."""
    user = make_person(number, **person)
    runs = state in ("renewing", "stopped")
    start = "2026-11-20 09:00" if runs else "2026-10-20 09:00"
    paid = make_payment(user, start)
    _attach(paid, make_period(user, start, internal_status="active" if runs else "after_end"))
    if state == "renewing":
        make_renewal(user, "2026-12-20 09:00", period=paid)
    elif state == "failed":
        make_renewal(user, "2026-11-19 09:00", state="system_stop", failure="no_credit", period=paid)
    else:
        make_renewal(user, "2026-12-20 09:00", state="user_stop", period=paid)
    with transaction() as session:
        note_numbers(session, [to_international(number)])
    return user


def _attach(payment_id: int, subscription_id: int) -> None:
    with transaction() as session:
        session.get_one(Payment, payment_id).subscription_id = subscription_id


# --- how readers stand


@pytest.mark.usefixtures("in_2026")
def test_a_subscriber_is_told_with_last_and_next_charge(staff: FlaskClient) -> None:
    user = make_reader("renewing", public_name="Žofia Malá", email="zofia@example.sk", source="sms")

    page = Page(staff.get(SUBSCRIBERS))

    for word in (SHOWN, "Žofia Malá", "zofia@example.sk", "Mesačné", "until 20 Dec 2026", "Renews", "sms"):
        assert word in page.text
    assert "20 Nov 09:00 4.99 €" in page.text
    assert "20 Dec 09:00 4.99 €" in page.text
    assert {"/admin/threads/1", f"/admin/users/{user}", "/admin/payments/1"} <= set(page.links)
    assert "/admin/recurrent-payments/1" in page.links


@pytest.mark.parametrize(
    ("state", "word"),
    [("renewing", "Renews"), ("stopped", "Runs out"), ("failed", "Charge failed"), ("ended", "Ended")],
)
def test_the_list_and_its_filter_call_a_reader_the_same(staff: FlaskClient, state: str, word: str) -> None:
    make_reader(state)

    for asked in ("renewing", "stopped", "failed", "ended"):
        page = Page(staff.get(f"{SUBSCRIBERS}?state={asked}"))
        assert (SHOWN in page.text) is (asked == state)
    assert word in Page(staff.get(f"{SUBSCRIBERS}?state={state}")).text.partition(SHOWN)[2]


def test_a_charge_that_has_only_just_come_due_is_no_failure(staff: FlaskClient) -> None:
    user = make_person(NUMBER)
    make_period(user, "2026-11-03 11:55", internal_status="after_end")
    make_renewal(user, "2026-12-03 11:55")

    page = Page(staff.get(f"{SUBSCRIBERS}?state=renewing"))

    assert SHOWN in page.text
    assert "Due now" in page.text
    assert SHOWN not in Page(staff.get(f"{SUBSCRIBERS}?state=failed")).text


def test_one_that_is_tried_again_after_its_end_has_failed(staff: FlaskClient) -> None:
    user = make_person(NUMBER)
    make_period(user, "2026-11-02 09:00", internal_status="after_end")
    paid = make_payment(user, "2026-11-02 09:00")
    make_renewal(user, "2026-12-02 09:00", state="charge_failed", failure="no_credit", period=paid)
    failed = make_payment(user, status="fail")
    make_renewal(user, "2026-12-03 18:00", period=paid, parent=failed, attempt=1)

    page = Page(staff.get(f"{SUBSCRIBERS}?state=failed"))

    assert SHOWN in page.text
    assert "Tried again" in page.text


def test_each_reader_is_there_once_whoever_has_it_longest_first(staff: FlaskClient) -> None:
    ended, long_, short = (make_person(f"090700000{number}") for number in (1, 2, 3))
    make_period(ended, "2026-10-01 09:00")
    make_period(short, "2026-11-20 09:00", 20)
    make_period(long_, "2026-11-01 09:00")
    make_period(long_, "2026-12-01 09:00", 60)
    make_person("0907000009")

    text = Page(staff.get(SUBSCRIBERS)).text

    assert text.index("0907 000 002") < text.index("0907 000 003") < text.index("0907 000 001")
    assert text.count("0907 000 002") == 1
    assert "0907 000 009" not in text


def test_pages_of_the_list_have_everybody_once(staff: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subscribers, "PAGE", 2)
    for number in range(5):
        make_period(make_person(f"090700000{number}"), "2026-11-20 09:00", 10 + number % 2)
    seen: list[str] = []
    href = SUBSCRIBERS
    while href:
        page = Page(staff.get(href))
        seen += [f"090700000{number}" for number in range(5) if f"0907 000 00{number}" in page.text]
        older = [link for link in page.links if "after=" in link]
        href = f"{SUBSCRIBERS}{older[0]}" if older else ""

    assert sorted(seen) == [f"090700000{number}" for number in range(5)]


def test_a_page_that_looked_far_enough_says_so_and_goes_on(
    staff: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(payments_subscribers, "WALKED", 3)
    monkeypatch.setattr(subscribers, "WALKED", 3)
    for number in range(7):
        make_period(make_person(f"090700000{number}"), "2026-11-20 09:00", 30 - number)
    renewing = make_reader("renewing", "0908111222")
    with transaction() as session:
        session.query(Subscription).where(Subscription.user_id == renewing).update(
            {"end_time": on_the_wall("2026-12-13 10:00")}
        )
    seen, href = [], f"{SUBSCRIBERS}?state=renewing"
    for _ in range(3):
        page = Page(staff.get(href))
        seen.append("0908 111 222" in page.text)
        older = [link for link in page.links if "after=" in link]
        href = f"{SUBSCRIBERS}{older[0]}" if older else ""

    assert seen == [False, False, True]
    assert (
        "Looked at 3 subscriptions, down to those until 18 Dec 2026"
        in Page(staff.get(f"{SUBSCRIBERS}?state=renewing")).text
    )


# --- finding one


@pytest.mark.parametrize("term", [NUMBER, "111 222", "1222", "zofia@exam", "čučoriedk", "CUCORIEDKOVA"])
def test_a_reader_is_found_and_what_was_typed_stands_in_no_address(staff: FlaskClient, term: str) -> None:
    make_reader("renewing", public_name="Žofia Čučoriedková", email="zofia@example.sk")
    make_reader("ended", "0908999888")

    answer = staff.post(f"{SUBSCRIBERS}/search", data=_token(staff) | {"term": term})
    page = Page(staff.get(answer.location))

    assert term not in unquote(answer.location)
    assert SHOWN in page.text
    assert "0908 999 888" not in page.text


def test_a_search_keeps_the_filters(staff: FlaskClient) -> None:
    make_reader("ended")

    answer = staff.post(f"{SUBSCRIBERS}/search?state=renewing", data=_token(staff) | {"term": "1222"})

    assert "state=renewing" in answer.location
    assert "No subscriber matches" in Page(staff.get(answer.location)).text


def _token(client: FlaskClient) -> dict[str, str]:
    return {"csrf_token": Page(client.get(SUBSCRIBERS)).forms[0].fields["csrf_token"]}


@pytest.mark.parametrize(
    "query",
    ["?state=asleep", "?type=none", "?q=forged", "?after=forged"],
)
def test_a_filter_that_cannot_be_read_is_told(staff: FlaskClient, query: str) -> None:
    answer = staff.get(f"{SUBSCRIBERS}{query}")

    assert answer.status_code == 400
    assert "This list cannot be shown" in Page(answer).text


def test_who_may_not_open_people_gets_no_way_there(client: FlaskClient) -> None:
    user = make_reader("renewing", public_name="Žofia Malá")
    make_user(role="support", email="support@example.sk")
    sign_in(client, "support@example.sk")

    page = Page(client.get(SUBSCRIBERS))

    assert "Žofia Malá" in page.text
    assert f"/admin/users/{user}" not in page.links


def test_empty_lists_say_what_will_be_there(staff: FlaskClient) -> None:
    assert "No subscriber yet" in Page(staff.get(SUBSCRIBERS)).text
    assert "No subscription yet" in Page(staff.get(SUBSCRIPTIONS)).text


# --- subscriptions


@pytest.mark.usefixtures("in_2026")
def test_a_subscription_is_told_with_its_payment(staff: FlaskClient) -> None:
    make_reader("renewing", public_name="Žofia Malá")

    page = Page(staff.get(SUBSCRIPTIONS))

    for word in (SHOWN, "Žofia Malá", "Mesačné", "20 Nov 09:00", "20 Dec 09:00", "Runs", "4.99 €", "Paid"):
        assert word in page.text
    assert "/admin/payments/1" in page.links


def test_one_without_a_payment_says_so(staff: FlaskClient) -> None:
    make_period(make_person(NUMBER), "2026-11-20 09:00", is_recurrent=False)

    page = Page(staff.get(SUBSCRIPTIONS))

    assert "without a payment" in page.text
    assert "Bought once" in page.text


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", {1, 2, 3, 4}),
        ("?status=active", {1, 2}),
        ("?status=after_end", {3}),
        ("?status=before_start", {4}),
        ("?type=week", {2}),
        ("?recurrent=no", {3}),
        ("?recurrent=yes", {1, 2, 4}),
        ("?ends=1", {2}),
        ("?ends=7", {1, 2}),
        ("?ends=7&type=month", {1}),
    ],
)
def test_filters_mean_what_they_say(staff: FlaskClient, query: str, found: set[int]) -> None:
    readers = {number: make_person(f"090700000{number}") for number in range(1, 5)}
    make_period(readers[1], "2026-11-08 09:00")
    make_period(readers[2], "2026-11-27 09:00", 7, type_code="week")
    make_period(readers[3], "2026-10-01 09:00", internal_status="after_end", is_recurrent=False)
    make_period(readers[4], "2026-12-10 09:00", internal_status="before_start")

    text = Page(staff.get(f"{SUBSCRIPTIONS}{query}")).text

    assert {number for number in readers if f"0907 000 00{number}" in text} == found


def test_what_ends_soon_begins_with_the_soonest(staff: FlaskClient) -> None:
    make_period(make_person("0907000001"), "2026-11-08 09:00")
    make_period(make_person("0907000002"), "2026-11-05 09:00")

    text = Page(staff.get(f"{SUBSCRIPTIONS}?ends=30")).text

    assert text.index("0907 000 002") < text.index("0907 000 001")


@pytest.mark.parametrize(
    "query", ["?status=asleep", "?ends=8", "?recurrent=maybe", "?type=none", "?before=x"]
)
def test_a_filter_of_subscriptions_that_cannot_be_read_is_told(staff: FlaskClient, query: str) -> None:
    answer = staff.get(f"{SUBSCRIPTIONS}{query}")

    assert answer.status_code == 400
    assert "This list cannot be shown" in Page(answer).text


# --- files


def test_the_file_of_subscribers_has_what_the_view_has(staff: FlaskClient) -> None:
    make_reader("renewing", public_name="=1+1", email="zofia@example.sk", source="sms")
    make_reader("ended", "0908999888")

    [row] = _export(staff, f"{SUBSCRIBERS}/export?state=renewing")

    assert (row["number"], row["name"], row["email"]) == (NUMBER, "'=1+1", "zofia@example.sk")
    assert (row["subscription_type"], row["state"], row["source"]) == ("month", "renewing", "sms")
    assert (row["last_amount"], row["last_currency"]) == ("4.99", "EUR")
    assert (row["next_charge_at"], row["next_amount"]) == ("2026-12-20T09:00:00+01:00", "4.99")


def test_the_file_of_subscriptions_has_what_the_view_has(staff: FlaskClient) -> None:
    make_reader("renewing")
    make_reader("ended", "0908999888")

    [row] = _export(staff, f"{SUBSCRIPTIONS}/export?status=active")

    assert (row["number"], row["subscription_type"], row["status"]) == (NUMBER, "month", "active")
    assert (row["payment_id"], row["payment_status"], row["amount"]) == ("1", "paid", "4.99")
    assert row["end_time"] == "2026-12-20T09:00:00+01:00"


@pytest.mark.parametrize(
    "path", [f"{SUBSCRIBERS}/export", f"{SUBSCRIPTIONS}/export", f"{SUBSCRIPTIONS}/export?ends=30"]
)
def test_a_long_file_comes_in_pieces_and_whole(
    staff: FlaskClient, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    monkeypatch.setattr(subscriber_export, "EXPORTED_AT_ONCE", 2)
    for number in range(7):
        make_period(make_person(f"090700000{number}"), "2026-11-20 09:00", 20 + number % 3)

    numbers = [row["number"] for row in _export(staff, path)]

    assert sorted(numbers) == [f"090700000{number}" for number in range(7)]


def test_who_took_a_file_is_written_down_without_the_number(staff: FlaskClient) -> None:
    make_reader("renewing")
    answer = staff.post(f"{SUBSCRIBERS}/search", data=_token(staff) | {"term": NUMBER})
    query = answer.location.partition("?")[2]

    _export(staff, f"{SUBSCRIBERS}/export?{query}")

    [(action, after)] = read(AuditEntry.action, AuditEntry.after)
    assert action == "subscribers.export"
    assert NUMBER not in str(after)
    assert "q" in after["filter"]


def test_a_file_of_a_view_that_cannot_be_read_is_the_page(staff: FlaskClient) -> None:
    for path in (SUBSCRIBERS, SUBSCRIPTIONS):
        answer = staff.post(f"{path}/export?type=none", data=_token(staff))
        assert answer.status_code == 400
        assert answer.mimetype == "text/html"


def _export(client: FlaskClient, path: str) -> list[dict[str, str]]:
    answer = client.post(path, data=_token(client))
    assert answer.content_type == "text/csv; charset=utf-8", answer.text
    return list(csv.DictReader(StringIO(answer.text)))
