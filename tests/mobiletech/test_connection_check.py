"""The way to the gateway is tried step by step; nothing that could be an SMS is ever handed over."""

import socket
import ssl
from collections.abc import Callable, Iterator
from pathlib import Path
from time import monotonic
from typing import Any

import pytest

from crm.mobiletech.connection_check import Step, check_connection
from crm.simulator import create_simulator, serving
from tests.misbehaving_gateway import Conversation, MisbehavingGateway

Start = Callable[..., MisbehavingGateway]


def test_the_simulator_answers_and_has_sent_nothing() -> None:
    simulator = create_simulator("http://127.0.0.1:9/nowhere")
    with serving(simulator) as address:
        steps = check_connection(f"{address}/send")
        sends = simulator.test_client().get("/api/sends").get_json()

    assert told(steps) == [("dns", True), ("tcp", True), ("http", True)]
    assert steps[-1].detail == "405 METHOD NOT ALLOWED"
    assert steps[1].detail.startswith("127.0.0.1, ")
    assert sends["sends"] == []


def test_the_request_is_a_head_without_a_body_and_without_a_token(gateway: Start) -> None:
    heard: list[bytes] = []

    def behave(conversation: Conversation) -> None:
        heard.append(conversation.sock.recv(65536))
        conversation.say(b"HTTP/1.1 204 No Content\r\n\r\n")

    server = gateway(behave)
    check_connection(f"{server.url}?a=1&b=\u010d")

    [request] = heard
    head, _, body = request.decode().partition("\r\n\r\n")
    host = server.url.split("/")[2]
    assert head.splitlines() == [
        "HEAD /send?a=1&b=%C4%8D HTTP/1.1",
        f"Host: {host}",
        "Connection: close",
    ]
    assert body == ""


@pytest.mark.parametrize(
    ("answer", "is_ok", "detail"),
    [
        (b"HTTP/1.1 307 Temporary Redirect\r\nLocation: /elsewhere\r\n\r\n", True, "307 Temporary Redirect"),
        (b"HTTP/1.0 500 Oh\r\n", True, "500 Oh"),
        (b"220 mail.example.sk ESMTP\r\n", False, "no HTTP"),
        (b"", False, "no HTTP"),
    ],
)
def test_any_status_shows_that_something_answers(
    gateway: Start, answer: bytes, is_ok: bool, detail: str
) -> None:
    server = gateway(say(answer))

    last = check_connection(server.url)[-1]

    assert (last.name, last.is_ok, last.detail) == ("http", is_ok, detail)
    assert server.connections == 1


def test_a_closed_port_is_told(free_port: int) -> None:
    steps = check_connection(f"http://127.0.0.1:{free_port}/send")

    assert told(steps) == [("dns", True), ("tcp", False)]
    assert steps[-1].detail == "Connection refused"


def test_a_name_that_does_not_exist_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_arguments: Any, **_more: Any) -> Any:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)

    [step] = check_connection("https://gateway.example.sk/send")

    assert (step.name, step.is_ok, step.detail) == ("dns", False, "Name or service not known")


def test_a_name_that_no_server_can_be_asked_for_is_told() -> None:
    [step] = check_connection(f"http://{'a' * 64}.sk/")

    assert (step.name, step.is_ok) == ("dns", False)


def test_who_says_nothing_is_left_at_the_deadline(gateway: Start) -> None:
    server, started = gateway(lambda conversation: conversation.wait()), monotonic()

    last = check_connection(server.url, deadline=0.3)[-1]

    assert (last.name, last.is_ok, last.detail) == ("http", False, "timeout")
    assert monotonic() - started < 2


def test_who_drips_is_left_at_the_deadline(gateway: Start) -> None:
    server, started = gateway(lambda conversation: conversation.drip([b"H"] * 1000)), monotonic()

    last = check_connection(server.url, deadline=0.3)[-1]

    assert (last.is_ok, last.detail) == (False, "timeout")
    assert monotonic() - started < 2


def test_a_certificate_that_nobody_vouches_for_is_told(gateway: Start, samples: Path) -> None:
    server = gateway(say(b"HTTP/1.1 200 OK\r\n\r\n"), certificate=samples / "self_signed.pem")

    steps = check_connection(server.url)

    assert told(steps) == [("dns", True), ("tcp", True), ("tls", False)]
    assert "self" in steps[-1].detail


def test_an_encrypted_way_is_walked_to_its_end(
    gateway: Start, samples: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trusting = ssl.create_default_context(cafile=str(samples / "self_signed.pem"))
    trusting.check_hostname = False
    monkeypatch.setattr(ssl, "create_default_context", lambda: trusting)
    server = gateway(say(b"HTTP/1.1 200 OK\r\n\r\n"), certificate=samples / "self_signed.pem")

    steps = check_connection(server.url)

    assert told(steps) == [("dns", True), ("tcp", True), ("tls", True), ("http", True)]
    assert steps[2].detail.startswith("TLSv1.")


def told(steps: list[Step]) -> list[tuple[str, bool]]:
    return [(step.name.value, step.is_ok) for step in steps]


def say(answer: bytes) -> Callable[[Conversation], None]:
    def behave(conversation: Conversation) -> None:
        conversation.sock.recv(65536)
        conversation.say(answer)

    return behave


@pytest.fixture
def gateway() -> Iterator[Start]:
    """Return a function that starts a gateway on loopback."""
    started: list[MisbehavingGateway] = []

    def start(behaviour: Callable[[Conversation], None], **options: Any) -> MisbehavingGateway:
        started.append(MisbehavingGateway(behaviour, **options))
        return started[-1]

    yield start
    for server in started:
        server.stop()


@pytest.fixture
def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
