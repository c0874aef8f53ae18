"""How a call of the CRM is answered: properly, or in one of the ways in which answers go wrong."""

import socket
import struct
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType

from flask import Response, request, url_for

from crm.mobiletech.wire.commands import Accepted, Rejected
from crm.mobiletech.wire.xml_codec import CONTENT_TYPE, encode_send_reply
from crm.simulator.fates import Reply
from crm.simulator.gateway import Reaction
from crm.simulator.timing import Timing

HUGE_BYTES = 1024 * 1024
Pause = Callable[[float], object]
_Answer = Callable[[Reaction, Timing, Pause], Response]

# Closing a socket that lingers for no time sends a reset instead of an orderly end.
_NO_LINGER = struct.pack("ii", 1, 0)


def answer(reaction: Reaction, timing: Timing, pause: Pause) -> Response:
    """Make the answer to the present request; `pause` waits for so many seconds."""
    return _ANSWERS[reaction.reply](reaction, timing, pause)


def _give_id(reaction: Reaction, _timing: Timing, _pause: Pause) -> Response:
    return _xml(encode_send_reply(Accepted(id=reaction.id)))


def _refuse(reaction: Reaction, _timing: Timing, _pause: Pause) -> Response:
    return _xml(encode_send_reply(Rejected(reason=reaction.reason)))


def _malformed(reaction: Reaction, _timing: Timing, _pause: Pause) -> Response:
    return _xml(encode_send_reply(Rejected(reason=reaction.reason)), 400)


def _server_error(_reaction: Reaction, _timing: Timing, _pause: Pause) -> Response:
    return Response("<html><body><h1>500 Internal Server Error</h1></body></html>", 500)


def _garbage(_reaction: Reaction, _timing: Timing, _pause: Pause) -> Response:
    return Response("<!doctype html><title>Maintenance</title><p>We will be back soon.<br>")


def _no_id(_reaction: Reaction, _timing: Timing, _pause: Pause) -> Response:
    return _xml(b'<?xml version="1.0" encoding="UTF-8"?>\n<message command="rcv_rsp"></message>\n')


def _redirect(_reaction: Reaction, _timing: Timing, _pause: Pause) -> Response:
    # Who follows it posts the SMS again, and is counted again.
    return Response(status=307, headers={"Location": url_for("send")})


def _huge(reaction: Reaction, timing: Timing, pause: Pause) -> Response:
    proper = _give_id(reaction, timing, pause).get_data()
    return _xml(proper + b" " * (HUGE_BYTES - len(proper)))


def _reset(_reaction: Reaction, _timing: Timing, _pause: Pause) -> Response:
    return Response(_break_connection())


def _cut(reaction: Reaction, timing: Timing, pause: Pause) -> Response:
    proper = _give_id(reaction, timing, pause).get_data()
    half = len(proper) // 2
    return _stream(_chain(proper[:half], _break_connection()), len(proper))


def _slow(reaction: Reaction, timing: Timing, pause: Pause) -> Response:
    proper = _give_id(reaction, timing, pause).get_data()

    def drip() -> Iterator[bytes]:
        for place in range(len(proper)):
            yield proper[place : place + 1]
            pause(timing.drip)

    return _stream(drip(), len(proper))


def _silence(_reaction: Reaction, timing: Timing, pause: Pause) -> Response:
    breaking = _break_connection()

    def wait() -> Iterator[bytes]:
        pause(timing.silence)
        yield from breaking

    return Response(wait())


def _break_connection() -> Iterator[bytes]:
    connection: socket.socket | None = request.environ.get("werkzeug.socket")

    def fail() -> Iterator[bytes]:
        if connection is not None:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
        yield from ()
        raise ConnectionResetError

    return fail()


def _chain(first: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    yield first
    yield from rest


def _stream(chunks: Iterator[bytes], length: int) -> Response:
    return Response(chunks, content_type=CONTENT_TYPE, headers={"Content-Length": str(length)})


def _xml(body: bytes, status: int = 200) -> Response:
    return Response(body, status, content_type=CONTENT_TYPE)


_ANSWERS: Mapping[Reply, _Answer] = MappingProxyType(
    {
        Reply.ID: _give_id,
        Reply.OLD_ID: _give_id,
        Reply.REFUSAL: _refuse,
        Reply.MALFORMED: _malformed,
        Reply.SERVER_ERROR: _server_error,
        Reply.GARBAGE: _garbage,
        Reply.NO_ID: _no_id,
        Reply.REDIRECT: _redirect,
        Reply.RESET: _reset,
        Reply.CUT: _cut,
        Reply.SLOW: _slow,
        Reply.HUGE: _huge,
        Reply.SILENCE: _silence,
    }
)
