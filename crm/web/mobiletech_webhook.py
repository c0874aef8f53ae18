"""The gateway's door: decode, store, and only after the commit say "received".

Nothing else happens in the request. Answers are those of interface.md section 4, to the letter.
"""

import hashlib
import hmac
from base64 import b64decode
from binascii import Error as Base64Error

from flask import Blueprint, Response, current_app, request
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from crm.core import metrics
from crm.core.clock import monotonic, now
from crm.core.config import Settings
from crm.core.db import transaction
from crm.core.log import get_logger
from crm.core.networks import is_inside
from crm.events import doorbell
from crm.mobiletech.inbound import receive
from crm.mobiletech.status_reports import record_status
from crm.mobiletech.wire.commands import Receive, Status
from crm.mobiletech.wire.xml_codec import (
    CONTENT_TYPE,
    MAX_BODY_BYTES,
    MalformedMessageError,
    decode,
    encode_error,
    encode_receive_response,
    encode_status_response,
)

log = get_logger(__name__)

RETRY_AFTER_SECONDS = "30"

webhook = Blueprint("mobiletech_webhook", __name__)


class _RefusedError(Exception):
    """A request that is not let in or cannot be read; nothing of it is stored."""

    def __init__(self, status: int, reason: str, **headers: str) -> None:
        self.status = status
        self.reason = reason
        self.headers = headers


@webhook.post("/webhook", provide_automatic_options=False)
def hear() -> Response:
    """Take one `receive` or `status`."""
    started, command = monotonic(), "error"
    settings: Settings = current_app.extensions["settings"]
    try:
        _check_sender(settings)
        body = _read_body()
        message = _decoded(body, settings)
        command = "receive" if isinstance(message, Receive) else "status"
        response = _receive(message, body) if isinstance(message, Receive) else _status(message, body)
    except _RefusedError as refused:
        response = _answer(refused.status, encode_error(refused.reason), **refused.headers)
    metrics.count("webhook_requests_total", command=command, status=str(response.status_code))
    metrics.observe("webhook_seconds", monotonic() - started, command=command)
    return response


def _receive(message: Receive, body: bytes) -> Response:
    try:
        is_new = receive(message, body)
    except (DBAPIError, PoolTimeoutError) as error:
        raise _unavailable(error) from error
    if is_new:
        doorbell.ring()
    return _answer(200, encode_receive_response(message.id))


def _status(message: Status, body: bytes) -> Response:
    try:
        with transaction() as session:
            is_known = record_status(session, message, body)
    except (DBAPIError, PoolTimeoutError) as error:
        raise _unavailable(error) from error
    if not is_known:
        log.info("status_of_unknown_message", mobiletech_id=message.id)
        return Response(status=404)
    return _answer(200, encode_status_response(message.id))


def _check_sender(settings: Settings) -> None:
    networks = settings.mobiletech_allowed_networks
    if networks is not None and not is_inside(request.remote_addr, networks):
        log.warning("webhook_wrong_network", address=request.remote_addr)
        raise _RefusedError(403, "This address may not call the webhook.")
    if settings.mobiletech_webhook_passwords and not _has_password(settings.mobiletech_webhook_passwords):
        log.warning("webhook_wrong_password")
        raise _RefusedError(
            401, "The password is missing or wrong.", WWW_Authenticate='Basic realm="mobiletech"'
        )


def _has_password(passwords: tuple[str, ...]) -> bool:
    kind, _, credentials = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() != "basic":
        return False
    try:
        given = b64decode(credentials.strip(), validate=True).partition(b":")[2]
    except (Base64Error, ValueError):
        return False
    # All are compared, so that the time tells nothing.
    fits = [hmac.compare_digest(given, password.encode()) for password in passwords]
    return any(fits)


def _read_body() -> bytes:
    """Read one byte more than is allowed: a chunked body tells no length, and must not be cut in silence."""
    if request.content_length is not None and request.content_length > MAX_BODY_BYTES:
        raise _too_large(b"")
    request.max_content_length = None
    body = b""
    try:
        # One read may give only what has arrived so far.
        while len(body) <= MAX_BODY_BYTES and (piece := request.stream.read(MAX_BODY_BYTES + 1 - len(body))):
            body += piece
    except Exception as error:  # each server has its own word for a caller that hangs up or sends no chunks
        log.warning("webhook_unreadable", reason=type(error).__name__)
        raise _RefusedError(400, "The body cannot be read to its end.") from error
    if len(body) > MAX_BODY_BYTES:
        raise _too_large(body)
    return body


def _too_large(beginning: bytes) -> _RefusedError:
    """What was told by its length is not read; of the rest the hash is that of what was read."""
    log.warning(
        "webhook_too_large",
        length=request.content_length,
        beginning_sha256=hashlib.sha256(beginning).hexdigest() if beginning else None,
    )
    return _RefusedError(413, f"The body is larger than {MAX_BODY_BYTES} bytes.")


def _decoded(body: bytes, settings: Settings) -> Receive | Status:
    try:
        return decode(body, settings.timezone, now())
    except MalformedMessageError as error:
        log.warning("webhook_malformed", reason=str(error), body_sha256=hashlib.sha256(body).hexdigest())
        raise _RefusedError(400, str(error)) from error


def _unavailable(error: Exception) -> _RefusedError:
    log.error("webhook_database_unavailable", reason=type(error).__name__)
    return _RefusedError(
        503, "The message could not be stored. Send it again.", Retry_After=RETRY_AFTER_SECONDS
    )


def _answer(status: int, body: bytes, **headers: str) -> Response:
    response = Response(body, status=status, content_type=CONTENT_TYPE)
    for name, value in headers.items():
        response.headers[name.replace("_", "-")] = value
    return response
