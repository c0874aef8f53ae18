"""API tokens in the browser: shown once, in no address, cookie or log, and revoked with a reason."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from crm.core.clock import now
from crm.core.db import transaction
from crm.users.api_tokens import Scope, check_token, create_token, revoke_token
from crm.users.errors import TokenRefusedError
from crm.users.models import ApiToken, AuditEntry
from tests.pages import Page
from tests.stored import read

LIST = "/admin/tokens"
NEW = f"{LIST}/new"
SOUND = {"name": "shop", "scopes": "mobiletech:server-proxy"}


def test_an_empty_list_says_what_a_token_is(staff: FlaskClient) -> None:
    assert "No token yet" in Page(staff.get(LIST)).text


def test_a_token_is_shown_once_and_then_never_again(
    staff: FlaskClient, caplog: pytest.LogCaptureFixture
) -> None:
    response = _send(
        staff, **SOUND, networks="192.0.2.0/24\r\n2001:db8::/32, 10.0.0.1", expires_on="2199-01-31"
    )

    page = Page(response)
    secret = _secret(response)
    assert page.status == 200
    assert response.headers["Cache-Control"] == "no-store"
    assert secret not in str(response.headers) + caplog.text
    assert secret not in staff.get(LIST).text + staff.get("/admin/audit").text
    with transaction() as session:
        token = check_token(session, secret, scope=Scope.SERVER_PROXY, address="192.0.2.7")
        assert token.networks == ["192.0.2.0/24", "2001:db8::/32", "10.0.0.1/32"]
        assert token.expires_at == datetime(2199, 1, 31, 23, tzinfo=UTC)  # the end of that day in Bratislava
    assert read(AuditEntry.action, AuditEntry.subject, order=AuditEntry.id) == [
        ("token.create", "token shop")
    ]


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"name": ""}, "Name: Give it a name."),
        ({"name": "taken"}, "Name: A token named 'taken' exists already."),
        ({"name": "x" * 65}, "Name: Write at most 64 characters."),
        ({"name": "a\0b"}, "Name: Take out the zero character"),
        ({"name": "a\u200bb"}, "Name: The name of a token has 1 to 64 characters, none of them invisible."),
        ({"scopes": ""}, "What it opens: "),
        ({"scopes": "everything"}, "What it opens: "),
        ({"networks": "192.0.2.0/33"}, "Networks: '192.0.2.0/33' is no network"),
        ({"networks": "10.0.0.1/24"}, "Networks: '10.0.0.1/24' is no network"),
        ({"expires_on": "2020-01-01"}, "Last day: The day must not be past."),
        ({"expires_on": "9999-12-31"}, "Last day: The day must not be past."),
        ({"expires_on": "tomorrow"}, "Last day: Not a valid date value."),
    ],
)
def test_what_makes_no_token_is_told_beside_the_field(
    staff: FlaskClient, fields: dict[str, str], told: str
) -> None:
    with transaction() as session:
        create_token(session, "taken", scopes=["mobiletech:server-proxy"])

    page = Page(_send(staff, **(SOUND | fields)))

    assert page.status == 422
    assert told in page.text
    assert read(ApiToken.name) == [("taken",)]


def test_a_token_may_end_today(staff: FlaskClient) -> None:
    today = f"{now() + timedelta(hours=2):%Y-%m-%d}"

    assert _send(staff, **SOUND, expires_on=today).status_code == 200


def test_the_list_tells_the_state_of_each(staff: FlaskClient) -> None:
    with transaction() as session:
        for name, expires_at in (("old", datetime(2020, 1, 1, tzinfo=UTC)), ("gone", None), ("shop", None)):
            create_token(session, name, scopes=["mobiletech:server-proxy"], expires_at=expires_at)
        revoke_token(session, "gone")

    text = Page(staff.get(LIST)).text

    assert re.search(r"old mobiletech:server-proxy .* Expired .* shop .* Valid .* gone .* Revoked", text), (
        text
    )
    assert "any" in text
    assert "never" in text


def test_a_token_is_revoked_with_a_reason(staff: FlaskClient) -> None:
    with transaction() as session:
        secret = create_token(session, "shop", scopes=["mobiletech:server-proxy"])
    path = f"{LIST}/1/revoke"

    refused = Page(staff.post(path, data=Page(staff.get(path)).form().fields | {"reason": ""}))
    response = staff.post(path, data=Page(staff.get(path)).form().fields | {"reason": "leaked"})

    assert refused.status == 422
    assert "Reason: Write why." in refused.text
    assert "The token shop is revoked." in Page(staff.get(response.location)).text
    with pytest.raises(TokenRefusedError, match=r"^Token isn't active$"), transaction() as session:
        check_token(session, secret, scope=Scope.SERVER_PROXY, address="127.0.0.1")
    assert read(AuditEntry.action, AuditEntry.subject, AuditEntry.reason) == [
        ("token.revoke", "token shop", "leaked")
    ]


@pytest.mark.parametrize("token_id", [1, 4711, 2**63, 2**70])
def test_what_is_revoked_or_not_there_is_404(staff: FlaskClient, token_id: int) -> None:
    with transaction() as session:
        create_token(session, "gone", scopes=["mobiletech:server-proxy"])
        revoke_token(session, "gone")

    assert Page(staff.get(f"{LIST}/{token_id}/revoke")).status == 404


def _send(client: FlaskClient, **fields: str) -> TestResponse:
    form = Page(client.get(NEW)).form()
    return client.post(NEW, data=form.fields | fields)


def _secret(response: TestResponse) -> str:
    [secret] = re.findall(r'value="([\w-]{43})"', response.text)
    return str(secret)
