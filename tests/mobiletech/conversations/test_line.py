"""The conversation with one number: everything, in order, at any depth, and nothing of another number."""

from datetime import timedelta
from typing import Any

import pytest

from crm.core.db import transaction
from crm.mobiletech.conversations.entries import Entry, read_entries
from crm.mobiletech.conversations.errors import ThreadNotFoundError
from crm.mobiletech.conversations.facts import ThreadFacts, read_facts
from crm.mobiletech.conversations.line import LineKind, LinePage, get_thread, list_line
from crm.mobiletech.conversations.models import Note
from crm.mobiletech.message_log import Position
from crm.users.models import PhoneLink
from crm.users.phones import link_phone
from tests.factories.conversations import make_item, make_number
from tests.factories.log import NUMBER, START, make_inbound, make_not_sent, make_outbound
from tests.factories.users import make_user

pytestmark = pytest.mark.usefixtures("app")
OTHER = "+421908000002"


def test_everything_stands_in_order_the_oldest_first() -> None:
    eva, jan = make_user(role="customer", name="Eva"), make_user(role="support", name="Ján")
    add_link(eva, since=at(0), until=at(9))
    make_inbound(created_at=at(1))
    make_not_sent(created_at=at(2))
    make_outbound(created_at=at(3))
    add_note("zavolať", jan, at=at(4))
    make_item(content="ešte niečo", created_at=at(5), done_at=at(6), done_by=jan)

    found = entries()

    assert [(entry.kind, entry.at) for entry in found] == [
        (LineKind.LINKED, at(0)),
        (LineKind.INBOUND, at(1)),
        (LineKind.NOT_SENT, at(2)),
        (LineKind.OUTBOUND, at(3)),
        (LineKind.NOTE, at(4)),
        (LineKind.INBOUND, at(5)),
        (LineKind.DONE, at(6)),
        (LineKind.UNLINKED, at(9)),
    ]
    assert [(found[place].by_id, found[place].text) for place in (4, 6)] == [(jan, "zavolať"), (jan, None)]
    assert [(found[place].person_id, found[place].by) for place in (0, 7)] == [(eva, "Anna"), (eva, "Boris")]


def test_of_one_moment_what_was_said_stands_before_what_was_done_about_it() -> None:
    make_outbound(created_at=at(1))
    make_item(created_at=at(1), done_at=at(1))

    assert [entry.kind for entry in entries()] == [LineKind.INBOUND, LineKind.OUTBOUND, LineKind.DONE]


def test_nothing_of_another_number_stands_there() -> None:
    make_inbound(from_=OTHER)
    make_outbound(to=OTHER)
    make_not_sent(to=OTHER)
    make_item(number=OTHER, done_at=at(2))
    add_note("o inom", make_user(), number=OTHER)
    add_link(make_user(role="customer"), phone="0908000002")

    assert entries() == []


def test_a_note_that_was_taken_back_is_gone() -> None:
    add_note("omyl", make_user(), withdrawn_at=at(2))

    assert entries() == []


def test_what_one_press_has_closed_is_one_event() -> None:
    for minute in (1, 2):
        make_item(created_at=at(minute), done_at=at(5))

    assert [entry.kind for entry in entries()].count(LineKind.DONE) == 1


def test_the_text_of_a_code_is_not_told() -> None:
    make_outbound(content="123456 je vas kod", is_secret=True)

    assert [entry.text for entry in entries()] == [None]


def test_who_wrote_an_answer_is_told_and_the_language_too() -> None:
    jan = make_user(role="support")
    make_outbound(key="answer:abc", context=f"user {jan}", language="en")
    make_outbound(key="rule:7", context=f"user {jan}")
    make_not_sent(context=f"user {jan}")

    found = entries()

    assert [entry.by_id for entry in found] == [jan, None, jan]
    assert [entry.language for entry in found[:2]] == ["en", "sk"]


def test_a_message_that_waits_says_why_and_one_that_is_done_only_that_it_asked_to_stop() -> None:
    make_item(reason="refused", created_at=at(1))
    make_item(reason="refused", created_at=at(2), done_at=at(9))
    make_item(reason="stop", created_at=at(3), done_at=at(9))

    found = [entry.waits_because for entry in entries() if entry.kind is LineKind.INBOUND]
    assert found == ["refused", None, "stop"]


def test_what_the_operator_has_repeated_says_so() -> None:
    first = make_inbound()
    make_inbound(duplicate_of=first)

    assert [entry.is_repeat for entry in entries()] == [False, True]


def test_a_change_of_operator_is_told_at_the_sms_that_shows_it() -> None:
    for letter in ("O", "", "O", "T", "?", "T", "2"):
        make_inbound(operator_type=letter)

    assert [entry.operator_before for entry in entries()] == [None, None, None, "O", None, None, "T"]


