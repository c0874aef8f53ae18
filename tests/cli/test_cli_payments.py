"""`crm payments`: what is due is charged once, what is named and not due is told, and a hold holds."""

import pytest
from flask import Flask

from crm.core.business_settings import set_setting
from crm.core.db import transaction
from crm.users.models import AuditEntry
from tests.cli.conftest import Run
from tests.conftest import Clock
from tests.factories.money import (
    MONTH,
    list_payments,
    list_renewals,
    make_type,
    renewal_states,
    set_up_sale,
    subscribe,
)
from tests.fakes import FakeGateway
from tests.outbox import run_all
from tests.stored import read


@pytest.fixture(autouse=True)
def _due(app: Flask, gateway: FakeGateway, clock: Clock) -> None:
    """Two readers whose renewals are due."""
    set_up_sale()
    make_type()
    subscribe()
    subscribe(number="0908000002")
    clock.advance(MONTH)


def test_what_is_due_is_charged_and_counted(run: Run, gateway: FakeGateway) -> None:
    result = run("payments", "charge")

    assert (result.exit_code, result.stdout) == (0, "charged 2 refused 0 postponed 0\n")
    assert renewal_states() == ["pending", "pending"]


def test_a_second_run_charges_nothing_more(run: Run, gateway: FakeGateway) -> None:
    run("payments", "charge")

    result = run("payments", "charge")
    run_all()

    assert (result.exit_code, result.stdout) == (0, "charged 0 refused 0 postponed 0\n")
    assert len(gateway.sent) == 4


def test_only_the_renewals_that_are_named_are_charged(run: Run) -> None:
    first, _ = list_renewals()

    result = run("payments", "charge", "--recurrent-payment-ids", str(first.id))

    assert (result.exit_code, renewal_states()) == (0, ["pending", "active"])


def test_one_that_is_named_and_not_due_is_told(run: Run) -> None:
    first, second = list_renewals()
    run("payments", "charge", "--recurrent-payment-ids", str(first.id))

    result = run("payments", "charge", "--recurrent-payment-ids", f"{first.id},{second.id},999")

    assert (result.exit_code, result.stdout) == (1, "charged 1 refused 0 postponed 0\n")
    assert f"{first.id}: it is pending; only an active one is charged." in result.stderr
    assert "999: there is no such renewal." in result.stderr


@pytest.mark.parametrize("ids", ["x", "1,,2", "0", "-1", "1;2", "9223372036854775808", "", "١"])
def test_ids_that_are_none_are_bad_usage(run: Run, ids: str) -> None:
    result = run("payments", "charge", "--recurrent-payment-ids", ids)

    assert (result.exit_code, renewal_states()) == (2, ["active", "active"])
    assert "is no id; write ids with commas between, such as 1,2" in result.stderr


def test_nothing_is_charged_while_renewals_are_held(run: Run) -> None:
    assert run("payments", "hold", "--reason", "A wrong text").stdout == "Renewals are held.\n"

    result = run("payments", "charge")

    assert (result.exit_code, renewal_states(), len(list_payments())) == (1, ["active", "active"], 2)
    assert "A wrong text" in result.stderr
    assert "`crm payments resume` lets them go on." in result.stderr


def test_what_was_held_is_due_when_it_is_resumed(run: Run) -> None:
    run("payments", "hold")
    assert run("payments", "hold").stdout == "Renewals were held already.\n"

    assert run("payments", "resume").stdout == "Renewals go on.\n"

    assert run("payments", "resume").stdout == "Nothing was held.\n"
    assert run("payments", "charge").stdout == "charged 2 refused 0 postponed 0\n"
    assert read(AuditEntry.action, order=AuditEntry.id) == [("renewals.hold",), ("renewals.resume",)]


def test_the_ceiling_of_the_hour_is_told(run: Run) -> None:
    with transaction() as session:
        set_setting(session, "recurrent_max_charges_per_hour", "1")

    result = run("payments", "charge")

    assert (result.exit_code, result.stdout) == (0, "charged 1 refused 0 postponed 0\n")
    assert "recurrent_max_charges_per_hour" in result.stderr
