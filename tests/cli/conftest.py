"""Runs `crm …` inside the test application, as `flask --app app` would, and a webhook to post to."""

import threading
from base64 import b64decode
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from click.testing import CliRunner, Result
from flask import Flask

from crm.cli import crm

Run = Callable[..., Result]


@pytest.fixture
def run(app: Flask) -> Run:
    """Return a function that runs a command and gives exit code, standard output and standard error."""

    def run(*arguments: str, stdin: str | bytes | None = None) -> Result:
        return CliRunner().invoke(crm, arguments, input=stdin, prog_name="crm")

    return run


class Webhook:
    """Remembers what was posted to it and answers `status`."""

    def __init__(self) -> None:
        self.status = 200
        self.body = b""
        self.path = ""
        self.password = ""
        self.url = ""


@pytest.fixture
def webhook() -> Iterator[Webhook]:
    """Serve a webhook on loopback."""
    remembered = Webhook()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            remembered.body = self.rfile.read(int(self.headers["Content-Length"]))
            remembered.path = self.path
            credentials = self.headers.get("Authorization", "").removeprefix("Basic ")
            remembered.password = b64decode(credentials).decode().partition(":")[2]
            self.send_response(remembered.status)
            self.end_headers()
            self.wfile.write(b"thanks\n")

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    remembered.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield remembered
    server.shutdown()
    server.server_close()
    thread.join()
