"""A reader's program lists, stops and reactivates renewals: behaviour.md 5.6 and 10.3, defect B63."""

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import update
from werkzeug.test import TestResponse

from crm.core.db import transaction
from crm.payments.charging_run import charge_due
from crm.payments.models import RecurrentPayment
from crm.sms_billing.gateways import MobiletechRecurrentGateway
from crm.users.models import AuditEntry
from tests.conftest import Clock
from tests.factories.api import make_user_token
from tests.factories.money import (
    MONTH,
    list_payments,
    list_renewals,
    make_type,
    report,
    set_up_sale,
    subscribe,
)
from tests.fakes import FakeGateway
from tests.outbox import run_all
from tests.stored import read

LIST = "/api/v1/users/recurrent-payments"
STOP, REACTIVATE = "/api/v1/recurrent-payment/stop", "/api/v1/recurrent-payment/reactivate"
BRATISLAVA = ZoneInfo("Europe/Bratislava")


@pytest.fixture(autouse=True)
def _sale(app: Flask, gateway: FakeGateway) -> None:
    set_up_sale()
    make_type()


@pytest.fixture
def eva() -> dict[str, str]:
    """Return the token of a reader whose renewal is planned."""
    return make_user_token(subscribe().user_id)


def test_all_renewals_are_listed_the_newest_first(
    client: FlaskClient, eva: dict[str, str], clock: Clock
) -> None:
    renew(clock)

    rows = ask(client, LIST, eva).get_json()

    first, second = list_renewals()
    assert rows == [
        {
            "id": second.id,
            "parent_payment_id": second.parent_payment_id,
            "charge_at": second.charge_at.astimezone(BRATISLAVA).isoformat(timespec="seconds"),
            "payment_gateway_code": "mobiletech_recurrent",
            "subscription_type_code": "month",
            "state": "active",
            "retries": 4,
        },
        rows[1],
    ]
    assert (rows[1]["id"], rows[1]["state"]) == (first.id, "charged")


@pytest.mark.parametrize(
    ("query", "listed"),
    [
        ("", ["active", "charged"]),
        ("?states[]=charged", ["charged"]),
        ("?states[]=charged&states[]=active", ["active", "charged"]),
        ("?states%5B%5D=active", ["active"]),
        ("?states[]=user_stop", []),
    ],
)
def test_states_can_be_asked_for(
    client: FlaskClient, eva: dict[str, str], clock: Clock, query: str, listed: list[str]
) -> None:
    renew(clock)

    assert [row["state"] for row in ask(client, LIST + query, eva).get_json()] == listed


def test_a_state_that_there_is_not_is_refused_with_the_rule(client: FlaskClient, eva: dict[str, str]) -> None:
    response = ask(client, f"{LIST}?states[]=sleeping", eva)

    [rule] = response.get_json()["errors"]["states[]"]
    assert response.status_code == 400
    assert rule.startswith("Field must be one of active, pending, charged")


@pytest.mark.parametrize(
    ("offset", "spelling", "is_listed"),
    [
        (timedelta(0), "%Y-%m-%dT%H:%M:%S.%f%z", True),
        (timedelta(minutes=-1), "%Y-%m-%dT%H:%M:%S%z", True),
        (timedelta(minutes=1), "%Y-%m-%dT%H:%M:%S%z", False),
        (timedelta(minutes=1), "%Y-%m-%dT%H:%M:%S", False),
        (timedelta(minutes=-1), "%Y-%m-%d %H:%M:%S", True),
        (timedelta(days=-1), "%Y-%m-%d", True),
        (timedelta(days=2), "%Y-%m-%d", False),
    ],
)
def test_what_is_charged_from_a_moment_on_is_listed(
    client: FlaskClient, eva: dict[str, str], offset: timedelta, spelling: str, is_listed: bool
) -> None:
    [row] = list_renewals()
    moment = (row.charge_at + offset).astimezone(BRATISLAVA).strftime(spelling)

    escaped = client.get(LIST, headers=eva, query_string={"chargeable_from": moment}).get_json()
    typed = ask(client, f"{LIST}?chargeable_from={moment}", eva).get_json()

    assert (len(escaped), len(typed)) == (is_listed, is_listed)


@pytest.mark.parametrize(
    "word", ["tomorrow", "2026-13-01", "2026-02-30T10:00", "0001-01-01", "9999-12-31", "\0"]
)
def test_a_date_that_is_none_is_refused(client: FlaskClient, eva: dict[str, str], word: str) -> None:
    response = client.get(LIST, headers=eva, query_string={"chargeable_from": word})

    assert (response.status_code, response.get_json()["code"]) == (400, "invalid_date")


