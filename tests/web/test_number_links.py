"""Numbers are linked and unlinked by support and administrators, on purpose, with a reason, and to whom they may."""

from urllib.parse import unquote

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from crm.core.db import transaction
from crm.users.accounts import get_user
from crm.users.client import Client
from crm.users.models import AccessToken, AuditEntry, MobilePhone, User
from crm.users.numbers import note_numbers
from crm.users.phones import link_phone, move_phone
from crm.users.sessions import Kind, begin_session
from tests.factories.users import make_user
from tests.pages import Page, sign_in
from tests.stored import read

LIST = "/admin/phone-numbers"
ONE = f"{LIST}/1"
LOCAL, SHOWN = "0908123456", "0908 123 456"
HEADING = SHOWN.replace(" ", "\u00a0")
OTHER = "0907000001"


# --- choosing whom


@pytest.mark.parametrize("term", ["zofia", "Čučoriedková", "zofia@example.sk", "2", "#2"])
def test_a_person_is_found_by_name_e_mail_or_id_and_none_of_it_stands_in_an_address(
    support: FlaskClient, reader: int, term: str
) -> None:
    response = _search(support, term)
    page = Page(support.get(response.location))

    assert f"{ONE}/link/{reader}" in page.links
    assert "Žofia Čučoriedková" in page.text
    assert page.form(f"{ONE}/link/search").fields["term"] == term
    assert "zofia" not in unquote(response.location).lower()


def test_who_has_a_number_is_shown_with_the_way_to_it(support: FlaskClient, reader: int) -> None:
    _link(OTHER, reader)

    page = Page(support.get(_search(support, "zofia").location))

    assert "Has a number already: 0907 000 001" in page.text
    assert f"{LIST}/2" in page.links
    assert f"{ONE}/link/{reader}" not in page.links


@pytest.mark.parametrize("term", ["Elena", "elena@example.sk", "3"])
def test_support_finds_no_colleague(support: FlaskClient, reader: int, term: str) -> None:
    make_user(role="editor", email="elena@example.sk", name="Elena Šimková")

    page = Page(support.get(_search(support, term).location))

    assert "Elena" not in page.response.text.partition("<main")[2].replace(f'value="{term}"', "")
    assert "Accounts of staff are found by administrators only." in page.text


def test_an_administrator_finds_everybody(staff: FlaskClient, number: None) -> None:
    page = Page(staff.get(_search(staff, "admin@example.sk").location))

    assert f"{ONE}/link/1" in page.links


@pytest.mark.parametrize("term", ["4711", "9" * 30, "nobody", "%", "a\0b", "²"])
def test_who_is_nowhere_is_not_found(support: FlaskClient, reader: int, term: str) -> None:
    assert "Nobody matches" in Page(support.get(_search(support, term).location)).text


def test_an_empty_search_asks_again(support: FlaskClient) -> None:
    assert _search(support, "  ").location == f"{ONE}/link"


def test_more_than_a_page_can_show_is_told(support: FlaskClient) -> None:
    for _ in range(21):
        make_user(role="customer", name="Ján Novák")

    page = Page(support.get(_search(support, "novak").location))

    assert len([link for link in page.links if link.startswith(f"{ONE}/link/")]) == 20
    assert "More people match." in page.text


def test_a_search_that_was_tampered_with_says_so(support: FlaskClient) -> None:
    page = Page(support.get(f"{ONE}/link?q=zofia"))

    assert page.status == 400
    assert "This link to a search is too old or damaged." in page.text


def test_a_number_that_is_somebodys_is_not_asked_about(support: FlaskClient, reader: int) -> None:
    _link(LOCAL, reader)

    page = Page(support.get(f"{ONE}/link"))

    assert "The number belongs to Žofia Čučoriedková. Unlink it first" in page.text
    assert f"{ONE}/unlink" in page.links


# --- linking


def test_support_links_a_number_to_a_reader_with_a_reason(support: FlaskClient, reader: int) -> None:
    asked = Page(support.get(f"{ONE}/link/{reader}"))
    response = _send(support, f"{ONE}/link/{reader}", reason=" asked by letter ")
    done = Page(support.get(response.location))

    assert asked.title == f"Link {HEADING} to Žofia Čučoriedková"
    assert "whoever has it in hand can sign in" in asked.text
    assert response.location == ONE
    assert "The number belongs to Žofia Čučoriedková now. Codes by SMS go there." in done.text
    assert read(MobilePhone.phone_number, MobilePhone.user_id) == [(LOCAL, reader)]
    assert read(AuditEntry.action, AuditEntry.subject, AuditEntry.reason) == [
        ("user.link_number", f"user {reader}", "asked by letter")
    ]


