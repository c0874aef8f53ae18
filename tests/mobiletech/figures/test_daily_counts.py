"""Messages that are alike are counted: at once for the newest days, each hour for the others, both the same."""

from datetime import UTC, date, timedelta
from itertools import product

import pytest
from sqlalchemy import text

from crm.core.db import current_session, transaction
from crm.mobiletech.figures.counting import Alike, count_alike
from crm.mobiletech.figures.housekeeping import KEPT_DAYS, LIVE_DAYS, count_days
from crm.mobiletech.figures.models import DailyCount
from crm.mobiletech.figures.reading import Figures, read_figures
from crm.mobiletech.message_log import Kind
from crm.mobiletech.outbound import OutboundState
from crm.mobiletech.sms_templates import create_template
from crm.mobiletech.wire.delivery_status import Billing
from crm.mobiletech.words import state_of
from tests.conftest import Clock
from tests.factories.log import make_inbound, make_not_sent, make_outbound
from tests.factories.moments import ZONE, on_the_wall, set_clock
from tests.stored import read

pytestmark = pytest.mark.usefixtures("app")

NOON = "2026-12-03 12:00"
TODAY = date(2026, 12, 3)


@pytest.fixture(autouse=True)
def _noon(clock: Clock) -> None:
    set_clock(clock, NOON)


def test_messages_are_alike_by_direction_operator_template_key_state_and_code() -> None:
    with transaction() as session:
        template_id = create_template(session, "vitajte", "Vitajte").id
    at = on_the_wall("2026-12-03 09:00")
    make_inbound(created_at=at, operator_type="T")
    make_inbound(created_at=at, operator_type="T")
    make_inbound(created_at=at, operator_type="no letter of an operator")
    make_outbound(created_at=at, billing="failed", status="D2", mobiletech_template_id=template_id)
    make_outbound(created_at=at, billing="billed", status="D1", operator_type="2", billkey="AA99")
    make_not_sent(created_at=at, reason="duplicate", template_code=None, billkey="AA99")

    alike = [
        (row.kind, row.operator, row.template, row.billkey, row.state, row.code, row.count) for row in _read()
    ]

    assert sorted(alike) == [
        (Kind.INBOUND, "", "", "", "", "", 1),
        (Kind.INBOUND, "T", "", "", "", "", 2),
        (Kind.NOT_SENT, "", "", "AA99", "not_sent", "duplicate", 1),
        (Kind.OUTBOUND, "2", "", "AA99", "billed", "", 1),
        (Kind.OUTBOUND, "O", "vitajte", "AZ19", "failed", "D2", 1),
    ]


@pytest.mark.parametrize(("state", "billing"), list(product(OutboundState, Billing)))
def test_the_statement_and_the_list_call_a_state_the_same(state: OutboundState, billing: Billing) -> None:
    make_outbound(created_at=on_the_wall("2026-12-03 09:00"), state=state, billing=billing)

    assert [row.state for row in _read()] == [state_of(state, billing)]


def test_a_message_belongs_to_the_day_of_the_newsroom() -> None:
    for written in ("2026-12-01 23:59:59", "2026-12-02 00:00", "2026-12-02 23:59:59", "2026-12-03 00:00"):
        make_inbound(created_at=on_the_wall(written))

    figures = _figures()

    assert _by_day(figures) == {date(2026, 12, 1): 1, date(2026, 12, 2): 2, TODAY: 1}


def test_last_weeks_day_is_counted_until_the_same_time() -> None:
    for written in ("2026-11-25 23:59", "2026-11-26 00:00", "2026-11-26 11:59", "2026-11-26 12:01"):
        make_inbound(created_at=on_the_wall(written))

    figures = _figures()

    assert sum(row.count for row in figures.by_now) == 2
    assert _by_day(figures)[date(2026, 11, 26)] == 3


@pytest.mark.parametrize(
    ("now", "hours"),
    [
        pytest.param("2027-03-30 08:00", 23, id="the clock was put on"),
        pytest.param("2027-11-02 08:00", 25, id="the clock was put back"),
    ],
)
def test_each_hour_of_a_long_or_short_day_is_counted_once(clock: Clock, now: str, hours: int) -> None:
    set_clock(clock, now)
    changed = on_the_wall(now).date() - timedelta(days=2)  # a Sunday in both cases
    midnight = on_the_wall(f"{changed} 00:00").astimezone(UTC)
    for hour in range(-1, hours + 1):
        make_inbound(created_at=midnight + timedelta(hours=hour, minutes=30))

    live = _by_day(_figures())
    count_days()

    assert live == {changed - timedelta(days=1): 1, changed: hours, changed + timedelta(days=1): 1}
    assert _by_day(_figures()) == live


def test_kept_counts_are_those_that_were_counted_at_once() -> None:
    _make_a_month()
    live = _figures()

    count_days()
    kept = _figures()

    assert live.kept_until is None
    assert kept.kept_until == TODAY - timedelta(days=LIVE_DAYS)
    assert sorted(map(repr, kept.rows)) == sorted(map(repr, live.rows))


def test_what_is_reported_late_counts_within_the_hour_and_of_the_newest_days_at_once() -> None:
    old = make_outbound(created_at=on_the_wall("2026-11-23 09:00"), billing="none")
    new = make_outbound(created_at=on_the_wall("2026-12-01 09:00"), billing="none")
    count_days()
    with transaction() as session:
        late = text("UPDATE mobiletech_outbound_messages SET billing = 'billed' WHERE id IN (:old, :new)")
        session.execute(late, {"old": old, "new": new})

    assert [row.state for row in _figures().rows] == ["sent", "billed"]
    count_days()
    assert [row.state for row in _figures().rows] == ["billed", "billed"]


def test_counting_twice_changes_nothing_and_old_days_are_forgotten(clock: Clock) -> None:
    _make_a_month()
    count_days()
    once = read(DailyCount.day, DailyCount.kind, DailyCount.state, DailyCount.count, order=DailyCount.day)

    count_days()
    again = read(DailyCount.day, DailyCount.kind, DailyCount.state, DailyCount.count, order=DailyCount.day)
    clock.advance(timedelta(days=KEPT_DAYS - 5))
    count_days()

    assert sorted(again) == sorted(once)
    assert {day for (day,) in read(DailyCount.day)} == {TODAY - timedelta(days=days) for days in range(5)}


def _make_a_month() -> None:
    for days in range(35):
        at = on_the_wall(NOON) - timedelta(days=days, hours=1)
        make_inbound(created_at=at)
        make_outbound(created_at=at, billing="failed" if days % 3 else "billed", status="D2")
        if days % 2:
            make_not_sent(created_at=at)


def _read() -> list[Alike]:
    return count_alike(
        current_session(), on_the_wall("2026-12-03 00:00"), on_the_wall("2026-12-04 00:00"), ZONE
    )


def _figures() -> Figures:
    with transaction() as session:
        return read_figures(session, days=30, zone=ZONE)


def _by_day(figures: Figures) -> dict[date, int]:
    counts: dict[date, int] = {}
    for row in figures.rows:
        counts[row.day] = counts.get(row.day, 0) + row.count
    return counts
