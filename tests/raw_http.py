"""Speak HTTP by hand, as no well-behaved library would."""

import socket
from collections.abc import Sequence
from contextlib import suppress


def exchange(port: int, *parts: bytes, half_close: bool = False) -> bytes:
    """Send the parts one after another and return everything that comes back until the server closes."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as sock:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        answer = b""
        with suppress(OSError):
            # It may answer before it has read everything, and close: what it said is still to be read.
            for part in parts:
                sock.sendall(part)
            if half_close:
                sock.shutdown(socket.SHUT_WR)
        try:
            while received := sock.recv(65536):
                answer += received
        except ConnectionResetError:
            return answer
        return answer


def post(path: str, *headers: str) -> bytes:
    """Return the head of a POST whose connection is closed after it."""
    lines = [f"POST {path} HTTP/1.1", "Host: localhost", "Connection: close", *headers]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def chunked(pieces: Sequence[bytes]) -> bytes:
    """Return a chunked body."""
    return b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"


def status_of(answer: bytes) -> int:
    """Return the status of an answer; 0 when there was none."""
    return int(answer.split(b" ", 2)[1]) if answer.startswith(b"HTTP/") else 0


def body_of(answer: bytes) -> bytes:
    """Return what follows the head."""
    return answer.partition(b"\r\n\r\n")[2]
