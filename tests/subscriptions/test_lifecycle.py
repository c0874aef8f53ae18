"""Subscriptions begin by the rules, many at once, and two payments of one reader never share their time."""

import threading
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import event, select

from crm.core.clock import db_now
from crm.core.db import db, transaction
from crm.events.models import OutboxEntry
from crm.events.registry import registry
from crm.subscriptions.lifecycle import Start, start_many
from crm.subscriptions.models import Subscription, SubscriptionType
from tests.conftest import Clock
from tests.factories.subscriptions import DAY, make_subscription, make_type, read_now, start_one
from tests.factories.users import make_user
from tests.stored import read

PERIOD = (Subscription.id, Subscription.start_time, Subscription.end_time, Subscription.internal_status)


def test_the_first_period_begins_when_it_is_paid(app: Flask, clock: Clock) -> None:
    user_id, type_id, now = make_user(role="customer"), make_type(), read_now()

    started = start_one(user_id, type_id, paid_at=now, is_recurrent=True, note="by SMS")

    columns = (Subscription.id, Subscription.type, Subscription.is_recurrent, Subscription.is_paid)
    assert read(*columns, Subscription.length, Subscription.note) == [
        (started, "regular", True, True, 30, "by SMS")
    ]
    assert read(*PERIOD) == [(started, now, now + 30 * DAY, "active")]


def test_a_second_payment_follows_the_first_and_is_linked(app: Flask) -> None:
    user_id, type_id, now = make_user(role="customer"), make_type(), read_now()

    first = start_one(user_id, type_id, paid_at=now)
    second = start_one(user_id, type_id, paid_at=now + DAY)

    [_, (_, start, end, status)] = read(*PERIOD)
    assert (start, end, status) == (now + 30 * DAY, now + 60 * DAY, "before_start")
    assert read(Subscription.id, Subscription.next_subscription_id) == [(first, second), (second, None)]


@pytest.mark.parametrize("later_first", [False, True])
def test_two_payments_of_one_reader_in_one_batch_see_each_other(app: Flask, later_first: bool) -> None:
    user_id, type_id, now = make_user(role="customer"), make_type(), read_now()
    other_id = make_user(role="customer")
    paid = [now, now + timedelta(seconds=2)]

    with transaction() as session:
        kind = session.get_one(SubscriptionType, type_id)
        mine = [Start(user_id=user_id, type=kind, paid_at=at) for at in (paid[::-1] if later_first else paid)]
        begun = start_many(session, [mine[0], Start(user_id=other_id, type=kind, paid_at=now), mine[1]])
        times = [(each.user_id, each.start_time) for each in begun if each is not None]

    expected = [now, now + 30 * DAY]
    assert times == [
        (user_id, expected[later_first]),
        (other_id, now),
        (user_id, expected[not later_first]),
    ]


def test_a_payment_handled_after_a_later_one_gets_its_own_time(app: Flask) -> None:
    user_id, type_id, now = make_user(role="customer"), make_type(), read_now()

    start_one(user_id, type_id, paid_at=now)
    start_one(user_id, type_id, paid_at=now - timedelta(seconds=3))

    assert [start for _, start, *_ in read(*PERIOD)] == [now, now + 30 * DAY]


def test_two_payments_at_the_same_time_take_turns(app: Flask) -> None:
    user_id, type_id = make_user(role="customer"), make_type()
    begun, errors = threading.Barrier(2), []

    def pay() -> None:
        with app.app_context():
            try:
                begun.wait()
                start_one(user_id, type_id)
            except Exception as error:
                errors.append(error)
            finally:
                db.session.remove()

    threads = [threading.Thread(target=pay) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert errors == []
    [(_, _, end, _), (_, start, *_)] = sorted(read(*PERIOD), key=lambda row: row[1])
    assert start == end


def test_a_type_without_subscription_starts_none(app: Flask) -> None:
    user_id, type_id, gift_id = (
        make_user(role="customer"),
        make_type(),
        make_type("gift", no_subscription=True),
    )

    with transaction() as session:
        now = session.execute(select(db_now())).scalar_one()
        kinds = [session.get_one(SubscriptionType, each) for each in (gift_id, type_id, gift_id)]
        begun = start_many(session, [Start(user_id=user_id, type=kind, paid_at=now) for kind in kinds])
        found = [each and each.subscription_type_id for each in begun]

    assert found == [None, type_id, None]


def test_explicit_times_beat_the_rules(app: Flask) -> None:
    user_id, type_id, now = make_user(role="customer"), make_type(fixed_end=read_now()), read_now()
    make_subscription(user_id, type_id)

    started = start_one(user_id, type_id, start_at=now - 40 * DAY, end_at=now - 10 * DAY, kind="gift")

    assert (started, now - 40 * DAY, now - 10 * DAY, "after_end") in read(*PERIOD)


def test_only_what_ends_when_another_begins_leads_to_it(app: Flask) -> None:
    user_id, other_id, type_id = make_user(role="customer"), make_user(role="customer"), make_type()
    now = read_now()
    for whose, end in ((user_id, 10 * DAY), (user_id, 11 * DAY), (other_id, 10 * DAY)):
        start_one(whose, type_id, start_at=now, end_at=now + end)

    later = start_one(user_id, type_id, start_at=now + 10 * DAY, end_at=now + 20 * DAY)

    assert [link for _, link in read(Subscription.id, Subscription.next_subscription_id)] == [
        later,
        None,
        None,
        None,
    ]


def test_what_lasts_no_time_follows_nothing(app: Flask) -> None:
    user_id, type_id, now = make_user(role="customer"), make_type(), read_now()
    start_one(user_id, type_id, start_at=now, end_at=now + DAY)

    start_one(user_id, type_id, start_at=now + DAY, end_at=now)

    assert read(Subscription.id, Subscription.next_subscription_id) == [(1, None), (2, None)]


def test_a_batch_costs_a_handful_of_statements(app: Flask) -> None:
    users, type_id = [make_user(role="customer") for _ in range(30)], make_type()
    statements: list[str] = []

    def count(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        statements.append(statement)

    with transaction() as session:
        kind = session.get_one(SubscriptionType, type_id)
        now = session.execute(select(db_now())).scalar_one()
        event.listen(db.engine, "before_cursor_execute", count)
        start_many(session, [Start(user_id=each, type=kind, paid_at=now) for each in users])
    event.remove(db.engine, "before_cursor_execute", count)

    assert len(statements) <= 6
    assert len(read(Subscription.id)) == 30


def test_nothing_is_told_to_nobody(app: Flask) -> None:
    start_one(make_user(role="customer"), make_type())

    assert read(OutboxEntry.key) == []


def test_who_listens_is_told_of_a_start(app: Flask) -> None:
    for name in ("new-subscription", "subscription-starts", "subscription-ends"):
        registry.on(name, lambda _: None, name="test")
    try:
        started = start_one(make_user(role="customer"), make_type())
    finally:
        for name in ("new-subscription", "subscription-starts", "subscription-ends"):
            del registry.handlers[name]

    payload = {"subscription_id": started}
    assert read(OutboxEntry.key, OutboxEntry.payload) == [
        (f"new-subscription:{started}", payload),
        (f"subscription-starts:{started}", payload),
    ]
