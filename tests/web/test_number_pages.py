"""The pages of numbers: found without a trace, each with whose it is, its operator and why."""

import re
from datetime import timedelta
from urllib.parse import unquote

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from crm.core.db import transaction
from crm.mobiletech import numbers_on_operator
from crm.mobiletech.models import StatusReport
from crm.users import administration, number_list
from crm.users.accounts import get_user
from crm.users.audit_log import Actor, acting
from crm.users.numbers import note_numbers
from crm.users.phones import link_phone, move_phone
from tests.factories.log import START, make_inbound, make_outbound
from tests.factories.users import make_user
from tests.pages import Page, sign_in

LIST = "/admin/phone-numbers"
NUMBER, LOCAL, SHOWN = "+421908123456", "0908123456", "0908 123 456"
HEADING = SHOWN.replace(" ", "\u00a0")


# --- the list and the search


@pytest.mark.usefixtures("in_2026")
def test_the_list_shows_the_newest_first_with_person_operator_and_last_sms(staff: FlaskClient) -> None:
    _make_reader()
    make_inbound(from_=NUMBER, operator_type="T", created_at=START)
    make_outbound(to=NUMBER, created_at=START + timedelta(hours=1))
    _note("+421905000132")

    page = Page(staff.get(LIST))

    _assert_in_order(page.text, "0905 000 132", "Not linked", "Orange a guess", "never", "never")
    _assert_in_order(page.text, "0905 000 132", SHOWN, "Žofia Čučoriedková", "Telekom since 20 Nov 2026")
    _assert_in_order(page.text, "Telekom since", "20 Nov 09:00", "20 Nov 10:00")
    assert {f"{LIST}/1", f"{LIST}/2"} <= set(page.links)


def test_an_operator_that_was_denied_is_told(staff: FlaskClient) -> None:
    _note(NUMBER)
    _deny(NUMBER, "O")

    assert "Not known no longer Orange" in Page(staff.get(LIST)).text


def test_people_are_links_for_those_who_may_open_them(staff: FlaskClient, client: FlaskClient) -> None:
    reader = _make_reader()

    assert f"/admin/users/{reader}" in Page(staff.get(LIST)).links

    support = _enter(client, "support")
    page = Page(support.get(LIST))
    assert "Žofia Čučoriedková" in page.text
    assert f"/admin/users/{reader}" not in page.links + Page(support.get(f"{LIST}/1")).links


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("linked=yes", [SHOWN]),
        ("linked=no", ["0903 000 001"]),
        ("operator=T", ["0903 000 001"]),
        ("operator=O", [SHOWN]),
        ("operator=O&linked=no", []),
    ],
)
def test_filters_stand_in_the_address(staff: FlaskClient, query: str, found: list[str]) -> None:
    _make_reader()
    _note("+421903000001")

    page = Page(staff.get(f"{LIST}?{query}"))

    assert page.status == 200
    assert [number for number in (SHOWN, "0903 000 001") if number in page.text] == found
    assert ("No number matches" in page.text) == (found == [])


@pytest.mark.parametrize(
    "term", ["0908 123 456", "+421908123456", "3456", "zofia@example.sk", "cucoriedkova"]
)
def test_what_was_searched_for_is_found_and_stands_in_no_address(
    staff: FlaskClient, caplog: pytest.LogCaptureFixture, term: str
) -> None:
    _make_reader()
    _note("+421903000001")

    response = _search(staff, term)
    page = Page(staff.get(response.location))

    assert response.status_code == 302
    assert SHOWN in page.text
    assert "0903 000 001" not in page.text
    assert page.form(f"{LIST}/search?").fields["term"] == term
    for told in (unquote(response.location), *page.links, *(str(record.msg) for record in caplog.records)):
        assert not any(part in told for part in (term, "zofia", "123456", "908123", "cucoried"))


def test_a_search_goes_on_with_the_filters_and_over_pages(staff: FlaskClient) -> None:
    for number in range(60):
        _note(f"+4219050{number:02}777")
    _note("+421903000777")
    _note("+421905000778")

    first = Page(staff.get(_search(staff, "777", f"{LIST}?operator=O").location))
    older = Page(staff.get(f"{LIST}{_link(first, 'after')}"))
    newer = Page(staff.get(f"{LIST}{_link(older, 'before')}"))

    counts = [len(set(re.findall(r"0905 0\d\d 777", page.text))) for page in (first, older, newer)]
    assert counts == [50, 10, 50]
    assert "0903 000 777" not in first.text + older.text
    assert "0905 000 778" not in first.text + older.text
    assert 'type="hidden" name="q"' in first.response.text


