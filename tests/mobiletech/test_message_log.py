"""The list of messages: order, pages and filters are exact, however the rows fall."""

from dataclasses import replace
from datetime import datetime, timedelta
from itertools import cycle, islice
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, text

from crm.core.db import current_session, transaction
from crm.mobiletech import message_log
from crm.mobiletech.message_log import (
    Direction,
    Found,
    Kind,
    LogFilter,
    Position,
    count_messages,
    count_newer,
    list_messages,
)
from crm.mobiletech.message_ranges import list_ranges, rows_of
from crm.mobiletech.models import SmsTemplateVersion
from crm.mobiletech.sms_templates import create_template, save_template
from crm.mobiletech.wire.operators import Operator
from crm.mobiletech.wishes import Reason
from crm.mobiletech.words import MessageState
from tests.conftest import Clock
from tests.factories.log import NUMBER, START, make_inbound, make_not_sent, make_outbound

EVERYTHING = LogFilter()
MAKERS = {Kind.INBOUND: make_inbound, Kind.NOT_SENT: make_not_sent, Kind.OUTBOUND: make_outbound}
FILTERS = [
    ("everything", LogFilter(), "start ok no_credit waits mystery refused person"),
    ("from readers", LogFilter(direction=Direction.IN), "start"),
    ("to readers", LogFilter(direction=Direction.OUT), "ok no_credit waits mystery refused person"),
    ("billed", LogFilter(state=MessageState.BILLED), "ok"),
    ("failed", LogFilter(state=MessageState.FAILED), "no_credit"),
    ("queued", LogFilter(state=MessageState.QUEUED), "waits"),
    ("unknown", LogFilter(state=MessageState.UNKNOWN), "mystery"),
    ("not sent: by us and by a person", LogFilter(state=MessageState.NOT_SENT), "refused person"),
    ("a reason", LogFilter(reason=Reason.NO_TEMPLATE), "refused"),
    ("another reason", LogFilter(reason=Reason.NO_SENDER), ""),
    ("a key", LogFilter(billkey="AA99"), "mystery"),
    ("an operator", LogFilter(operator=Operator.TELEKOM), "start waits"),
    ("a template", LogFilter(template="pong"), "waits"),
    ("a template that is only in a refusal", LogFilter(template="welcome"), "refused"),
    ("key and state", LogFilter(billkey="AZ19", state=MessageState.FAILED), "no_credit"),
    ("a version", LogFilter(template="pong", version=1), "waits"),
    ("a version that is not there", LogFilter(template="pong", version=2), ""),
    ("a code of failure", LogFilter(code="A32"), "no_credit"),
    ("a code of success", LogFilter(code="D1"), "ok"),
    ("a code and its state", LogFilter(code="A32", state=MessageState.FAILED), "no_credit"),
    ("a code and another state", LogFilter(code="A32", state=MessageState.BILLED), ""),
    ("a code that nobody reported", LogFilter(code="X1"), ""),
    ("template and state", LogFilter(template="pong", state=MessageState.QUEUED), "waits"),
    ("template and another state", LogFilter(template="pong", state=MessageState.HELD), ""),
    ("direction against state", LogFilter(direction=Direction.IN, state=MessageState.HELD), ""),
    ("from a moment", LogFilter(since=START + timedelta(hours=5)), "refused person"),
    ("until a moment", LogFilter(until=START + timedelta(hours=2)), "start ok"),
    (
        "between",
        LogFilter(since=START + timedelta(hours=1), until=START + timedelta(hours=3)),
        "ok no_credit",
    ),
]


def test_the_newest_stands_first_whatever_table_it_is_from(app: Flask) -> None:
    first, second, third = make_inbound(), make_outbound(), make_not_sent()

    page = list_messages(current_session(), EVERYTHING, limit=10)

    assert [(each.kind, each.id) for each in page.positions] == [
        (Kind.NOT_SENT, third),
        (Kind.OUTBOUND, second),
        (Kind.INBOUND, first),
    ]
    assert (page.newer, page.older) == (None, None)


