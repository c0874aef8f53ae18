"""Give every request an id, and the log one line about it: never its query, never its body."""

from uuid import uuid4

from flask import Flask, Response, g, request

from crm.core import log as logging
from crm.core.clock import monotonic

log = logging.get_logger(__name__)

# Asked many times a second and counted in the metrics: only what goes wrong with them is worth a line.
QUIET_ENDPOINTS = frozenset({"static", "mobiletech_webhook.hear", "health.alive", "health.ready"})


def set_up(app: Flask) -> None:
    """Register what comes first before a request and last after it."""
    app.before_request(_begin)
    app.after_request(_end)


def request_id() -> str:
    """Return the id of the request at hand, `` if it broke before it had one."""
    return str(g.get("request_id", ""))


def _begin() -> None:
    g.request_id = uuid4().hex[:16]
    g.request_began = monotonic()
    logging.unbind_all()
    logging.bind(request_id=g.request_id)


def _end(response: Response) -> Response:
    response.headers["X-Request-Id"] = request_id()
    if request.endpoint not in QUIET_ENDPOINTS or response.status_code >= 400:
        log.info(
            "request",
            method=request.method,
            endpoint=request.endpoint,
            status=response.status_code,
            took_ms=round((monotonic() - g.get("request_began", monotonic())) * 1000, 1),
        )
    return response
