"""How much a body may be, over real servers and real sockets: what is too large is refused, never cut."""

import hashlib
import io
import os
import re
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.serving import make_server

from crm.core.config import ROOT
from crm.mobiletech.wire.xml_codec import MAX_BODY_BYTES
from tests.factories.messages import WEBHOOK, make_receive
from tests.logs import list_facts
from tests.raw_http import body_of, chunked, exchange, post, status_of
from tests.stored import count_rows, list_inbound
from tests.waiting import wait_until
from tests.web.test_webhook_answers import NOTHING, assert_is_error, rcv_rsp


def make_receive_of(size: int, **fields: str) -> bytes:
    """Return a message whose body has exactly that many bytes."""
    return make_receive(
        content="x" * (size - len(make_receive(content="", id="7", **fields))), id="7", **fields
    )


def test_a_body_of_64_kib_is_taken(client: FlaskClient) -> None:
    body = make_receive_of(MAX_BODY_BYTES)

    response = client.post(WEBHOOK, data=body)

    assert (response.status_code, response.data) == (200, rcv_rsp("7"))
    assert [message.raw for message in list_inbound()] == [body]


@pytest.mark.parametrize("size", [MAX_BODY_BYTES + 1, 300_000, 10_000_000])
def test_a_larger_one_is_refused(client: FlaskClient, size: int) -> None:
    response = client.post(WEBHOOK, data=make_receive_of(size))

    assert_is_error(response, 413)
    assert count_rows() == NOTHING


def test_a_larger_one_is_logged_without_the_body(
    client: FlaskClient, caplog: pytest.LogCaptureFixture
) -> None:
    body = make_receive_of(MAX_BODY_BYTES + 9)
    client.post(WEBHOOK, data=body)
    streamed = {
        "wsgi.input": io.BytesIO(body),
        "HTTP_TRANSFER_ENCODING": "chunked",
        "wsgi.input_terminated": True,
    }
    client.post(WEBHOOK, environ_overrides=streamed)

    told = [fact for fact in list_facts(caplog) if fact["event"] == "webhook_too_large"]
    read = hashlib.sha256(body[: MAX_BODY_BYTES + 1]).hexdigest()
    assert [(fact["length"], fact["beginning_sha256"]) for fact in told] == [(len(body), None), (None, read)]
    assert "xxxx" not in caplog.text


def test_a_stream_that_gives_little_at_a_time_is_read_to_its_end(client: FlaskClient) -> None:
    """A server may hand over what has arrived so far; half a body must not be taken for the whole."""
    body = make_receive_of(40_000)

    response = client.post(
        WEBHOOK, environ_overrides={"wsgi.input": Dripping(body), "CONTENT_LENGTH": str(len(body))}
    )

    assert (response.status_code, response.data) == (200, rcv_rsp("7"))


def test_a_chunked_body_is_taken_whole(app: Flask, port: int) -> None:
    body = make_receive_of(60_000)

    answer = exchange(port, CHUNKED, chunked([body[:1], body[1:50_000], body[50_000:]]))

    assert (status_of(answer), body_of(answer)) == (200, rcv_rsp("7"))
    assert [message.raw for message in list_inbound()] == [body]


@pytest.mark.parametrize("size", [MAX_BODY_BYTES + 1, 500_000])
def test_a_chunked_body_that_is_too_large_is_refused_and_not_cut(app: Flask, port: int, size: int) -> None:
    """The message ends before the limit, so a body that is cut there would look whole."""
    body = make_receive_of(1000)
    padded = body + b" " * (size - len(body))

    answer = exchange(port, CHUNKED, chunked([padded]), half_close=True)

    assert status_of(answer) == 413
    assert b'command="error"' in answer
    assert count_rows() == NOTHING


def test_a_body_that_comes_in_two_halves_is_one(app: Flask, port: int) -> None:
    body = make_receive_of(5000)

    answer = exchange(port, post(WEBHOOK, f"Content-Length: {len(body)}"), body[:2000], body[2000:])

    assert (status_of(answer), body_of(answer)) == (200, rcv_rsp("7"))


