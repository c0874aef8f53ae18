"""The simulator as a server: what a real HTTP client meets, and what reaches a real webhook."""

import base64
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Queue
from threading import Thread
from typing import Any

import pytest
import requests

from crm.core.errors import InvalidInputError
from crm.mobiletech.wire.commands import Accepted, Rejected, Status
from crm.mobiletech.wire.xml_codec import decode, decode_send_reply
from crm.simulator import Fate, Timing, create_simulator, gateway_of, serving
from crm.simulator.fates import Reply
from crm.simulator.gateway import Reaction
from crm.simulator.replies import answer
from crm.simulator.webhook import HttpWebhook
from tests.simulator.fake_crm import make_send

FAST = Timing(first_status=0.01, next_status=0.01, repeat=0.05, silence=0.4)


@dataclass
class Crm:
    """A webhook that answers with `answers` in their order, then with 200."""

    url: str = ""
    answers: list[int] = field(default_factory=list)
    heard: "Queue[tuple[dict[str, str], bytes]]" = field(default_factory=Queue)

    def next(self) -> bytes:
        return self.heard.get(timeout=5)[1]


@contextmanager
def listening() -> Iterator[Crm]:
    crm = Crm()

    class Door(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            crm.heard.put((dict(self.headers), body))
            self.send_response(crm.answers.pop(0) if crm.answers else 200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Door)
    Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    crm.url = f"http://127.0.0.1:{server.server_port}/api/v1/mobiletech/webhook"
    yield crm
    server.shutdown()
    server.server_close()


@dataclass
class Simulator:
    url: str
    crm: Crm

    def set_next(self, *fates: Fate) -> None:
        assert requests.post(f"{self.url}/api/fates", json={"next": list(fates)}, timeout=5).ok

    def send(self, **changed: Any) -> requests.Response:
        return requests.post(
            f"{self.url}/send",
            data=make_send(),
            timeout=changed.pop("timeout", 5),
            allow_redirects=False,
            **changed,
        )

    @property
    def accepted(self) -> int:
        accepted: int = requests.get(f"{self.url}/api/sends", timeout=5).json()["accepted"]
        return accepted


@pytest.fixture(scope="module")
def running() -> Iterator[Simulator]:
    with listening() as crm, serving(create_simulator(crm.url, timing=FAST)) as url:
        yield Simulator(url, crm)


@pytest.fixture
def simulator(running: Simulator) -> Simulator:
    requests.post(f"{running.url}/api/reset", timeout=5)
    running.crm.answers.clear()
    running.crm.heard = Queue()
    return running


def test_a_send_is_answered_with_an_id_and_reported(simulator: Simulator) -> None:
    response = simulator.send()

    reply = decode_send_reply(response.content)
    assert response.headers["Content-Type"] == "application/xml; charset=utf-8"
    assert isinstance(reply, Accepted)
    assert [decode(simulator.crm.next()) for _ in range(2)] == [
        Status(id=reply.id, status="A0"),
        Status(id=reply.id, status="D1"),
    ]


def test_a_refusal_is_the_gateways_error_and_nothing_is_sent(simulator: Simulator) -> None:
    simulator.set_next(Fate.REFUSED)

    reply = decode_send_reply(simulator.send().content)

    assert isinstance(reply, Rejected)
    assert simulator.accepted == 0


def test_a_malformed_send_is_answered_400_with_the_reason(simulator: Simulator) -> None:
    response = requests.post(f"{simulator.url}/send", data=b"<message>", timeout=5)

    assert response.status_code == 400
    assert "well-formed" in str(decode_send_reply(response.content))


@pytest.mark.parametrize(
    ("fate", "status", "part"),
    [
        (Fate.SERVER_ERROR, 500, b"<h1>500"),
        (Fate.GARBAGE, 200, b"<!doctype html>"),
        (Fate.NO_ID, 200, b'<message command="rcv_rsp"></message>'),
        (Fate.SAME_ID, 200, b"<id>"),
        (Fate.REDIRECT, 307, b""),
    ],
)
def test_a_spoilt_answer_came_all_the_same_from_an_accepted_send(
    simulator: Simulator, fate: Fate, status: int, part: bytes
) -> None:
    simulator.set_next(fate)

    response = simulator.send()

    assert (response.status_code, part in response.content, simulator.accepted) == (status, True, 1)


def test_a_huge_answer_has_a_megabyte(simulator: Simulator) -> None:
    simulator.set_next(Fate.HUGE)

    assert (len(simulator.send().content), simulator.accepted) == (1024 * 1024, 1)


def test_a_slow_answer_drips_byte_by_byte() -> None:
    pauses: list[float] = []
    app = create_simulator("http://127.0.0.1:9/")

    with app.test_request_context("/send", method="POST"):
        response = answer(Reaction(reply=Reply.SLOW, id="90017"), Timing(drip=0.4), pauses.append)
        chunks = list(response.iter_encoded())

    assert decode_send_reply(b"".join(chunks)) == Accepted(id="90017")
    assert {len(chunk) for chunk in chunks} == {1}
    assert pauses == [0.4] * len(chunks)


@pytest.mark.parametrize("fate", [Fate.RESET, Fate.CUT])
def test_a_broken_connection_breaks_after_the_send_was_accepted(simulator: Simulator, fate: Fate) -> None:
    simulator.set_next(fate)

    with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
        simulator.send()

    assert simulator.accepted == 1


def test_a_reset_is_a_real_reset(simulator: Simulator) -> None:
    simulator.set_next(Fate.RESET)
    host, port = simulator.url.removeprefix("http://").split(":")
    body = make_send()

    with socket.create_connection((host, int(port)), timeout=5) as connection:
        head = f"POST /send HTTP/1.1\r\nHost: {host}:{port}\r\nContent-Length: {len(body)}\r\n\r\n"
        connection.sendall(head.encode() + body)
        with pytest.raises(ConnectionResetError):
            connection.recv(1)


def test_a_silent_gateway_answers_nothing_in_time(simulator: Simulator) -> None:
    simulator.set_next(Fate.TIMEOUT)

    with pytest.raises(requests.ReadTimeout):
        simulator.send(timeout=0.1)

    assert simulator.accepted == 1


def test_a_client_that_follows_redirects_is_caught(simulator: Simulator) -> None:
    simulator.set_next(Fate.REDIRECT, Fate.REDIRECT)

    requests.post(f"{simulator.url}/send", data=make_send(), timeout=5)

    assert simulator.accepted == 3


def test_the_report_before_the_reply_reaches_the_crm_first(simulator: Simulator) -> None:
    simulator.set_next(Fate.BEFORE_REPLY)

    reply = decode_send_reply(simulator.send().content)

    # No waiting: it is there already. A report of the test before may have come late.
    heard = [decode(simulator.crm.heard.get_nowait()[1]) for _ in range(simulator.crm.heard.qsize())]
    assert isinstance(reply, Accepted)
    assert Status(id=reply.id, status="D1") in heard


def test_a_webhook_that_fails_is_called_again_with_the_same_words(simulator: Simulator) -> None:
    simulator.crm.answers = [503]

    answer = requests.post(
        f"{simulator.url}/api/receive",
        json={"from": "0908 630 549", "to": "8877", "content": "Ahoj"},
        timeout=5,
    ).json()

    assert (answer["answer"], answer["state"]) == (503, "waiting")
    assert simulator.crm.next() == simulator.crm.next()


def test_the_webhooks_password_is_sent_when_there_is_one() -> None:
    with listening() as crm:
        HttpWebhook(crm.url, password="tajné").post(b"<x/>")
        HttpWebhook(crm.url).post(b"<x/>")
        with_password, without = (crm.heard.get(timeout=5)[0] for _ in range(2))

    scheme, _, token = with_password["Authorization"].partition(" ")
    assert (scheme, base64.b64decode(token).decode()) == ("Basic", "gateway:tajné")
    assert "Authorization" not in without
    assert with_password["Content-Type"] == "application/xml; charset=utf-8"


def test_a_webhook_that_is_not_there_is_an_answer_not_an_error() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        answer = HttpWebhook(f"http://127.0.0.1:{unused.getsockname()[1]}/").post(b"<x/>")

    assert (answer.status, answer.words) == (None, "no answer from the CRM: ConnectionRefusedError")


@pytest.mark.parametrize(
    "url", ["", "localhost:8000", "ftp://localhost/", "http:///x", "http://localhost:http/"]
)
def test_an_address_that_is_none_is_refused_at_the_start(url: str) -> None:
    with pytest.raises(InvalidInputError, match="webhook"):
        create_simulator(url)


def test_the_process_ends_soon_when_it_is_asked_to_and_logs_no_number() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    script = f"from crm.simulator import run; run({port}, 'http://127.0.0.1:9/hook?from=0908123456')"
    process = subprocess.Popen([sys.executable, "-c", script], stderr=subprocess.PIPE, env=dict(os.environ))
    assert process.stderr is not None
    started = process.stderr.readline().decode()
    requests.post(
        f"http://127.0.0.1:{port}/api/receive",
        json={"from": "0908123456", "to": "8877", "content": "Ahoj"},
        timeout=5,
    )
    process.send_signal(signal.SIGTERM)
    rest = process.communicate(timeout=5)[1].decode()

    assert f"http://127.0.0.1:{port}" in started
    assert process.returncode == 0
    assert "simulator_stopped" in rest
    assert "123456" not in started + rest


def test_the_gateway_behind_the_app_can_be_reached_by_tests() -> None:
    app = create_simulator("http://127.0.0.1:9/", timing=FAST)
    gateway_of(app).fates.set_default(Fate.NEVER)

    app.test_client().post("/send", data=make_send())

    assert [sms.fate for sms in gateway_of(app).list_sent()] == [Fate.NEVER]
