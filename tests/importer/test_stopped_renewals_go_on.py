"""Renewals that came in stopped were asked no rule: they are asked when somebody lets them go on."""

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import text

from crm.core.db import transaction
from crm.importer.integrity.stopping import Mended, mend
from crm.payments.errors import BrokenRuleError, StoppedByReaderError
from crm.payments.stopping import get_renewal, reactivate, reactivate_after_system_stop
from tests.conftest import Clock
from tests.factories.flows import write
from tests.factories.moments import in_days
from tests.factories.money import list_renewals, make_type, renewal_states, set_up_sale
from tests.importer.renewal_files import Reader, import_renewals, make_charged_reader

pytestmark = pytest.mark.usefixtures("gateway", "clock")

WRONG = [
    ("UPDATE mobiletech_outbound_messages SET rcv_msg_id = NULL", "R2, R3"),
    ("UPDATE mobiletech_outbound_messages SET billing = 'failed'", "R5"),
    ("UPDATE payment_meta SET value = 'ZZ99' WHERE key = 'mobiletech_billkey'", "R6"),
    ("UPDATE billkeys SET price = 5.99, updated_at = crm_now() + interval '1 year'", "R7"),
    ("UPDATE mobiletech_inbound_messages SET \"from\" = '+421905111222'", "R9"),
    ("UPDATE mobiletech_templates SET content = '{{ nobody }}'", "R10"),
]


@pytest.fixture
def reader(app: Flask) -> Reader:
    set_up_sale()
    make_type()
    reader = make_charged_reader()
    _do("UPDATE users SET confirmed_at = crm_now()")  # else the SMS would wait to confirm the reader
    return reader


@pytest.mark.parametrize(("wrong", "rules"), WRONG)
@pytest.mark.parametrize("state", ["user_stop", "admin_stop"])
def test_what_breaks_a_rule_is_not_reactivated(reader: Reader, wrong: str, rules: str, state: str) -> None:
    import_renewals(reader.line(state=state))
    _do(wrong)

    with pytest.raises(BrokenRuleError, match=f"breaks {rules}, so it cannot go on"):
        _reactivate()

    assert renewal_states() == [state]


@pytest.mark.parametrize(("wrong", "rules"), WRONG)
def test_what_breaks_a_rule_is_not_tried_anew(reader: Reader, wrong: str, rules: str) -> None:
    import_renewals(reader.line(state="system_stop", charge_at=in_days(28)))
    _do(wrong)

    with pytest.raises(BrokenRuleError, match=f"breaks {rules}, so it cannot go on"):
        _try_anew()

    assert renewal_states() == ["system_stop"]


def test_a_reader_is_told_to_write_to_us_and_no_rule(reader: Reader) -> None:
    import_renewals(reader.line(state="user_stop"))
    _do(WRONG[0][0])

    with pytest.raises(BrokenRuleError, match=r"^This renewal cannot go on by itself. Please write to us.$"):
        _reactivate(by_user=True)

    assert renewal_states() == ["user_stop"]


def test_what_was_kept_stopped_and_then_closed_by_a_newer_file_is_asked_as_well(reader: Reader) -> None:
    _do(WRONG[0][0])
    import_renewals(reader.line())
    import_renewals(reader.line(state="user_stop"))

    with pytest.raises(BrokenRuleError):
        _reactivate(by_user=True)

    assert renewal_states() == ["user_stop"]


def test_what_breaks_no_rule_goes_on(reader: Reader) -> None:
    import_renewals(reader.line(state="user_stop"))

    _reactivate(by_user=True)

    assert renewal_states() == ["active"]


def test_what_breaks_no_rule_is_tried_anew(reader: Reader) -> None:
    import_renewals(reader.line(state="system_stop", charge_at=in_days(28)))

    _try_anew()

    assert renewal_states() == ["system_stop", "active"]


def test_who_wrote_stop_after_it_was_kept_stopped_is_not_charged_by_trying_it_anew(
    app: Flask, reader: Reader, clock: Clock
) -> None:
    _do(WRONG[1][0])
    import_renewals(reader.line(charge_at=in_days(28)))
    _do("UPDATE mobiletech_outbound_messages SET billing = 'billed'")
    clock.advance(timedelta(days=29))
    with transaction() as session:
        assert mend(session) == Mended(past=1)
    write(app.test_client(), "STOP")

    with pytest.raises(StoppedByReaderError, match=r"wrote STOP \(SMS \d+\)\. So it cannot go on"):
        _try_anew()

    assert renewal_states() == ["system_stop"]


@pytest.mark.parametrize("state", ["system_stop", "admin_stop"])
@pytest.mark.parametrize("ended", ["", "2026-11-20 08:00:00"])
def test_what_was_over_when_its_reader_wrote_stop_does_not_go_on(
    app: Flask, reader: Reader, clock: Clock, state: str, ended: str
) -> None:
    import_renewals(reader.line(state=state, charge_at=in_days(28), updated_at=ended))
    clock.advance(timedelta(hours=1))
    write(app.test_client(), "STOP")

    with pytest.raises(StoppedByReaderError):
        _try_anew() if state == "system_stop" else _reactivate()

    assert renewal_states() == [state]


def test_a_stop_that_its_reader_has_taken_back_stands_against_nothing(
    app: Flask, reader: Reader, clock: Clock
) -> None:
    import_renewals(reader.line(charge_at=in_days(28)))
    write(app.test_client(), "STOP")
    clock.advance(timedelta(hours=1))
    _reactivate(by_user=True)
    _do("UPDATE recurrent_payments SET state = 'system_stop', updated_at = crm_now()")  # given up by a charge

    _try_anew()

    assert renewal_states() == ["system_stop", "active"]


def test_a_reader_takes_their_own_stop_back(app: Flask, reader: Reader, clock: Clock) -> None:
    import_renewals(reader.line(state="user_stop", charge_at=in_days(28)))
    write(app.test_client(), "STOP")

    _reactivate(by_user=True)

    assert renewal_states() == ["active"]


def _reactivate(*, by_user: bool = False) -> None:
    [row] = list_renewals()
    with transaction() as session:
        reactivate(session, get_renewal(session, row.id), by_user=by_user)


def _try_anew() -> None:
    [row] = list_renewals()
    with transaction() as session:
        reactivate_after_system_stop(session, get_renewal(session, row.id), reason="it is mended")


def _do(statement: str) -> None:
    with transaction() as session:
        session.execute(text(statement))
