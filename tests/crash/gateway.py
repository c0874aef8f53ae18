"""A tiny gateway on loopback: takes each `send`, writes it down, and answers with an id of its own."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from crm.mobiletech.wire.commands import Accepted, Send
from crm.mobiletech.wire.xml_codec import decode_send, encode_send_reply


@dataclass(frozen=True, slots=True)
class Taken:
    """A message that the gateway has accepted, and under which id: from here on the reader is charged."""

    mobiletech_id: str
    send: Send


class TinyGateway:
    """Accepts everything. `on_taken` is called before the answer goes out."""

    def __init__(self) -> None:
        self.taken: list[Taken] = []
        self.on_taken: Callable[[Taken], None] = lambda _: None
        self._lock = threading.Lock()
        self._busy = 0
        self._idle = threading.Condition(self._lock)
        self._server = _Server(("127.0.0.1", 0), self)
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    @property
    def url(self) -> str:
        """Return where messages are posted."""
        return f"http://127.0.0.1:{self._server.server_port}/send"

    def begin_again(self) -> None:
        """Forget everything."""
        self.taken = []
        self.on_taken = lambda _: None

    def take(self, body: bytes) -> bytes:
        """Accept one message and return the answer."""
        send = decode_send(body)
        with self._lock:
            self._busy += 1
            taken = Taken(f"mt-{send.rcv_msg_id}-{len(self.taken) + 1}", send)
            self.taken.append(taken)
        try:
            self.on_taken(taken)
        finally:
            with self._idle:
                self._busy -= 1
                self._idle.notify_all()
        return encode_send_reply(Accepted(id=taken.mobiletech_id))

    def settle(self) -> None:
        """Wait until every message that was handed over, also by a process that is dead, is dealt with."""
        # Connections are taken in order: when this one is answered, those before it have begun.
        last = HTTPConnection("127.0.0.1", self._server.server_port)
        last.request("GET", "/")
        last.getresponse().read()
        last.close()
        with self._idle:
            assert self._idle.wait_for(lambda: not self._busy, 10)

    def stop(self) -> None:
        """Listen no longer."""
        self._server.shutdown()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], gateway: TinyGateway) -> None:
        self.gateway = gateway
        super().__init__(address, _Handler)

    def handle_error(self, request: object, client_address: object) -> None:
        """A sender that was killed hears no answer: that is what the test is for."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_POST(self) -> None:
        length = int(self.headers["Content-Length"])
        body = self.rfile.read(length)
        if len(body) == length:
            self._answer(self.server.gateway.take(body))

    def do_GET(self) -> None:
        self._answer(b"")

    def _answer(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/xml")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""
