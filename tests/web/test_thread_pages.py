"""The page of a conversation: what is read on it, the answer, the notes, and who may do what."""

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from crm.core.db import transaction
from crm.mobiletech.conversations.models import InboxItem, Note
from crm.mobiletech.models import OutboundMessage
from crm.users.models import PhoneLink
from crm.users.phones import link_phone
from tests.factories.conversations import make_item, make_number
from tests.factories.log import NUMBER, START, make_inbound, make_not_sent, make_outbound
from tests.factories.messages import set_up_gateway
from tests.factories.users import make_user
from tests.fakes import FakeGateway
from tests.outbox import run_all
from tests.pages import Page, sign_in
from tests.stored import list_not_sent, list_outbound, read
from tests.web.conftest import Browser

LONG = "Ďakujeme za správu. " * 10


@pytest.fixture(autouse=True)
def _set_up(app: Flask) -> None:
    set_up_gateway()


@pytest.fixture
def support(client: FlaskClient) -> FlaskClient:
    """Return a browser in which a support person is signed in."""
    make_user(role="support", email="samuel@example.sk", name="Samuel Baláž")
    sign_in(client, "samuel@example.sk")
    return client


# --- read


def test_the_operator_is_told_as_in_the_list_of_numbers(support: FlaskClient) -> None:
    make_outbound(operator_type="T", billing="billed", created_at=START)
    number_id = make_number()

    for address in (f"/admin/threads/{number_id}", "/admin/phone-numbers"):
        assert "Telekom since 20 Nov 2026" in Page(support.get(address)).text


def test_everything_is_read_on_one_page(staff: FlaskClient) -> None:
    eva = make_user(role="customer", name="Eva Horváthová")
    with transaction() as session:
        link_phone(session, "0908630549", eva)
    add_note(1, "Volať po ôsmej")
    make_inbound(content="Koľko stojí predplatné?", operator_type="O")
    make_not_sent(
        reason="unknown_operator", detail="Neither messages nor the prefix tell the operator of the number."
    )
    make_inbound(content="Haló?", operator_type="T")
    make_outbound(
        content="Predplatne stoji 4,99 EUR.", key="answer:abc", context="user 1", parts=2, encoding="gsm7"
    )
    make_item(content="A ako zaplatím?")
    make_item(content="Už viem", done_at=START, done_by=1)

    page = Page(staff.get("/admin/threads/1"))

    assert page.title == "0908 630 549"
    for words in (
        "Eva Horváthová", "Koľko stojí predplatné?", "The operator is not known",
        "The number is with Telekom now; it was with Orange", "Predplatne stoji 4,99 EUR.", "Delivered",
        "A ako zaplatím?", "No rule matched", "Marked as done by Eva Nováková", "Volať po ôsmej",
        "Note by Eva Nováková", "Friday 20 November 2026",
    ):  # fmt: skip
        assert words in page.text, words
    assert "/admin/users/2" in page.links
    assert NUMBER[1:] not in "".join(page.links)


def test_whose_the_number_was_stands_on_the_line(staff: FlaskClient) -> None:
    make_number()
    eva = make_user(role="customer", name="Eva Horváthová")
    with transaction() as session:
        session.add(
            PhoneLink(
                phone_number="0908630549", user_id=eva, since=START, until=START,
                linked_by="Anna", link_reason="volala", unlinked_by="Boris", unlink_reason="zmenila číslo",
            )
        )  # fmt: skip

    text = Page(staff.get("/admin/threads/1")).text

    assert "The number was linked to Eva Horváthová (Anna: volala)" in text
    assert "The number was taken from Eva Horváthová (Boris: zmenila číslo)" in text


def test_a_code_is_shown_without_its_text(staff: FlaskClient) -> None:
    make_number()
    make_outbound(content="123456 je vas kod", is_secret=True)

    page = Page(staff.get("/admin/threads/1"))

    assert "The text is not shown" in page.text
    assert "123456" not in page.response.text


