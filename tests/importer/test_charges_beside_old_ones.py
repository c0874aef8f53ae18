"""What the old system may have charged just now, we do not: neither the row that came in, nor what follows it."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from flask import Flask

from crm.audit.running import run_audit
from crm.core.db import transaction
from crm.importer.integrity.stopping import mend
from crm.mobiletech.status_reports import record_status
from crm.mobiletech.wire.commands import Status
from crm.payments.due import OLD_IS_OPEN
from crm.payments.errors import StoppedByReaderError
from crm.payments.stopping import get_renewal, reactivate_after_system_stop
from tests.conftest import Clock
from tests.factories.flows import write
from tests.factories.imported_money import import_rows, set_up_moving_in
from tests.factories.imports import refusals_of
from tests.factories.money import charge, list_payments, list_renewals, renewal_states, report, subscribe
from tests.importer.histories import PARENT, ago, do, message_of, paid_row, pay_there, renewal_line
from tests.importer.renewal_files import import_renewals
from tests.outbox import run_all

pytestmark = pytest.mark.usefixtures("gateway", "app")

HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def _moving_in(clock: Clock) -> Iterator[None]:
    set_up_moving_in()
    do("UPDATE users SET confirmed_at = crm_now()")
    yield


def old_sms(number: int = 2, *, status: str = "", **changed: str) -> dict[str, object]:
    """Return a line about an SMS by which the old system has charged, of which nothing is known."""
    line = message_of(number, ago(hours=-1), rcv_msg_id="", payment_external_id="")
    return line | {"status": status} | changed


def wait_for_old_sms(clock: Clock, **changed: str) -> None:
    """Let a renewal be here that is due, and an old SMS come in that may have charged it."""
    pay_there(1, ago(days=31))
    import_renewals(renewal_line(charge_at=ago(hours=-1)))
    clock.advance(2 * HOUR)
    import_rows("outbound-messages", [old_sms(**changed)])
    charge()


def keep_past_its_date(clock: Clock) -> int:
    """Let an import keep a renewal stopped until its date is past; return its id."""
    pay_there(1, ago(days=31))
    do("UPDATE subscription_types SET price = 5.99 WHERE code = 'month'")
    import_renewals(renewal_line(charge_at=ago(hours=-1)))
    do("UPDATE subscription_types SET price = 4.99 WHERE code = 'month'")
    clock.advance(2 * HOUR)
    with transaction() as session:
        mend(session)
    [row] = list_renewals()
    assert row.state == "system_stop"
    return row.id


def try_anew(renewal_id: int) -> None:
    with transaction() as session:
        reactivate_after_system_stop(session, get_renewal(session, renewal_id), reason="try it")


def count_own_charges() -> int:
    return sum(payment.import_id is None for payment in list_payments())


def test_an_old_sms_that_is_reported_as_billed_here_bars_until_its_payment_is_in(clock: Clock) -> None:
    wait_for_old_sms(clock)
    assert list_renewals()[0].approval == OLD_IS_OPEN

    with transaction() as session:
        record_status(session, Status(id="old-out-2", status="A0"), None)
    run_all()
    clock.advance(2 * HOUR)
    charge()

    assert (renewal_states(), count_own_charges()) == (["active"], 0)


def test_one_that_was_billed_before_the_renewals_come_keeps_them_out(clock: Clock) -> None:
    pay_there(1, ago(days=31))
    clock.advance(2 * HOUR)
    import_rows("outbound-messages", [old_sms()])
    with transaction() as session:
        record_status(session, Status(id="old-out-2", status="A0"), None)
    run_all()

    run = import_renewals(renewal_line(charge_at=ago(hours=1)), confirm_due=True)

    assert [code for _, _, code in refusals_of(run)] == ["charge_open"]


def test_an_sms_that_found_the_number_elsewhere_bars_nothing(clock: Clock) -> None:
    pay_there(1, ago(days=31))
    lines = [old_sms(2, status="_OPERATOR_CHANGE"), old_sms(3, status="A5")]
    import_rows("outbound-messages", lines)
    clock.advance(2 * HOUR)

    run = import_renewals(renewal_line(charge_at=ago(hours=-20)))

    assert refusals_of(run) == []


def test_what_waited_is_followed_by_a_newer_export(clock: Clock) -> None:
    due = ago(hours=-1)
    wait_for_old_sms(clock)
    import_rows("payments", [paid_row(2, ago(hours=-1))])
    import_rows("outbound-messages", [old_sms(status="A0", payment_external_id="9002")])

    import_renewals(
        renewal_line(charge_at=due, state="charged", payment_external_id="9002"),
        renewal_line(external_id="r2", charge_at=ago(days=-29), **{PARENT: "9002"}),
    )

    assert renewal_states() == ["charged", "active"]


def test_a_stop_of_who_waits_is_heeded_though_it_comes_from_another_number(app: Flask, clock: Clock) -> None:
    pay_there(1, ago(days=31))
    import_renewals(renewal_line(charge_at=ago(hours=-1)))
    do("UPDATE mobiletech_phone_numbers SET phone_number = '0905999888'")
    do("UPDATE phone_number_links SET phone_number = '0905999888'")
    clock.advance(2 * HOUR)
    import_rows("outbound-messages", [old_sms(user_phone="0905999888")])
    charge()

    write(app.test_client(), "STOP")
    import_rows("outbound-messages", [old_sms(status="A5", user_phone="0905999888")])
    clock.advance(2 * HOUR)
    charge()

    assert renewal_states() == ["user_stop"]


def test_a_wait_of_days_is_told_by_the_audit(clock: Clock) -> None:
    wait_for_old_sms(clock)

    for _ in range(5):
        clock.advance(timedelta(days=1))
        charge()

    with transaction() as session:
        assert [each.invariant.name for each in run_audit(session)] == ["renewal_waits_too_long"]


def test_what_is_tried_anew_waits_for_what_was_paid_here(clock: Clock) -> None:
    kept = keep_past_its_date(clock)
    subscribe(gateway="mobiletech")
    do("UPDATE recurrent_payments SET state = 'admin_stop' WHERE import_id IS NULL")

    try_anew(kept)
    clock.advance(26 * HOUR)
    charge()

    assert count_own_charges() == 1


def test_what_is_tried_anew_waits_for_an_old_sms(clock: Clock) -> None:
    kept = keep_past_its_date(clock)
    import_rows("outbound-messages", [old_sms()])

    try_anew(kept)
    clock.advance(26 * HOUR)
    charge()

    assert renewal_states() == ["system_stop", "active"]


def test_a_second_try_waits_for_an_old_sms(clock: Clock) -> None:
    pay_there(1, ago(days=31))
    import_renewals(renewal_line(charge_at=ago(hours=-1)))
    clock.advance(2 * HOUR)
    report(charge(), "A5")
    import_rows("outbound-messages", [old_sms()])

    clock.advance(timedelta(days=4))
    charge()

    assert count_own_charges() == 1


@pytest.mark.parametrize("is_ours", [False, True], ids=["imported", "ours"])
def test_what_its_reader_ended_when_it_was_over_is_not_tried_anew(
    app: Flask, clock: Clock, is_ours: bool
) -> None:
    if is_ours:
        subscribe()
        clock.advance(timedelta(days=31))
    else:
        pay_there(1, ago(days=31))
        import_renewals(renewal_line(charge_at=ago(hours=-1)))
        clock.advance(2 * HOUR)
    report(charge(), "A5")
    do("UPDATE recurrent_payments SET state = 'system_stop', updated_at = crm_now() WHERE state = 'active'")
    clock.advance(2 * HOUR)
    write(app.test_client(), "STOP")
    clock.advance(2 * HOUR)

    with pytest.raises(StoppedByReaderError):
        try_anew(list_renewals()[-1].id)