def test_nobody_sees_anothers(client: FlaskClient, eva: dict[str, str]) -> None:
    jan = make_user_token(subscribe(number="0908000002").user_id)

    eva_ids, jan_ids = ([row["id"] for row in ask(client, LIST, each).get_json()] for each in (eva, jan))

    assert (eva_ids, jan_ids) == ([1], [2])


def test_a_planned_renewal_is_stopped_and_nothing_else_about_it_changes(
    client: FlaskClient, eva: dict[str, str], clock: Clock, gateway: FakeGateway
) -> None:
    [before] = ask(client, LIST, eva).get_json()

    response = post(client, STOP, eva, {"id": before["id"]})

    assert (response.status_code, response.get_json()) == (200, before | {"state": "user_stop"})
    clock.advance(MONTH * 2)
    charge_due()
    run_all()
    assert len(gateway.sent) == 1


def test_the_stop_is_in_the_audit_log_under_its_readers_name(
    client: FlaskClient, eva: dict[str, str]
) -> None:
    post(client, STOP, eva, {"id": 1})

    [owner] = {row.user_id for row in list_renewals()}
    assert ("renewal.stop", owner, "recurrent_payment 1") in read(
        AuditEntry.action, AuditEntry.actor_id, AuditEntry.subject
    )


def test_b63_a_charge_that_has_left_can_be_stopped_and_nothing_follows_it(
    client: FlaskClient, eva: dict[str, str], clock: Clock, gateway: FakeGateway
) -> None:
    clock.advance(MONTH)
    charge_due()
    run_all()

    response = post(client, STOP, eva, {"id": 1})
    again = post(client, STOP, eva, {"id": 1})
    report(list_payments()[-1].id, "A0")

    assert (response.status_code, response.get_json()["state"]) == (200, "pending")
    assert (again.status_code, again.get_json()["code"]) == (409, "recurrent_payment_not_active")
    assert [row.state for row in list_renewals()] == ["charged", "user_stop"]


def test_b63_a_charge_that_has_not_left_is_called_back(
    client: FlaskClient, eva: dict[str, str], clock: Clock, gateway: FakeGateway
) -> None:
    clock.advance(MONTH)
    charge_due()

    response = post(client, STOP, eva, {"id": 1})
    run_all()

    assert (response.status_code, response.get_json()["state"]) == (200, "user_stop")
    assert len(gateway.sent) == 1


@pytest.mark.parametrize("path", [STOP, REACTIVATE])
@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("", "empty_request"),
        ("  ", "empty_request"),
        ("{", "malformed_json"),
        ("id=1", "malformed_json"),
        (b"\xff", "malformed_json"),
        ("[" * 100_000, "malformed_json"),
        ("9" * 5000, "malformed_json"),
        ("1", "invalid_payload"),
        ("[1]", "invalid_payload"),
        ("{}", "invalid_payload"),
        ('{"id": "1"}', "invalid_payload"),
        ('{"id": 1.5}', "invalid_payload"),
        ('{"id": true}', "invalid_payload"),
        ('{"id": null}', "invalid_payload"),
        ('{"id": 1, "reason": "x"}', "invalid_payload"),
    ],
)
def test_a_body_that_is_not_one_id_is_refused(
    client: FlaskClient, eva: dict[str, str], path: str, body: str | bytes, code: str
) -> None:
    response = client.post(path, headers=eva, data=body, content_type="application/json")

    assert (response.status_code, response.get_json()["code"]) == (400, code)
    assert [row.state for row in list_renewals()] == ["active"]


@pytest.mark.parametrize("path", [STOP, REACTIVATE])
@pytest.mark.parametrize("row_id", [0, -1, 404, 2**63, 10**30])
def test_a_renewal_that_there_is_not_is_not_found(
    client: FlaskClient, eva: dict[str, str], path: str, row_id: int
) -> None:
    response = post(client, path, eva, {"id": row_id})

    assert (response.status_code, response.get_json()["code"]) == (404, "recurrent_payment_not_found")


@pytest.mark.parametrize("path", [STOP, REACTIVATE])
def test_anothers_renewal_is_not_found_and_stays_as_it_is(
    client: FlaskClient, eva: dict[str, str], path: str
) -> None:
    jan = make_user_token(subscribe(number="0908000002").user_id)

    response = post(client, path, jan, {"id": 1})

    assert (response.status_code, response.get_json()["code"]) == (404, "recurrent_payment_not_found")
    assert [row.state for row in list_renewals()] == ["active", "active"]


