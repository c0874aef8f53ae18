"""The fuses of paid sending: a gateway in trouble is left alone, and nobody is charged too often in a day."""

from datetime import timedelta

import pytest
from flask import Flask

from crm.core.db import transaction
from crm.mobiletech.breaker import Pause, ask_breaker, read_gateway_state, tell_breaker
from crm.mobiletech.client import Outcome
from tests.conftest import Clock
from tests.factories.messages import set_up_gateway
from tests.factories.outbound import make_outbound
from tests.fakes import FakeGateway, accepted, ambiguous, not_connected, rejected
from tests.outbox import run_all
from tests.stored import list_outbound

SECOND = timedelta(seconds=1)


def test_three_ambiguous_answers_in_a_row_pause_paid_sending(gateway: FakeGateway) -> None:
    gateway.will(*[ambiguous() for _ in range(10)])
    put_paid(6)

    run_all()

    assert len(gateway.sent) == 3
    assert states() == ["unknown"] * 3 + ["queued"] * 3


def test_free_messages_go_on_while_paid_ones_wait(gateway: FakeGateway) -> None:
    gateway.will(*[ambiguous() for _ in range(3)])
    put_paid(4)
    run_all()

    make_outbound(to="+421908999999")
    run_all()

    assert [sent.to for sent in gateway.sent[3:]] == ["+421908999999"]


def test_ambiguous_answers_to_free_messages_pause_nothing(gateway: FakeGateway) -> None:
    gateway.will(*[ambiguous() for _ in range(4)])
    for number in range(4):
        make_outbound(to=f"+42190877000{number}")
    run_all()

    put_paid(1)
    run_all()

    assert states()[-1] == "accepted"


@pytest.mark.parametrize("between", [accepted("mt-x"), rejected()], ids=["accepted", "rejected"])
def test_a_clear_answer_between_them_starts_the_row_anew(gateway: FakeGateway, between: Outcome) -> None:
    gateway.will(ambiguous(), ambiguous(), between, ambiguous(), ambiguous())
    put_paid(6)

    run_all()

    assert len(gateway.sent) == 6


def test_a_call_that_never_reached_the_gateway_says_nothing_about_it(gateway: FakeGateway) -> None:
    gateway.will(ambiguous(), ambiguous(), not_connected(), ambiguous())
    put_paid(6)

    run_all()

    assert len(gateway.sent) == 4


def test_five_ambiguous_answers_within_a_minute_pause_too_whatever_came_between(gateway: FakeGateway) -> None:
    pairs = [(ambiguous(), accepted(f"mt-x{number}")) for number in range(5)]
    gateway.will(*[outcome for pair in pairs for outcome in pair])
    put_paid(12)

    run_all()

    assert len(gateway.sent) == 9


def test_five_ambiguous_answers_over_a_longer_time_pause_nothing(gateway: FakeGateway, clock: Clock) -> None:
    pairs = [(ambiguous(), accepted(f"mt-x{number}")) for number in range(6)]
    gateway.will(*[outcome for pair in pairs for outcome in pair])

    for number in range(6):
        put_paid(2, start=number * 2)
        run_all()
        clock.advance(timedelta(seconds=20))

    assert len(gateway.sent) == 12


def test_after_a_minute_one_probe_goes_out_and_the_others_wait_for_it(app: Flask, clock: Clock) -> None:
    trip()

    assert [is_let_through() for _ in range(3)] == [False] * 3
    clock.advance(timedelta(seconds=59))
    assert not is_let_through()
    clock.advance(2 * SECOND)
    assert [is_let_through() for _ in range(3)] == [True, False, False]


def test_a_probe_that_fails_doubles_the_pause_up_to_an_hour(app: Flask, clock: Clock) -> None:
    trip()

    for pause in (60, 120, 240, 480, 960, 1920, 3600, 3600):
        clock.advance(timedelta(seconds=pause - 1))
        assert not is_let_through(), pause
        clock.advance(2 * SECOND)
        assert is_let_through(), pause
        tell(ambiguous=True)


@pytest.mark.parametrize("answer", [accepted("mt-probe"), rejected()], ids=["accepted", "rejected"])
def test_a_probe_with_a_clear_answer_ends_the_pause_for_all(
    gateway: FakeGateway, clock: Clock, answer: Outcome
) -> None:
    gateway.will(*[ambiguous() for _ in range(3)], answer)
    put_paid(8)
    run_all()

    clock.advance(timedelta(seconds=61))
    run_all()
    clock.advance(timedelta(seconds=61))
    run_all()

    assert len(gateway.sent) == 8
    with transaction() as session:
        state = read_gateway_state(session)
        assert state is not None
        assert (state.paused_until, state.pause_seconds, state.reason) == (None, 0, None)


