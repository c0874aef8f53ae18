"""A paused renewal charges nothing until a person has looked, and whatever follows it waits as well."""

import pytest
from flask import Flask

from crm.core.db import transaction
from crm.payments.errors import NotActiveError
from crm.payments.pausing import go_on, pause
from crm.payments.stopping import get_renewal, stop
from tests.conftest import Clock
from tests.factories.money import (
    MONTH,
    charge,
    list_renewals,
    make_type,
    report,
    set_up_sale,
    subscribe,
)
from tests.fakes import FakeGateway


@pytest.fixture(autouse=True)
def _reader(app: Flask, gateway: FakeGateway, clock: Clock) -> None:
    set_up_sale()
    make_type()
    subscribe()
    clock.advance(MONTH)


def pause_newest(reason: str = "wrote STPO") -> bool:
    row_id = list_renewals()[-1].id
    with transaction() as session:
        return pause(session, get_renewal(session, row_id), reason)


def let_newest_go_on() -> None:
    row_id = list_renewals()[-1].id
    with transaction() as session:
        go_on(session, get_renewal(session, row_id), "it was a greeting")


def stop_newest() -> None:
    row_id = list_renewals()[-1].id
    with transaction() as session:
        stop(session, [get_renewal(session, row_id)], by_user=True)


def test_a_paused_renewal_is_not_charged(gateway: FakeGateway) -> None:
    pause_newest()

    charge()

    [row] = list_renewals()
    assert (row.state, row.pause_reason) == ("active", "wrote STPO")
    assert len(gateway.sent) == 1


def test_one_that_goes_on_is_due_at_once_when_its_date_has_passed(gateway: FakeGateway) -> None:
    pause_newest()
    let_newest_go_on()

    charge()

    assert [row.state for row in list_renewals()] == ["pending"]


def test_pausing_twice_keeps_the_first_reason() -> None:
    pause_newest()

    assert pause_newest("again") is False
    assert list_renewals()[-1].pause_reason == "wrote STPO"


@pytest.mark.parametrize(("code", "state"), [("A0", "charged"), ("A5", "charge_failed")])
def test_what_follows_a_charge_on_its_way_takes_the_pause_over(
    gateway: FakeGateway, clock: Clock, code: str, state: str
) -> None:
    payment_id = charge()
    pause_newest()

    report(payment_id, code)
    clock.advance(MONTH)
    charge()

    before, after = list_renewals()
    assert (before.state, after.state, after.pause_reason) == (state, "active", "wrote STPO")
    assert len(gateway.sent) == 2


def test_a_late_success_does_not_end_the_pause_of_the_planned_try(gateway: FakeGateway, clock: Clock) -> None:
    payment_id = charge()
    report(payment_id, "A5")
    pause_newest()

    report(payment_id, "A0")

    assert [row.state for row in list_renewals()] == ["charged", "system_stop", "active"]
    assert list_renewals()[-1].pause_reason == "wrote STPO"


def test_only_an_open_renewal_is_paused_and_only_a_paused_one_goes_on() -> None:
    with pytest.raises(NotActiveError):
        let_newest_go_on()
    stop_newest()

    with pytest.raises(NotActiveError):
        pause_newest()


def test_a_stop_ends_the_pause() -> None:
    pause_newest()

    stop_newest()

    [row] = list_renewals()
    assert (row.state, row.paused_at) == ("user_stop", None)