@pytest.mark.parametrize(
    ("reason", "told"),
    [("", "Reason: Write why."), ("x" * 201, "Reason: Write at most 200 characters."), ("a\0b", "Reason: ")],
)
@pytest.mark.parametrize("act", ["link/2", "unlink"])
def test_without_a_good_reason_nothing_happens_and_what_was_typed_is_kept(
    support: FlaskClient, reader: int, act: str, reason: str, told: str
) -> None:
    if act == "unlink":
        _link(LOCAL, reader)
    before = read(MobilePhone.user_id)

    page = Page(_send(support, f"{ONE}/{act}", reason=reason))

    assert page.status == 422
    assert told in page.text
    assert page.form().fields["reason"].replace("\ufffd", "\0") == reason
    assert read(MobilePhone.user_id) == before
    assert read(AuditEntry.id) == []


def test_a_number_that_became_somebodys_meanwhile_stays_theirs(support: FlaskClient, reader: int) -> None:
    other = make_user(role="customer", name="Ján Novák")
    form = Page(support.get(f"{ONE}/link/{reader}")).form().fields
    _link(LOCAL, other)

    page = Page(support.post(f"{ONE}/link/{reader}", data=form | {"reason": "why"}))

    assert page.status == 409
    assert "The number belongs to Ján Novák. Unlink it first" in page.text
    assert f"{ONE}/unlink" in page.links
    assert read(MobilePhone.user_id) == [(other,)]


def test_a_person_who_got_another_number_meanwhile_keeps_it(support: FlaskClient, reader: int) -> None:
    form = Page(support.get(f"{ONE}/link/{reader}")).form().fields
    _link(OTHER, reader)

    page = Page(support.post(f"{ONE}/link/{reader}", data=form | {"reason": "why"}))

    assert page.status == 409
    assert "Žofia Čučoriedková has another number: 0907 000 001 . Unlink that first." in page.text
    assert f"{LIST}/2" in page.links
    assert read(MobilePhone.phone_number) == [(OTHER,)]


def test_whose_it_was_before_is_shown_before_it_is_linked(support: FlaskClient, reader: int) -> None:
    other = make_user(role="customer", name="Ján Novák")
    _link(LOCAL, other)
    _send(support, f"{ONE}/unlink", reason="he rang us")

    history = Page(support.get(f"{ONE}/link/{reader}")).text.partition("Whose it was")[2]

    assert 0 < history.index("Ján Novák") < history.index("he rang us")


def test_a_closed_account_is_told(support: FlaskClient, reader: int) -> None:
    with transaction() as session:
        session.get_one(User, reader).active = False

    assert "Their account is closed" in Page(support.get(f"{ONE}/link/{reader}")).text


def test_a_number_of_abroad_is_refused(support: FlaskClient, reader: int) -> None:
    with transaction() as session:
        note_numbers(session, ["+420602000101"])
    token = Page(support.get(f"{ONE}/link/{reader}")).form().fields

    shown = Page(support.get(f"{LIST}/2/link/{reader}"))
    sent = Page(support.post(f"{LIST}/2/link/{reader}", data=token | {"reason": "why"}))

    assert (shown.status, sent.status) == (200, 409)
    assert "This is no Slovak mobile number" in shown.text
    assert read(MobilePhone.id) == []


# --- unlinking


def test_support_unlinks_a_readers_number_and_what_it_has_opened_ends(
    support: FlaskClient, reader: int
) -> None:
    _link(LOCAL, reader)
    with transaction() as session:
        begin_session(session, get_user(session, reader), kind=Kind.WEB, client=Client(source="code"))

    asked = Page(support.get(f"{ONE}/unlink"))
    page = Page(support.get(_send(support, f"{ONE}/unlink", reason="recycled").location))

    assert asked.title == f"Unlink {HEADING} from Žofia Čučoriedková"
    assert "1 sign-in ends now. Open codes by SMS end too." in asked.text
    assert "The number belongs to nobody now. Every sign-in of Žofia Čučoriedková has ended." in page.text
    assert f"{ONE}/link" in page.links
    assert read(AccessToken.user_id, AccessToken.end_reason)[-1] == (reader, "ended_by_staff")
    assert read(AuditEntry.action, AuditEntry.reason) == [("user.unlink_number", "recycled")]


def test_a_number_that_moved_since_the_page_was_opened_is_not_taken_from_another(
    support: FlaskClient, reader: int
) -> None:
    _link(LOCAL, reader)
    other = make_user(role="customer", name="Ján Novák")
    form = Page(support.get(f"{ONE}/unlink")).form().fields
    with transaction() as session:
        move_phone(session, LOCAL, other)

    page = Page(support.post(f"{ONE}/unlink", data=form | {"reason": "why"}))

    assert page.status == 409
    assert "Whose number it is has changed meanwhile" in page.text
    assert page.title == f"Unlink {HEADING} from Ján Novák"
    assert page.form().fields["user_id"] == str(other)
    assert read(MobilePhone.user_id) == [(other,)]


