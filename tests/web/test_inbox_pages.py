"""The inbox as staff see it: order, views, filters, and presses that can be taken back."""

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from crm.mobiletech.conversations.models import InboxItem
from tests.factories.conversations import make_item
from tests.factories.log import START, make_inbound
from tests.factories.users import make_user
from tests.pages import Page, sign_in
from tests.stored import read
from tests.web.conftest import Browser

PATH = "/admin/inbox"
OTHER = "+421908000002"


def test_who_has_waited_longest_stands_first(staff: FlaskClient) -> None:
    make_item(content="prvá otázka")
    make_item(content="druhá otázka", number=OTHER, reason="stop")

    page = Page(staff.get(PATH))

    assert page.text.index("prvá otázka") < page.text.index("druhá otázka")
    assert "0908 630 549" in page.text
    assert "No rule matched" in page.text
    assert "Open 2 Taken by me 0 Done" in page.text
    assert [each for each in page.links if "threads/1" in each] == [
        "/admin/threads/1",
        "/admin/threads/1#content",
    ]
    assert "908630549" not in "".join(page.links)


def test_done_is_taken_back_where_it_was_pressed(staff: FlaskClient) -> None:
    make_item()
    make_item()

    done = press(staff, "done", 1, view="?reason=unmatched")
    page = Page(staff.get(done.location))

    assert done.location == f"{PATH}?reason=unmatched"
    assert "Done. 1 still waits." in page.text
    assert read(InboxItem.state, InboxItem.done_by, order=InboxItem.id) == [("done", 1), ("open", None)]
    undo = page.form(f"{PATH}/reopen")
    assert (undo.fields["item"], undo.fields["next"]) == ("1", f"{PATH}?reason=unmatched")
    staff.post(undo.action, data=undo.fields)
    assert read(InboxItem.state, InboxItem.done_by) == [("open", None)] * 2


def test_the_last_one_done_says_that_nobody_waits(staff: FlaskClient) -> None:
    make_item()

    press(staff, "done", 1)

    text = Page(staff.get(PATH)).text
    assert "Nothing waits any more." in text
    assert "Nobody waits" in text


def test_what_is_done_can_be_opened_again(staff: FlaskClient) -> None:
    make_item(done_at=START, done_by=1)
    view = Page(staff.get(f"{PATH}?state=done"))

    press(staff, "reopen", 1, view="?state=done")

    assert "closed by Eva Nováková" in view.text
    assert read(InboxItem.state) == [("open",)]


def test_one_takes_a_message_and_gives_it_back(staff: FlaskClient) -> None:
    make_item(content="moja")
    make_item(content="nikoho")

    press(staff, "take", 1)
    mine = Page(staff.get(f"{PATH}?whose=mine"))
    press(staff, "give-back", 1)

    assert "moja" in mine.text
    assert "nikoho" not in mine.text
    assert "Taken by me 1" in mine.text
    assert read(InboxItem.assigned_to) == [(None,)] * 2


def test_who_sees_to_a_message_is_said_to_colleagues(app: Flask, staff: FlaskClient) -> None:
    make_item()
    press(staff, "take", 1)
    make_user(role="support", email="samuel@example.sk", name="Samuel Baláž")
    colleague = Browser(app)
    sign_in(colleague, "samuel@example.sk")

    assert "Eva Nováková sees to it" in Page(colleague.get(PATH)).text
    assert "Eva Nováková sees to it." in Page(colleague.get("/admin/threads/1")).text


