"""A subscription is cut short, and what follows it without a gap moves along.

Source: behaviour.md 10.4 (SubscriptionShortenedHandlerTest, NextSubscriptionIdTest).
"""

from datetime import datetime, timedelta

import pytest
from flask import Flask

from crm.core.db import transaction
from crm.subscriptions.errors import LongerEndError
from crm.subscriptions.models import Subscription
from crm.subscriptions.shortening import end_now, shorten
from tests.factories.subscriptions import DAY, make_type, read_now, start_one
from tests.factories.users import make_user
from tests.stored import read

PERIOD = (Subscription.id, Subscription.start_time, Subscription.end_time)


def test_a_stopped_subscription_ends_now_and_says_why(app: Flask) -> None:
    started = start_one(make_user(role="customer"), make_type(), note="by SMS")

    with transaction() as session:
        end_now(session, session.get_one(Subscription, started), "The reader withdrew.")

    [(_, start, end)] = read(*PERIOD)
    assert start < end <= read_now()
    columns = (Subscription.internal_status, Subscription.note, Subscription.length)
    assert read(*columns) == [("after_end", "by SMS\nThe reader withdrew.", 0)]


def test_a_subscription_stopped_before_it_begins_lasts_no_time(app: Flask) -> None:
    user_id, type_id, now = make_user(role="customer"), make_type(), read_now()
    start_one(user_id, type_id)
    later = start_one(user_id, type_id, start_at=now + 5 * DAY, end_at=now + 9 * DAY)

    with transaction() as session:
        end_now(session, session.get_one(Subscription, later), "")

    assert read(*PERIOD)[1] == (later, now + 5 * DAY, now + 5 * DAY)


def test_a_subscription_that_is_over_stays_as_it_was(app: Flask) -> None:
    now = read_now()
    started = start_one(make_user(role="customer"), make_type(), start_at=now - 9 * DAY, end_at=now - DAY)

    with transaction() as session:
        moves = end_now(session, session.get_one(Subscription, started), "Too late.")

    assert moves == []
    assert read(*PERIOD, Subscription.note) == [(started, now - 9 * DAY, now - DAY, None)]


def test_what_follows_without_a_gap_moves_and_nothing_else(app: Flask) -> None:
    user_id, other_id, type_id = make_user(role="customer"), make_user(role="customer"), make_type()
    now = datetime.fromisoformat("2030-05-01T12:00:00+00:00")
    first = add(user_id, type_id, now, 0, 30)
    second = add(user_id, type_id, now, 30, 60)
    third = add(user_id, type_id, now, 60, 67)
    apart = add(user_id, type_id, now, 70, 100)
    beside = add(user_id, type_id, now, 10, 40)
    others = add(other_id, type_id, now, 30, 60)

    with transaction() as session:
        moves = shorten(session, session.get_one(Subscription, first), now + 20 * DAY, "")

    assert [(row[0], *(part - now for part in row[1:])) for row in read(*PERIOD)] == [
        (first, 0 * DAY, 20 * DAY),
        (second, 20 * DAY, 50 * DAY),
        (third, 50 * DAY, 57 * DAY),
        (apart, 70 * DAY, 100 * DAY),
        (beside, 10 * DAY, 40 * DAY),
        (others, 30 * DAY, 60 * DAY),
    ]
    assert [(move.subscription_id, move.old_end - move.new_end) for move in moves] == [
        (first, 10 * DAY),
        (second, 10 * DAY),
        (third, 10 * DAY),
    ]


def test_a_link_goes_and_comes_with_the_times(app: Flask) -> None:
    user_id, type_id = make_user(role="customer"), make_type()
    now = read_now()
    first, second = add(user_id, type_id, now, 0, 30), add(user_id, type_id, now, 20, 50)
    links = (Subscription.id, Subscription.next_subscription_id)
    assert read(*links) == [(first, None), (second, None)]

    with transaction() as session:
        shorten(session, session.get_one(Subscription, first), now + 20 * DAY, "")
    assert read(*links) == [(first, second), (second, None)]

    with transaction() as session:
        end_now(session, session.get_one(Subscription, second), "")
    assert read(*links) == [(first, None), (second, None)]


def test_a_subscription_is_never_made_longer(app: Flask) -> None:
    started = start_one(make_user(role="customer"), make_type())

    with pytest.raises(LongerEndError), transaction() as session:
        row = session.get_one(Subscription, started)
        shorten(session, row, row.end_time + timedelta(seconds=1), "")


def add(user_id: int, type_id: int, now: datetime, first: int, last: int) -> int:
    """Begin a subscription of those days."""
    return start_one(user_id, type_id, start_at=now + first * DAY, end_at=now + last * DAY)
