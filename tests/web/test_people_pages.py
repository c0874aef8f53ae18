"""The pages about people: found without a trace, changed with one, and shut out only on purpose."""

import re
from datetime import timedelta
from urllib.parse import unquote

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from crm.core.db import transaction
from crm.users.accounts import get_user
from crm.users.client import Client
from crm.users.models import AccessToken, AuditEntry, MobilePhone, OneTimeCode, User
from crm.users.phones import link_phone
from crm.users.sessions import Kind, begin_session
from tests.conftest import Clock
from tests.factories.users import make_user
from tests.pages import PASSWORD, Page, sign_in
from tests.stored import read
from tests.web.conftest import Browser

LIST = "/admin/users"
NEW = f"{LIST}/new"
ADMIN = 1  # the first person, whom the fixture `staff` has signed in


# --- the list and the search


def test_the_list_shows_the_newest_first_with_number_role_and_state(staff: FlaskClient) -> None:
    make_user(role="editor", email="jan@example.sk", name="Ján Novák", active=False)
    _make_reader()

    page = Page(staff.get(LIST))

    _assert_in_order(
        page.text, "Žofia Čučoriedková", "zofia@example.sk", "0908 123 456", "customer", "Active"
    )
    _assert_in_order(
        page.text, "Žofia Čučoriedková", "Ján Novák", "editor", "Closed", "Eva Nováková", "admin"
    )
    assert f"{LIST}/3" in page.links


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("role=editor", ["Ján Novák"]),
        ("state=closed", ["Ján Novák"]),
        ("state=active", ["Žofia Čučoriedková", "Eva Nováková"]),
        ("role=customer&state=closed", []),
    ],
)
def test_filters_stand_in_the_address(staff: FlaskClient, query: str, names: list[str]) -> None:
    make_user(role="editor", name="Ján Novák", active=False)
    _make_reader()

    page = Page(staff.get(f"{LIST}?{query}"))

    assert page.status == 200
    assert [name for name in ("Žofia Čučoriedková", "Ján Novák") if name in page.text] == [
        name for name in names if name != "Eva Nováková"
    ]
    assert ("Nobody matches" in page.text) == (names == [])


@pytest.mark.parametrize(
    "term", ["zofia@example.sk", "0908 123 456", "+421908123456", "3456", "cucoriedkova"]
)
def test_what_was_searched_for_is_found_and_stands_in_no_address(
    staff: FlaskClient, caplog: pytest.LogCaptureFixture, term: str
) -> None:
    _make_reader()

    response = _search(staff, term)
    page = Page(staff.get(response.location))

    assert response.status_code == 302
    assert "Žofia Čučoriedková" in page.text
    assert "Eva Nováková" not in page.response.text.partition("<main")[2]
    assert page.form(f"{LIST}/search?").fields["term"] == term
    for told in (unquote(response.location), *page.links, *(str(record.msg) for record in caplog.records)):
        assert not any(part in told for part in (term, "zofia", "123456", "908123", "cucoried"))


def test_a_search_goes_on_with_the_filters_and_over_pages(staff: FlaskClient) -> None:
    for number in range(60):
        make_user(role="customer", name=f"Novák {number:02}")
    make_user(role="editor", name="Novák editor")

    first = Page(staff.get(_search(staff, "novak", f"{LIST}?role=customer").location))
    older = Page(staff.get(f"{LIST}{_link(first, 'after')}"))
    newer = Page(staff.get(f"{LIST}{_link(older, 'before')}"))

    assert [len(set(re.findall(r"Novák \d\d", page.text))) for page in (first, older, newer)] == [50, 10, 50]
    assert "Novák editor" not in first.text + older.text
    assert 'type="hidden" name="q"' in first.response.text


def test_an_empty_search_shows_everybody(staff: FlaskClient) -> None:
    assert _search(staff, "   ").location == LIST


@pytest.mark.parametrize(
    "query",
    ["q=eva@example.sk", "q=AAAA", "role=king", "state=odd", "after=x", "before=x", "q=%00", "role=%F0"],
)
def test_an_address_that_asks_for_nothing_says_so(staff: FlaskClient, query: str) -> None:
    page = Page(staff.get(f"{LIST}?{query}"))

    assert page.status == 400
    assert "This list cannot be shown" in page.text


def test_the_page_of_one_list_is_no_page_of_another(staff: FlaskClient) -> None:
    for _ in range(60):
        make_user(role="customer")
    link = _link(Page(staff.get(f"{LIST}?role=customer")), "after")

    assert staff.get(f"{LIST}{link.replace('role=customer', 'role=editor')}").status_code == 400


