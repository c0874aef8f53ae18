"""Readers who ordered here as well, while the old system still renewed them: paid once, and a stop of theirs counts."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import text

from crm.core.db import transaction
from crm.importer.integrity.stopping import Mended, mend
from crm.payments.own_renewals import reactivate_row, stop_row
from crm.payments.stopping import get_renewal, stop
from crm.sms_billing.link_acts import stop_linked
from crm.sms_billing.stop_links import link_of
from tests.conftest import Clock
from tests.factories.flows import write
from tests.factories.imported_money import import_rows, message_row, payment_row, set_up_moving_in
from tests.factories.imports import counts_of
from tests.factories.money import (
    NUMBER,
    buy,
    charge,
    list_payments,
    list_renewals,
    make_inbound,
    make_type,
    renewal_states,
    report,
    subscribe,
)
from tests.factories.rules import make_rule
from tests.importer.renewal_files import import_renewals

pytestmark = pytest.mark.usefixtures("gateway")

DAY = timedelta(days=1)
STOPPED = "The reader has stopped renewal {}, of the same type, here."


@pytest.fixture(autouse=True)
def user_id(app: Flask, clock: Clock) -> int:
    """Return a reader whom the old system has charged a month ago, by an order of half a year ago."""
    user_id = set_up_moving_in()
    _do("UPDATE users SET confirmed_at = crm_now()")
    for moment in ("receive_date", "created_at"):
        _do(f"UPDATE mobiletech_inbound_messages SET {moment} = {moment} - interval '200 days'")
    _pay_in_the_old_system(1, _in(days=-31))
    return user_id


@pytest.mark.parametrize("gateway_code", ["mobiletech", "mobiletech_recurrent"])
def test_who_has_paid_here_is_not_charged_again_by_the_imported_renewal(
    clock: Clock, gateway_code: str
) -> None:
    subscribe(gateway=gateway_code)
    _do("UPDATE recurrent_payments SET state = 'admin_stop'")
    clock.advance(DAY)
    import_renewals(_line(charge_at=_in(hours=26)))

    clock.advance(timedelta(hours=3))
    charge()

    assert _count_live() == 1
    row = list_renewals()[-1]
    assert (row.state, row.approval) == ("active", "It was due too soon after the payment before, and waits.")
    assert row.charge_at > _in(days=23)


def test_who_has_paid_here_for_another_type_is_charged(clock: Clock) -> None:
    make_type("weekly", length=7)
    subscribe("weekly")

    import_renewals(_line(charge_at=_in(hours=1)))
    clock.advance(timedelta(hours=2))
    charge()

    assert _count_live() == 2


def test_an_order_that_is_billed_after_the_import_is_what_the_reader_pays(app: Flask, clock: Clock) -> None:
    make_rule("START", action="subscribe", subscription_type="month")
    write(app.test_client(), "START")
    order = list_payments()[-1]
    import_renewals(_line(charge_at=_in(hours=1)))

    report(order.id, "A0")
    clock.advance(timedelta(hours=2))
    charge()

    assert sorted(renewal_states()) == ["active", "system_stop"]
    assert _count_live() == 1


def test_nothing_is_charged_while_an_order_of_the_same_is_on_its_way(clock: Clock) -> None:
    order = buy()
    import_renewals(_line(charge_at=_in(hours=-1)), confirm_due=True)

    charge()

    [row] = list_renewals()
    told = "An SMS that may charge the same is on its way, so it waits."
    assert (_count_live(), row.state, row.approval) == (1, "active", told)
    report(order.payment_id, "D9")
    clock.advance(timedelta(hours=2))
    charge()
    assert (_count_live(), list_renewals()[0].state) == (2, "pending")


@pytest.mark.parametrize("how", ["account", "link"])
def test_what_its_reader_has_stopped_here_comes_in_stopped(user_id: int, clock: Clock, how: str) -> None:
    subscribe()
    stopped = _stop(user_id, how)
    clock.advance(DAY)
    line = _line(charge_at=_in(days=40))

    dry = import_renewals(line, dry=True)
    run = import_renewals(line)

    assert counts_of(dry) == counts_of(run) == (1, 0, 0, 0)
    row = list_renewals()[-1]
    assert (row.state, row.note) == ("user_stop", STOPPED.format(stopped))


def test_a_stop_here_that_is_older_than_the_last_payment_there_does_not_count(
    user_id: int, clock: Clock
) -> None:
    subscribe()
    _stop(user_id)
    clock.advance(DAY)
    _pay_in_the_old_system(2, _in(hours=23))

    import_renewals(_line(charge_at=_in(days=31), parent_payment_external_id="9002"))

    assert renewal_states() == ["user_stop", "active"]


def test_a_stop_of_another_type_here_does_not_count(user_id: int) -> None:
    make_type("weekly", length=7)
    subscribe("weekly")
    _stop(user_id)

    import_renewals(_line(charge_at=_in(days=1)))

    assert renewal_states() == ["user_stop", "active"]


def test_a_stop_by_staff_here_is_of_that_renewal_alone(clock: Clock) -> None:
    subscribe()
    [row] = list_renewals()
    with transaction() as session:
        stop(session, [get_renewal(session, row.id)], by_user=False)

    import_renewals(_line(charge_at=_in(days=1)))

    assert renewal_states() == ["admin_stop", "active"]


def test_a_stop_here_beside_an_open_batch_is_heeded_before_the_first_charge(
    user_id: int, clock: Clock
) -> None:
    import_renewals(_line(charge_at=_in(days=40)))
    subscribe()
    _do("UPDATE recurrent_payments SET state = 'active', note = NULL WHERE import_id IS NULL")
    stopped = _stop(user_id, "account", list_renewals()[-1].id)

    clock.advance(timedelta(days=41))
    charge()

    row = list_renewals()[0]
    assert (row.state, row.note, _count_live()) == ("user_stop", STOPPED.format(stopped), 1)


def test_what_its_reader_lets_go_on_after_the_import_is_charged(user_id: int, clock: Clock) -> None:
    subscribe()
    _stop(user_id)
    import_renewals(_line(charge_at=_in(days=40)))
    imported = list_renewals()[-1].id
    with transaction() as session:
        reactivate_row(session, user_id, imported)

    clock.advance(timedelta(days=41))
    charge()

    assert renewal_states() == ["user_stop", "pending"]


@pytest.mark.parametrize("way", ["button", "file"])
def test_of_two_that_were_imported_the_second_ends_with_the_first(user_id: int, way: str) -> None:
    lines = _two_lines(user_id)
    import_renewals(*lines)
    assert renewal_states() == ["active", "system_stop"]
    stopped = _stop(user_id)

    if way == "file":
        assert counts_of(import_renewals(*lines)) == (0, 1, 1, 0)
    else:
        with transaction() as session:
            assert mend(session) == Mended(stopped_by_reader=1)

    row = list_renewals()[-1]
    assert (row.state, row.note) == ("user_stop", STOPPED.format(stopped))


def test_of_two_that_were_imported_the_second_goes_on_when_the_old_system_has_stopped_the_first(
    user_id: int,
) -> None:
    first, second = _two_lines(user_id)
    import_renewals(first, second)

    run = import_renewals(first | {"state": "user_stop"}, second)

    assert counts_of(run) == (0, 2, 0, 0)
    assert renewal_states() == ["user_stop", "active"]


def _stop(user_id: int, how: str = "account", row_id: int | None = None) -> int:
    """Let the reader stop the renewal, the first one unless told otherwise, and return its id."""
    row = next(each for each in list_renewals() if row_id in (None, each.id))
    with transaction() as session:
        if how == "account":
            stop_row(session, user_id, row.id)
        else:
            stop_linked(session, link_of(row.payment_method_id).rpartition("/")[2])
    return row.id


def _two_lines(user_id: int) -> list[dict[str, Any]]:
    """Return two renewals of one type: the message that began the second is another one."""
    make_inbound(NUMBER, user_id=user_id, mobiletech_id="old-in-2")
    _pay_in_the_old_system(2, _in(days=-30), cid="old-in-2")
    first = _line(charge_at=_in(days=1))
    second = {"external_id": "r2", "cid": "old-in-2", "parent_payment_external_id": "9002"}
    return [first, first | second]


def _line(**values: Any) -> dict[str, Any]:
    return {
        "external_id": "r1",
        "cid": "old-in-1",
        "user_phone": NUMBER,
        "parent_payment_external_id": "9001",
        "subscription_type": "month",
        "state": "active",
    } | values


def _pay_in_the_old_system(number: int, at: datetime, cid: str = "old-in-1") -> None:
    paid = {"paid_at": at, "created_at": at, "subscription_start_at": at}
    payment = payment_row(number, cid=cid, subscription_end_at=at + timedelta(days=30), **paid)
    assert import_rows("payments", [payment]).counts == (1, 0, 0, 0)
    message = message_row(number, rcv_msg_id=cid if cid != "old-in-1" or number == 1 else "", created_at=at)
    assert import_rows("outbound-messages", [message]).counts == (1, 0, 0, 0)


def _count_live() -> int:
    return len([payment for payment in list_payments() if payment.import_id is None])


def _in(**time: float) -> datetime:
    return datetime.now(UTC) + timedelta(**time)


def _do(statement: str) -> None:
    with transaction() as session:
        session.execute(text(statement))