def test_a_colleague_who_was_quicker_is_no_fault(staff: FlaskClient) -> None:
    make_item(done_at=START)

    press(staff, "done", 1)

    assert "Somebody was quicker" in Page(staff.get(PATH)).text


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("?reason=stop", {"zrušiť"}),
        ("?short_number=8866", {"iné číslo"}),
        ("?reason=unmatched&short_number=8877", {"otázka"}),
        ("?state=done", {"vybavené"}),
        ("?state=open", {"otázka", "zrušiť", "iné číslo"}),
    ],
)
def test_a_view_is_an_address(staff: FlaskClient, query: str, shown: set[str]) -> None:
    make_item(content="otázka")
    make_item(content="zrušiť", reason="stop")
    make_item(content="iné číslo", to="8866")
    make_item(content="vybavené", done_at=START)

    page = Page(staff.get(f"{PATH}{query}"))

    assert {text for text in ("otázka", "zrušiť", "iné číslo", "vybavené") if text in page.text} == shown


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("state=new", "State: 'new' is none of open, done."),
        ("whose=eva", "Whose: 'eva' is none of mine."),
        ("reason=bored", "Reason: 'bored' is none of unmatched"),
        ("short_number=+421908630549", "Short number: '421908630549' is no short number"),
        ("after=nonsense", "a page of another list"),
        ("before=%00", "a page of another list"),
    ],
)
def test_a_filter_written_by_hand_that_cannot_be_read_is_told(
    staff: FlaskClient, query: str, told: str
) -> None:
    make_item(content="otázka")

    page = Page(staff.get(f"{PATH}?{query}"))

    assert (page.status, told in page.text, "otázka" in page.text) == (400, True, False)


def test_pages_lead_to_newer_ones_and_back(staff: FlaskClient) -> None:
    for number in range(60):
        make_item(content=f"message number {number:02}")

    first = Page(staff.get(PATH))
    second = Page(staff.get(f"{PATH}{next(link for link in first.links if 'before=' in link)}"))
    back = Page(staff.get(f"{PATH}{next(link for link in second.links if 'after=' in link)}"))

    assert (first.text.count("message number"), second.text.count("message number")) == (50, 10)
    assert "message number 59" in second.text
    assert back.text == first.text


@pytest.mark.parametrize("item", [[], ["x"], ["99"], [str(2**64)], ["9" * 40], ["²"], ["1", "99"]])
@pytest.mark.parametrize("act", ["done", "reopen", "take", "give-back"])
def test_what_is_not_in_the_inbox_is_not_found(staff: FlaskClient, act: str, item: list[str]) -> None:
    make_item()
    fields: dict[str, Any] = dict(Page(staff.get(PATH)).form(f"{PATH}/done").fields)

    assert staff.post(f"{PATH}/{act}", data=fields | {"item": item}).status_code == 404
    assert read(InboxItem.state, InboxItem.assigned_to) == [("open", None)]


def test_a_way_on_leads_to_no_other_host(staff: FlaskClient) -> None:
    make_item()
    fields = Page(staff.get(PATH)).form(f"{PATH}/done").fields

    done = staff.post(f"{PATH}/done?next=https://example.org", data=fields | {"item": "1"})

    assert done.location == PATH


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("", "comes here by itself, with the reason"),
        ("?whose=mine", "You have taken nothing"),
        ("?state=done", "Nothing closed yet"),
        ("?reason=stop", "No message matches"),
    ],
)
def test_an_empty_view_says_what_will_come(staff: FlaskClient, query: str, told: str) -> None:
    assert told in Page(staff.get(f"{PATH}{query}")).text


def test_every_short_number_that_readers_wrote_to_is_offered(staff: FlaskClient) -> None:
    make_inbound(to="6665")

    assert '<option value="6665">' in staff.get("/admin/inbox").text


def test_who_only_reads_sees_the_inbox_without_buttons(client: FlaskClient) -> None:
    make_item(content="otázka")
    make_user(role="billing", email="eva@example.sk")
    sign_in(client, "eva@example.sk")

    page = client.get(PATH)

    assert "otázka" in page.text
    assert "formaction" not in page.text


def press(browser: FlaskClient, act: str, item: int, view: str = "") -> Any:
    """Press a button of the list: it posts through the form for acts, which knows the way back."""
    page = Page(browser.get(f"{PATH}{view}"))
    return browser.post(f"{PATH}/{act}", data=page.form(f"{PATH}/done").fields | {"item": str(item)})
