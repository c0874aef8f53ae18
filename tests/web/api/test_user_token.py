"""What a reader's token opens, and when it ends: behaviour.md 5.5, 5.6."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from crm.core.db import transaction
from crm.users.accounts import change_password, get_user
from crm.users.models import AccessToken
from crm.users.sessions import EndReason, end_all
from crm.users.user_meta import set_meta
from tests.conftest import Clock
from tests.factories.api import EVA, bearer, make_reader
from tests.pages import PASSWORD
from tests.stored import read

LOGIN, INFO, LOGOUT = "/api/v1/users/login", "/api/v1/user/info", "/api/v1/users/logout"


def test_the_token_tells_whose_it_is(client: FlaskClient) -> None:
    user_id = make_reader()

    response = client.get(INFO, headers=sign_in(client))

    body: dict[str, Any] = response.get_json()
    assert response.status_code == 200
    assert body["user"].pop("uuid")
    assert body == {
        "status": "ok",
        "user": {"id": user_id, "email": EVA, "confirmed_at": None},
        "user_meta": {},
    }


@pytest.mark.parametrize(
    ("confirmed_at", "told"),
    [
        (datetime(2026, 7, 1, 10, 30, tzinfo=UTC), "2026-07-01T12:30:00+02:00"),
        (datetime(2026, 1, 1, 10, 30, tzinfo=UTC), "2026-01-01T11:30:00+01:00"),
    ],
)
def test_the_moment_of_confirmation_has_the_newsrooms_offset(
    client: FlaskClient, confirmed_at: datetime, told: str
) -> None:
    make_reader(confirmed_at=confirmed_at)

    assert client.get(INFO, headers=sign_in(client)).get_json()["user"]["confirmed_at"] == told


def test_only_public_remarks_are_told(client: FlaskClient) -> None:
    user_id = make_reader()
    with transaction() as session:
        set_meta(session, user_id, "newsletter", "weekly", is_public=True)
        set_meta(session, user_id, "credit", "bad")

    signed_in = client.post(LOGIN, data={"email": EVA, "password": PASSWORD}).get_json()
    info = client.get(INFO, headers=bearer(signed_in["access"]["token"])).get_json()

    assert signed_in["user_meta"] == info["user_meta"] == {"newsletter": "weekly"}


REFUSALS = [
    (None, "Authorization header HTTP_Authorization is not set"),
    ("Bearer", "Authorization header contains invalid structure"),
    ("Bearer a b", "Authorization header contains invalid structure"),
    ("Basic abc", "Authorization header contains invalid structure"),
    ("Bearer nonsense", "Token doesn't exists"),
    ("Bearer \xff", "Token doesn't exists"),
]


@pytest.mark.parametrize(("header", "reason"), REFUSALS)
@pytest.mark.parametrize(("method", "path"), [("GET", INFO), ("POST", LOGOUT)])
def test_without_a_users_token_nothing_opens(
    client: FlaskClient, method: str, path: str, header: str | None, reason: str
) -> None:
    response = client.open(path, method=method, headers={"Authorization": header} if header else {})

    refusal = {"status": "error", "error": "no_authorization", "message": f"Not authorized: {reason}"}
    assert (response.status_code, response.json) == (403, refusal)


def test_signing_out_ends_the_token_that_is_shown_and_no_other(client: FlaskClient) -> None:
    make_reader()
    one, other = sign_in(client), sign_in(client)

    response = client.post(LOGOUT, headers=one)

    assert (response.status_code, response.json) == (200, {"status": "ok"})
    assert client.get(INFO, headers=one).status_code == 403
    assert client.post(LOGOUT, headers=one).status_code == 403
    assert client.get(INFO, headers=other).status_code == 200


@pytest.mark.parametrize("what", ["closed", "ended by staff", "password changed"])
def test_a_token_ends_at_once_with_its_account(client: FlaskClient, what: str) -> None:
    user_id = make_reader()
    token = sign_in(client)
    with transaction() as session:
        user = get_user(session, user_id)
        if what == "closed":
            user.active = False
        elif what == "ended by staff":
            end_all(session, user_id, reason=EndReason.ENDED_BY_STAFF)
        else:
            change_password(session, user, "another battery staple")

    assert client.get(INFO, headers=token).status_code == 403


@pytest.mark.parametrize(("unused", "status"), [(timedelta(days=89), 200), (timedelta(days=91), 403)])
def test_a_token_that_is_not_used_ends_by_itself(
    client: FlaskClient, clock: Clock, unused: timedelta, status: int
) -> None:
    make_reader()
    token = sign_in(client)

    clock.advance(unused)

    assert client.get(INFO, headers=token).status_code == status


def test_the_token_is_kept_only_as_a_hash(client: FlaskClient) -> None:
    make_reader()

    secret = sign_in(client)["Authorization"].split()[1]

    [(stored,)] = read(AccessToken.token_sha256)
    assert (secret in stored, len(stored)) == (False, 64)


def test_a_browsers_session_is_no_token_of_the_api(staff: FlaskClient) -> None:
    assert staff.get(INFO).status_code == 403


def sign_in(client: FlaskClient) -> dict[str, str]:
    body: dict[str, Any] = client.post(LOGIN, data={"email": EVA, "password": PASSWORD}).get_json()
    return bearer(body["access"]["token"])
