"""The gateway over HTTP: one POST, no redirects, no retries, one deadline for all of it.

A timeout of `requests` runs anew with each byte, so a timer closes the socket at the deadline. Whether a
failed call was certainly not sent is read from the connection itself: it was still connecting.
"""

import socket
from contextlib import suppress
from dataclasses import dataclass, field, replace
from threading import Timer, local
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from crm.core.clock import monotonic
from crm.mobiletech.client import (
    CONNECT_SECONDS,
    DEADLINE_SECONDS,
    MAX_REPLY_BYTES,
    READ_SECONDS,
    Forwarded,
    Outcome,
    OutcomeKind,
)
from crm.mobiletech.errors import GatewaySettingsError, GatewayUnreachableError
from crm.mobiletech.wire.commands import Accepted, Send
from crm.mobiletech.wire.xml_codec import MalformedMessageError, decode_send_reply, encode_send

CONTENT_TYPE = "text/xml; charset=utf-8"
SHOWN_REPLY = 2000


@dataclass(slots=True)
class _Call:
    """What the connection of the present call has reached; one per thread."""

    connecting: bool = False
    sockets: list[socket.socket] = field(default_factory=list)
    overdue: bool = False

    def cut(self) -> None:
        self.overdue = True
        for sock in self.sockets:
            with suppress(OSError):  # closed already: nothing left to cut
                sock.shutdown(socket.SHUT_RDWR)


_present = local()


class _Watched:
    """Tells the present call when the connection is being made, made, or used again."""

    sock: Any

    def connect(self) -> None:
        call: _Call = _present.call
        call.connecting = True
        super().connect()  # type: ignore[misc]
        call.connecting = False

    def request(self, *args: Any, **kwargs: Any) -> None:
        if self.sock is None:
            self.connect()
        _present.call.sockets.append(self.sock)
        super().request(*args, **kwargs)  # type: ignore[misc]


class _HttpConnection(_Watched, HTTPConnection):
    pass


class _HttpsConnection(_Watched, HTTPSConnection):
    pass


class _HttpPool(HTTPConnectionPool):
    ConnectionCls = _HttpConnection


class _HttpsPool(HTTPSConnectionPool):
    ConnectionCls = _HttpsConnection


class _OnceAdapter(HTTPAdapter):
    """An adapter whose connections are watched and whose requests are never repeated."""

    def __init__(self) -> None:
        super().__init__(max_retries=0, pool_connections=2, pool_maxsize=32)
        self.poolmanager.pool_classes_by_scheme = {"http": _HttpPool, "https": _HttpsPool}


@dataclass(frozen=True, slots=True)
class _Reply:
    status: int
    body: bytes
    content_type: str


class _ReplyTooLargeError(Exception):
    pass


