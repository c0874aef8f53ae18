"""The worker moves subscriptions on: begun, over."""

import pytest
from flask import Flask
from sqlalchemy import select

from crm.core.db import db, transaction
from crm.subscriptions.housekeeping import keep_statuses, keep_subscriptions
from crm.subscriptions.models import Subscription
from tests.conftest import Clock
from tests.factories.subscriptions import DAY, make_subscription, make_type, start_one
from tests.factories.users import make_user
from tests.stored import read


@pytest.mark.parametrize(
    ("start", "end", "before", "after"),
    [
        (1, 5, "before_start", "before_start"),
        (-1, 5, "before_start", "active"),
        (-5, -1, "before_start", "after_end"),
        (-1, 5, "active", "active"),
        (-5, -1, "active", "after_end"),
        (-5, -1, "after_end", "after_end"),
        (-1, 5, "unknown", "active"),
        (-5, -1, "unknown", "after_end"),
    ],
)
def test_a_status_follows_the_time(app: Flask, start: int, end: int, before: str, after: str) -> None:
    user_id, type_id = make_user(role="customer"), make_type()
    make_subscription(user_id, type_id, start=start * DAY, end=end * DAY, internal_status=before)

    keep_subscriptions()

    assert read(Subscription.internal_status) == [(after,)]


def test_a_subscription_lives_through_all_of_them(app: Flask, clock: Clock) -> None:
    user_id, type_id = make_user(role="customer"), make_type()
    start_one(user_id, type_id)
    start_one(user_id, type_id)
    seen = []

    for _ in range(3):
        keep_subscriptions()
        seen.append([status for _, status in read(Subscription.id, Subscription.internal_status)])
        clock.advance(30 * DAY)

    assert seen == [["active", "before_start"], ["after_end", "active"], ["after_end", "after_end"]]


def test_many_are_moved_on_in_small_batches(app: Flask) -> None:
    user_id, type_id = make_user(role="customer"), make_type()
    for _ in range(5):
        make_subscription(user_id, type_id, internal_status="before_start")

    moved = []
    for _ in range(4):
        with transaction() as session:
            moved.append(keep_statuses(session, batch=2))

    assert moved == [2, 2, 1, 0]
    assert read(Subscription.internal_status) == [("active",)] * 5


def test_a_row_that_somebody_holds_waits_for_the_next_minute(app: Flask) -> None:
    user_id, type_id = make_user(role="customer"), make_type()
    held = make_subscription(user_id, type_id, internal_status="before_start")
    free = make_subscription(user_id, type_id, internal_status="before_start")

    with db.engine.begin() as other:
        other.execute(select(Subscription.id).where(Subscription.id == held).with_for_update())
        keep_subscriptions()
    seen = read(Subscription.id, Subscription.internal_status)
    keep_subscriptions()

    assert seen == [(held, "before_start"), (free, "active")]
    assert read(Subscription.id, Subscription.internal_status) == [(held, "active"), (free, "active")]


def test_nothing_to_do_is_nothing_done(app: Flask) -> None:
    with transaction() as session:
        assert keep_statuses(session) == 0
