"""Bulk work stands behind all that somebody waits for: of the whole table, and of its own number."""

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy.orm import Session

from crm.audit import run_audit
from crm.core.db import current_session, transaction
from crm.events.claim import Entry
from crm.events.drain import PARALLEL_BULK
from crm.events.heartbeat import read_backlog
from crm.events.publish import Work, publish, publish_many
from crm.events.pump import find_overdue, run_everything_due
from crm.events.registry import Event, Registry
from crm.events.settle import finish
from tests.conftest import Clock
from tests.events.conftest import Effects
from tests.outbox import run_all

SLOW, QUICK = "test-slow", "test-quick"


def listen(switchboard: Registry, effects: Effects) -> None:
    def write(event: Event) -> None:
        effects.write(event["what"])

    switchboard.on(SLOW, write)
    switchboard.on(QUICK, write)


def put(event: str, what: str, *, lane: str, is_bulk: bool = False) -> None:
    with transaction() as session:
        work = Work(key=f"{event}:{what}", payload={"what": what}, lane=lane, is_bulk=is_bulk)
        publish_many(session, event, [work])


def test_newer_work_goes_before_bulk_work(switchboard: Registry, effects: Effects) -> None:
    listen(switchboard, effects)
    for number in range(3):
        put(SLOW, f"slow {number}", lane=f"lane {number}", is_bulk=True)
    put(QUICK, "quick", lane="another")

    run_all()

    assert effects.list_all() == ["quick", "slow 0", "slow 1", "slow 2"]


def test_newer_work_of_its_own_number_goes_before_it_too(switchboard: Registry, effects: Effects) -> None:
    listen(switchboard, effects)
    put(SLOW, "charge", lane="A", is_bulk=True)
    put(QUICK, "stop", lane="A")

    run_all()

    assert effects.list_all() == ["stop", "charge"]


def test_what_comes_while_bulk_work_is_done_goes_before_the_rest_of_it(
    switchboard: Registry, effects: Effects
) -> None:
    def write(event: Event) -> None:
        effects.write(event["what"])
        if event["what"] == "slow 0":
            publish(current_session(), QUICK, {"what": "quick"}, key="quick", lane="A")

    switchboard.on(SLOW, write)
    switchboard.on(QUICK, lambda event: effects.write(event["what"]))
    for number in range(2):
        put(SLOW, f"slow {number}", lane="A", is_bulk=True)  # of one number: one after the other

    run_all()

    assert effects.list_all() == ["slow 0", "quick", "slow 1"]


def test_what_comes_for_a_number_between_two_rounds_goes_before_its_bulk_work(
    switchboard: Registry, effects: Effects
) -> None:
    class Charging:
        """Does a few at a time; while the first ones are on their way, something comes for the last number."""

        def claim(self, _session: Session, entries: Sequence[Entry]) -> Sequence[Entry]:
            return entries

        def perform(self, entry: Entry) -> None:
            """Nothing happens outside."""

        def record(self, session: Session, results: Sequence[tuple[Entry, None]]) -> None:
            for entry, _ in results:
                effects.write(entry.payload["what"])
            finish(session, [entry.id for entry, _ in results])
            publish(session, QUICK, {"what": "stop"}, key="stop", lane="last")

    switchboard.effect(SLOW, Charging())
    switchboard.on(QUICK, lambda event: effects.write(event["what"]))
    for number in range(PARALLEL_BULK):
        put(SLOW, f"charge {number}", lane=f"lane {number}", is_bulk=True)
    put(SLOW, "the last charge", lane="last", is_bulk=True)

    run_all()

    assert effects.list_all()[-2:] == ["stop", "the last charge"]


def test_bulk_work_of_one_number_keeps_its_order(switchboard: Registry, effects: Effects) -> None:
    listen(switchboard, effects)
    for number in range(3):
        put(SLOW, str(number), lane="A", is_bulk=True)

    run_all()

    assert effects.list_all() == ["0", "1", "2"]


def test_bulk_work_that_fails_is_tried_again_like_any_other(
    switchboard: Registry, effects: Effects, clock: Clock
) -> None:
    tries: list[int] = []

    def fail_once(event: Event) -> None:
        tries.append(1)
        if len(tries) <= 2:  # in the batch, and alone
            raise ValueError("not now")
        effects.write(event["what"])

    switchboard.on(SLOW, fail_once)
    put(SLOW, "once more", lane="A", is_bulk=True)
    run_all()

    clock.advance(timedelta(hours=1))
    run_everything_due(())

    assert effects.list_all() == ["once more"]


def test_bulk_work_that_waits_is_due_and_not_overdue(
    switchboard: Registry, effects: Effects, clock: Clock
) -> None:
    put(SLOW, "charge", lane="A", is_bulk=True)
    clock.advance(timedelta(minutes=30))

    with transaction() as session:
        assert read_backlog(session).overdue == timedelta(0)
    assert find_overdue() == timedelta(0)
    assert list_findings() == set()
    clock.advance(timedelta(minutes=31))
    assert list_findings() == {"work_overdue"}


def list_findings() -> set[str]:
    with transaction() as session:
        return {finding.invariant.name for finding in run_audit(session)}