def test_each_sms_says_its_language(staff: FlaskClient) -> None:
    make_number()
    make_outbound(content="Thank you", language="en")

    assert 'lang="en" href="/admin/messages/outbound/1"' in staff.get("/admin/threads/1").text


def test_pages_lead_to_what_was_earlier_and_back(staff: FlaskClient) -> None:
    make_number()
    for number in range(60):
        make_inbound(content=f"message number {number:02}")

    end = Page(staff.get("/admin/threads/1"))
    earlier = Page(staff.get(f"/admin/threads/1{link(end, 'before=')}"))
    later = Page(staff.get(f"/admin/threads/1{link(earlier, 'after=')}"))

    assert (end.text.count("message number"), earlier.text.count("message number")) == (50, 10)
    assert "message number 00" in earlier.text
    assert later.text == end.text


def test_a_place_of_another_conversation_is_told_and_the_page_stands(staff: FlaskClient) -> None:
    make_number("+421908000002")
    make_number()
    for number in range(60):
        make_inbound(content=f"message number {number:02}")
    foreign = link(Page(staff.get("/admin/threads/2")), "before=")

    for query in (foreign, "?before=nonsense"):
        page = Page(staff.get(f"/admin/threads/1{query}"))
        assert (page.status, "a page of another list" in page.text) == (400, True)


def test_a_number_without_anything_says_what_will_come(staff: FlaskClient) -> None:
    make_number()

    assert "will stand here on one line of time" in Page(staff.get("/admin/threads/1")).text


@pytest.mark.parametrize("thread", ["7", str(2**70)])
def test_a_conversation_that_does_not_exist_is_not_found(staff: FlaskClient, thread: str) -> None:
    assert staff.get(f"/admin/threads/{thread}").status_code == 404


@pytest.mark.parametrize("role", ["editor", "billing"])
def test_who_only_reads_has_no_buttons_and_is_told_who_answers(client: FlaskClient, role: str) -> None:
    make_item()
    make_user(role=role, email="eva@example.sk")
    sign_in(client, "eva@example.sk")

    page = Page(client.get("/admin/threads/1"))

    assert "The roles support and admin answer" in page.text
    assert "Done, next" not in page.text
    assert ("/admin/rules/new?inbox=1" in page.links) == (role == "editor")


def test_a_foreign_number_has_no_form_and_says_why(support: FlaskClient) -> None:
    make_number("+420602000101")

    page = Page(support.get("/admin/threads/1"))

    assert "not a Slovak mobile number" in page.text
    assert "answer" not in [field for form in page.forms for field in form.fields]


# --- answer


def test_an_answer_goes_out_and_closes_what_waits(support: FlaskClient, gateway: FakeGateway) -> None:
    make_item()

    sent = answer(support, "Dobrý deň, 4,99 € mesačne.")
    run_all()

    assert (sent.status_code, sent.location) == (302, "/admin/threads/1")
    assert [message.content for message in gateway.sent] == ["Dobry den, 4,99 € mesacne."]
    assert read(InboxItem.state, InboxItem.done_by) == [("done", 1)]
    page = Page(support.get("/admin/threads/1"))
    assert "An SMS cannot be taken back. Show the message" in page.text
    assert "/admin/messages/outbound/1" in page.links
    assert "Dobry den, 4,99 € mesacne." in page.text
    assert "Samuel Baláž" in page.text


def test_an_answer_can_leave_open_what_waits(support: FlaskClient) -> None:
    make_item()

    answer(support, finish=None)

    assert read(InboxItem.state) == [("open",)]
    assert len(list_outbound()) == 1


def test_what_came_while_the_answer_was_written_still_waits(support: FlaskClient) -> None:
    make_item()
    form = Page(support.get("/admin/threads/1")).form()
    make_item(content="A ešte niečo")

    support.post("/admin/threads/1", data=form.fields | {"content": "Dobrý deň", "finish": "y"})

    assert sorted(read(InboxItem.id, InboxItem.state)) == [(1, "done"), (2, "open")]