@pytest.mark.parametrize("size", [1, 3, 7])
@pytest.mark.parametrize(
    ("label", "moments"),
    [
        ("each at its own moment", range(12)),
        ("all at one moment", [0] * 12),
        ("three at each moment", [0, 0, 0, 1, 1, 1] * 2),
    ],
)
def test_pages_down_and_up_show_every_row_once(app: Flask, size: int, label: str, moments: list[int]) -> None:
    wanted = _fill(moments)

    down = _walk_down(EVERYTHING, size)
    up = _walk_up(EVERYTHING, size, start=down[-1])

    assert down == wanted
    assert up == wanted[:-1]


def test_back_at_the_top_the_first_page_is_whole(app: Flask) -> None:
    wanted = _fill(range(9))

    page = list_messages(current_session(), EVERYTHING, limit=5, before=wanted[3])

    assert page.positions == wanted[:5]
    assert page.newer is None


@pytest.mark.parametrize(("label", "wanted", "found"), FILTERS)
def test_filters_find_what_they_say(app: Flask, label: str, wanted: LogFilter, found: str) -> None:
    names = _seven_messages()

    page = list_messages(current_session(), wanted, limit=10)

    assert sorted(names[each.kind, each.id] for each in page.positions) == sorted(found.split())


@pytest.mark.parametrize(("label", "wanted", "found"), FILTERS)
def test_filters_find_the_same_among_the_messages_of_a_number(
    app: Flask, label: str, wanted: LogFilter, found: str
) -> None:
    names = _seven_messages()
    make_inbound(from_="+421905000000")

    gathered = replace(wanted, number=NUMBER)

    assert sorted(names[each.kind, each.id] for each in _walk_down(gathered, 2)) == sorted(found.split())
    assert count_messages(current_session(), gathered) == len(found.split())


def test_what_a_search_found_stands_once_and_in_order(app: Flask) -> None:
    places = _fill(range(9))
    make_inbound(from_="+421905000000")
    other = Position(START + timedelta(hours=9), Kind.INBOUND, 0)
    other = replace(other, id=make_inbound(from_="+421905000001", created_at=other.at))
    found = Found(numbers=(NUMBER, "+421905999999"), messages=(other, places[4]))

    down = _walk_down(LogFilter(found=found), 4)
    up = _walk_up(LogFilter(found=found), 4, start=down[-1])

    assert down == [other, *places]
    assert up == down[:-1]


def test_a_search_that_found_nothing_lists_nothing(app: Flask) -> None:
    _fill(range(3))

    page = list_messages(current_session(), LogFilter(found=Found()), limit=5)

    assert (page.positions, page.newer, page.older) == ([], None, None)


def test_messages_of_a_version_are_found_by_its_time(app: Flask, clock: Clock) -> None:
    with transaction() as session:
        pong = create_template(session, "pong", "Pong").id
    clock.advance(timedelta(days=10))
    with transaction() as session:
        save_template(session, "pong", "Pong 2")
        second = session.execute(
            select(SmsTemplateVersion.created_at).where(SmsTemplateVersion.version == 2)
        ).scalar_one()
    made = {
        at: make_outbound(mobiletech_template_id=pong, template_version=version, created_at=second + at)
        for at, version in {
            timedelta(days=-900): 1,  # moved in from elsewhere, older than the template is here
            timedelta(days=-1): 1,
            timedelta(minutes=-1): 2,  # a worker had begun before the version was saved
            timedelta(hours=20): 1,  # once more, after its number was ported
            timedelta(days=1): 2,
        }.items()
    }

    first, last = (
        [each.id for each in _walk_down(LogFilter(template="pong", version=version), 9)] for version in (1, 2)
    )

    assert first == [made[timedelta(hours=20)], made[timedelta(days=-1)], made[timedelta(days=-900)]]
    assert last == [made[timedelta(days=1)], made[timedelta(minutes=-1)]]


