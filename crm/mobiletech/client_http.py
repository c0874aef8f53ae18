"""The gateway over HTTP: one POST, no redirects, no retries, one deadline for all of it.

A timeout of `requests` runs anew with each byte, so a timer closes the socket at the deadline. Whether a
failed call was certainly not sent is read from the connection itself: there was none to hand it over to.
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
from crm.core.errors import N_, CrmError, Said
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
    """What the present call has reached; one per thread. With a socket the message may be out."""

    sockets: list[socket.socket] = field(default_factory=list)
    overdue: bool = False

    def hand_over(self, sock: socket.socket) -> None:
        # First the socket, then the look: `cut` does it the other way round, so one of the two sees the other.
        self.sockets.append(sock)
        if self.overdue:
            self.sockets.clear()
            raise TimeoutError

    def cut(self) -> None:
        self.overdue = True
        for sock in list(self.sockets):
            with suppress(OSError):  # closed already: nothing left to cut
                sock.shutdown(socket.SHUT_RDWR)


_present = local()


class _Watched:
    """Tells the present call that there is a connection and the message is handed over to it now."""

    sock: Any

    def request(self, *args: Any, **kwargs: Any) -> None:
        if self.sock is None:
            self.connect()  # type: ignore[attr-defined]
        call: _Call = _present.call
        call.hand_over(self.sock)
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
        started, call = monotonic(), _Call()
        session = _new_session() if paid else self._shared
        try:
            reply = self._post(session, call, url, encode_send(message))
            outcome = read_reply(reply.status, reply.body)
        except Exception as error:  # whatever it was: the message may be out or not, that is an outcome too
            outcome = self._failure(call, error)
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
            told = N_("The answer is larger than %(most)s bytes.")
            raise GatewayUnreachableError(told, most=MAX_REPLY_BYTES) from error
        except (requests.RequestException, OSError, ValueError) as error:  # ValueError: the address is none
            told = N_("The gateway gave no whole answer: %(cause)s.")
            raise GatewayUnreachableError(told, cause=_cause(error)) from error
        return Forwarded(status=reply.status, body=reply.body, content_type=reply.content_type)

    def _failure(self, call: _Call, error: Exception) -> Outcome:
        if not call.sockets:
            none = Said(N_("No connection: %(cause)s."), cause=_cause(error))
            detail = str(error if isinstance(error, CrmError) else none)
            return Outcome(kind=OutcomeKind.NOT_SENT, detail=detail)
        if isinstance(error, _ReplyTooLargeError):
            return _unknown(Said(N_("The reply is larger than %(most)s bytes."), most=MAX_REPLY_BYTES))
        if call.overdue:
            return _unknown(
                Said(N_("No whole reply within %(seconds)s seconds."), seconds=f"{self._deadline:g}")
            )
        told = N_("The connection failed after the message had been handed over: %(cause)s.")
        return _unknown(Said(told, cause=_cause(error)))

    def _post(self, session: requests.Session, call: _Call, url: str, body: bytes) -> _Reply:
        if not url:
            raise GatewaySettingsError(N_("The gateway's address is not set."))
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
    reason = Said(N_("HTTP %(status)s without a reply that can be read"), status=status)
    if 200 <= status < 300 or 400 <= status < 500:
        try:
            reply = decode_send_reply(body)
        except MalformedMessageError as error:
            reason = Said(N_("HTTP %(status)s: %(fault)s"), status=status, fault=error)
        else:
            if isinstance(reply, Accepted) and status < 300:
                kind, detail, mobiletech_id = OutcomeKind.ACCEPTED, N_("The gateway took it."), reply.id
            elif isinstance(reply, Accepted):
                doubt = N_("HTTP %(status)s with an id: the gateway contradicts itself.")
                return _unknown(Said(doubt, status=status), status, shown)
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


def _unknown(detail: Said, status: int | None = None, reply: str | None = None) -> Outcome:
    return Outcome(kind=OutcomeKind.UNKNOWN, detail=str(detail), http_status=status, reply=reply)


def _cause(error: BaseException) -> str:
    """Return the innermost name of what went wrong; messages of the library carry addresses of objects."""
    reason = getattr(error, "reason", None) or (error.args[0] if error.args else None)
    return _cause(reason) if isinstance(reason, BaseException) else type(error).__name__