def test_the_matrix_tells_who_may_do_what(staff: FlaskClient) -> None:
    page = Page(staff.get(f"{LIST}/roles"))

    read = "Reads messages, payments, subscribers, renewals, templates, rules, numbers and operations"
    assert f"{read} – no yes yes yes yes" in page.text
    assert "Makes and revokes API tokens – no – no – no – no yes" in page.text


# --- a new person


def test_a_new_person_is_a_customer(staff: FlaskClient) -> None:
    response = _send(staff, NEW, public_name=" Ján Novák ", email="jan@example.sk", phone="+421 908 123 456")

    page = Page(staff.get(response.location))
    assert response.location == f"{LIST}/2"
    assert "Ján Novák was added." in page.text
    assert read(User.public_name, User.email, User.role, User.password, order=User.id)[1:] == [
        ("Ján Novák", "jan@example.sk", "customer", "!")
    ]
    assert read(MobilePhone.phone_number, MobilePhone.user_id) == [("0908123456", 2)]
    assert read(AuditEntry.action, AuditEntry.actor_id, AuditEntry.subject) == [
        ("user.create", ADMIN, "user 2")
    ]


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({}, "E-mail: A user needs an e-mail or a phone number."),
        ({"email": "eva"}, "E-mail: 'eva' is no e-mail address"),
        ({"email": "ADMIN@example.sk"}, "E-mail: The e-mail ADMIN@example.sk belongs to another user."),
        ({"phone": "8877"}, "Phone number: This is not a Slovak mobile number."),
        ({"phone": "0908123456"}, "Phone number: The number 0908123456 belongs to user 2 already."),
        ({"public_name": "x" * 201, "email": "jan@example.sk"}, "Name: Write at most 200 characters."),
        ({"public_name": "a\0b", "email": "jan@example.sk"}, "Name: Take out the zero character"),
    ],
)
def test_who_cannot_be_added_is_told_beside_the_field(
    staff: FlaskClient, fields: dict[str, str], told: str
) -> None:
    _make_reader()

    page = Page(_send(staff, NEW, **fields))

    assert page.status == 422
    assert told in page.text
    assert {name: page.form().fields[name].replace("\ufffd", "\0") for name in fields} == fields
    assert len(read(User.id)) == 2


# --- one person


def test_a_person_is_shown_with_sign_ins_tries_and_acts(client: FlaskClient, app: Flask) -> None:
    reader = _make_reader()
    browser = Browser(app)
    sign_in(browser, "zofia@example.sk", "wrong horse battery")
    sign_in(browser, "zofia@example.sk")
    make_user(role="admin", email="admin@example.sk")
    sign_in(client, "admin@example.sk")
    _send(client, f"{LIST}/{reader}/deactivate", reason="asked by letter")

    page = Page(client.get(f"{LIST}/{reader}"))

    assert page.title == "Žofia Čučoriedková"
    _assert_in_order(
        page.text, "Tries to sign in", "z***@example.sk", "Signed in", "z***@example.sk", "Wrong password"
    )
    _assert_in_order(
        page.text, "What staff did", "Deactivated an account", "asked by letter", "active", "yes", "no"
    )
    assert f"/admin/audit?subject=user+{reader}" in page.links


@pytest.mark.parametrize("path", ["4711", str(2**63), str(2**70), "4711/edit", f"{2**70}/deactivate"])
def test_a_person_who_does_not_exist_is_404(staff: FlaskClient, path: str) -> None:
    assert Page(staff.get(f"{LIST}/{path}")).status == 404


def test_living_sessions_are_shown_and_can_be_ended(staff: FlaskClient) -> None:
    reader = _make_reader()
    agent = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/131.0 Safari/537.36"
    with transaction() as session:
        for kind, name in ((Kind.WEB, agent), (Kind.API, "shop/1.2")):
            client = Client(ip="192.0.2.7", user_agent=name)
            begin_session(session, get_user(session, reader), kind=kind, client=client)
    page = Page(staff.get(f"{LIST}/{reader}"))
    assert "Chrome · Windows" in page.text
    assert "shop a program, by the API" in page.text

    [one] = [form for form in page.forms if form.action.endswith("/sign-ins/2/end")]
    ended = Page(staff.get(staff.post(one.action, data=one.fields).location))
    assert "The sign-in is ended." in ended.text
    assert read(AccessToken.id, AccessToken.end_reason)[1:] == [(2, "ended_by_staff"), (3, None)]

    again = Page(staff.get(staff.post(one.action, data=one.fields).location))
    assert "That sign-in had ended already." in again.text


