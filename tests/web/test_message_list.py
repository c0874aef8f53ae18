"""The list of messages shows what its address asks for, and survives what a person types into it."""

import re
from datetime import UTC, date, datetime
from html import unescape
from typing import Any
from urllib.parse import parse_qsl

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event

from crm.core.clock import now
from crm.core.db import db, transaction
from crm.mobiletech.catalogue.billkeys import BillkeyDetails, add_billkey
from crm.mobiletech.message_log import Direction
from crm.mobiletech.sms_templates import create_template
from crm.mobiletech.wire.operators import Operator
from crm.mobiletech.wishes import Reason
from crm.mobiletech.words import MessageState
from crm.users.models import KnownNumber
from crm.users.numbers import note_numbers
from crm.web.message_filters import PURPOSE, read_filters
from crm.web.page_tools import get_settings
from crm.web.sealed import seal
from tests.factories.log import NUMBER, make_inbound, make_not_sent, make_outbound
from tests.pages import Page
from tests.stored import read

LIST = "/admin/messages"


def test_an_empty_list_says_what_will_come(staff: FlaskClient) -> None:
    page = Page(staff.get(LIST))

    assert page.status == 200
    assert "No message yet" in page.text


def test_both_directions_and_what_was_not_sent_stand_in_one_list(staff: FlaskClient) -> None:
    inbound = make_inbound(content="Ahoj")
    outbound = make_outbound(content="Prijali sme: Ahoj")
    make_not_sent(inbound_message_id=inbound)

    page = Page(staff.get(LIST))

    rows = [link for link in page.links if link.startswith(f"{LIST}/")]
    assert rows == [f"{LIST}/inbound/{inbound}", f"{LIST}/outbound/{outbound}", f"{LIST}/inbound/{inbound}"]
    assert "The template does not exist" in page.text
    assert "0908 630 549" in page.text
    assert "3 messages" in page.text


def test_a_key_that_is_listed_is_offered_before_any_message_used_it(staff: FlaskClient) -> None:
    with transaction() as session:
        add_billkey(session, "AA77", BillkeyDetails(kind="paid", price="4.99"))

    assert '<option value="AA77">' in staff.get(LIST).text


def test_what_was_not_sent_and_answers_nothing_has_a_page_of_its_own(staff: FlaskClient) -> None:
    refusal = make_not_sent(to=None)

    page = Page(staff.get(LIST))

    assert "No number" in page.text
    assert [link for link in page.links if link.startswith(f"{LIST}/")] == [f"{LIST}/not-sent/{refusal}"]


def test_the_reason_of_no_answer_stands_in_the_row_of_the_sms_too(staff: FlaskClient) -> None:
    make_not_sent(inbound_message_id=make_inbound(), reason="unknown_operator")
    answered = make_inbound(mobiletech_id="answered")
    make_outbound(rcv_msg_id="answered")
    make_not_sent(inbound_message_id=answered, reason="other_handler_failed")

    page = Page(staff.get(f"{LIST}?direction=in"))

    assert "Answered" in page.text
    assert "No answer The operator is not known" in page.text
    assert "Something else failed first" not in page.text


def test_each_text_says_its_language(staff: FlaskClient) -> None:
    """A screen reader speaks an SMS as it is written, and our own words as the page is."""
    inbound = make_inbound(content="Dobrý deň", mobiletech_id="in")
    english = make_outbound(content="Thank you", language="en", rcv_msg_id="in")
    make_outbound(content="Vas kod je 123456", is_secret=True)

    listed = staff.get(LIST).text
    pages = [staff.get(f"{LIST}/{path}").text for path in (f"inbound/{inbound}", f"outbound/{english}")]

    assert 'lang="sk">Dobrý deň' in listed
    assert 'lang="en">Thank you' in listed
    assert 'lang="en">A one-time code; its text is not shown.' in listed
    for page in pages:
        assert re.search(r'bubble__text" lang="en"[^>]*><span class="bubble__part">Thank you', page)


def test_pages_lead_to_older_messages_and_back(staff: FlaskClient) -> None:
    ids = [make_inbound() for _ in range(120)]

    first = Page(staff.get(LIST))
    second = Page(staff.get(LIST + _link(first, "after")))
    third = Page(staff.get(LIST + _link(second, "after")))
    back = Page(staff.get(LIST + _link(third, "before")))

    assert [_ids(page) for page in (first, second, third)] == [ids[:69:-1], ids[69:19:-1], ids[19::-1]]
    assert _ids(back) == _ids(second)
    assert not [link for link in third.links if "after=" in link]
    assert "120 messages" in first.text


def test_filters_stand_in_the_address_and_stay_there_on_the_next_page(staff: FlaskClient) -> None:
    for _ in range(60):
        make_outbound(state="unknown", billing="none")
        make_outbound()

    first = Page(staff.get(f"{LIST}?state=unknown&direction=out"))
    second = Page(staff.get(LIST + _link(first, "after")))

    assert len(_ids(first)) == 50
    assert len(_ids(second)) == 10
    assert "Remove filter State: Unknown" in second.text
    assert "?direction=out" in second.links


