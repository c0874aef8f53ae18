"""A reader who asks is told what they have, as it stands: planned, on its way, paused, stopped, and how many more."""

from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from crm.core.db import transaction
from crm.payments.pausing import pause
from crm.payments.stopping import get_renewal
from crm.users.accounts import get_user
from tests.conftest import Clock
from tests.factories.flows import set_up_keywords, write
from tests.factories.money import MONTH, charge, list_renewals, make_type, subscribe
from tests.fakes import FakeGateway


@pytest.fixture(autouse=True)
def _keywords(app: Flask) -> None:
    set_up_keywords()


def free(gateway: FakeGateway) -> list[str]:
    return [sent.content for sent in gateway.sent if sent.billkey == "AZ19"]


@pytest.mark.parametrize("text", ["STAV", "stav"])
def test_who_asks_is_told_what_how_much_when_and_how_to_stop(
    client: FlaskClient, gateway: FakeGateway, text: str
) -> None:
    subscribe()
    [row] = list_renewals()

    write(client, text)

    day = f"{row.charge_at.day}.{row.charge_at.month}.{row.charge_at.year}"
    assert free(gateway) == [f"Mesacne: dalsia platba 4,99 EUR {day}. Zrusit: STOP na 8877 (zadarmo)"]


def test_who_has_nothing_is_told_so(client: FlaskClient, gateway: FakeGateway) -> None:
    write(client, "STAV")

    assert free(gateway) == ["Na tomto cisle nemate predplatné, nic vam nestrhavame. Sprava je bez poplatku."]


def test_who_has_stopped_is_told_until_when_it_runs(
    client: FlaskClient, gateway: FakeGateway, clock: Clock
) -> None:
    subscribe()
    write(client, "STOP")
    clock.advance(timedelta(minutes=1))

    write(client, "STAV")
    assert "zrusené, plati do " in free(gateway)[-1]
    assert "STOP" not in free(gateway)[-1]
    clock.advance(2 * MONTH)
    write(client, "STAV")

    assert free(gateway)[-1].startswith("Na tomto cisle nemate")


@pytest.mark.parametrize(
    ("locale", "told"),
    [
        (None, "Mesacne: platba 4,99 EUR sa spracuva. Zrusit: STOP na 8877 (zadarmo)"),
        ("en_US", "Mesacne: a payment of 4.99 EUR is being processed. To stop: STOP to 8877 (free)"),
    ],
)
def test_a_charge_on_its_way_is_told_as_one_and_not_with_a_day_that_is_over(
    client: FlaskClient, gateway: FakeGateway, clock: Clock, locale: str | None, told: str
) -> None:
    bought = subscribe()
    with transaction() as session:
        get_user(session, bought.user_id).locale = locale
    clock.advance(MONTH)
    charge()

    write(client, "STAV")

    assert free(gateway) == [told]


def test_a_stopped_charge_on_its_way_may_still_be_billed(
    client: FlaskClient, gateway: FakeGateway, clock: Clock
) -> None:
    subscribe()
    clock.advance(MONTH)
    charge()
    write(client, "STOP")

    write(client, "STAV")

    assert free(gateway)[-1] == (
        "Mesacne: zrusené. Platba 4,99 EUR, ktora uz odisla, moze este prejst, dalsia nebude."
    )


def test_a_paused_renewal_names_what_waits(client: FlaskClient, gateway: FakeGateway) -> None:
    subscribe()
    row_id = list_renewals()[0].id
    with transaction() as session:
        pause(session, get_renewal(session, row_id), "asks")

    write(client, "STAV")

    assert free(gateway) == [
        "Mesacne: platba 4,99 EUR caka, teraz nic nestrhavame, ozveme sa vam. Zrusit: STOP na 8877 (zadarmo)"
    ]


def test_who_has_more_than_three_is_told_how_many_more(
    client: FlaskClient, gateway: FakeGateway, clock: Clock
) -> None:
    for place in range(5):
        make_type(f"type{place}", short_name=f"Typ {place}")
        subscribe(f"type{place}")
        clock.advance(timedelta(days=1, hours=1))  # no more than a few paid SMS a day

    write(client, "STAV")

    assert [told.split(":")[0] for told in free(gateway)] == ["Typ 0", "Typ 1", "Typ 2"]
    assert ["Dalsich predplatnych: 2." in told for told in free(gateway)] == [False, False, True]