def test_an_empty_search_shows_all(staff: FlaskClient) -> None:
    assert _search(staff, "   ").location == LIST


def test_too_many_people_are_told(staff: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(number_list, "MOST_PEOPLE", 0)
    _make_reader()

    page = Page(staff.get(_search(staff, "cucoriedkova").location))

    _assert_in_order(page.text, "people match", "Write more of the name", "No number matches")


def test_how_far_was_looked_for_an_operator_is_told(
    staff: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(numbers_on_operator, "SCANNED", 2)
    monkeypatch.setattr(numbers_on_operator, "AT_ONCE", 1)
    for number in ("+421903000001", "+421905000001", "+421905000002", "+421903000002"):
        _note(number)

    first = Page(staff.get(f"{LIST}?operator=2"))
    page = Page(staff.get(f"{LIST}?operator=T"))
    older = Page(staff.get(f"{LIST}{_link(page, 'after')}"))

    assert "Nothing found so far" in first.text
    _assert_in_order(page.text, "0903 000 002", "Looked at", "numbers, back to", "Go on with Older.")
    assert "0903 000 001" in older.text


@pytest.mark.parametrize(
    "query",
    ["q=0908123456", "q=AAAA", "linked=maybe", "operator=X", "operator=%F0", "after=x", "before=x", "q=%00"],
)
def test_an_address_that_asks_for_nothing_says_so(staff: FlaskClient, query: str) -> None:
    page = Page(staff.get(f"{LIST}?{query}"))

    assert page.status == 400
    assert "This list cannot be shown" in page.text


def test_without_a_number_the_page_says_what_will_come(staff: FlaskClient) -> None:
    assert "The first number that writes to your short number will appear here" in Page(staff.get(LIST)).text


# --- one number


def test_a_number_is_shown_with_its_person_and_the_ways_on(staff: FlaskClient) -> None:
    reader = _make_reader()

    page = Page(staff.get(f"{LIST}/1"))

    assert page.title == HEADING
    _assert_in_order(
        page.text, "Linked", "Person", "Žofia Čučoriedková", "zofia@example.sk · customer · our id"
    )
    assert {
        f"/admin/users/{reader}",
        "/admin/threads/1",
        "/admin/messages?thread=1",
        f"{LIST}/1/unlink",
    } <= set(page.links)


def test_a_persons_page_leads_to_the_number(staff: FlaskClient) -> None:
    reader = _make_reader()

    assert f"{LIST}/1" in Page(staff.get(f"/admin/users/{reader}")).links


EVIDENCE = [
    (
        "named",
        ["in"],
        "Telekom The gateway named it with the last SMS from this number.",
        "since 20 Nov 2026",
    ),
    ("delivered", ["out"], "Telekom The last SMS that reached this number went there.", "since 20 Nov 2026"),
    ("guessed", [], "Orange A guess: numbers that begin with 0908 were given to it first.", ""),
    (
        "denied",
        ["not"],
        "Not known The gateway has denied the one that we knew.",
        "Denied Orange, 20 Nov 2026",
    ),
]


@pytest.mark.parametrize(("label", "events", "told", "since"), EVIDENCE, ids=[row[0] for row in EVIDENCE])
def test_why_it_is_taken_for_that_operator_and_since_when(
    staff: FlaskClient, label: str, events: list[str], told: str, since: str
) -> None:
    _note(NUMBER)
    for event in events:
        if event == "in":
            make_inbound(from_=NUMBER, operator_type="T", created_at=START)
        elif event == "out":
            make_outbound(to=NUMBER, operator_type="T", created_at=START)
        else:
            _deny(NUMBER, "O")

    page = Page(staff.get(f"{LIST}/1"))

    _assert_in_order(page.text, "Operator", told, since)


def test_the_operator_over_time_leads_to_the_sms_that_told_it(staff: FlaskClient) -> None:
    _note(NUMBER)
    first = make_inbound(from_=NUMBER, operator_type="O", created_at=START)
    denied = _deny(NUMBER, "O")
    last = make_inbound(from_=NUMBER, operator_type="T", created_at=START + timedelta(days=9))

    page = Page(staff.get(f"{LIST}/1"))

    _assert_in_order(page.text, "The operator over time", "Telekom", "No longer Orange", "Orange")
    assert [link for link in page.links if re.match(r"/admin/messages/\w+bound/", link)] == [
        f"/admin/messages/inbound/{last}",
        f"/admin/messages/outbound/{denied}",
        f"/admin/messages/inbound/{first}",
    ]


def test_whose_it_was_stands_there_with_who_did_it_and_why(staff: FlaskClient) -> None:
    reader, other = _make_reader(), make_user(role="customer", name="Ján Novák")
    with acting(Actor(name="Samuel Baláž", user_id=99)), transaction() as session:
        user = get_user(session, reader)
        administration.unlink_number(session, user, by_role="support", reason="he rang us")
    with acting(Actor(name="Ján", user_id=other)), transaction() as session:
        move_phone(session, LOCAL, other)

    page = Page(staff.get(f"{LIST}/1"))

    _assert_in_order(
        page.text, "Whose it was", "Ján Novák", "– now", "Linked by the person", "Proved by a code"
    )
    _assert_in_order(page.text, "Proved by a code", "Žofia Čučoriedková", "It is not recorded who did it")
    _assert_in_order(page.text, "Unlinked by Samuel Baláž", "he rang us", "entries in the audit log")


def test_acts_are_for_those_who_read_the_audit_log(staff: FlaskClient, client: FlaskClient) -> None:
    with acting(Actor(name="Samuel Baláž")), transaction() as session:
        administration.add_person(session, phone=LOCAL)

    assert "1 entry in the audit log" in Page(staff.get(f"{LIST}/1")).text
    assert "in the audit log" not in Page(_enter(client, "support").get(f"{LIST}/1")).text


def test_a_number_of_abroad_can_belong_to_nobody(staff: FlaskClient) -> None:
    _note("+420602000101")

    page = Page(staff.get(f"{LIST}/1"))

    assert page.title == "+420602000101"
    assert "No Slovak mobile number: it cannot belong to anybody." in page.text
    assert f"{LIST}/1/link" not in page.links


@pytest.mark.parametrize(
    "path", ["4711", str(2**63), str(2**70), "4711/link", f"{2**70}/unlink", "1/link/4711"]
)
def test_what_does_not_exist_is_404(staff: FlaskClient, path: str) -> None:
    _note(NUMBER)

    assert Page(staff.get(f"{LIST}/{path}")).status == 404


def _make_reader() -> int:
    user_id = make_user(role="customer", email="zofia@example.sk", name="Žofia Čučoriedková")
    with transaction() as session:
        link_phone(session, LOCAL, user_id)
    return user_id


def _note(number: str) -> None:
    with transaction() as session:
        note_numbers(session, [number])


def _deny(number: str, operator: str) -> int:
    """Let the gateway say that the number is not with the operator."""
    at = START + timedelta(hours=2)
    message = make_outbound(
        to=number, operator_type=operator, mobiletech_id="denied", billing="failed", created_at=at
    )
    with transaction() as session:
        session.add(StatusReport(mobiletech_id="denied", status="_OPERATOR_CHANGE", received_at=at))
    return message


def _enter(client: FlaskClient, role: str) -> FlaskClient:
    """Let somebody else sit down at the browser."""
    client.post("/logout", data=Page(client.get("/account")).form("/logout").fields)
    make_user(role=role, email=f"{role}@example.sk")
    sign_in(client, f"{role}@example.sk")
    return client


def _search(client: FlaskClient, term: str, page: str = LIST) -> TestResponse:
    form = next(form for form in Page(client.get(page)).forms if form.action.startswith(f"{LIST}/search"))
    return client.post(form.action, data=form.fields | {"term": term})


def _link(page: Page, name: str) -> str:
    return next(link for link in page.links if f"{name}=" in link)


def _assert_in_order(text: str, *words: str) -> None:
    place = 0
    for word in words:
        place = text.find(word, place)
        assert place >= 0, f"{word!r} is not there, or too early: {text}"
        place += len(word)