LYING = {
    "more promised than sent": post(WEBHOOK, "Content-Length: 5000") + make_receive(id="7")[:-30],
    "length with a plus": post(WEBHOOK, "Content-Length: +5") + b"abcde",
    "negative length": post(WEBHOOK, "Content-Length: -5") + b"abcde",
    "two lengths": post(WEBHOOK, "Content-Length: 5", "Content-Length: 6") + b"abcdef",
    "length and chunked": post(WEBHOOK, "Content-Length: 5", "Transfer-Encoding: chunked") + b"0\r\n\r\n",
    "unknown transfer coding": post(WEBHOOK, "Transfer-Encoding: xchunked") + b"0\r\n\r\n",
    "chunk size that is none": post(WEBHOOK, "Transfer-Encoding: chunked") + b"zz\r\nabc\r\n0\r\n\r\n",
    "chunk that ends too soon": post(WEBHOOK, "Transfer-Encoding: chunked") + b"ff\r\nabc",
    "chunk without its line end": post(WEBHOOK, "Transfer-Encoding: chunked") + b"3\r\nabcdefgh\r\n0\r\n\r\n",
    "nothing at all": post(WEBHOOK),
}


@pytest.mark.parametrize("request_", LYING.values(), ids=LYING.keys())
def test_a_body_that_is_not_what_its_head_says_stores_nothing(
    app: Flask, gunicorn: "Gunicorn", request_: bytes
) -> None:
    gunicorn.read_log()

    answer = exchange(gunicorn.port, request_, half_close=True)

    assert status_of(answer) in (0, 400, 408, 411, 413, 501)
    assert count_rows() == NOTHING
    assert "Traceback" not in gunicorn.read_log()
    assert status_of(exchange(gunicorn.port, post(WEBHOOK, "Content-Length: 0"))) == 400  # it lives


CHUNKED = post(WEBHOOK, "Transfer-Encoding: chunked")


class Dripping(io.RawIOBase):
    """A stream whose every read gives at most 1000 bytes."""

    def __init__(self, content: bytes) -> None:
        self._content = io.BytesIO(content)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray) -> int:  # type: ignore[override]
        piece = self._content.read(min(len(buffer), 1000))
        buffer[: len(piece)] = piece
        return len(piece)


class Gunicorn:
    """The web as it is served in production, and what it wrote to its log since the last look."""

    def __init__(self, port: int, log: io.TextIOBase) -> None:
        self.port = port
        self._log = log

    def read_log(self) -> str:
        """Return what is new."""
        return self._log.read()


@pytest.fixture(scope="module")
def gunicorn(
    migrated_app: Flask, environ: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Gunicorn]:
    """Start gunicorn with one worker."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    log = tmp_path_factory.mktemp("gunicorn") / "log"
    command = [sys.executable, "-m", "gunicorn", "app:app"]
    env = os.environ | environ | {"PORT": str(port), "WEB_CONCURRENCY": "1"}
    with log.open("wb") as out, log.open() as reading:
        process = subprocess.Popen(command, cwd=ROOT, env=env, stdout=out, stderr=out)
        try:
            wait_until(lambda: re.search(r"Booting worker", log.read_text()), seconds=30)
            wait_until(lambda: answers(port), seconds=30)
            yield Gunicorn(port, reading)
        finally:
            process.terminate()
            process.wait(20)


@pytest.fixture(scope="module")
def werkzeug_port(migrated_app: Flask) -> Iterator[int]:
    """Start the server that `python app.py` uses, in this process."""
    server = make_server("127.0.0.1", 0, migrated_app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server.server_port
    server.shutdown()
    thread.join(10)


@pytest.fixture(params=["gunicorn", "werkzeug"])
def port(request: pytest.FixtureRequest) -> int:
    """Return the port of each server in turn."""
    if request.param == "gunicorn":
        server: Gunicorn = request.getfixturevalue("gunicorn")
        return server.port
    found: int = request.getfixturevalue("werkzeug_port")
    return found


def answers(port: int) -> bool:
    try:
        return (
            status_of(
                exchange(port, b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            )
            > 0
        )
    except OSError:
        return False
