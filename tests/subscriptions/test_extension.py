"""Where a new period goes among those that a reader has: the tables of the original's tests.

Source: behaviour.md 7.11 and 10.4 (ExtendActual, ExtendSameActual, ExtendSameType, ExtendLast).
"""

from datetime import UTC, datetime, timedelta

import pytest

from crm.subscriptions.extension import ExtensionMethod, Held, extend

NOW = datetime(2021, 2, 1, 12, tzinfo=UTC)
OURS, OTHER = 1, 2

ACTUAL = ExtensionMethod.EXTEND_ACTUAL
SAME_ACTUAL = ExtensionMethod.EXTEND_SAME_ACTUAL
SAME_TYPE = ExtensionMethod.EXTEND_SAME_TYPE
LAST = ExtensionMethod.EXTEND_LAST_SUBSCRIPTION
START_NOW = ExtensionMethod.START_NOW

# what the reader has: (type, first day, last day) counted from now
NOTHING: list[tuple[int, int, int]] = []
RUNNING = [(OURS, -5, 25)]
EXPIRED = [(OURS, -31, -1)]
TWO_RUNNING = [(OURS, -5, 25), (OURS, -20, 40)]
OTHER_RUNNING = [(OTHER, -5, 25)]
FUTURE = [(OURS, 10, 40)]
OTHER_FUTURE = [(OTHER, 10, 40)]
RUNNING_AND_FUTURE = [(OURS, -5, 25), (OURS, 25, 55)]
OTHER_RUNNING_AND_OURS_FUTURE = [(OTHER, -5, 25), (OURS, 30, 60)]
OTHER_ENDS_LATER = [(OURS, -5, 25), (OTHER, -5, 40)]
ENDS_TOGETHER = [(OTHER, -5, 25), (OURS, -5, 25)]
FOR_LIFE = [(OURS, -5, 36500)]
OTHER_FOR_LIFE = [(OTHER, -5, 36500)]
FOR_LIFE_AND_RUNNING = [(OURS, -5, 36500), (OTHER, -5, 25)]
NO_LENGTH = [(OURS, 10, 10)]
ENDS_NOW = [(OURS, -30, 0)]


@pytest.mark.parametrize(
    ("method", "held", "start", "is_extending"),
    [
        (ACTUAL, NOTHING, 0, False),
        (ACTUAL, RUNNING, 25, True),
        (ACTUAL, EXPIRED, 0, False),
        (ACTUAL, ENDS_NOW, 0, False),
        (ACTUAL, TWO_RUNNING, 40, True),
        (ACTUAL, OTHER_RUNNING, 25, False),
        (ACTUAL, OTHER_ENDS_LATER, 40, False),
        (ACTUAL, ENDS_TOGETHER, 25, True),
        (ACTUAL, FUTURE, 0, False),
        (ACTUAL, RUNNING_AND_FUTURE, 25, True),
        (ACTUAL, FOR_LIFE, 36500, True),
        (SAME_ACTUAL, NOTHING, 0, False),
        (SAME_ACTUAL, RUNNING, 25, True),
        (SAME_ACTUAL, EXPIRED, 0, False),
        (SAME_ACTUAL, TWO_RUNNING, 40, True),
        (SAME_ACTUAL, OTHER_RUNNING, 0, False),
        (SAME_ACTUAL, OTHER_ENDS_LATER, 25, True),
        (SAME_ACTUAL, FUTURE, 0, False),
        (SAME_TYPE, NOTHING, 0, False),
        (SAME_TYPE, RUNNING, 25, True),
        (SAME_TYPE, EXPIRED, 0, False),
        (SAME_TYPE, TWO_RUNNING, 40, True),
        (SAME_TYPE, FUTURE, 40, True),
        (SAME_TYPE, RUNNING_AND_FUTURE, 55, True),
        (SAME_TYPE, OTHER_RUNNING, 25, False),
        (SAME_TYPE, OTHER_FUTURE, 0, False),
        (SAME_TYPE, OTHER_RUNNING_AND_OURS_FUTURE, 60, True),
        (SAME_TYPE, FOR_LIFE, 0, False),
        (SAME_TYPE, OTHER_FOR_LIFE, 0, False),
        (SAME_TYPE, FOR_LIFE_AND_RUNNING, 25, False),
        (LAST, NOTHING, 0, False),
        (LAST, RUNNING, 25, True),
        (LAST, EXPIRED, 0, False),
        (LAST, TWO_RUNNING, 40, True),
        (LAST, OTHER_RUNNING, 25, True),
        (LAST, FUTURE, 40, True),
        (LAST, OTHER_FUTURE, 40, True),
        (LAST, NO_LENGTH, 0, False),
        (START_NOW, NOTHING, 0, False),
        (START_NOW, RUNNING, 0, False),
        (START_NOW, FUTURE, 0, False),
    ],
)
def test_a_period_begins_where_the_method_says(
    method: str, held: list[tuple[int, int, int]], start: int, is_extending: bool
) -> None:
    records = [Held(type_id=type_id, start=day(first), end=day(last)) for type_id, first, last in held]

    extension = extend(method, OURS, records, NOW)

    assert (extension.start, extension.is_extending) == (day(start), is_extending)


@pytest.mark.parametrize("method", list(ExtensionMethod))
def test_the_order_of_what_a_reader_has_does_not_matter(method: str) -> None:
    records = [
        Held(type_id=type_id, start=day(first), end=day(last))
        for type_id, first, last in (*TWO_RUNNING, *ENDS_TOGETHER, *OTHER_FUTURE, *EXPIRED)
    ]

    assert extend(method, OURS, records, NOW) == extend(method, OURS, records[::-1], NOW)


def day(offset: int) -> datetime:
    """Return the moment that many days from now."""
    return NOW + timedelta(days=offset)
