"""Try the way to an address step by step, name, connection, TLS, HTTP, without handing over any SMS.

HEAD has no body and by its meaning changes nothing; whatever is answered to it shows that something answers.
No redirect is followed and no token is sent. One deadline bounds all steps together.
"""

import socket
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple, TypeVar
from urllib.parse import quote, urlsplit

from crm.core.clock import monotonic

DEADLINE_SECONDS = 6.0
MOST_OF_A_LINE = 1024
PORTS = {"http": 80, "https": 443}
KEPT_IN_A_PATH = "%/:?#[]@!$&'()*+,;=~"
T = TypeVar("T")


class StepName(StrEnum):
    """What is tried, in its order."""

    DNS = "dns"
    TCP = "tcp"
    TLS = "tls"
    HTTP = "http"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step: how long it took, and the addresses, the protocol, the status line or the name of the failure."""

    name: StepName
    is_ok: bool
    took_ms: int
    detail: str


class _Target(NamedTuple):
    scheme: str
    host: str
    port: int
    path: str


def check_connection(url: str, *, deadline: float = DEADLINE_SECONDS) -> list[Step]:
    """Try the steps to a good address until one fails; the last one of a full way is HTTP."""
    return _Way(_target(url), monotonic() + deadline).walk()


class _FailedError(Exception):
    """A step did not succeed; what was told of it stands in the steps."""


class _Way:
    def __init__(self, target: _Target, ends: float) -> None:
        self.target = target
        self.ends = ends
        self.steps: list[Step] = []

    def walk(self) -> list[Step]:
        sock: socket.socket | None = None
        try:
            addresses = self._try(StepName.DNS, self._resolve, lambda found: ", ".join(found))
            sock = self._try(StepName.TCP, lambda: self._connect(addresses), _peer)
            if self.target.scheme == "https":
                sock = self._try(StepName.TLS, lambda: self._encrypt(sock), _protocol)
            self._try(StepName.HTTP, lambda: self._ask(sock), str)
        except _FailedError:
            pass  # the last step tells it
        finally:
            if sock is not None:
                sock.close()
        return self.steps

    def _try(self, name: StepName, act: Callable[[], T], tell: Callable[[T], str]) -> T:
        started = monotonic()
        try:
            result = act()
        except (OSError, ValueError) as error:  # ValueError: a name that no name server can be asked for
            self.steps.append(Step(name=name, is_ok=False, took_ms=_ms_since(started), detail=_cause(error)))
            raise _FailedError from error
        self.steps.append(Step(name=name, is_ok=True, took_ms=_ms_since(started), detail=tell(result)))
        return result

    def _resolve(self) -> list[str]:
        """Ask the name server in a thread: the call itself knows no timeout."""
        found: list[str] = []
        errors: list[Exception] = []

        def ask() -> None:
            try:
                rows = socket.getaddrinfo(self.target.host, self.target.port, type=socket.SOCK_STREAM)
                found.extend(dict.fromkeys(str(row[4][0]) for row in rows))
            except (OSError, ValueError) as error:
                errors.append(error)

        thread = threading.Thread(target=ask, name="connection-check", daemon=True)
        thread.start()
        thread.join(self._left())
        if errors:
            raise errors[0]
        if not found:
            raise TimeoutError
        return found

    def _connect(self, addresses: list[str]) -> socket.socket:
        """Take the first address that answers."""
        failure: OSError = TimeoutError()
        for address in addresses:
            try:
                return socket.create_connection((address, self.target.port), timeout=self._left())
            except OSError as error:
                failure = error
        raise failure

    def _encrypt(self, sock: socket.socket | None) -> socket.socket:
        assert sock is not None
        sock.settimeout(self._left())
        return ssl.create_default_context().wrap_socket(sock, server_hostname=self.target.host)

    def _ask(self, sock: socket.socket | None) -> str:
        """Return the status line of the answer, such as `HTTP/1.1 405 METHOD NOT ALLOWED`."""
        assert sock is not None
        host = self.target.host if ":" not in self.target.host else f"[{self.target.host}]"
        if self.target.port != PORTS[self.target.scheme]:
            host = f"{host}:{self.target.port}"
        lines = (f"HEAD {self.target.path} HTTP/1.1", f"Host: {host}", "Connection: close", "", "")
        sock.settimeout(self._left())
        sock.sendall("\r\n".join(lines).encode("ascii"))
        return _status_line(self._read_line(sock))

    def _read_line(self, sock: socket.socket) -> bytes:
        read = b""
        while b"\n" not in read and len(read) < MOST_OF_A_LINE:
            sock.settimeout(self._left())
            piece = sock.recv(MOST_OF_A_LINE)
            if not piece:
                break
            read += piece
        return read.partition(b"\n")[0]

    def _left(self) -> float:
        """Return how many seconds there are. Raises: TimeoutError."""
        left = self.ends - monotonic()
        if left <= 0:
            raise TimeoutError
        return left


def _target(url: str) -> _Target:
    parts = urlsplit(url)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    port = parts.port or PORTS[parts.scheme]
    return _Target(parts.scheme, parts.hostname or "", port, quote(path, safe=KEPT_IN_A_PATH))


def _status_line(line: bytes) -> str:
    told = line.decode("latin-1").strip()
    if not told.startswith("HTTP/"):
        raise ConnectionAbortedError("no HTTP")
    return told.partition(" ")[2][:80]


def _peer(sock: socket.socket) -> str:
    host, port = sock.getpeername()[:2]
    return f"{host}, {port}"


def _protocol(sock: socket.socket) -> str:
    return (sock.version() if isinstance(sock, ssl.SSLSocket) else None) or ""


def _cause(error: Exception) -> str:
    """Return what is wrong in the system's own words: they name the certificate, or what was refused."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return error.verify_message
    if isinstance(error, TimeoutError):
        return "timeout"
    return str(getattr(error, "strerror", None) or error or type(error).__name__)


def _ms_since(started: float) -> int:
    return int((monotonic() - started) * 1000)