def test_a_search_that_no_index_serves_stops_and_goes_on_from_there(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(message_log, "SCANNED", 4)
    rare = [make_outbound(operator_type="T" if number in (0, 9) else "O") for number in range(12)]
    wanted = LogFilter(operator=Operator.TELEKOM)

    pages = [list_messages(current_session(), wanted, limit=5)]
    while pages[-1].older is not None:
        pages.append(list_messages(current_session(), wanted, limit=5, after=pages[-1].older))

    assert [each.id for page in pages for each in page.positions] == [rare[9], rare[0]]
    assert [page.is_cut for page in pages] == [True, True, True, False]


@pytest.mark.parametrize("scanned", [1, 2, 5])
@pytest.mark.parametrize("size", [1, 4])
def test_a_stopped_search_loses_nothing_between_the_tables(
    app: Flask, monkeypatch: pytest.MonkeyPatch, scanned: int, size: int
) -> None:
    letters = cycle("OTTOTTT")
    for kind, letter in zip(
        islice(cycle([Kind.INBOUND, Kind.OUTBOUND, Kind.OUTBOUND]), 18), letters, strict=False
    ):
        MAKERS[kind](operator_type=letter)
    wanted = LogFilter(operator=Operator.ORANGE)
    whole = list_messages(current_session(), wanted, limit=100).positions
    monkeypatch.setattr(message_log, "SCANNED", scanned)

    assert _walk_down(wanted, size) == whole
    assert _walk_up(wanted, size, start=Position(START, 0, 0)) == whole


def test_counts_are_exact_up_to_a_thousand(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(message_log, "COUNTED", 3)
    _fill(range(3))

    assert count_messages(current_session(), EVERYTHING) == 3
    make_inbound()
    assert count_messages(current_session(), EVERYTHING) == 4  # which is "3+"
    make_inbound()
    assert count_messages(current_session(), EVERYTHING) == 4


def test_a_count_that_would_take_long_is_not_told(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(message_log, "LOOKED_AT", 4)
    monkeypatch.setattr(message_log, "COUNTED", 2)
    for letter in "OTT":
        make_outbound(operator_type=letter)

    assert count_messages(current_session(), LogFilter(operator=Operator.ORANGE)) == 1
    make_outbound(operator_type="T")
    assert count_messages(current_session(), LogFilter(operator=Operator.ORANGE)) is None
    assert count_messages(current_session(), LogFilter(operator=Operator.TELEKOM)) == 3  # which is "2+"


@pytest.mark.parametrize(
    ("wanted", "newer"),
    [(EVERYTHING, 3), (LogFilter(direction=Direction.IN), 1), (LogFilter(operator=Operator.ORANGE), 2)],
)
def test_what_is_newer_than_a_place_is_counted(app: Flask, wanted: LogFilter, newer: int) -> None:
    places = _fill(range(9))

    assert count_newer(current_session(), wanted, places[3]) == newer
    assert count_newer(current_session(), wanted, places[0]) == 0


@pytest.mark.parametrize(
    ("label", "wanted"),
    [
        ("everything", LogFilter()),
        ("a state", LogFilter(state=MessageState.UNKNOWN)),
        ("billed", LogFilter(state=MessageState.BILLED)),
        ("a template", LogFilter(template="pong")),
        ("a key", LogFilter(billkey="AZ19")),
        ("an operator", LogFilter(operator=Operator.O2)),
        ("a day", LogFilter(since=START, until=START + timedelta(days=1))),
        ("a version", LogFilter(template="pong", version=1)),
        ("a code", LogFilter(code="D6")),
        ("a code that means two things", LogFilter(code="D0")),
    ],
)
@pytest.mark.parametrize("older", [True, False])
def test_every_page_is_a_range_of_an_index(app: Flask, label: str, wanted: LogFilter, older: bool) -> None:
    _seven_messages()
    middle = Position(START, Kind.NOT_SENT, 4)

    plans = _plans(wanted, middle, older=older)

    assert plans
    for plan in plans:
        assert "Seq Scan" not in plan, plan
        assert "Sort" not in plan, plan


def test_failures_of_one_code_have_an_index_of_their_own(app: Flask) -> None:
    [plan] = _plans(LogFilter(code="A32"), Position(START, Kind.OUTBOUND, 4), older=True)

    assert "ix_mobiletech_outbound_messages_failed" in plan


def _plans(wanted: LogFilter, start: Position, *, older: bool) -> list[str]:
    """Return the plans that PostgreSQL makes when it believes that the tables are large."""
    session = current_session()
    session.execute(text("SET LOCAL enable_seqscan = off"))
    session.execute(text("SET LOCAL enable_bitmapscan = off"))
    session.execute(text("SET LOCAL enable_sort = off"))  # a few rows are sorted sooner than many
    plans = []
    for each in list_ranges(session, wanted):
        statement = rows_of(each, wanted, start=start, older=older).limit(51)
        compiled = statement.compile(session.get_bind(), compile_kwargs={"literal_binds": True})
        rows = session.execute(text(f"EXPLAIN {str(compiled).replace(':', chr(92) + ':')}")).scalars()
        plans.append("\n".join(rows))
    session.rollback()
    return plans


def _fill(moments: Any) -> list[Position]:
    """Add a row at each moment, in turn of each kind; return their positions, newest first."""
    kinds = cycle(Kind)
    positions = []
    for moment in moments:
        kind, at = next(kinds), START + timedelta(minutes=moment)
        positions.append(Position(at, int(kind), MAKERS[kind](created_at=at)))
    return sorted(positions, reverse=True)


def _walk_down(wanted: LogFilter, size: int) -> list[Position]:
    found: list[Position] = []
    page = list_messages(current_session(), wanted, limit=size)
    while True:
        found += page.positions
        if page.older is None:
            return found
        page = list_messages(current_session(), wanted, limit=size, after=page.older)


def _walk_up(wanted: LogFilter, size: int, *, start: Position) -> list[Position]:
    """Return what is newer than `start`, newest first, as somebody finds it who pages upwards."""
    found: list[Position] = []
    newer: Position | None = start
    while newer is not None:
        page = list_messages(current_session(), wanted, limit=size, before=newer)
        found = [*(each for each in page.positions if each not in found), *found]
        newer = page.newer
    return [each for each in found if each > start]


def _seven_messages() -> dict[tuple[int, int], str]:
    def at(hours: int) -> datetime:
        return START + timedelta(hours=hours)

    with transaction() as session:
        pong = create_template(session, "pong", "Pong").id
    return {
        (Kind.INBOUND, make_inbound(created_at=at(0), operator_type="T")): "start",
        (Kind.OUTBOUND, make_outbound(created_at=at(1))): "ok",
        (Kind.OUTBOUND, make_outbound(created_at=at(2), billing="failed", status="A32")): "no_credit",
        (
            Kind.OUTBOUND,
            make_outbound(
                created_at=at(3),
                state="queued",
                billing="none",
                operator_type="T",
                mobiletech_template_id=pong,
                template_version=1,
                mobiletech_id=None,
                status=None,
            ),
        ): "waits",
        (
            Kind.OUTBOUND,
            make_outbound(
                created_at=at(4), state="unknown", billing="none", paid=True, billkey="AA99", purpose="test"
            ),
        ): "mystery",
        (Kind.NOT_SENT, make_not_sent(created_at=at(5))): "refused",
        (
            Kind.OUTBOUND,
            make_outbound(created_at=at(6), state="not_sent", billing="none", mobiletech_id=None),
        ): "person",
    }