def test_after_a_pause_was_ended_it_begins_again_with_a_minute(app: Flask, clock: Clock) -> None:
    trip()
    clock.advance(timedelta(seconds=61))
    tell(ambiguous=True)
    clock.advance(timedelta(seconds=121))
    tell(ambiguous=False)

    trip()

    clock.advance(timedelta(seconds=61))
    assert is_let_through()


def test_a_probe_that_never_comes_back_is_followed_by_another(app: Flask, clock: Clock) -> None:
    trip()
    clock.advance(timedelta(seconds=61))
    assert is_let_through()

    clock.advance(timedelta(seconds=61))

    assert is_let_through()


def test_a_message_that_waits_for_the_breaker_goes_out_later(gateway: FakeGateway, clock: Clock) -> None:
    gateway.will(*[ambiguous() for _ in range(3)])
    put_paid(4)
    run_all()

    clock.advance(timedelta(seconds=61))
    run_all()

    assert states() == ["unknown"] * 3 + ["accepted"]


# --- the cap: paid messages to one number in 24 hours


def test_a_fourth_paid_message_in_a_day_is_held_for_a_person(gateway: FakeGateway) -> None:
    for _ in range(4):
        make_outbound(paid=True)

    run_all()

    assert states() == ["accepted"] * 3 + ["held"]
    assert "mobiletech_max_paid_per_day" in (list_outbound()[-1].state_reason or "")
    assert len(gateway.sent) == 3


COUNTED = [
    ({"state": "accepted", "billing": "none"}, True),
    ({"state": "accepted", "billing": "billed"}, True),
    ({"state": "accepted", "billing": "failed"}, False),
    ({"state": "unknown", "billing": "none"}, True),
    ({"state": "unknown", "billing": "billed"}, True),
    ({"state": "unknown", "billing": "failed"}, False),
    ({"state": "rejected"}, False),
    ({"state": "expired"}, False),
    ({"state": "cancelled"}, False),
    ({"state": "not_sent"}, False),
    ({"state": "held"}, False),
    ({"state": "queued"}, False),
    ({"state": "accepted", "paid": False}, False),
    ({"state": "accepted", "to": "+421908000001"}, False),
    ({"state": "accepted", "purpose": "test", "payment_id": None}, True),
]


@pytest.mark.parametrize(("earlier", "is_counted"), COUNTED, ids=[str(row[0]) for row in COUNTED])
def test_what_was_billed_or_may_yet_be_is_counted(
    gateway: FakeGateway, earlier: dict[str, object], is_counted: bool
) -> None:
    set_up_gateway(mobiletech_max_paid_per_day="1")
    make_outbound(**{"paid": True, "is_queued": False} | earlier)  # type: ignore[arg-type]
    make_outbound(paid=True)

    run_all()

    assert states()[-1] == ("held" if is_counted else "accepted")


def test_a_message_of_yesterday_is_not_counted(gateway: FakeGateway, clock: Clock) -> None:
    set_up_gateway(mobiletech_max_paid_per_day="1")
    make_outbound(paid=True)
    run_all()

    clock.advance(timedelta(hours=23, minutes=59))
    make_outbound(paid=True)
    run_all()
    clock.advance(timedelta(minutes=2))
    make_outbound(paid=True)
    run_all()

    assert states() == ["accepted", "held", "accepted"]


def test_a_message_that_waited_long_counts_from_when_it_was_sent(gateway: FakeGateway, clock: Clock) -> None:
    set_up_gateway(mobiletech_max_paid_per_day="1", mobiletech_expiration_unit="hours")
    gateway.will(not_connected())
    make_outbound(paid=True)
    run_all()
    clock.advance(timedelta(hours=23))
    run_all()

    clock.advance(timedelta(hours=2))
    make_outbound(paid=True)
    run_all()

    assert states() == ["accepted", "held"]


def test_without_a_limit_nothing_is_held(gateway: FakeGateway) -> None:
    set_up_gateway(mobiletech_max_paid_per_day="0")
    for _ in range(6):
        make_outbound(paid=True)

    run_all()

    assert states() == ["accepted"] * 6


def test_free_messages_are_not_capped(gateway: FakeGateway) -> None:
    for _ in range(3):
        make_outbound(paid=True)
    for _ in range(3):
        make_outbound()

    run_all()

    assert states() == ["accepted"] * 6


def put_paid(count: int, *, start: int = 0) -> None:
    for number in range(start, start + count):
        make_outbound(paid=True, to=f"+4219081000{number:02d}")


def states() -> list[str]:
    return [message.state for message in list_outbound()]


def trip() -> None:
    for _ in range(3):
        tell(ambiguous=True)


def tell(*, ambiguous: bool) -> None:
    with transaction() as session:
        tell_breaker(session, [ambiguous])


def is_let_through() -> bool:
    with transaction() as session:
        return not isinstance(ask_breaker(session), Pause)
