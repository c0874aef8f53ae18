"""The description of the API is true: it names every door, and the running application keeps to it."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import schemathesis
from flask import Flask
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode
from schemathesis.specs.openapi import checks

from crm.mobiletech.client_http import HttpGatewayClient
from crm.users.api_tokens import Scope
from crm.web import limits
from crm.web.api.reference import read_description
from tests.conftest import Clock
from tests.factories.api import EVA, PHONE, make_api_token, make_reader, make_user_token
from tests.factories.money import MONTH, make_type, set_up_sale, subscribe
from tests.fakes import FakeGateway
from tests.pages import PASSWORD

CHECKS = [
    schemathesis.checks.not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
    checks.unsupported_method,
]
GENERATED = settings(
    max_examples=30, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
)
SCHEMA = schemathesis.openapi.from_dict(read_description())
OPERATIONS = {found.ok().label: found.ok() for found in SCHEMA.get_all_operations()}
GOOD, BROKEN = GenerationMode.POSITIVE, GenerationMode.NEGATIVE
# They ask for nothing, or for any text: there is nothing to break.
SENSELESS = {
    (BROKEN, "POST /api/v1/mobiletech/webhook"),
    (BROKEN, "GET /api/openapi.json"),
    (BROKEN, "GET /api/docs"),
}
WAYS = [(label, mode) for label in OPERATIONS for mode in (GOOD, BROKEN) if (mode, label) not in SENSELESS]


def show_nothing() -> dict[str, str]:
    return {}


def show_api_token() -> dict[str, str]:
    return make_api_token(*Scope)


def show_user_token() -> dict[str, str]:
    return make_user_token(make_reader(email="program@example.sk"))


CALLERS = [show_nothing, show_api_token, show_user_token]


@pytest.fixture(autouse=True)
def _no_limits(app: Flask) -> Iterator[None]:
    """Let a test ask as often as it likes."""
    [limiter] = app.extensions["limiter"]
    limiter.enabled = False
    yield
    limiter.enabled = True


@pytest.fixture(autouse=True)
def _gateway(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the test gateway answer whatever it is asked."""
    monkeypatch.setattr(HttpGatewayClient, "forward", lambda *_args, **_kwargs: _Answered())


@pytest.mark.parametrize(("label", "mode"), WAYS, ids=[f"{label} {mode.value}" for label, mode in WAYS])
@pytest.mark.parametrize("caller", CALLERS)
def test_the_application_keeps_to_its_description(
    app: Flask, label: str, mode: GenerationMode, caller: Callable[[], dict[str, str]]
) -> None:
    headers = caller()

    @GENERATED
    @given(case=OPERATIONS[label].as_strategy(generation_mode=mode))
    def keep(case: schemathesis.Case) -> None:
        call(app, case, headers)

    keep()


FORM, XML, JSON = "application/x-www-form-urlencoded", "application/xml", "application/json"
RIGHT = {"email": EVA, "password": PASSWORD}
NEW = {"email": "new@example.sk", "phone": PHONE, "ext_id": 7, "locale": "sk_SK"}
# What nobody generates by chance: call, what is shown, what is sent, status
GOOD_CALLS: list[tuple[str, Callable[[], dict[str, str]], Any, int]] = [
    ("POST /api/v1/users/email", show_nothing, RIGHT, 200),
    ("POST /api/v2/users/email", show_nothing, RIGHT, 200),
    ("POST /api/v2/users/email", show_nothing, RIGHT | {"password": "wrong"}, 401),
    ("POST /api/v1/users/create", show_api_token, NEW, 200),
    ("POST /api/v1/users/create", show_api_token, NEW | {"unclaimed": "1"}, 200),
    ("POST /api/v1/users/create", show_api_token, NEW | {"password": "short"}, 400),
    ("POST /api/v1/users/create", show_api_token, {"email": EVA}, 404),
    ("POST /api/v1/users/confirm", show_api_token, {"email": EVA}, 200),
    ("POST /api/v1/users/login", show_nothing, RIGHT, 200),
    ("POST /api/v1/users/login", show_nothing, RIGHT | {"password": "wrong"}, 400),
    ("POST /api/v1/users/login", show_nothing, RIGHT | {"device_token": "x"}, 404),
    ("GET /api/v1/user/info", show_user_token, None, 200),
    ("POST /api/v1/users/logout", show_user_token, None, 200),
    ("GET /api/v1/users/recurrent-payments", show_user_token, None, 200),
    ("POST /api/v1/mobiletech/server-proxy", show_api_token, "<message/>", 202),
    ("POST /api/v1/users/create", show_api_token, {"email": "e" * 300_000}, 413),
]  # fmt: skip


