"""What may have been a STOP came before the first payment did: what follows the order waits for a person."""

from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.conftest import Clock
from tests.factories.flows import set_up_keywords, write
from tests.factories.money import MONTH, buy, charge, list_payments, list_renewals, report
from tests.fakes import FakeGateway


@pytest.fixture(autouse=True)
def _keywords(app: Flask) -> None:
    set_up_keywords()


def test_what_is_nearly_a_stop_pauses_also_the_renewal_of_an_order_on_its_way(
    client: FlaskClient, gateway: FakeGateway, clock: Clock
) -> None:
    bought = buy()
    inbound_id = write(client, "Ako mozem zrusit predplatne?")

    report(bought.payment_id, "A0")
    clock.advance(MONTH + timedelta(days=1))
    charge()

    [row] = list_renewals()
    assert (row.state, row.paused_at is not None, len(list_payments())) == ("active", True, 1)
    assert row.pause_reason == f"The reader may have meant STOP (SMS {inbound_id}): a person has to ask."


def test_a_stop_after_it_leaves_nothing_to_decide(client: FlaskClient, gateway: FakeGateway) -> None:
    bought = buy()
    write(client, "Ako mozem zrusit predplatne?")
    write(client, "STOP")

    report(bought.payment_id, "A0")

    assert (list_renewals()[0].state, list_renewals()[0].paused_at) == ("user_stop", None)


def test_an_order_that_counted_as_failed_and_is_billed_late_waits_as_well(
    client: FlaskClient, gateway: FakeGateway
) -> None:
    bought = buy()
    report(bought.payment_id, "A5")
    write(client, "Ako mozem zrusit predplatne?")

    report(bought.payment_id, "A0")

    assert (list_renewals()[0].state, list_renewals()[0].paused_at is not None) == ("active", True)