class HttpGatewayClient:
    """One POST for one message.

    Free messages share connections; a paid one opens its own, so that a reset can never be blamed on an
    old connection and lead to a second try.
    """

    def __init__(self, *, token: str = "", deadline: float = DEADLINE_SECONDS) -> None:
        self._token = token
        self._deadline = deadline
        self._shared = _new_session()

    def send(self, message: Send, *, url: str, paid: bool) -> Outcome:
        """Post the message once and return what came of it; does not raise."""
        started = monotonic()
        session = _new_session() if paid else self._shared
        try:
            outcome = self._outcome(session, url, encode_send(message))
        except Exception as error:  # whatever it was, the message may be out: that is an outcome, not a crash
            outcome = _unknown(f"The call ended with {type(error).__name__}.")
        finally:
            if paid:
                session.close()
        return replace(outcome, took_ms=int((monotonic() - started) * 1000))

    def forward(self, body: bytes, *, url: str) -> Forwarded:
        """Post a raw body and return the answer as it came.

        Raises: GatewaySettingsError without an address, GatewayUnreachableError if there is no whole answer.
        """
        try:
            with _new_session() as session:
                reply = self._post(session, _Call(), url, body)
        except _ReplyTooLargeError as error:
            raise GatewayUnreachableError(f"The answer is larger than {MAX_REPLY_BYTES} bytes.") from error
        except (requests.RequestException, OSError) as error:
            raise GatewayUnreachableError(f"The gateway gave no whole answer: {_cause(error)}.") from error
        return Forwarded(status=reply.status, body=reply.body, content_type=reply.content_type)

    def _outcome(self, session: requests.Session, url: str, body: bytes) -> Outcome:
        call = _Call()
        try:
            reply = self._post(session, call, url, body)
        except GatewaySettingsError as error:
            return Outcome(kind=OutcomeKind.NOT_SENT, detail=str(error))
        except _ReplyTooLargeError:
            return _unknown(f"The reply is larger than {MAX_REPLY_BYTES} bytes.")
        except (requests.RequestException, OSError) as error:
            return self._failure(call, error)
        return read_reply(reply.status, reply.body)

    def _failure(self, call: _Call, error: Exception) -> Outcome:
        if call.connecting:
            return Outcome(
                kind=OutcomeKind.NOT_SENT, detail=f"No connection to the gateway: {_cause(error)}."
            )
        if call.overdue:
            return _unknown(f"No whole reply within {self._deadline:g} seconds.")
        return _unknown(f"The connection failed after the message had been handed over: {_cause(error)}.")

    def _post(self, session: requests.Session, call: _Call, url: str, body: bytes) -> _Reply:
        if not url:
            raise GatewaySettingsError("The gateway's address is not set.")
        headers = {"Content-Type": CONTENT_TYPE, "Accept-Encoding": "identity"}
        if self._token:
            headers["Authorization"] = f"Bearer {self._token}"
        _present.call = call
        timer = Timer(self._deadline, call.cut)
        timer.daemon = True
        timer.start()
        try:
            with session.post(
                url,
                data=body,
                headers=headers,
                timeout=(CONNECT_SECONDS, READ_SECONDS),
                allow_redirects=False,
                stream=True,
            ) as response:
                content = _read_capped(response)
                if call.overdue:
                    raise requests.Timeout
                return _Reply(response.status_code, content, response.headers.get("Content-Type", ""))
        finally:
            timer.cancel()


def read_reply(status: int, body: bytes) -> Outcome:
    """Class an answer by the table of reliability.md 3."""
    shown = body[:SHOWN_REPLY].decode("utf-8", "replace").replace("\0", "\ufffd")
    reason = f"HTTP {status} without a reply that can be read"
    if 200 <= status < 300 or 400 <= status < 500:
        try:
            reply = decode_send_reply(body)
        except MalformedMessageError as error:
            reason = f"HTTP {status}: {error}"
        else:
            if isinstance(reply, Accepted) and status < 300:
                kind, detail, mobiletech_id = OutcomeKind.ACCEPTED, "The gateway took it.", reply.id
            elif isinstance(reply, Accepted):
                return _unknown(f"HTTP {status} with an id: the gateway contradicts itself.", status, shown)
            else:
                kind, detail, mobiletech_id = OutcomeKind.REJECTED, reply.reason, None
            return Outcome(
                kind=kind, detail=detail, mobiletech_id=mobiletech_id, http_status=status, reply=shown
            )
    return _unknown(reason, status, shown)


def _new_session() -> requests.Session:
    session = requests.Session()
    session.trust_env = (
        False  # no proxy, no credentials from the environment: the gateway and nothing between
    )
    adapter = _OnceAdapter()
    session.mount("http://", adapter)
    session.mount("https://", adapter)
    return session


def _read_capped(response: requests.Response) -> bytes:
    content = bytearray()
    for chunk in response.iter_content(8192):
        content += chunk
        if len(content) > MAX_REPLY_BYTES:
            raise _ReplyTooLargeError
    return bytes(content)


def _unknown(detail: str, status: int | None = None, reply: str | None = None) -> Outcome:
    return Outcome(kind=OutcomeKind.UNKNOWN, detail=detail, http_status=status, reply=reply)


def _cause(error: BaseException) -> str:
    """Return the innermost name of what went wrong; messages of the library carry addresses of objects."""
    reason = getattr(error, "reason", None) or (error.args[0] if error.args else None)
    return _cause(reason) if isinstance(reason, BaseException) else type(error).__name__