def test_all_sessions_of_a_person_end_at_once_but_not_mine(staff: FlaskClient) -> None:
    reader = _make_reader()
    with transaction() as session:
        for _ in range(2):
            begin_session(session, get_user(session, reader), kind=Kind.WEB, client=Client())
    form = Page(staff.get(f"{LIST}/{reader}")).form(f"{LIST}/{reader}/sign-ins/end")

    page = Page(staff.get(staff.post(form.action, data=form.fields).location))

    assert "2 sign-ins are ended." in page.text
    assert read(AccessToken.end_reason, order=AccessToken.id) == [
        (None,),
        ("ended_by_staff",),
        ("ended_by_staff",),
    ]


def test_a_session_of_another_person_cannot_be_ended_through_this_one(staff: FlaskClient) -> None:
    reader = _make_reader()
    token = Page(staff.get(f"{LIST}/{reader}")).form("/logout").fields

    staff.post(f"{LIST}/{reader}/sign-ins/1/end", data=token)

    assert read(AccessToken.end_reason) == [(None,)]


def test_a_code_is_sent_and_only_that_is_told(staff: FlaskClient) -> None:
    reader = _make_reader()

    page = _press(staff, reader, "send-code")

    assert "A code is on its way." in page.text
    assert read(OneTimeCode.user_id, OneTimeCode.phone_number) == [(reader, "0908123456")]


def test_why_no_code_was_sent_is_told(staff: FlaskClient) -> None:
    reader = _make_reader()
    for _ in range(5):
        _press(staff, reader, "send-code")

    page = _press(staff, reader, "send-code")

    assert "Too many codes were asked for. Try again in 60 min." in page.text
    assert len(read(OneTimeCode.id)) == 5


def test_an_account_is_confirmed_once(staff: FlaskClient) -> None:
    reader = _make_reader()

    page = _press(staff, reader, "confirm")

    assert "The account is confirmed." in page.text
    assert not [form for form in page.forms if form.action.endswith("/confirm")]


# --- acts with a page of their own


def test_details_are_changed(staff: FlaskClient) -> None:
    reader = _make_reader()

    response = _send(
        staff, f"{LIST}/{reader}/edit", public_name="Žofia M.", note="volá\r\nv pondelok", locale="sk_SK"
    )

    page = Page(staff.get(response.location))
    assert "Saved." in page.text
    assert "Slovenčina" in page.text
    _assert_in_order(page.text, "Changed a person's details", "public_name", "Žofia Čučoriedková", "Žofia M.")


def test_saving_what_is_there_changes_nothing(staff: FlaskClient) -> None:
    reader = _make_reader()

    page = Page(staff.get(_send(staff, f"{LIST}/{reader}/edit").location))

    assert "Nothing was changed." in page.text
    assert read(AuditEntry.id) == []


REFUSED = [
    ("edit", {"public_name": " "}, "Name: Write a name."),
    ("edit", {"email": "eva@"}, "E-mail: 'eva@' is no e-mail address"),
    ("edit", {"email": "admin@example.sk"}, "E-mail: The e-mail admin@example.sk belongs to another user."),
    ("edit", {"locale": "tlh"}, "Language: "),
    ("edit", {"note": "x" * 2001}, "Note: Write at most 2000 characters."),
    ("role", {"role": "king", "reason": "why"}, "Role: "),
    ("role", {"role": "editor", "reason": ""}, "Reason: Write why."),
    ("number/unlink", {"reason": " "}, "Reason: Write why."),
    ("deactivate", {"reason": ""}, "Reason: Write why."),
    ("deactivate", {"reason": "x" * 201}, "Reason: Write at most 200 characters."),
]


@pytest.mark.parametrize(("act", "fields", "told"), REFUSED)
def test_what_is_refused_is_told_beside_the_field_and_nothing_changes(
    staff: FlaskClient, act: str, fields: dict[str, str], told: str
) -> None:
    reader = _make_reader()

    page = Page(_send(staff, f"{LIST}/{reader}/{act}", **fields))

    assert page.status == 422
    assert told in page.text
    assert read(AuditEntry.id) == []


def test_a_number_is_unlinked_and_another_linked(staff: FlaskClient) -> None:
    reader = _make_reader()

    unlinked = Page(
        staff.get(_send(staff, f"{LIST}/{reader}/number/unlink", reason="a recycled number").location)
    )
    taken = Page(_send(staff, f"{LIST}/{ADMIN}/number", phone="8877", reason="why"))
    linked = Page(
        staff.get(_send(staff, f"{LIST}/{ADMIN}/number", phone="00421 908 123 456", reason="mine").location)
    )

    assert "The number 0908 123 456 is unlinked." in unlinked.text
    assert "Phone number: This is not a Slovak mobile number." in taken.text
    assert "The number 0908 123 456 is linked." in linked.text
    assert read(AuditEntry.action, AuditEntry.reason, order=AuditEntry.id) == [
        ("user.unlink_number", "a recycled number"),
        ("user.link_number", "mine"),
    ]