def test_pressing_twice_sends_once(support: FlaskClient) -> None:
    make_number()
    form = Page(support.get("/admin/threads/1")).form()

    for _ in range(2):
        support.post("/admin/threads/1", data=form.fields | {"content": "Dobrý deň"})

    assert len(list_outbound()) == 1


def test_a_text_of_several_parts_says_so_before_it_goes(support: FlaskClient) -> None:
    make_number()

    asked = Page(answer(support, LONG))

    assert (asked.status, list_outbound()) == (422, [])
    assert "The text goes in 2 parts" in asked.text
    assert "Send in 2 parts" in asked.text
    form = asked.form()
    assert (form.fields["content"].strip(), form.fields["parts"]) == (LONG.strip(), "2")
    support.post("/admin/threads/1", data=form.fields)
    assert [message.parts for message in list_outbound()] == [2]


def test_who_was_told_the_parts_while_writing_is_not_asked_again(support: FlaskClient) -> None:
    make_number()

    answer(support, LONG, parts="2")

    assert [message.parts for message in list_outbound()] == [2]


def test_a_preview_shows_the_folded_text_and_sends_nothing(support: FlaskClient) -> None:
    make_number()

    page = Page(answer(support, "Ďakujeme", preview="1"))

    assert (page.status, list_outbound()) == (200, [])
    assert "Dakujeme" in page.text
    assert "Sent as: Ď → D" in page.text
    assert page.form().fields["content"].strip() == "Ďakujeme"


@pytest.mark.parametrize(
    ("number", "changed", "told"),
    [
        ("+421943000101", {}, "The operator is not known. Neither messages nor the prefix tell"),
        (NUMBER, {"mobiletech_billkey_free": ""}, "No billing key. Set mobiletech_billkey_free"),
    ],
)
def test_what_cannot_be_sent_is_told_beside_the_text_which_stays(
    support: FlaskClient, number: str, changed: dict[str, str], told: str
) -> None:
    make_number(number)
    set_up_gateway(**changed)

    page = Page(answer(support, "Dobrý deň"))

    assert (page.status, told in page.text) == (422, True)
    assert page.form().fields["content"].strip() == "Dobrý deň"
    assert len(list_not_sent()) == 1
    assert "Samuel Baláž" in Page(support.get("/admin/threads/1")).text


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"content": ""}, "Write the answer."),
        ({"content": "  \n "}, "Write the answer."),
        ({"content": "x" * 1531}, "Write at most 1530 characters."),
        ({"content": "a\0b"}, "zero character"),
        ({"content": "Dobrý deň", "nonce": "short"}, "Load the page again."),
        ({"content": "Dobrý deň", "nonce": "x" * 20 + "%"}, "Load the page again."),
    ],
)
def test_a_form_that_is_not_sound_sends_nothing(
    support: FlaskClient, fields: dict[str, str], told: str
) -> None:
    make_number()

    response = answer(support, **fields)

    assert (response.status_code, told in response.text, list_outbound()) == (422, True, [])


@pytest.mark.parametrize("field", ["seen", "waiting", "parts"])
@pytest.mark.parametrize("value", ["", "-1", "x", "9" * 40, "²"])
def test_what_the_page_has_noted_may_come_back_broken(support: FlaskClient, field: str, value: str) -> None:
    make_number()

    assert answer(support, **{field: value}).status_code == 302


def test_a_colleague_who_was_quicker_is_told_and_the_text_stays(app: Flask, support: FlaskClient) -> None:
    make_number()
    form = Page(support.get("/admin/threads/1")).form()
    make_user(role="support", email="eva@example.sk", name="Eva Malá")
    colleague = Browser(app)
    sign_in(colleague, "eva@example.sk")
    answer(colleague, "Od Evy")

    held = Page(support.post("/admin/threads/1", data=form.fields | {"content": "Od Samuela"}))

    assert (held.status, "Eva Malá has answered meanwhile" in held.text) == (409, True)
    assert held.form().fields["content"].strip() == "Od Samuela"
    support.post("/admin/threads/1", data=held.form().fields)
    assert [message.content for message in list_outbound()] == ["Od Evy", "Od Samuela"]