def test_no_phone_number_stands_in_an_address(staff: FlaskClient) -> None:
    inbound = make_inbound()
    make_outbound(rcv_msg_id=None)

    for path in (LIST, f"{LIST}/inbound/{inbound}", "/admin/"):
        links = Page(staff.get(path)).links
        assert [link for link in links if "908" in link] == []


BAD = [
    ("a state that is none", "state=nonsense", "State: 'nonsense' is none of queued"),
    ("a direction that is none", "direction=up", "Direction: 'up' is none of in, out."),
    ("a reason that is none", "reason=because", "Reason: 'because' is none of"),
    ("an operator that is none", "operator=Z", "Operator: 'Z' is none of T, O, 2, S."),
    ("a day that is none", "from=2026-02-30", "From: '2026-02-30' is no day"),
    ("a day in words", "to=yesterday", "Until: 'yesterday' is no day"),
    ("a day in Arabic digits", "from=٢٠٢٦-١١-٢٣", "is no day"),
    ("a day of the year 9999", "to=9999-12-31", "is no day"),
    ("days the wrong way round", "from=2026-11-23&to=2026-11-20", "Until: must not be before From."),
    ("code for the database", "template=' OR 1=1 --", "Template: "),
    ("a zero character", "billkey=%00", "Key: "),
    ("markup", "state=<script>alert(1)</script>", "is none of queued"),
    ("a number that is none", "thread=0905123456", "Number: '0905123456' is no number of a row."),
    ("a number of nobody", "thread=99", "Number: No number has the id 99."),
    ("a number beyond the database", f"thread={10**18 * 10}", "is no number of a row."),
    ("a version without its template", "version=2", "Version: say of which template."),
    ("a version that is none", "template=pong&version=two", "Version: 'two' is no number of a version"),
    ("a version beyond the database", "template=pong&version=9999999999", "is no number of a version"),
    ("a code that is none", "code=A%2012", "Code: 'A 12' is no code"),
    ("a search that was changed", "q=abcdef", "Search: This link to a search is too old or damaged."),
    ("a page that was made up", "after=abc", "points to a page of another list"),
    ("a page of nowhere", "before=eyJhIjoxfQ.x", "points to a page of another list"),
]


@pytest.mark.parametrize(("label", "query", "told"), BAD)
def test_what_cannot_be_read_in_the_address_is_told(
    staff: FlaskClient, label: str, query: str, told: str
) -> None:
    make_inbound()

    page = Page(staff.get(f"{LIST}?{query}"))

    assert page.status == 400
    assert told in page.text
    assert _ids(page) == []


def test_a_page_of_other_filters_is_refused(staff: FlaskClient) -> None:
    for _ in range(60):
        make_inbound()
    link = _link(Page(staff.get(LIST)), "after")

    page = Page(staff.get(f"{LIST}{link}&direction=in"))

    assert page.status == 400


@pytest.mark.parametrize("query", ["state=", "unheard=of", "state=unknown&state=held", "x" * 3000, "%ff%fe"])
def test_odd_addresses_are_no_fault(staff: FlaskClient, query: str) -> None:
    assert Page(staff.get(f"{LIST}?{query}")).status == 200


def test_days_are_those_of_the_newsroom(staff: FlaskClient) -> None:
    before, after = datetime(2026, 11, 22, 22, 59, tzinfo=UTC), datetime(2026, 11, 22, 23, 0, tzinfo=UTC)
    make_inbound(created_at=before)
    wanted = make_inbound(created_at=after)

    assert _ids(Page(staff.get(f"{LIST}?from=2026-11-23&to=2026-11-23"))) == [wanted]


def test_a_code_is_a_filter(staff: FlaskClient) -> None:
    make_outbound()
    failed = make_outbound(billing="failed", status="A12")

    page = Page(staff.get(f"{LIST}?code=A12"))

    assert _ids(page) == [failed]
    assert "Remove filter Code: A12" in page.text


def test_a_version_goes_with_its_template(staff: FlaskClient) -> None:
    with transaction() as session:
        pong = create_template(session, "pong", "Pong").id
    first = make_outbound(mobiletech_template_id=pong, template_version=1)
    make_outbound(mobiletech_template_id=pong, template_version=2)

    page = Page(staff.get(f"{LIST}?template=pong&version=1"))

    assert _ids(page) == [first]
    assert "?template=pong" in page.links
    assert "?version=1" not in page.links  # without its template a version means nothing


def test_the_messages_of_a_number_are_found_by_its_id(staff: FlaskClient) -> None:
    wanted, _other = make_inbound(), make_inbound(from_="+421905000000")
    number = _note(NUMBER)

    page = Page(staff.get(f"{LIST}?thread={number}"))

    assert _ids(page) == [wanted]
    assert "Remove filter Number: 0908 630 549" in page.text
    assert f"/admin/threads/{number}" in page.links
    assert "1 message" in page.text


