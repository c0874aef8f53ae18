"""One box finds messages by the end of a number, by the gateway's id and by words, and says how far it looked."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from crm.core.clock import db_now
from crm.core.db import current_session, transaction
from crm.mobiletech.message_log import Direction, Kind
from crm.mobiletech.models import InboundMessage, OutboundMessage
from crm.mobiletech.search import finding
from crm.mobiletech.search.finding import Findings, find_messages, find_whole_number, read_end
from crm.mobiletech.search.keeping import keep_inbound_messages, keep_outbound_messages
from crm.users.models import KnownNumber
from crm.users.numbers import note_numbers
from tests.conftest import Clock
from tests.factories.log import make_inbound, make_outbound
from tests.stored import read

pytestmark = pytest.mark.usefixtures("app")


@pytest.mark.parametrize(
    ("term", "end"),
    [
        ("0905 123 456", "421905123456"),
        ("+421 905 123 456", "421905123456"),
        ("00421905123456", "421905123456"),
        ("421 (0)905/123-456", "421905123456"),
        ("905123456", "905123456"),
        ("3456", "3456"),
        ("4 56", "456"),
        ("0549", "0549"),
        ("00549", "00549"),
        ("+420 602 123 456", "420602123456"),
        ("00420602123456", "420602123456"),
        ("56", None),
        ("", None),
        ("+", None),
        ("STOP", None),
        ("M9PFLF 123", None),
        ("٣٤٥٦", None),
        ("1" * 16, None),
        ("100%", None),
    ],
)
def test_the_end_of_a_number_is_read_in_any_spelling(term: str, end: str | None) -> None:
    assert read_end(term) == end


@pytest.mark.parametrize(
    ("term", "found"),
    [
        ("0905 123 456", ["+421905123456"]),
        ("+421905123456", ["+421905123456"]),
        ("123456", ["+421905123456", "+420602123456"]),
        ("456", ["+421905123456", "+420602123456"]),
        ("3 999", ["+421944123999"]),
        ("1234", []),
        ("0944", []),
    ],
)
def test_numbers_are_found_by_their_end_the_newest_first(term: str, found: list[str]) -> None:
    for number in ("+420602123456", "+421944123999", "+421905123456"):
        _note(number)

    assert list(_find(term).found.numbers) == found


def test_many_numbers_are_cut_off_and_that_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(finding, "MOST_NUMBERS", 2)
    for number in ("+421905000456", "+421905001456", "+421905002456"):
        _note(number)

    many, few = _find("456"), _find("1456")

    assert (many.more_numbers, list(many.found.numbers)) == (True, ["+421905002456", "+421905001456"])
    assert (few.more_numbers, list(few.found.numbers)) == (False, ["+421905001456"])


@pytest.mark.parametrize(
    ("spelling", "is_known"),
    [("0905 123 456", True), ("+421905123456", True), ("905123456", False), ("0905 123 457", False)],
)
def test_a_whole_number_is_known_or_not(spelling: str, is_known: bool) -> None:
    _note("+421905123456")

    assert (find_whole_number(current_session(), spelling) is not None) == is_known


def test_a_foreign_number_is_known_as_the_gateway_writes_it() -> None:
    _note("+420602123456")

    assert find_whole_number(current_session(), "+420 602 123 456") is not None


def test_words_are_found_folded_and_as_beginnings_in_both_directions(clock: Clock) -> None:
    inbound, outbound = _inbound("Žiadam prosím o radu!"), _outbound("Prijali sme: žiadam")
    _inbound("Nič podobné")

    assert _ids("ziad") == [(Kind.OUTBOUND, outbound), (Kind.INBOUND, inbound)]
    assert _ids("PROSÍM ziadam") == [(Kind.INBOUND, inbound)]
    assert _ids("ziadam", direction=Direction.OUT) == [(Kind.OUTBOUND, outbound)]
    assert _ids("ziadam nic") == []


@pytest.mark.parametrize("term", ["", " ", "!!!", "' & | ! :*", "a:* | b", "\\", "%", "((("])
def test_signs_that_are_no_words_find_nothing_and_break_nothing(term: str) -> None:
    _inbound("Ahoj")

    assert _find(term).found.messages == ()


def test_the_newest_matches_are_found_and_what_is_left_out_is_told(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(finding, "MOST_MESSAGES", 3)
    ids = []
    for day in range(4):
        ids += [_inbound(f"ahoj {day} {number}") for number in range(2)]
        clock.advance(timedelta(days=1, minutes=1))

    many, few = _find("ahoj"), _find("ahoj 2")

    assert [each.id for each in many.found.messages] == ids[:4:-1]
    assert many.more_messages
    assert [each.id for each in few.found.messages] == [ids[5], ids[4]]
    assert not few.more_messages


def test_words_are_found_for_ninety_days(clock: Clock) -> None:
    message = _inbound("ahoj")

    clock.advance(timedelta(days=89, hours=23))
    assert _ids("ahoj") == [(Kind.INBOUND, message)]
    clock.advance(timedelta(hours=2))
    assert _ids("ahoj") == []


def test_bounds_of_time_narrow_the_search(clock: Clock) -> None:
    first = _inbound("ahoj")
    clock.advance(timedelta(days=3))
    second = _inbound("ahoj")
    [(between,)] = read(InboundMessage.created_at)[1:]

    before = find_messages(current_session(), "ahoj", until=between)
    after = find_messages(current_session(), "ahoj", since=between)

    assert [each.id for each in before.found.messages] == [first]
    assert [each.id for each in after.found.messages] == [second]


def test_a_message_is_found_by_the_gateways_id() -> None:
    inbound, outbound = make_inbound(mobiletech_id="25481979"), make_outbound(mobiletech_id="mt-7")

    assert _ids("25481979") == [(Kind.INBOUND, inbound)]
    assert _ids("mt-7") == [(Kind.OUTBOUND, outbound)]
    assert _ids("mt-8") == []


def test_a_message_that_has_the_word_and_the_id_is_found_once() -> None:
    message = _inbound("moj kod 777", mobiletech_id="777")

    assert _ids("777") == [(Kind.INBOUND, message)]


def _find(term: str, direction: Direction | None = None) -> Findings:
    return find_messages(current_session(), term, direction=direction)


def _ids(term: str, direction: Direction | None = None) -> list[tuple[int, int]]:
    return [(each.kind, each.id) for each in _find(term, direction).found.messages]


def _note(number: str) -> None:
    with transaction() as session:
        note_numbers(session, [number])
    assert (number,) in read(KnownNumber.number)


def _inbound(content: str, **overrides: str) -> int:
    """Add an SMS that comes now, and keep it findable as a worker does."""
    message_id = make_inbound(content=content, created_at=_now(), **overrides)
    with transaction() as session:
        keep_inbound_messages(session, [message_id])
    return message_id


def _outbound(content: str) -> int:
    message_id = make_outbound(content=content, created_at=_now())
    with transaction() as session:
        keep_outbound_messages(session, [session.get_one(OutboundMessage, message_id)])
    return message_id


def _now() -> datetime:
    with transaction() as session:
        moment: datetime = session.execute(select(db_now())).scalar_one()
        return moment