def test_the_page_says_whether_it_will_be_a_reply(support: FlaskClient) -> None:
    make_number()
    assert "has not written to us yet" in support.get("/admin/threads/1").text

    make_inbound()

    assert "as an SMS of its own" in support.get("/admin/threads/1").text


# --- notes


def test_a_note_is_written_taken_back_and_put_back(support: FlaskClient) -> None:
    make_number()
    form = Page(support.get("/admin/threads/1")).form("/admin/threads/1/notes")

    support.post(form.action, data=form.fields | {"note": " Volať po ôsmej \r\nnie skôr "})
    written = Page(support.get("/admin/threads/1"))
    press(support, written, "/admin/threads/1/notes/1/withdraw")
    gone = Page(support.get("/admin/threads/1"))
    press(support, gone, "/admin/threads/1/notes/1/restore")

    assert read(Note.content, Note.withdrawn_at) == [("Volať po ôsmej \nnie skôr", None)]
    assert "Volať po ôsmej" in written.text
    assert "Volať po ôsmej" not in gone.text
    assert "Volať po ôsmej" in Page(support.get("/admin/threads/1")).text


def test_only_ones_own_note_can_be_taken_back(support: FlaskClient) -> None:
    other = make_user(role="support", name="Eva Malá")
    make_number()
    add_note(other, "Od Evy")

    page = support.get("/admin/threads/1")
    refused = support.post("/admin/threads/1/notes/1/withdraw", data=Page(page).forms[0].fields)

    assert "Take back" not in page.text
    assert (refused.status_code, read(Note.withdrawn_at)) == (404, [(None,)])


@pytest.mark.parametrize("text", ["", " ", "x" * 2001])
def test_a_note_that_is_empty_or_too_long_is_not_kept(support: FlaskClient, text: str) -> None:
    make_number()
    form = Page(support.get("/admin/threads/1")).form("/admin/threads/1/notes")

    page = Page(support.post(form.action, data=form.fields | {"note": text}))

    assert (page.status, read(Note.id)) == (422, [])


# --- done


def test_done_closes_what_waits_and_opens_the_next_conversation(support: FlaskClient) -> None:
    make_item()
    make_item()
    make_item(number="+421908000002")
    page = support.get("/admin/threads/1")
    assert 'formaction="/admin/inbox/done?next=%2Fadmin%2Fthreads%2F2" data-key="e"' in page.text

    done = support.post(
        "/admin/inbox/done?next=%2Fadmin%2Fthreads%2F2",
        data=Page(page).form("/admin/inbox/done").fields | {"item": ["1", "2"]},
    )

    assert done.location == "/admin/threads/2"
    assert read(InboxItem.state, order=InboxItem.id) == [("done",), ("done",), ("open",)]
    last = support.get("/admin/threads/2").text
    assert 'formaction="/admin/inbox/done?next=%2Fadmin%2Finbox"' in last


def answer(browser: FlaskClient, content: str = "Dobrý deň", **fields: Any) -> Any:
    form = Page(browser.get("/admin/threads/1")).form()
    typed = form.fields | {"content": content, "finish": "y"} | fields
    return browser.post(
        "/admin/threads/1", data={name: value for name, value in typed.items() if value is not None}
    )


def press(browser: FlaskClient, page: Page, action: str) -> None:
    """Press a button of the page: one of the flash, or one that posts through the form for acts."""
    assert action in page.response.text
    assert browser.post(action, data=page.form("/admin/inbox/done").fields).status_code == 302


def link(page: Page, way: str) -> str:
    return next(each for each in page.links if way in each).partition("#")[0]


def add_note(author_id: int, content: str) -> None:
    number_id = make_number()
    with transaction() as session:
        session.add(Note(number_id=number_id, author_id=author_id, content=content))


def test_messages_of_the_thread_know_nothing_of_templates(support: FlaskClient) -> None:
    """What a person wrote is not rendered: braces go out as they are."""
    make_number()

    answer(support, "{{ 7 * 7 }}")

    assert read(OutboundMessage.content, OutboundMessage.params) == [("{{ 7 * 7 }}", None)]