def test_a_number_of_another_stays_where_it_is(staff: FlaskClient) -> None:
    reader = _make_reader()

    page = Page(_send(staff, f"{LIST}/{ADMIN}/number", phone="0908123456", reason="why"))

    assert page.status == 422
    assert f"Phone number: The number 0908123456 belongs to user {reader} already." in page.text


def test_a_closed_account_ends_what_is_open_and_can_be_opened_again(staff: FlaskClient, app: Flask) -> None:
    reader, browser = _make_reader(), Browser(app)
    sign_in(browser, "zofia@example.sk")

    asked = Page(staff.get(f"{LIST}/{reader}/deactivate"))
    closed = Page(staff.get(_send(staff, f"{LIST}/{reader}/deactivate", reason="asked by letter").location))
    refused = sign_in(browser, "zofia@example.sk")
    opened = Page(staff.get(_send(staff, f"{LIST}/{reader}/activate", reason="a mistake").location))

    assert "1 sign-in ends now" in asked.text
    assert "The account is closed." in closed.text
    assert "nobody can sign in to it" in closed.text
    assert refused.status_code == 422
    assert "The account is active again." in opened.text
    assert sign_in(browser, "zofia@example.sk").status_code == 302


def test_nobody_closes_their_own_account_or_the_last_administrator(staff: FlaskClient) -> None:
    own = Page(_send(staff, f"{LIST}/{ADMIN}/deactivate", reason="why"))
    last = Page(_send(staff, f"{LIST}/{ADMIN}/role", role="support", reason="why"))

    assert (own.status, last.status) == (409, 409)
    assert "You cannot deactivate your own account." in own.text
    assert "This is the last active administrator." in last.text
    assert read(User.role, User.active) == [("admin", True)]


def test_a_role_is_given_and_the_person_signs_in_anew(staff: FlaskClient, app: Flask) -> None:
    reader, browser = _make_reader(), Browser(app)
    sign_in(browser, "zofia@example.sk")

    response = _send(staff, f"{LIST}/{reader}/role", role="editor", reason="joins the desk")

    assert "The role is editor now." in Page(staff.get(response.location)).text
    assert browser.get("/admin/templates/new").location.startswith("/login")
    sign_in(browser, "zofia@example.sk")
    assert browser.get("/admin/templates/new").status_code == 200
    assert read(AuditEntry.action, AuditEntry.reason) == [("user.role", "joins the desk")]


# --- the password again


def test_a_role_asks_for_the_password_and_comes_back(staff: FlaskClient, clock: Clock) -> None:
    reader = _make_reader()
    clock.advance(timedelta(minutes=11))

    asked = staff.get(f"{LIST}/{reader}/role")
    form = Page(staff.get(asked.location)).form()
    response = staff.post("/login/confirm", data=form.fields | {"password": PASSWORD})

    assert asked.location == f"/login/confirm?next=%2Fadmin%2Fusers%2F{reader}%2Frole"
    assert response.location == f"{LIST}/{reader}/role"
    assert staff.get(response.location).status_code == 200


def _make_reader() -> int:
    user_id = make_user(role="customer", email="zofia@example.sk", name="Žofia Čučoriedková")
    with transaction() as session:
        link_phone(session, "0908123456", user_id)
    return user_id


def _search(client: FlaskClient, term: str, page: str = LIST) -> TestResponse:
    form = next(form for form in Page(client.get(page)).forms if "/users/search" in form.action)
    return client.post(form.action, data=form.fields | {"term": term})


def _send(client: FlaskClient, path: str, **fields: str) -> TestResponse:
    """Fill in the form as it stands on the page and send it."""
    return client.post(path, data=Page(client.get(path)).form().fields | fields)


def _press(client: FlaskClient, user_id: int, act: str) -> Page:
    form = Page(client.get(f"{LIST}/{user_id}")).form(f"{LIST}/{user_id}/{act}")
    return Page(client.get(client.post(form.action, data=form.fields).location))


def _link(page: Page, name: str) -> str:
    return next(link for link in page.links if f"{name}=" in link)


def _assert_in_order(text: str, *words: str) -> None:
    place = 0
    for word in words:
        place = text.find(word, place)
        assert place >= 0, f"{word!r} is not there, or too early: {text}"
        place += len(word)