def test_the_filter_form_keeps_the_number_and_the_search(staff: FlaskClient) -> None:
    number = _note(NUMBER)

    page = Page(staff.get(f"{LIST}?thread={number}"))

    form = next(form for form in page.forms if form.method == "get")
    assert form.fields["thread"] == str(number)


def test_how_many_have_come_since_is_told_apart_from_the_list(staff: FlaskClient) -> None:
    make_outbound()
    first = Page(staff.get(f"{LIST}?direction=out"))
    address = _newer_address(first)

    assert staff.get(address).json == {"shown": ""}
    make_inbound()
    make_outbound()
    make_not_sent()
    assert staff.get(address).json == {"shown": "Newer (2)"}
    assert "Newer (" not in first.text


def test_what_comes_to_an_empty_list_is_told_too(staff: FlaskClient) -> None:
    address = _newer_address(Page(staff.get(f"{LIST}?operator=S")))

    make_inbound(operator_type="S", created_at=datetime(2100, 1, 1, tzinfo=UTC))

    assert staff.get(address).json == {"shown": "Newer (1)"}


def test_many_that_have_come_are_not_counted_to_the_end(
    staff: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("crm.mobiletech.message_log", "crm.web.message_list"):
        monkeypatch.setattr(f"{module}.COUNTED", 2)
    address = _newer_address(Page(staff.get(LIST)))

    for _ in range(4):
        make_inbound(created_at=datetime(2100, 1, 1, tzinfo=UTC))

    assert staff.get(address).json == {"shown": "Newer (2+)"}


def test_a_page_further_down_has_its_newer_button_and_no_bar(staff: FlaskClient) -> None:
    for _ in range(60):
        make_inbound()

    second = Page(staff.get(LIST + _link(Page(staff.get(LIST)), "after")))

    assert "data-newer" not in second.response.text
    assert [link for link in second.links if "before=" in link]


@pytest.mark.parametrize("query", ["", "than=abc", "state=nonsense&than=abc", "thread=99"])
def test_the_bar_is_refused_what_the_list_is(staff: FlaskClient, query: str) -> None:
    answer = staff.get(f"{LIST}/newer?{query}")

    assert answer.status_code == 400
    assert "shown" not in (answer.json or {})


WORDS = st.text("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-", min_size=1, max_size=64)
DAYS = st.dates(date(2000, 1, 1), date(2099, 12, 30)).map(date.isoformat)
ASKED = st.fixed_dictionaries(
    {},
    optional={
        "direction": st.sampled_from(Direction),
        "state": st.sampled_from(MessageState),
        "reason": st.sampled_from(Reason),
        "template": WORDS,
        "billkey": WORDS,
        "operator": st.sampled_from(Operator),
        "code": WORDS,
        "thread": st.integers(1, 2**63 - 1).map(str),
        "from": DAYS,
        "to": DAYS,
        "version": st.integers(1, 2**31 - 1).map(str),
        "q": st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1),
    },
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150, deadline=None)
@given(asked=ASKED)
def test_filters_come_back_from_the_address_as_they_went_in(app: Flask, asked: dict[str, str]) -> None:
    """Whatever is asked for, the address of the view asks for the same."""
    with app.test_request_context():
        values = dict(asked)
        if "q" in values:
            values["q"] = seal(values["q"], key=get_settings().secret_key, purpose=PURPOSE, at=now())

        first = read_filters(values)
        again = read_filters(dict(parse_qsl(first.href().removeprefix("?"))))

        assert (again.wanted, again.thread, again.term) == (first.wanted, first.thread, first.term)
        assert (again.values, again.problems) == (first.values, first.problems)
        assert set(first.values) == set(values)
        assert first.term == asked.get("q")


def test_a_list_of_many_asks_few_questions(staff: FlaskClient) -> None:
    """One page must not ask once for each row."""
    for _ in range(20):
        make_inbound()
        make_outbound()
        make_not_sent()

    assert _count_statements(staff, LIST) < 25


def _count_statements(staff: FlaskClient, path: str) -> int:
    statements: list[str] = []

    def note(_c: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        statements.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        staff.get(path)
    finally:
        event.remove(db.engine, "before_cursor_execute", note)
    return len(statements)


def _link(page: Page, name: str) -> str:
    return next(link for link in page.links if f"{name}=" in link)


def _ids(page: Page) -> list[int]:
    return [int(link.rsplit("/", 1)[1]) for link in page.links if link.startswith(f"{LIST}/")]


def _note(number: str) -> int:
    with transaction() as session:
        note_numbers(session, [number])
    [(number_id,)] = read(KnownNumber.id)
    return int(number_id)


def _newer_address(page: Page) -> str:
    found = re.search(r'data-newer="([^"]+)"', page.response.text)
    assert found is not None
    return unescape(found[1])
