"""The doctor looks at the charging of renewals: each thing that is set wrongly is named with what to do."""

from datetime import timedelta

import pytest
from flask import Flask

from crm.core.db import transaction
from crm.payments.holding import hold
from crm.sms_billing.checkup import list_renewal_faults
from tests.conftest import Clock
from tests.factories.money import MONTH, make_type, set_up_sale, subscribe
from tests.fakes import FakeGateway


def faults() -> list[str]:
    with transaction() as session:
        return list_renewal_faults(session)


@pytest.fixture
def due(gateway: FakeGateway, clock: Clock) -> None:
    """A renewal that is due for an hour."""
    set_up_sale()
    make_type()
    subscribe()
    clock.advance(MONTH + timedelta(hours=1))


def test_all_is_well_by_default(app: Flask) -> None:
    assert faults() == []


def test_what_is_due_and_not_charged(due: None) -> None:
    [fault] = faults()

    assert "1 renewals are due" in fault
    assert "crm payments charge" in fault


def test_a_hold_is_told_instead(due: None) -> None:
    with transaction() as session:
        hold(session, reason="an outage")

    [fault] = faults()

    assert "held since" in fault
    assert "an outage" in fault


@pytest.mark.parametrize(
    ("setting", "value", "words"),
    [
        ("recurrent_payment_charges", "PT15M", "fewer than two entries"),
        ("recurrent_payment_charges", "PT1S, PT6H", "under a minute"),
        ("recurrent_payment_gateway_fail_delay", "PT5S", "under a minute"),
        ("mobiletech_pending_charge_timeout", "PT30S", "longer than the lease"),
    ],
)
def test_a_setting_that_is_odd(app: Flask, setting: str, value: str, words: str) -> None:
    set_up_sale(**{setting: value})

    [fault] = faults()

    assert setting in fault
    assert words in fault
