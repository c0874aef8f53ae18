"""Creating people over the API: behaviour.md 5.3, with `phone`, P12 mended, and accounts that wait for their owner."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from crm.core.db import transaction
from crm.users.accounts import get_user
from crm.users.api_tokens import Scope, revoke_token
from crm.users.models import NO_PASSWORD, AuditEntry, MobilePhone, User, UserMeta
from tests.factories.api import PHONE, bearer, make_api_token, make_reader, make_unclaimed
from tests.pages import PASSWORD
from tests.stored import read

CREATE, LOGIN, INFO = "/api/v1/users/create", "/api/v1/users/login", "/api/v1/user/info"
NEW = "new@example.sk"


@pytest.fixture
def shop(app: Flask) -> dict[str, str]:
    """Return the header of a token that may create people."""
    return make_api_token(Scope.USERS_CREATE)


def test_an_e_mail_makes_a_person_with_a_token(client: FlaskClient, shop: dict[str, str]) -> None:
    response = client.post(CREATE, data={"email": f" {NEW} "}, headers=shop)

    body: dict[str, Any] = response.get_json()
    [(user_id, uuid, source, active)] = read(User.id, User.uuid, User.source, User.active)
    who = {"id": user_id, "uuid": str(uuid), "email": NEW, "first_name": None, "last_name": None}
    token = body["access"].pop("token")
    assert response.status_code == 200
    assert body == {"status": "ok", "user": who | {"confirmed_at": None}, "access": {}}
    assert (source, active) == ("api", True)
    assert client.get(INFO, headers=bearer(token)).get_json()["user"]["id"] == user_id


def test_everything_that_is_sent_is_kept(client: FlaskClient, shop: dict[str, str]) -> None:
    fields = {
        "email": NEW, "phone": "+421 908 123 456", "password": PASSWORD, "first_name": " Eva ", "last_name": "Nováková",
        "ext_id": "2147483647", "source": "kiosk", "referer": "https://shop.example/", "note": "VIP\nvolať ráno",
        "locale": "sk_SK", "newsletters_subscribe": "1", "send_email": "0", "disable_email_validation": "1",
    }  # fmt: skip

    response = client.post(CREATE, data=fields, headers=shop)

    assert response.status_code == 200
    assert response.get_json()["user"]["ext_id"] == 2147483647
    kept = read(
        User.first_name, User.last_name, User.ext_id, User.source, User.referer, User.note, User.locale
    )
    referer, note = fields["referer"], fields["note"]
    assert kept == [("Eva", "Nováková", 2147483647, "kiosk", referer, note, "sk_SK")]
    assert read(MobilePhone.phone_number) == [(PHONE,)]
    assert read(UserMeta.key, UserMeta.value) == [("newsletters_subscribe", "1")]


@pytest.mark.parametrize("phone", [PHONE, "+421 908 123 456", "00421908123456", "0908\u00a0123\u00a0456"])
def test_a_number_alone_makes_a_person_who_is_called_by_it(
    client: FlaskClient, shop: dict[str, str], phone: str
) -> None:
    response = client.post(CREATE, data={"phone": phone}, headers=shop)

    assert response.status_code == 200
    assert response.get_json()["user"]["email"] is None
    assert read(User.email, User.public_name) == [(None, PHONE)]
    assert read(MobilePhone.phone_number) == [(PHONE,)]


@pytest.mark.parametrize("name", [NEW, PHONE])
def test_the_password_that_was_sent_signs_in(client: FlaskClient, shop: dict[str, str], name: str) -> None:
    client.post(CREATE, data={"email": NEW, "phone": PHONE, "password": PASSWORD}, headers=shop)

    assert client.post(LOGIN, data={"email": name, "password": PASSWORD}).status_code == 200


def test_without_a_password_none_is_invented(client: FlaskClient, shop: dict[str, str]) -> None:
    client.post(CREATE, data={"email": NEW}, headers=shop)

    assert read(User.password) == [(NO_PASSWORD,)]


@pytest.mark.parametrize(
    "address", [{"query_string": {"source": "kiosk"}}, {"data": {"source": "kiosk"}}], ids=["query", "field"]
)
def test_the_source_may_stand_in_the_address(
    client: FlaskClient, shop: dict[str, str], address: dict[str, dict[str, str]]
) -> None:
    data = {"email": NEW} | address.get("data", {})

    client.post(CREATE, data=data, query_string=address.get("query_string"), headers=shop)

    assert read(User.source) == [("kiosk",)]


def refusal(code: str, message: str) -> dict[str, str]:
    return {"status": "error", "code": code, "message": message}


NO_EMAIL = refusal("invalid_email", "Invalid email")
EMAIL_TAKEN = refusal("email_taken", "Email is already taken")
NO_PHONE = refusal("invalid_phone", "Invalid phone")
PHONE_TAKEN = refusal("phone_taken", "Phone is already taken")
NO_DEVICE = refusal("device_token_doesnt_exist", "Device token doesn't exist")
REFUSED: list[tuple[dict[str, str], int, dict[str, str]]] = [
    ({}, 404, NO_EMAIL),
    ({"email": " ", "phone": " "}, 404, NO_EMAIL),
    ({"email": "eva"}, 404, NO_EMAIL),
    ({"email": "0test@user"}, 404, NO_EMAIL),
    ({"email": "0test@user", "disable_email_validation": "1"}, 404, NO_EMAIL),
    ({"email": "e" * 250 + "@example.sk"}, 404, NO_EMAIL),
    ({"email": "new\0@example.sk"}, 404, NO_EMAIL),
    ({"email": "nope", "phone": "0908000001"}, 404, NO_EMAIL),
    ({"email": "TAKEN@example.sk"}, 404, EMAIL_TAKEN),
    ({"email": "taken@example.sk", "unclaimed": "1"}, 404, EMAIL_TAKEN),
    ({"email": "waiting@example.sk", "unclaimed": "1"}, 404, EMAIL_TAKEN),
    ({"phone": "8877"}, 404, NO_PHONE),
    ({"phone": "+420908123456"}, 404, NO_PHONE),
    ({"email": NEW, "phone": "\0"}, 404, NO_PHONE),
    ({"phone": "0908 111 111"}, 404, PHONE_TAKEN),
    ({"email": NEW, "phone": "0908111111"}, 404, PHONE_TAKEN),
    ({"email": "waiting@example.sk", "phone": "0908111111"}, 404, PHONE_TAKEN),
    ({"email": NEW, "device_token": "devtok_1"}, 400, NO_DEVICE),
]


@pytest.mark.parametrize(("fields", "status", "body"), REFUSED, ids=[str(row[0])[:60] for row in REFUSED])
def test_who_cannot_be_created_is_refused_and_nothing_is_left(
    client: FlaskClient, shop: dict[str, str], fields: dict[str, str], status: int, body: dict[str, str]
) -> None:
    make_reader(email="taken@example.sk", phone="0908111111")
    make_unclaimed(email="waiting@example.sk")
    before = read(User.id, User.email, User.source), read(MobilePhone.id), read(UserMeta.key)

    response = client.post(CREATE, data=fields, headers=shop)

    assert (response.status_code, response.json) == (status, body)
    assert (read(User.id, User.email, User.source), read(MobilePhone.id), read(UserMeta.key)) == before


@pytest.mark.parametrize(
    "password", ["short", "x" * 257, "password123", "new@example.sk", "aaaaaaaaaaaa", "\0"]
)
def test_a_password_that_a_stranger_would_try_is_refused(
    client: FlaskClient, shop: dict[str, str], password: str
) -> None:
    response = client.post(CREATE, data={"email": NEW, "password": password}, headers=shop)

    body: dict[str, Any] = response.get_json()
    assert (response.status_code, body["status"], body["code"]) == (400, "error", "invalid_password")
    assert body["message"]
    assert read(User.id) == []


UNKEEPABLE = [
    ("ext_id", "abc"),
    ("ext_id", "1.5"),
    ("ext_id", "2147483648"),
    ("ext_id", "-2147483649"),
    ("ext_id", "9" * 400),
    ("ext_id", "１２"),
    ("first_name", "e" * 256),
    ("last_name", "No\0vak"),
    ("source", "s" * 256),
    ("referer", "r" * 2001),
    ("note", "n" * 10_001),
    ("note", "\0"),
    ("locale", "cs_CZ"),
    ("locale", "sk_SK\0"),
]


@pytest.mark.parametrize(
    ("name", "value"), UNKEEPABLE, ids=[f"{row[0]}={row[1][:12]!r}" for row in UNKEEPABLE]
)
def test_a_field_that_cannot_be_kept_is_named(
    client: FlaskClient, shop: dict[str, str], name: str, value: str
) -> None:
    response = client.post(CREATE, data={"email": NEW, name: value}, headers=shop)

    body: dict[str, Any] = response.get_json()
    assert (response.status_code, body["status"], body["code"]) == (400, "error", "invalid_input")
    assert list(body["errors"]) == [name]
    assert read(User.id) == []


def test_all_faults_are_named_at_once(client: FlaskClient, shop: dict[str, str]) -> None:
    response = client.post(CREATE, data={"email": NEW, "ext_id": "x", "locale": "xx"}, headers=shop)

    assert list(response.get_json()["errors"]) == ["ext_id", "locale"]


def test_an_account_can_wait_for_its_owner(client: FlaskClient, shop: dict[str, str]) -> None:
    fields = {"email": NEW, "unclaimed": "1", "password": PASSWORD}

    response = client.post(CREATE, data=fields, headers=shop)

    assert response.status_code == 200
    assert response.get_json().keys() == {"status", "user"}
    assert read(User.password) == [(NO_PASSWORD,)]
    assert client.post(LOGIN, data={"email": NEW, "password": PASSWORD}).status_code == 400


CLAIMS = [
    ({"email": "waiting@example.sk"}, {"email": "Waiting@example.sk"}),
    ({"phone": PHONE}, {"phone": "+421908123456"}),
    ({"phone": PHONE}, {"phone": PHONE, "email": NEW}),
    ({"email": "waiting@example.sk"}, {"email": "waiting@example.sk", "phone": PHONE}),
    ({"email": "waiting@example.sk", "phone": PHONE}, {"phone": PHONE}),
]


@pytest.mark.parametrize(("waiting", "fields"), CLAIMS)
def test_a_normal_registration_claims_the_account_that_waits(
    client: FlaskClient, shop: dict[str, str], waiting: dict[str, str], fields: dict[str, str]
) -> None:
    user_id = make_unclaimed(**waiting)

    response = client.post(CREATE, data=fields | {"password": PASSWORD, "source": "web"}, headers=shop)

    body: dict[str, Any] = response.get_json()
    assert (response.status_code, body["user"]["id"]) == (200, user_id)
    assert read(User.source) == [("web",)]
    assert read(UserMeta.key) == []
    signed_in = client.post(LOGIN, data={"email": next(iter(fields.values())), "password": PASSWORD})
    assert signed_in.status_code == 200
    assert client.post(CREATE, data=fields, headers=shop).status_code == 404


def test_two_accounts_that_wait_are_not_made_one(client: FlaskClient, shop: dict[str, str]) -> None:
    make_unclaimed(email="waiting@example.sk")
    make_unclaimed(phone=PHONE)

    response = client.post(CREATE, data={"email": "waiting@example.sk", "phone": PHONE}, headers=shop)

    assert (response.status_code, response.get_json()["code"]) == (404, "phone_taken")


def test_a_closed_account_is_not_claimed(client: FlaskClient, shop: dict[str, str]) -> None:
    user_id = make_unclaimed(email=NEW)
    with transaction() as session:
        get_user(session, user_id).active = False

    assert client.post(CREATE, data={"email": NEW}, headers=shop).get_json()["code"] == "email_taken"


@pytest.mark.parametrize("is_waiting", [False, True])
def test_of_many_at_once_one_gets_the_e_mail(app: Flask, shop: dict[str, str], is_waiting: bool) -> None:
    if is_waiting:
        make_unclaimed(email=NEW)

    def create(_: int) -> int:
        with app.app_context():
            return app.test_client().post(CREATE, data={"email": NEW}, headers=shop).status_code

    with ThreadPoolExecutor(4) as threads:
        statuses = sorted(threads.map(create, range(4)))

    assert statuses == [200, 404, 404, 404]
    assert len(read(User.id)) == 1


def test_the_act_is_in_the_audit_log_under_the_tokens_name(client: FlaskClient, shop: dict[str, str]) -> None:
    client.post(CREATE, data={"email": NEW, "password": PASSWORD}, headers=shop)

    [(user_id,)] = read(User.id)
    [(action, subject, actor, after)] = read(
        AuditEntry.action, AuditEntry.subject, AuditEntry.actor, AuditEntry.after
    )
    assert (action, subject, actor) == ("user.create", f"user {user_id}", "API token shop")
    assert after["email"] == NEW
    assert PASSWORD not in str(after)


TOKENS = [
    ("none", None),
    ("no bearer", {"Authorization": "Token abc"}),
    ("unknown", bearer("nonsense")),
    ("another scope", [Scope.USERS_CONFIRM]),
    ("another network", ["192.0.2.0/24", "2001:db8::/32"]),
    ("revoked", "revoked"),
]


@pytest.mark.parametrize(("label", "what"), TOKENS, ids=[row[0] for row in TOKENS])
def test_without_a_good_token_nobody_is_created(client: FlaskClient, label: str, what: Any) -> None:
    headers = what if isinstance(what, dict) else {}
    if label == "another scope":
        headers = make_api_token(*what)
    elif label == "another network":
        headers = make_api_token(Scope.USERS_CREATE, networks=what)
    elif label == "revoked":
        headers = make_api_token(Scope.USERS_CREATE)
        with transaction() as session:
            revoke_token(session, "shop")

    response = client.post(CREATE, data={"email": NEW}, headers=headers)

    body: dict[str, Any] = response.get_json()
    assert response.status_code == 403
    assert (body["status"], body["error"]) == ("error", "no_authorization")
    assert body["message"].startswith("Not authorized: ")
    assert read(User.id) == []


@pytest.mark.parametrize(
    ("address", "status"),
    [("192.0.2.9", 200), ("2001:db8::7", 200), ("::ffff:192.0.2.9", 200), ("192.0.3.1", 403)],
)
def test_a_token_of_several_networks_opens_from_each(client: FlaskClient, address: str, status: int) -> None:
    headers = make_api_token(Scope.USERS_CREATE, networks=["192.0.2.0/24", "2001:db8::/32"])

    response = client.post(
        CREATE, data={"email": NEW}, headers=headers, environ_overrides={"REMOTE_ADDR": address}
    )

    assert response.status_code == status


def test_a_forwarded_address_is_a_strangers_word(client: FlaskClient) -> None:
    headers = make_api_token(Scope.USERS_CREATE, networks=["192.0.2.0/24"])

    forged = {"X-Forwarded-For": "192.0.2.9", "Client-IP": "192.0.2.9", "Forwarded": "for=192.0.2.9"}
    assert client.post(CREATE, data={"email": NEW}, headers=headers | forged).status_code == 403