@pytest.mark.parametrize("state", ["charged", "charge_failed", "user_stop", "admin_stop", "system_stop"])
def test_what_is_neither_planned_nor_on_its_way_cannot_be_stopped(
    client: FlaskClient, eva: dict[str, str], state: str
) -> None:
    set_row(state=state, payment_id=1)

    response = post(client, STOP, eva, {"id": 1})

    assert (response.status_code, response.get_json()["code"]) == (409, "recurrent_payment_not_active")
    assert [row.state for row in list_renewals()] == [state]


@pytest.mark.parametrize("flag", ["is_stoppable", "is_user_stoppable"])
def test_a_gateway_may_let_no_reader_stop(
    client: FlaskClient, eva: dict[str, str], monkeypatch: pytest.MonkeyPatch, flag: str
) -> None:
    monkeypatch.setattr(MobiletechRecurrentGateway, flag, False)

    response = post(client, STOP, eva, {"id": 1})

    refusal = (403, "user_unstoppable_recurrent_payment_gateway")
    assert (response.status_code, response.get_json()["code"]) == refusal
    assert [row.state for row in list_renewals()] == ["active"]


def test_what_the_reader_stopped_goes_on(client: FlaskClient, eva: dict[str, str]) -> None:
    [before] = ask(client, LIST, eva).get_json()
    post(client, STOP, eva, {"id": 1})

    response = post(client, REACTIVATE, eva, {"id": 1})

    assert (response.status_code, response.get_json()) == (200, before)


def test_a_stop_while_the_charge_is_on_its_way_can_be_taken_back(
    client: FlaskClient, eva: dict[str, str], clock: Clock
) -> None:
    clock.advance(MONTH)
    charge_due()
    run_all()
    post(client, STOP, eva, {"id": 1})

    response = post(client, REACTIVATE, eva, {"id": 1})
    report(list_payments()[-1].id, "A0")

    assert (response.status_code, response.get_json()["state"]) == (200, "pending")
    assert [row.state for row in list_renewals()] == ["charged", "active"]


@pytest.mark.parametrize("state", ["active", "charged", "charge_failed", "admin_stop", "system_stop"])
def test_p03_only_ones_own_stop_can_be_taken_back(
    client: FlaskClient, eva: dict[str, str], state: str
) -> None:
    set_row(state=state, payment_id=1)

    response = post(client, REACTIVATE, eva, {"id": 1})

    assert (response.status_code, response.get_json()["code"]) == (409, "recurrent_payment_not_active")
    assert [row.state for row in list_renewals()] == [state]


def test_what_would_have_been_charged_in_the_past_does_not_go_on(
    client: FlaskClient, eva: dict[str, str], clock: Clock
) -> None:
    post(client, STOP, eva, {"id": 1})
    clock.advance(MONTH + timedelta(seconds=1))

    response = post(client, REACTIVATE, eva, {"id": 1})

    refusal = (400, "recurrent_payment_next_charge_in_past")
    assert (response.status_code, response.get_json()["code"]) == refusal
    assert [row.state for row in list_renewals()] == ["user_stop"]


@pytest.mark.parametrize(("method", "path"), [("GET", LIST), ("POST", STOP), ("POST", REACTIVATE)])
def test_without_a_token_nothing_opens(client: FlaskClient, method: str, path: str) -> None:
    response = client.open(path, method=method, json={"id": 1} if method == "POST" else None)

    assert (response.status_code, response.get_json()["error"]) == (403, "no_authorization")


def test_the_answer_speaks_of_the_newsrooms_time(client: FlaskClient, eva: dict[str, str]) -> None:
    [row] = ask(client, LIST, eva).get_json()

    moment = datetime.fromisoformat(row["charge_at"])
    assert moment.utcoffset() == moment.astimezone(BRATISLAVA).utcoffset()


def renew(clock: Clock) -> None:
    clock.advance(MONTH)
    charge_due()
    run_all()
    report(list_payments()[-1].id, "A0")


def ask(client: FlaskClient, path: str, token: dict[str, str]) -> TestResponse:
    return client.get(path, headers=token)


def post(client: FlaskClient, path: str, token: dict[str, str], body: Any) -> TestResponse:
    return client.post(path, headers=token, json=body)


def set_row(**values: object) -> None:
    with transaction() as session:
        session.execute(update(RecurrentPayment).values(**values))
