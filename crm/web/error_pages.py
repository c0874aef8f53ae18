"""What people and programs are told when something cannot be done: words from a table, an id to ask about.

These pages need no database, no session and nobody signed in. Who calls /api gets JSON, the gateway its XML.
"""

from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path

from flask import Flask, Response, current_app, jsonify, render_template, request
from flask_wtf.csrf import CSRFError
from jinja2 import TemplateError
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from werkzeug.exceptions import HTTPException, SecurityError

from crm.core.errors import N_, CrmError, NotFoundError
from crm.core.log import get_logger
from crm.mobiletech.wire.xml_codec import CONTENT_TYPE, encode_error
from crm.web.languages import told
from crm.web.request_log import request_id

log = get_logger(__name__)

RETRY_AFTER_SECONDS = 30
WEBHOOK_PATH = "/api/v1/mobiletech/webhook"


@dataclass(frozen=True, slots=True)
class Words:
    """The title and what to do now: translated for people, in English for programs."""

    title: str
    explanation: str | CrmError


WORDS = {
    400: Words(
        N_("We cannot read this request"),
        N_("Something in the address or the form is not as it should be. Go back."),
    ),
    403: Words(
        N_("This is not for your role"), N_("Your role does not open this page. Ask an administrator.")
    ),
    404: Words(
        N_("This page does not exist"), N_("The address may be mistyped, or what stood here is gone.")
    ),
    405: Words(
        N_("This cannot be done here"), N_("The page exists, but it does not take this kind of request.")
    ),
    409: Words(
        N_("Somebody was quicker"), N_("What you wanted to change has changed meanwhile. Look at it again.")
    ),
    411: Words(
        N_("We cannot read this request"),
        N_("The body must tell its length in Content-Length, and be as long as that."),
    ),
    413: Words(N_("This is too large"), N_("What you sent is larger than we take. Send less of it at once.")),
    429: Words(N_("Too many tries"), N_("Wait a little and try again; how long is said by Retry-After.")),
    500: Words(
        N_("Something broke on our side"),
        N_("What you did last may not be saved. The fault is in our log under the number below."),
    ),
    503: Words(
        N_("We cannot answer just now"),
        N_("The database does not answer. What was saved before is safe; try again in a minute."),
    ),
}
CSRF_WORDS = Words(
    N_("This form is out of date"),
    N_("You were signed in or out since the page was opened. Go back and load it again."),
)
HOST_WORDS = Words(N_("This is not our address"), N_("We do not answer under this name."))


class ForbiddenError(CrmError):
    """The person is signed in and may not; the sentence says which role may."""


class NotAuthorizedError(Exception):
    """An API token is missing or does not open this door; the sentence is the reason."""


def set_up(app: Flask) -> None:
    """Register an answer for everything that can go wrong."""
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(CSRFError, lambda error: _answer(400, CSRF_WORDS))
    app.register_error_handler(SecurityError, lambda error: _bare(400, HOST_WORDS))
    app.register_error_handler(ForbiddenError, lambda error: _answer(403, Words(WORDS[403].title, error)))
    app.register_error_handler(NotAuthorizedError, _not_authorized)
    app.register_error_handler(NotFoundError, lambda error: _answer(404, Words(WORDS[404].title, error)))
    for unavailable in (OperationalError, InterfaceError, PoolTimeoutError):
        app.register_error_handler(unavailable, _unavailable)


def _http(error: HTTPException) -> Response:
    status = error.code or 500
    if status < 400:
        return Response(error.get_body(), status, error.get_headers())
    words = WORDS.get(status) or WORDS[400 if status < 500 else 500]
    response = _answer(status, words)
    for name, value in error.get_headers():
        if name in ("Allow", "Retry-After"):
            response.headers[name] = value
    return response


def _unavailable(error: Exception) -> Response:
    log.error("database_unavailable", reason=type(error).__name__, endpoint=request.endpoint)
    response = _answer(503, WORDS[503])
    response.headers["Retry-After"] = str(RETRY_AFTER_SECONDS)
    return response


def _not_authorized(error: NotAuthorizedError) -> Response:
    response = jsonify(status="error", message=f"Not authorized: {error}", error="no_authorization")
    response.status_code = 403
    return response


def _answer(status: int, words: Words) -> Response:
    if request.path == WEBHOOK_PATH:
        return Response(encode_error(str(words.explanation)), status, content_type=CONTENT_TYPE)
    if request.path.startswith("/api/"):
        return json_error(status, words)
    try:
        page = render_template(
            "errors/error.html",
            status=status,
            title=told(words.title),
            explanation=told(words.explanation),
            request_id=request_id(),
            home_href="/",
        )
    except (TemplateError, OSError, RuntimeError):
        log.exception("error_page_broken", status=status)
        return Response(_static_page(), status, content_type="text/html; charset=utf-8")
    return Response(page, status)


def json_error(status: int, words: Words) -> Response:
    phrase = HTTPStatus(status).phrase.lower().replace(" ", "_")
    response = jsonify(status="error", message=str(words.explanation), error=phrase, request_id=request_id())
    response.status_code = status
    return response


def _bare(status: int, words: Words) -> Response:
    """Under a foreign name no page of ours is built: it would link to that name."""
    sentences = f"{told(words.title)}. {told(words.explanation)}\n"
    return Response(sentences, status, content_type="text/plain; charset=utf-8")


def _static_page() -> bytes:
    return (Path(current_app.static_folder or "") / "500.html").read_bytes()
