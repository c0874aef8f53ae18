"""A gateway on a loopback port that answers each connection as the test says, and remembers what it was sent."""

import re
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

Behaviour = Callable[["Conversation"], None]


class Conversation:
    """One connection, from the server's side."""

    def __init__(self, sock: socket.socket, server: "MisbehavingGateway") -> None:
        self.sock = sock
        self.server = server

    def hear(self) -> bytes:
        """Read one whole request, remember it and return its body; empty when the caller has gone."""
        received = b""
        while b"\r\n\r\n" not in received:
            piece = self.sock.recv(65536)
            if not piece:
                return b""
            received += piece
        head, _, body = received.partition(b"\r\n\r\n")
        length = int(re.search(rb"(?i)\ncontent-length: *(\d+)", head)[1])  # type: ignore[index]
        while len(body) < length:
            body += self.sock.recv(65536)
        self.server.requests.append((head, body))
        return body

    def say(self, *parts: bytes) -> None:
        """Send bytes."""
        for part in parts:
            self.sock.sendall(part)

    def drip(self, parts: Iterable[bytes], *, every: float = 0.03) -> None:
        """Send a little at a time until the parts end, the caller goes, or the server stops."""
        with suppress(OSError):
            for part in parts:
                self.sock.sendall(part)
                if self.server.stopped.wait(every):
                    return

    def wait(self) -> None:
        """Say nothing until the caller goes or the server stops."""
        self.sock.settimeout(0.05)
        while not self.server.stopped.is_set():
            try:
                if not self.sock.recv(1024):
                    return
            except TimeoutError:
                continue

    def reset(self) -> None:
        """Break the connection off, hard."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()


class MisbehavingGateway:
    """Listens until it is stopped; each connection is a thread."""

    def __init__(self, behaviour: Behaviour, *, certificate: Path | None = None) -> None:
        self.requests: list[tuple[bytes, bytes]] = []  # head and body of each
        self.connections = 0
        self.stopped = threading.Event()
        self._behaviour = behaviour
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER) if certificate else None
        if self._context and certificate:
            self._context.load_cert_chain(certificate)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._threads: list[threading.Thread] = []
        self._start(self._listen)

    @property
    def url(self) -> str:
        """Where it listens."""
        scheme = "https" if self._context else "http"
        return f"{scheme}://127.0.0.1:{self._listener.getsockname()[1]}/send"

    def stop(self) -> None:
        """Close everything."""
        self.stopped.set()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join(5)

    def _start(self, run: Callable[..., None], *arguments: object) -> None:
        thread = threading.Thread(target=run, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _listen(self) -> None:
        with suppress(OSError):
            while True:
                sock, _ = self._listener.accept()
                self.connections += 1
                self._start(self._serve, sock)

    def _serve(self, sock: socket.socket) -> None:
        with suppress(OSError), sock:
            sock.settimeout(10)
            if self._context:
                sock = self._context.wrap_socket(sock, server_side=True)
            self._behaviour(Conversation(sock, self))
            sock.close()


def http(status: str, body: bytes = b"", *headers: str) -> bytes:
    """Return an answer whose length is right and after which the connection stays open."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Content-Type: text/xml", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def answering(answer: bytes) -> Behaviour:
    """Give every request on every connection the same answer."""

    def behave(conversation: Conversation) -> None:
        while conversation.hear():
            conversation.say(answer)

    return behave


def full_backlog() -> tuple[socket.socket, list[socket.socket]]:
    """Return a listener that nobody can reach: its queue is full, so a connection is never made."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(0)
    waiting = []
    for _ in range(3):
        sock = socket.socket()
        sock.setblocking(False)
        sock.connect_ex(listener.getsockname())
        waiting.append(sock)
    time.sleep(0.01)  # the kernel takes the first ones into the queue
    return listener, waiting
