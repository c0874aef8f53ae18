"""Failed work: tried again on the written schedule, then kept for a person, who retries it or gives it up."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from crm.core.db import current_session, db, transaction
from crm.core.errors import NotFoundError
from crm.events import queries
from crm.events.backoff import DELAYS
from crm.events.models import OutboxEntry
from crm.events.registry import Event, Registry
from tests.conftest import Clock
from tests.events.conftest import Effects, Put
from tests.outbox import get_entry, get_entry_by_key, run_all

A_MOMENT = timedelta(seconds=2)


def test_failed_work_is_tried_again_on_the_schedule_and_no_sooner(
    switchboard: Registry, put: Put, clock: Clock
) -> None:
    tries = switch_on_failing(switchboard)
    put()
    run_all()  # in the batch, and then alone, which is the first try

    tried_at_once = len(tries)
    for number, delay in enumerate(DELAYS, start=1):
        clock.advance(delay - A_MOMENT)
        assert (number, run_all()) == (number, 0)
        clock.advance(A_MOMENT)
        assert (number, run_all()) == (number, 1)

    assert get_entry_by_key("thing:1/failing").attempts == len(DELAYS) + 1
    assert len(tries) == tried_at_once + 2 * len(DELAYS)  # again each in the batch and alone


def test_after_the_last_try_work_is_kept_with_its_reason(
    switchboard: Registry, put: Put, clock: Clock
) -> None:
    switch_on_failing(switchboard)
    put(number=5)

    die(clock)

    kept = get_entry_by_key("thing:1/failing")
    assert (kept.state, kept.error, kept.payload) == ("dead", "RuntimeError: not today", {"number": 5})
    clock.advance(timedelta(days=30))
    assert run_all() == 0


def test_work_that_succeeds_after_failures_is_done_and_forgets_the_reason(
    switchboard: Registry, effects: Effects, put: Put, clock: Clock
) -> None:
    tries: list[int] = []

    def fail_twice(event: Event) -> None:
        tries.append(event.entry_id)
        effects.write("tried")
        if len(tries) <= 4:  # each try is two runs: in the batch, and alone
            raise RuntimeError("not yet")

    switchboard.on("thing", fail_twice, name="fail_twice")
    put()
    run_all()

    clock.advance(DELAYS[0])
    run_all()
    clock.advance(DELAYS[1])
    run_all()

    kept = get_entry_by_key("thing:1/fail_twice")
    assert (kept.state, kept.error, kept.attempts) == ("done", None, 2)
    assert effects.list_all() == ["tried"]


def test_only_the_failed_handler_is_tried_again(
    switchboard: Registry, effects: Effects, put: Put, clock: Clock
) -> None:
    switchboard.on("thing", lambda event: effects.write("good"), name="good", order=1)
    switch_on_failing(switchboard)
    put()
    run_all()

    clock.advance(DELAYS[0])
    run_all()

    assert effects.list_all() == ["good"]


def test_a_handler_that_an_extension_has_taken_away_is_missed_by_name(
    switchboard: Registry, put: Put, clock: Clock
) -> None:
    switch_on_failing(switchboard)
    put()
    run_all()
    switchboard.clear()
    switchboard.on("thing", lambda event: None, name="other")

    clock.advance(DELAYS[0])
    run_all()

    kept = get_entry_by_key("thing:1/failing")
    assert kept.attempts == 2
    assert kept.error is not None
    assert "failing" in kept.error


def test_a_person_finds_what_failed_what_is_dead_first(switchboard: Registry, put: Put, clock: Clock) -> None:
    switch_on_failing(switchboard)
    put(number=1)
    die(clock)
    put(number=2)
    run_all()
    switchboard.on("fine", lambda event: None, name="fine")
    put("fine")

    assert [(found.state, found.payload) for found in list_failed()] == [
        ("dead", {"number": 1}),
        ("ready", {"number": 2}),
    ]


def test_dead_work_that_a_person_retries_runs_at_once_with_all_its_tries(
    switchboard: Registry, effects: Effects, put: Put, clock: Clock
) -> None:
    switch_on_failing(switchboard)
    put()
    die(clock)
    dead = get_entry_by_key("thing:1/failing")

    with transaction() as session:
        queries.retry(session, dead.id)

    assert (get_entry(dead.id).state, get_entry(dead.id).attempts) == ("ready", 0)
    run_all()
    assert (get_entry(dead.id).state, get_entry(dead.id).attempts) == ("ready", 1)


def test_work_that_is_backing_off_can_be_retried_without_waiting(switchboard: Registry, put: Put) -> None:
    switch_on_failing(switchboard)
    put()
    run_all()
    waiting = get_entry_by_key("thing:1/failing")

    with transaction() as session:
        queries.retry(session, waiting.id)

    assert run_all() == 1


def test_discarded_work_stays_with_its_reason_and_never_runs(
    switchboard: Registry, put: Put, clock: Clock
) -> None:
    switch_on_failing(switchboard)
    put()
    die(clock)
    dead = get_entry_by_key("thing:1/failing")

    with transaction() as session:
        queries.discard(session, dead.id)

    clock.advance(timedelta(days=1))
    assert run_all() == 0
    assert (get_entry(dead.id).state, get_entry(dead.id).error) == ("discarded", "RuntimeError: not today")
    assert list_failed() == []


@pytest.mark.parametrize("act", [queries.retry, queries.discard])
def test_only_failed_work_can_be_retried_or_discarded(switchboard: Registry, put: Put, act: object) -> None:
    switchboard.unheard.add("thing")
    waiting = put()

    for entry_id in (waiting, 999_999):
        with pytest.raises(NotFoundError, match=str(entry_id)), transaction() as session:
            act(session, entry_id)  # type: ignore[operator]

    run_all()
    with pytest.raises(NotFoundError), transaction() as session:
        act(session, waiting)  # type: ignore[operator]
    assert get_entry(waiting).state == "done"


def test_a_very_long_reason_is_cut(switchboard: Registry, put: Put) -> None:
    def complain(_event: Event) -> None:
        raise RuntimeError("x" * 1_000_000)

    switchboard.on("thing", complain, name="complain")
    put()

    run_all()

    assert len(get_entry_by_key("thing:1/complain").error or "") < 10_000


@pytest.mark.parametrize("text_", ["a\0b", "a\ud800b"], ids=["zero character", "half a surrogate pair"])
def test_a_reason_that_the_database_cannot_keep_as_it_is_stops_nobody(
    switchboard: Registry, effects: Effects, put: Put, text_: str
) -> None:
    def complain(event: Event) -> None:
        effects.write(event["number"])
        if event["number"] == 1:
            raise RuntimeError(f"the text was {text_!s}")

    switchboard.on("thing", complain, name="complain")
    put(number=1)
    put(number=2)

    run_all()

    assert effects.list_all() == ["2"]
    assert (get_entry_by_key("thing:1/complain").error or "").startswith("RuntimeError: the text was a")


def test_an_error_that_only_speaks_of_a_connection_is_a_failure_like_any_other(
    switchboard: Registry, effects: Effects, put: Put
) -> None:
    def read_a_number(event: Event) -> None:
        effects.write(event["number"])
        current_session().execute(text("SELECT CAST(:text AS integer)"), {"text": event["text"]})

    switchboard.on("thing", read_a_number, name="read")
    put(number=1, text="lost connection")
    put(number=2, text="7")

    run_all()

    assert effects.list_all() == ["2"]
    assert "lost connection" in (get_entry_by_key("thing:1/read").error or "")


def test_depths_tell_what_waits_and_for_how_long(switchboard: Registry, put: Put, clock: Clock) -> None:
    put("late")
    put("late")
    put("later", due_in=timedelta(days=1))

    clock.advance(timedelta(minutes=5))

    with transaction() as session:
        depths = {depth.event: depth for depth in queries.list_depths(session)}
    assert (depths["late"].count, depths["later"].count) == (2, 1)
    assert 299 < depths["late"].overdue_seconds < 330
    assert depths["later"].overdue_seconds == 0


@pytest.mark.parametrize("decide", [queries.retry, queries.discard])
def test_work_that_somebody_has_in_hand_is_left_alone_at_once(
    switchboard: Registry, put: Put, clock: Clock, decide: Callable[[Session, int], None]
) -> None:
    switch_on_failing(switchboard)
    put()
    die(clock)
    entry_id = get_entry_by_key("thing:1/failing").id

    with db.engine.connect() as in_hand:
        in_hand.execute(text("SELECT 1 FROM outbox WHERE id = :id FOR UPDATE"), {"id": entry_id})
        with pytest.raises(NotFoundError), transaction() as session:
            decide(session, entry_id)

    assert get_entry_by_key("thing:1/failing").state == "dead"


def switch_on_failing(switchboard: Registry) -> list[int]:
    tries: list[int] = []

    def failing(event: Event) -> None:
        tries.append(event.entry_id)
        raise RuntimeError("not today")

    switchboard.on("thing", failing, name="failing", order=2)
    return tries


def die(clock: Clock) -> None:
    run_all()
    for delay in DELAYS:
        clock.advance(delay)
        run_all()


def list_failed() -> list[OutboxEntry]:
    with transaction() as session:
        found = list(queries.list_failed(session))
        session.expunge_all()
        return found
