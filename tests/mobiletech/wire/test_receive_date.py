"""The gateway's date is read strictly: a real moment or none, and never an error."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.mobiletech.wire.problems import Problem
from crm.mobiletech.wire.receive_date import format_receive_date, parse_receive_date

ZONE = ZoneInfo("Europe/Bratislava")
NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)

READ = [
    ("summer", "1108191645251", "2011-08-19T16:45:25.100+02:00", None),
    ("winter", "2611231300009", "2026-11-23T13:00:00.900+01:00", None),
    ("no tenths", "110819164525", "2011-08-19T16:45:25+02:00", None),
    ("leap day", "2402292359599", "2024-02-29T23:59:59.900+01:00", None),
    ("skipped hour", "1603270230001", "2016-03-27T03:30:00.100+02:00", Problem.DATE_SKIPPED),
    ("before the skipped hour", "1603270159599", "2016-03-27T01:59:59.900+01:00", None),
    ("after the skipped hour", "1603270300000", "2016-03-27T03:00:00+02:00", None),
    ("doubled hour", "1610300230001", "2016-10-30T02:30:00.100+01:00", Problem.DATE_AMBIGUOUS),
    ("after the doubled hour", "1610300300000", "2016-10-30T03:00:00+01:00", None),
]

IMPOSSIBLE = [
    ("empty", "", Problem.DATE_BAD),
    ("ten digits", "1108191645", Problem.DATE_BAD),
    ("eleven digits", "11081916452", Problem.DATE_BAD),
    ("fourteen digits", "11081916452510", Problem.DATE_BAD),
    ("ISO", "2011-08-19", Problem.DATE_BAD),
    ("month 13", "1113451645251", Problem.DATE_BAD),
    ("31 February", "1102311645251", Problem.DATE_BAD),
    ("29 February of no leap year", "2302291645251", Problem.DATE_BAD),
    ("25:61", "1108192561251", Problem.DATE_BAD),
    ("midnight as 24", "1108192400000", Problem.DATE_BAD),
    ("second 60", "1108192359600", Problem.DATE_BAD),
    ("full-width digits", "１１０８１９１６４５２５１", Problem.DATE_BAD),
    ("line end", "1108191645251\n", Problem.DATE_BAD),
    ("year 00", "0001011200000", Problem.DATE_IMPLAUSIBLE),
    ("last century", "9912311200000", Problem.DATE_IMPLAUSIBLE),
]


@pytest.mark.parametrize(
    ("raw", "moment", "problem"), [row[1:] for row in READ], ids=[row[0] for row in READ]
)
def test_a_possible_date_is_an_aware_moment(raw: str, moment: str, problem: Problem | None) -> None:
    assert parse_receive_date(raw, ZONE) == (datetime.fromisoformat(moment), problem)


@pytest.mark.parametrize(("raw", "problem"), [r[1:] for r in IMPOSSIBLE], ids=[r[0] for r in IMPOSSIBLE])
def test_an_impossible_date_is_none_and_says_why(raw: str, problem: Problem) -> None:
    assert parse_receive_date(raw, ZONE) == (None, problem)


def test_a_date_far_in_the_future_is_none_once_we_know_the_time() -> None:
    assert parse_receive_date("3611231300000", ZONE, NOW) == (None, Problem.DATE_IMPLAUSIBLE)


def test_a_gateway_whose_clock_is_a_little_fast_is_believed() -> None:
    moment, problem = parse_receive_date("2611231400000", ZONE, NOW)

    assert (moment, problem) == (NOW + timedelta(hours=1), None)


@pytest.mark.parametrize("hour", ["00:35", "01:35"])
def test_of_a_doubled_hour_the_one_nearer_to_now_is_taken(hour: str) -> None:
    now = datetime.fromisoformat(f"2026-10-25T{hour}+00:00")

    moment, problem = parse_receive_date("2610250230000", ZONE, now)

    assert (moment, problem) == (now - timedelta(minutes=5), Problem.DATE_AMBIGUOUS)


@given(st.integers(min_value=0, max_value=21_000_000_000))
def test_what_we_write_we_read(tenths: int) -> None:
    moment = datetime(2001, 1, 2, tzinfo=UTC) + timedelta(
        seconds=tenths // 10, milliseconds=tenths % 10 * 100
    )

    assert parse_receive_date(format_receive_date(moment, ZONE), ZONE, moment)[0] == moment
