"""Who may call the webhook: addresses, passwords, both."""

from base64 import b64encode
from collections.abc import Callable, Iterator
from dataclasses import replace
from ipaddress import ip_network

import pytest
from flask import Flask
from flask.testing import FlaskClient

from crm.core.config import Settings
from crm.factory import create_app
from tests.factories.messages import WEBHOOK, make_receive, make_status
from tests.stored import count_rows
from tests.web.test_webhook_answers import NOTHING, assert_is_error

Fence = Callable[..., None]

ADDRESSES = [
    ("192.0.2.0/24", "192.0.2.1", 200),
    ("192.0.2.0/24", "192.0.3.1", 403),
    ("192.0.2.7", "192.0.2.7", 200),
    ("192.0.2.7", "192.0.2.8", 403),
    ("198.51.100.0/24, 192.0.2.0/24", "192.0.2.1", 200),
    ("2001:db8::/32", "2001:db8::1", 200),
    ("2001:db8::/32", "2001:db9::1", 403),
    ("192.0.2.0/24", "2001:db8::1", 403),
    ("192.0.2.0/24", "::ffff:192.0.2.1", 200),  # how a server that listens on [::] sees an IPv4 caller
    ("192.0.2.0/24", "::ffff:192.0.3.1", 403),
    ("fe80::/10", "fe80::1%eth0", 200),
    ("0.0.0.0/0", "", 403),  # no address is no member
    ("0.0.0.0/0", "unknown", 403),
]


@pytest.mark.parametrize(("networks", "address", "status"), ADDRESSES)
def test_only_the_allowed_networks_are_let_in(
    client: FlaskClient, fence: Fence, networks: str, address: str, status: int
) -> None:
    fence(networks=networks)

    response = client.post(WEBHOOK, data=make_receive(), environ_base={"REMOTE_ADDR": address})

    assert response.status_code == status
    if status == 403:
        assert_is_error(response, 403)
        assert count_rows() == NOTHING


def test_a_forwarded_address_of_a_stranger_is_not_believed(client: FlaskClient, fence: Fence) -> None:
    fence(networks="192.0.2.0/24")

    response = client.post(WEBHOOK, data=make_receive(), headers={"X-Forwarded-For": "192.0.2.1"})

    assert_is_error(response, 403)


@pytest.mark.parametrize(
    ("forwarded", "status"),
    [
        ("192.0.2.1", 200),
        ("192.0.2.1, 203.0.113.9", 403),
        ("203.0.113.9, 192.0.2.1", 200),
        ("192.0.2.1:5050", 403),
    ],
    ids=["the gateway", "a stranger who claims it", "what the proxy saw counts", "no address"],
)
def test_behind_one_proxy_the_address_that_it_saw_counts(
    app: Flask, settings: Settings, forwarded: str, status: int
) -> None:
    fenced = replace(settings, mobiletech_allowed_networks=(ip_network("192.0.2.0/24"),), trusted_proxies=1)
    behind = create_app(fenced)

    response = behind.test_client().post(
        WEBHOOK,
        data=make_receive(),
        headers={"X-Forwarded-For": forwarded, "X-Forwarded-Host": "evil.example"},
    )

    assert response.status_code == status


PASSWORDS = [
    ("none given", {}, 401),
    ("wrong", {"Authorization": "Basic " + b64encode(b"mt:wrong").decode()}, 401),
    ("right", {"Authorization": "Basic " + b64encode(b"mt:right one").decode()}, 200),
    ("right, any user", {"Authorization": "Basic " + b64encode(b":right one").decode()}, 200),
    ("the other one", {"Authorization": "basic " + b64encode("mt:nové".encode()).decode()}, 200),
    ("a part of it", {"Authorization": "Basic " + b64encode(b"mt:right").decode()}, 401),
    ("both at once", {"Authorization": "Basic " + b64encode("mt:right one,nové".encode()).decode()}, 401),
    ("with a colon", {"Authorization": "Basic " + b64encode(b"mt:right one:").decode()}, 401),
    ("empty", {"Authorization": "Basic " + b64encode(b"mt:").decode()}, 401),
    ("as a user name", {"Authorization": "Basic " + b64encode(b"right one").decode()}, 401),
    ("as a bearer token", {"Authorization": "Bearer right one"}, 401),
    ("not base64", {"Authorization": "Basic €€€"}, 401),
    ("nothing after Basic", {"Authorization": "Basic"}, 401),
    ("very long", {"Authorization": "Basic " + b64encode(b"mt:" + b"x" * 5000).decode()}, 401),
]


@pytest.mark.parametrize(
    ("headers", "status"), [row[1:] for row in PASSWORDS], ids=[row[0] for row in PASSWORDS]
)
def test_a_password_that_is_set_is_demanded(
    client: FlaskClient, fence: Fence, headers: dict[str, str], status: int
) -> None:
    fence(passwords=("right one", "nové"))

    response = client.post(WEBHOOK, data=make_receive(), headers=headers)

    assert response.status_code == status
    if status == 401:
        assert_is_error(response, 401)
        assert response.headers["WWW-Authenticate"].startswith("Basic ")
        assert count_rows() == NOTHING


def test_a_status_is_fenced_too(client: FlaskClient, fence: Fence) -> None:
    fence(passwords=("right one",))

    assert_is_error(client.post(WEBHOOK, data=make_status("mt-1", "D1")), 401)
    assert count_rows() == NOTHING


def test_network_and_password_are_both_demanded(client: FlaskClient, fence: Fence) -> None:
    fence(networks="192.0.2.0/24", passwords=("right one",))
    right = {"Authorization": "Basic " + b64encode(b"mt:right one").decode()}
    inside = {"REMOTE_ADDR": "192.0.2.1"}

    assert client.post(WEBHOOK, data=make_receive(), headers=right).status_code == 403
    assert client.post(WEBHOOK, data=make_receive(), environ_base=inside).status_code == 401
    assert client.post(WEBHOOK, data=make_receive(), headers=right, environ_base=inside).status_code == 200


def test_who_is_not_let_in_learns_nothing_about_the_body(client: FlaskClient, fence: Fence) -> None:
    """The fence comes before the first byte is read: a stranger cannot make us parse."""
    fence(networks="192.0.2.0/24")

    answers = {
        client.post(WEBHOOK, data=body).data for body in (b"", b"<broken", make_receive(), b"x" * 70_000)
    }

    assert len(answers) == 1


@pytest.fixture
def fence(app: Flask) -> Iterator[Fence]:
    """Return a function that sets the fence; afterwards it stands as before."""
    before = app.extensions["settings"]

    def set_fence(*, networks: str = "", passwords: tuple[str, ...] = ()) -> None:
        allowed = tuple(ip_network(each.strip()) for each in networks.split(",")) if networks else None
        app.extensions["settings"] = replace(
            before, mobiletech_allowed_networks=allowed, mobiletech_webhook_passwords=passwords
        )

    yield set_fence
    app.extensions["settings"] = before
