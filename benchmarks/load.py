"""Post `receive` messages over kept-alive connections as fast as the answers come: `python -m benchmarks.load`.

A process of its own with one thread and bare sockets, so that it takes little of the machine that it measures.
The last line of its output is JSON: {"accepted": …, "errors": …, "seconds": …}.
"""

import argparse
import json
import selectors
import socket
import sys
import time
from collections import Counter
from collections.abc import Iterator

from benchmarks.messages import make_request
from crm.dev.addresses import HOST

_OK = b"HTTP/1.1 200 "
_END = b"</message>\n"
_LAST_ANSWERS_SECONDS = 10.0


class _Connection:
    """One request on its way; the next one goes out when its answer is whole."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.received = b""
        self.socket = self._connect()

    def send(self, request: bytes) -> None:
        self.received = b""
        self.socket.sendall(request)

    def read(self) -> str | None:
        """Return "" for a whole 200, None for an answer that is not whole yet, or what was wrong."""
        chunk = self.socket.recv(65536)
        if not chunk:
            return "closed"
        self.received += chunk
        if not self.received.startswith(_OK):
            return self.received[:30].decode("ascii", "replace")
        return "" if self.received.endswith(_END) else None

    def is_kept(self) -> bool:
        """Return whether the server lets the connection be used again."""
        return b"\r\nConnection: close\r\n" not in self.received

    def connect_again(self) -> None:
        self.socket.close()
        self.socket = self._connect()

    def _connect(self) -> socket.socket:
        made = socket.create_connection((HOST, self.port), timeout=30)
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return made


def main(arguments: list[str]) -> int:
    """Post for a while and print what came of it."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.load", description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--first-id", type=int, default=1)
    options = parser.parse_args(arguments)
    requests = (make_request(number) for number in range(options.first_id, sys.maxsize))
    started = time.monotonic()
    outcomes = _post(options.port, options.connections, started + options.seconds, requests)
    seconds = time.monotonic() - started
    print(json.dumps({"accepted": outcomes.pop("", 0), "errors": outcomes, "seconds": seconds}))
    return 0


def _post(port: int, count: int, until: float, requests: Iterator[bytes]) -> Counter[str]:
    """Return how often each outcome came; "" is a 200."""
    outcomes: Counter[str] = Counter()
    with selectors.DefaultSelector() as waiting:
        for _ in range(count):
            connection = _Connection(port)
            waiting.register(connection.socket, selectors.EVENT_READ, connection)
            connection.send(next(requests))
        while waiting.get_map():
            ready = waiting.select(_LAST_ANSWERS_SECONDS)
            if not ready:
                outcomes["no answer"] += len(waiting.get_map())
                break
            for key, _ in ready:
                _go_on(waiting, key.data, until, requests, outcomes)
    return outcomes


def _go_on(
    waiting: selectors.BaseSelector,
    connection: _Connection,
    until: float,
    requests: Iterator[bytes],
    outcomes: Counter[str],
) -> None:
    """Note a whole answer and send the next request, or leave when time is up."""
    outcome = connection.read()
    if outcome is None:
        return
    outcomes[outcome] += 1
    is_over = time.monotonic() >= until
    if is_over or outcome or not connection.is_kept():
        waiting.unregister(connection.socket)
        connection.socket.close()
    if is_over:
        return
    if outcome or not connection.is_kept():
        connection.connect_again()
        waiting.register(connection.socket, selectors.EVENT_READ, connection)
    connection.send(next(requests))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
