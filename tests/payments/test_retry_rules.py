"""When a failed charge is tried again: the schedule of the settings, and what each class of failure makes of it."""

from datetime import timedelta

import pytest

from crm.payments.retry_rules import MOST_GATEWAY_FAILS, Standing, find_next_try, read_schedule
from crm.payments.statuses import Failure

MINUTES_15, HOURS_6 = timedelta(minutes=15), timedelta(hours=6)
DEFAULT = read_schedule("PT15M, PT6H, PT6H, PT6H, PT6H", "PT1H")


@pytest.mark.parametrize(
    ("retries", "delay"), [(4, MINUTES_15), (3, HOURS_6), (2, HOURS_6), (1, HOURS_6), (0, None)]
)
@pytest.mark.parametrize("failure", [Failure.NO_CREDIT, Failure.TECHNICAL, Failure.NO_ANSWER])
def test_the_schedule_is_followed_entry_by_entry_and_the_last_one_never_used(
    failure: Failure, retries: int, delay: timedelta | None
) -> None:
    again = find_next_try(failure, Standing(retries=retries), DEFAULT)

    assert (again and again.delay) == delay
    assert again is None or again.standing == Standing(retries=retries - 1)


@pytest.mark.parametrize("written", ["PT15M,PT6H", "PT15M, PT6H", " PT15M ,PT6H ", "PT15M,,PT6H"])
def test_spaces_and_empty_entries_of_the_schedule_do_not_matter(written: str) -> None:
    assert read_schedule(written, "PT1H").delays == [MINUTES_15, HOURS_6]


@pytest.mark.parametrize(("written", "retries"), [("", 0), ("PT1H", 0), ("PT1H,PT2H", 1)])
def test_there_is_one_retry_fewer_than_entries(written: str, retries: int) -> None:
    assert read_schedule(written, "PT1H").retries == retries


def test_a_schedule_that_was_shortened_meanwhile_still_has_a_delay() -> None:
    short = read_schedule("PT5M", "PT1H")

    again = find_next_try(Failure.TECHNICAL, Standing(retries=4), short)

    assert again is not None and again.delay == timedelta(minutes=5)


def test_a_malformed_schedule_says_which_part() -> None:
    with pytest.raises(ValueError, match="'6H'"):
        read_schedule("PT15M, 6H", "PT1H")


@pytest.mark.parametrize("failure", [Failure.BLOCKED, Failure.LIMIT])
def test_a_barred_number_is_tried_twice_more_a_week_apart(failure: Failure) -> None:
    left, delays = Standing(retries=4), []
    while (again := find_next_try(failure, left, DEFAULT)) is not None:
        delays.append(again.delay)
        left = again.standing

    assert delays == [timedelta(days=7)] * 2


def test_a_ported_number_is_tried_once_more_after_a_day() -> None:
    again = find_next_try(Failure.PORTED, Standing(retries=4), DEFAULT)

    assert again is not None and again.delay == timedelta(days=1)
    assert find_next_try(Failure.PORTED, again.standing, DEFAULT) is None


def test_a_failure_of_ours_costs_no_retry_and_ends_all_the_same() -> None:
    left, tries = Standing(retries=2), 0
    while (again := find_next_try(Failure.OURS, left, DEFAULT)) is not None:
        assert (again.delay, again.standing.retries) == (timedelta(hours=1), 2)
        left, tries = again.standing, tries + 1

    assert tries == MOST_GATEWAY_FAILS - 1


def test_what_a_person_called_back_is_not_tried_on_the_same_day() -> None:
    again = find_next_try(Failure.PERSON, Standing(retries=4), DEFAULT)

    assert again is not None and again.delay == timedelta(days=1)


@pytest.mark.parametrize("failure", list(Failure))
@pytest.mark.parametrize("retries", range(5))
def test_no_failure_is_tried_for_ever(failure: Failure, retries: int) -> None:
    left: Standing | None = Standing(retries=retries)
    for _ in range(MOST_GATEWAY_FAILS + 5):
        again = find_next_try(failure, left, DEFAULT) if left else None
        left = again.standing if again else None

    assert left is None
