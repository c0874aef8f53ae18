"""The gateway's logs: newest first, page by page, by outcome, code, match, id and day."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask

from crm.core.db import transaction
from crm.core.keyset import Place
from crm.mobiletech import exchanges
from crm.mobiletech.client import OutcomeKind
from crm.mobiletech.exchanges import (
    RECEIVES,
    REPORTS,
    SENDS,
    ExchangeFilter,
    ExchangePage,
    Log,
    find_last_heard,
    list_exchanges,
)
from crm.mobiletech.models import SendAttempt, StatusReport
from tests.factories.log import make_inbound, make_outbound

MONDAY = datetime(2026, 11, 16, tzinfo=UTC)
DAY = timedelta(days=1)


def test_pages_of_calls_go_there_and_back(app: Flask) -> None:
    message = make_outbound()
    ids = [make_attempt(message) for _ in range(5)]

    first = read(SENDS, limit=2)
    second = read(SENDS, limit=2, after=first.older)
    third = read(SENDS, limit=2, after=second.older)
    back = read(SENDS, limit=2, before=third.newer)
    top = read(SENDS, limit=2, before=second.newer)

    assert [ids_of(page) for page in (first, second, third, back, top)] == [
        ids[:2:-1],
        [ids[2], ids[1]],
        [ids[0]],
        [ids[2], ids[1]],
        ids[:2:-1],
    ]
    assert (first.newer, third.older, top.newer) == (None, None, None)


def test_a_page_deep_inside_is_found_by_its_place_alone(app: Flask) -> None:
    message = make_outbound()
    ids = [make_attempt(message) for _ in range(30)]

    page = read(SENDS, limit=3, after=Place(MONDAY, ids[10]))

    assert ids_of(page) == [ids[9], ids[8], ids[7]]


def test_calls_are_found_by_their_outcome(app: Flask) -> None:
    message = make_outbound()
    make_attempt(message)
    refused = make_attempt(message, outcome="rejected")

    assert ids_of(read(SENDS, outcome=OutcomeKind.REJECTED)) == [refused]


def test_a_search_that_no_index_serves_stops_and_says_how_far_it_looked(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exchanges, "LOOKED_AT", 4)
    message = make_outbound()
    rare = make_attempt(message, outcome="unknown")
    common = [make_attempt(message) for _ in range(6)]

    first = read(SENDS, outcome=OutcomeKind.UNKNOWN)
    second = read(SENDS, outcome=OutcomeKind.UNKNOWN, after=first.older)

    assert (ids_of(first), first.is_cut, first.older and first.older.id) == ([], True, common[2])
    assert (ids_of(second), second.is_cut) == ([rare], False)


def test_exchanges_are_found_by_the_gateways_id(app: Flask) -> None:
    message, other = make_outbound(mobiletech_id="mt-1"), make_outbound()
    call = make_attempt(message)
    make_attempt(other)
    report = make_report("mt-1", "D1")
    make_report("mt-2", "D1")
    received = make_inbound(mobiletech_id="in-7")
    make_inbound()

    assert ids_of(read(SENDS, gateway_id="mt-1")) == [call]
    assert ids_of(read(REPORTS, gateway_id="mt-1")) == [report]
    assert ids_of(read(RECEIVES, gateway_id="in-7")) == [received]
    assert ids_of(read(SENDS, gateway_id="nobody")) == []


def test_reports_of_no_message_of_ours_are_found(app: Flask) -> None:
    make_outbound(mobiletech_id="mt-1")
    ours = make_report("mt-1", "D1", applied_at=MONDAY)
    waiting = make_report("mt-1", "A0")
    orphan = make_report("mt-9", "D1")

    assert ids_of(read(REPORTS, is_matched=False)) == [orphan]
    assert ids_of(read(REPORTS, is_matched=True)) == [waiting, ours]


def test_reports_are_found_by_their_code(app: Flask) -> None:
    make_report("mt-1", "D1")
    failed = make_report("mt-2", "A12")

    assert ids_of(read(REPORTS, code="A12")) == [failed]


@pytest.mark.parametrize(
    ("since", "until", "days"),
    [
        (2, 4, [3, 2]),
        (None, 1, [0]),
        (5, None, [6, 5]),
        (0, 7, [6, 5, 4, 3, 2, 1, 0]),
        (9, None, []),
        (None, 0, []),
    ],
)
def test_a_stretch_of_days_is_cut_out_of_each_log(
    app: Flask, since: int | None, until: int | None, days: list[int]
) -> None:
    message = make_outbound()
    noons = [MONDAY + day * DAY + timedelta(hours=12) for day in range(7)]
    calls = [make_attempt(message, created_at=at) for at in noons]
    reports = [make_report(f"mt-{day}", "D1", received_at=at) for day, at in enumerate(noons)]
    received = [make_inbound(created_at=at) for at in noons]
    wanted: dict[str, Any] = {
        "since": None if since is None else MONDAY + since * DAY,
        "until": None if until is None else MONDAY + until * DAY,
    }

    for log, ids in ((SENDS, calls), (REPORTS, reports), (RECEIVES, received)):
        assert ids_of(read(log, **wanted)) == [ids[day] for day in days]


def test_a_row_whose_id_came_a_little_out_of_order_is_in_its_day(app: Flask) -> None:
    message = make_outbound()
    after = make_attempt(message, created_at=MONDAY + timedelta(seconds=1))
    make_attempt(message, created_at=MONDAY - timedelta(seconds=1))

    assert ids_of(read(SENDS, since=MONDAY)) == [after]


def test_gaps_between_ids_lead_nobody_astray(app: Flask) -> None:
    message = make_outbound()
    ids = [
        make_attempt(message, id=row_id, created_at=MONDAY + day * DAY)
        for day, row_id in enumerate((3, 5, 1000, 1001, 900_000))
    ]

    assert ids_of(read(SENDS, since=MONDAY + 2 * DAY, until=MONDAY + 4 * DAY)) == [ids[3], ids[2]]


def test_what_was_last_heard_is_told(app: Flask) -> None:
    with transaction() as session:
        assert find_last_heard(session) == (None, None, None)
    make_attempt(make_outbound(), created_at=MONDAY)
    make_report("mt-1", "D1", received_at=MONDAY + DAY)
    make_inbound(created_at=MONDAY + 2 * DAY)

    with transaction() as session:
        assert find_last_heard(session) == (MONDAY + 2 * DAY, MONDAY, MONDAY + DAY)


def read(
    log: Log, *, limit: int = 50, after: Place | None = None, before: Place | None = None, **wanted: Any
) -> ExchangePage:
    with transaction() as session:
        page = list_exchanges(session, log, ExchangeFilter(**wanted), limit=limit, after=after, before=before)
        session.expunge_all()
        return page


def ids_of(page: ExchangePage) -> list[int]:
    return [row.id for row in page.rows]


def make_attempt(message_id: int, **overrides: Any) -> int:
    values = {"outcome": "accepted", "detail": "The gateway took it.", "http_status": 200, "took_ms": 80}
    return add(SendAttempt(outbound_message_id=message_id, **(values | overrides)))


def make_report(mobiletech_id: str, status: str, **overrides: Any) -> int:
    return add(StatusReport(mobiletech_id=mobiletech_id, status=status, raw=b"<message/>", **overrides))


def add(row: Any) -> int:
    with transaction() as session:
        session.add(row)
        session.flush()
        return int(row.id)