def test_a_change_of_operator_is_told_where_a_page_begins_too() -> None:
    make_inbound(operator_type="S", from_="+421000000000")
    make_inbound(operator_type="O")
    make_inbound(operator_type="T")

    assert [entry.operator_before for entry in entries(limit=1)] == ["O"]
    assert [entry.operator_before for entry in entries(limit=2)] == [None, "O"]


@pytest.mark.parametrize("size", [1, 3, 7])
@pytest.mark.parametrize("moments", [range(12), [0] * 12, [0, 0, 0, 1, 1, 1] * 2])
def test_pages_up_and_down_show_everything_once(size: int, moments: list[int]) -> None:
    for number, moment in enumerate(moments):
        (make_inbound, make_outbound, make_not_sent)[number % 3](created_at=at(moment))
    whole = list(page(limit=100).positions)

    up, first = walk_up(size)
    down = walk_down(size, first)

    assert len(whole) == 12
    assert up == whole
    assert [*first.positions, *down] == whole


def test_back_at_the_end_the_last_page_is_whole() -> None:
    for minute in range(9):
        make_inbound(created_at=at(minute))
    whole = page(limit=100).positions

    back = page(limit=5, after=whole[6])

    assert (list(back.positions), back.later) == (list(whole[-5:]), None)


def test_a_number_that_nobody_knows_is_told() -> None:
    with pytest.raises(ThreadNotFoundError, match="No conversation has the id 99"), transaction() as session:
        get_thread(session, 99)


# --- beside it


def test_the_facts_count_and_say_whose_it_is() -> None:
    eva = make_user(role="customer", name="Eva Horváthová")
    with transaction() as session:
        link_phone(session, "0908630549", eva)
    make_inbound()
    make_outbound()
    make_outbound()
    make_not_sent()

    found = facts()

    assert found.counts == (1, 2, 1)
    assert found.owner is not None and found.owner.id == eva


@pytest.mark.parametrize(
    ("letters", "operator", "since"),
    [
        ("OOO", "O", 0),
        ("OTT", "T", 1),
        ("TOT", "T", 2),
        ("O?O", "O", 0),
        ("", "O", None),  # by the prefix
    ],
)
def test_the_operator_is_known_since_the_first_sms_after_the_change(
    letters: str, operator: str, since: int | None
) -> None:
    make_inbound(from_="+421000000000", operator_type="2", created_at=at(0))
    for minute, letter in enumerate(letters):
        make_inbound(operator_type=letter, created_at=at(minute))

    found = facts()

    assert found.evidence.operator == operator
    assert (found.since.at if found.since else None) == (None if since is None else at(since))


def test_a_foreign_number_has_no_operator_and_nobody() -> None:
    found = facts("+420602000101")

    assert (found.evidence.operator, found.owner) == (None, None)


def at(minutes: int) -> Any:
    return START + timedelta(minutes=minutes)


def page(*, limit: int = 50, before: Position | None = None, after: Position | None = None) -> LinePage:
    number_id = make_number()
    with transaction() as session:
        return list_line(session, get_thread(session, number_id), limit=limit, before=before, after=after)


def entries(limit: int = 50) -> list[Entry]:
    found = page(limit=limit)
    with transaction() as session:
        return read_entries(session, NUMBER, found.positions)


def facts(number: str = NUMBER) -> ThreadFacts:
    number_id = make_number(number)
    with transaction() as session:
        found = read_facts(session, get_thread(session, number_id))
        session.expunge_all()
        return found


def walk_up(size: int) -> tuple[list[Position], LinePage]:
    """Return everything, read from the end upward, and the first page of the line."""
    found: list[Position] = []
    here = page(limit=size)
    while True:
        found = [*here.positions, *found]
        if here.earlier is None:
            return found, here
        here = page(limit=size, before=here.earlier)


def walk_down(size: int, here: LinePage) -> list[Position]:
    """Return what comes after a page, down to the end; the last page is whole, so it may begin further up."""
    end, found = here.positions[-1], list[Position]()
    while here.later is not None:
        here = page(limit=size, after=here.later)
        found += [each for each in here.positions if each > end]
        end = here.positions[-1]
    return found


def add_note(content: str, author_id: int, *, number: str = NUMBER, at: Any = START, **values: Any) -> None:
    number_id = make_number(number)
    with transaction() as session:
        session.add(Note(number_id=number_id, author_id=author_id, content=content, created_at=at, **values))


def add_link(user_id: int, *, phone: str = "0908630549", since: Any = START, until: Any = None) -> None:
    with transaction() as session:
        session.add(
            PhoneLink(
                phone_number=phone,
                user_id=user_id,
                since=since,
                until=until,
                linked_by="Anna",
                unlinked_by="Boris",
            )
        )