@pytest.mark.parametrize("person", ["", "x", "9" * 40])
def test_a_crafted_person_unlinks_nothing(support: FlaskClient, reader: int, person: str) -> None:
    _link(LOCAL, reader)

    assert _send(support, f"{ONE}/unlink", reason="why", user_id=person).status_code == 409
    assert read(MobilePhone.user_id) == [(reader,)]


def test_where_there_is_nothing_to_unlink_it_is_told(support: FlaskClient, reader: int) -> None:
    _link(LOCAL, reader)
    form = Page(support.get(f"{ONE}/unlink")).form().fields
    _send(support, f"{ONE}/unlink", reason="why")

    again = Page(support.post(f"{ONE}/unlink", data=form | {"reason": "why"}))

    assert again.status == 409
    assert "The number belongs to nobody: there is nothing to unlink." in again.text


# --- whose numbers are whose business


def test_support_links_nothing_to_a_colleague_not_by_a_crafted_form_either(
    support: FlaskClient, reader: int
) -> None:
    colleague = make_user(role="admin", name="Anna Kováčová")
    form = Page(support.get(f"{ONE}/link/{reader}")).form().fields

    shown = support.get(f"{ONE}/link/{colleague}")
    sent = support.post(f"{ONE}/link/{colleague}", data=form | {"reason": "why"})

    assert (shown.status_code, sent.status_code) == (403, 403)
    assert "Only an administrator links a number to it or takes one from it." in sent.text
    assert read(MobilePhone.id) == []


def test_support_takes_no_number_from_a_colleague_not_by_a_crafted_form_either(
    support: FlaskClient, reader: int
) -> None:
    colleague = make_user(role="admin", name="Anna Kováčová")
    form = Page(support.get(f"{ONE}/link/{reader}")).form().fields
    _link(LOCAL, colleague)

    shown = support.get(f"{ONE}/unlink")
    sent = support.post(f"{ONE}/unlink", data=form | {"reason": "why", "user_id": str(colleague)})

    assert (shown.status_code, sent.status_code) == (403, 403)
    for path in (ONE, f"{ONE}/link", f"{ONE}/link/{reader}"):
        assert f"{ONE}/unlink" not in Page(support.get(path)).links
    assert read(MobilePhone.user_id) == [(colleague,)]


def test_support_gives_itself_no_number(support: FlaskClient, reader: int) -> None:
    assert support.get(f"{ONE}/link/1").status_code == 403


def test_an_administrator_links_a_number_to_a_colleague(staff: FlaskClient, number: None) -> None:
    page = Page(staff.get(_send(staff, f"{ONE}/link/1", reason="mine").location))

    assert "The number belongs to Eva Nováková now." in page.text
    assert read(MobilePhone.user_id) == [(1,)]


@pytest.mark.parametrize("role", ["editor", "billing"])
def test_who_only_reads_sees_no_way_to_link(client: FlaskClient, number: None, role: str) -> None:
    make_user(role=role, email="e@example.sk")
    sign_in(client, "e@example.sk")

    assert f"{ONE}/link" not in Page(client.get(ONE)).links
    assert client.get(f"{ONE}/link").status_code == 403


@pytest.fixture
def number(app: object) -> None:
    """Add the number, which belongs to nobody."""
    with transaction() as session:
        note_numbers(session, [f"+421{LOCAL[1:]}"])


@pytest.fixture
def support(client: FlaskClient, number: None) -> FlaskClient:
    """Return a browser in which Samuel of the support is signed in, the first person."""
    make_user(role="support", email="samuel@example.sk", name="Samuel Baláž")
    assert sign_in(client, "samuel@example.sk").status_code == 302
    return client


@pytest.fixture
def reader(support: FlaskClient) -> int:
    """Return a reader without a number, the second person."""
    return make_user(role="customer", email="zofia@example.sk", name="Žofia Čučoriedková")


def _link(local: str, user_id: int) -> None:
    with transaction() as session:
        link_phone(session, local, user_id)


def _search(client: FlaskClient, term: str) -> TestResponse:
    form = Page(client.get(f"{ONE}/link")).form(f"{ONE}/link/search")
    return client.post(form.action, data=form.fields | {"term": term})


def _send(client: FlaskClient, path: str, **fields: str) -> TestResponse:
    """Fill in the form as it stands on the page and send it."""
    return client.post(path, data=Page(client.get(path)).form().fields | fields)