@pytest.mark.parametrize(("label", "caller", "body", "status"), GOOD_CALLS)
def test_what_is_meant_to_happen_is_described_too(
    app: Flask, label: str, caller: Callable[[], dict[str, str]], body: Any, status: int
) -> None:
    make_reader()
    sent = {"body": body, "media_type": FORM if isinstance(body, dict) else XML} if body else {}

    response = call(app, OPERATIONS[label].Case(**sent), caller())

    assert response.status_code == status


@pytest.mark.parametrize(
    ("steps", "status"),
    [
        (["stop"], 200),
        (["stop", "stop"], 409),
        (["stop", "reactivate"], 200),
        (["reactivate"], 409),
        (["stop", "a month later", "reactivate"], 400),
    ],
)
def test_what_is_done_to_a_renewal_is_described_too(
    app: Flask, clock: Clock, gateway: FakeGateway, steps: list[str], status: int
) -> None:
    set_up_sale()
    make_type()
    headers, responses = make_user_token(subscribe().user_id), []

    for step in steps:
        if step == "a month later":
            clock.advance(MONTH)
            continue
        case = OPERATIONS[f"POST /api/v1/recurrent-payment/{step}"].Case(body={"id": 1}, media_type=JSON)
        responses.append(call(app, case, headers))

    assert responses[-1].status_code == status
    assert call(app, OPERATIONS["GET /api/v1/users/recurrent-payments"].Case(), headers).status_code == 200


@pytest.mark.parametrize("command", ["receive", "status"])
def test_the_gateways_messages_are_described_too(app: Flask, command: str) -> None:
    described = read_description()["paths"]["/api/v1/mobiletech/webhook"]["post"]["requestBody"]
    example = described["content"][XML]["example"]
    body = (
        example
        if command == "receive"
        else '<message command="status"><id>1</id><status>D1</status></message>'
    )

    with app.app_context():
        response = app.test_client().post("/api/v1/mobiletech/webhook", data=body.encode())

    assert response.status_code == (200 if command == "receive" else 404)


def test_a_refusal_for_a_limit_is_described_too(app: Flask) -> None:
    [limiter] = app.extensions["limiter"]
    limiter.enabled = True
    case = OPERATIONS["POST /api/v2/users/email"].Case(body={"email": EVA}, media_type=FORM)

    statuses = [call(app, case, {}).status_code for _ in range(31)]

    assert statuses == [200] * 30 + [429]


def test_it_is_a_valid_openapi_document() -> None:
    SCHEMA.validate()

    assert read_description()["openapi"] == "3.1.0"


def test_every_door_of_the_api_is_in_it_and_no_other(app: Flask) -> None:
    doors = {
        f"{method} {rule.rule}"
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith("/api/")
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }

    assert set(OPERATIONS) == doors


def test_what_each_door_asks_for_is_told(app: Flask) -> None:
    for rule in app.url_map.iter_rules():
        for method in ("GET", "POST"):
            if f"{method} {rule.rule}" in OPERATIONS and method in (rule.methods or set()):
                meaning = app.view_functions[rule.endpoint].guard.meaning  # type: ignore[attr-defined]
                assert asked_for(rule.rule, method) == meaning.partition(":")[0], rule


def test_the_limits_are_those_that_hold(app: Flask) -> None:
    for rule in app.url_map.iter_rules():
        if rule.rule.startswith("/api/") and rule.endpoint not in limits.WITHOUT_LIMIT:
            allowance = limits.LIMITS.get(rule.endpoint, limits.OTHERS_OF_THE_API)
            for call_ in read_description()["paths"][rule.rule].values():
                assert call_["x-limit"]["requests"] == allowance.a_minute, rule


class _Answered:
    status, body, content_type = 202, b"<message/>", "text/xml"


def call(app: Flask, case: schemathesis.Case, headers: dict[str, str]) -> Any:
    """Ask in an application context of its own, as a real request does, and check the answer."""
    with app.app_context():
        return case.call_and_validate(app=app, headers=headers, checks=CHECKS)


def asked_for(path: str, method: str) -> str:
    keys = [key for way in read_description()["paths"][path][method.lower()]["security"] for key in way]
    return {"apiToken": "API token", "userToken": "user token"}.get(keys[0], "public") if keys else "public"
