"""How often a caller may ask, each endpoint in one table; the answer's headers tell how much is left.

Counted in Valkey over a moving minute, so that all processes share one count. When it is away each process
counts for itself: a request neither fails nor waits for it. What limits guesses at passwords stands in the
database (crm/users/attempts.py), and holds whatever happens here.
"""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from time import time
from typing import Any

from flask import Flask, Response, current_app, request
from flask.typing import ResponseReturnValue
from flask_limiter import Limiter, RateLimitExceeded
from redis import RedisError
from redis.backoff import NoBackoff
from redis.retry import Retry
from werkzeug.exceptions import TooManyRequests

from crm.core.config import Settings
from crm.core.log import get_logger
from crm.events.doorbell import REDIS_TIMEOUT_SECONDS
from crm.users.client import Client
from crm.web.api.answers import refuse
from crm.web.api.users_email import refuse_for_limit

log = get_logger(__name__)

A_MINUTE = 60


def by_address() -> str:
    """Return what the caller's address is counted by: of IPv6 the home network."""
    return Client(ip=request.remote_addr or "").place or "nowhere"


def by_token() -> str:
    """Return what the caller's token is counted by; who shows none is counted by address."""
    header = request.headers.get("Authorization")
    if not header:
        return by_address()
    return f"token:{hashlib.sha256(header.encode(errors='surrogatepass')).hexdigest()[:32]}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """So many requests a minute for each caller; endpoints of one `name` share the count."""

    a_minute: int
    by: Callable[[], str]
    name: str


LIMITS = {
    "login.enter": Allowance(a_minute=60, by=by_address, name="login"),
    "stop_link.show": Allowance(a_minute=60, by=by_address, name="stop link"),
    "stop_link.stop": Allowance(a_minute=60, by=by_address, name="stop link"),
    "stop_link.go_on": Allowance(a_minute=60, by=by_address, name="stop link"),
    "users_email.check_v1": Allowance(a_minute=30, by=by_address, name="users/email"),
    "users_email.check_v2": Allowance(a_minute=30, by=by_address, name="users/email"),
    "users_sign_in.login": Allowance(a_minute=60, by=by_address, name="users/login"),
    "users_registration.create": Allowance(a_minute=600, by=by_token, name="users/create"),
    "users_sign_in.info": Allowance(a_minute=600, by=by_token, name="user/info"),
}
OTHERS_OF_THE_API = Allowance(a_minute=600, by=by_token, name="api")
# The gateway comes in bursts, and each message counts.
WITHOUT_LIMIT = frozenset({"mobiletech_webhook.hear"})


def set_up(app: Flask, settings: Settings) -> None:
    """Put the limits around the views that are registered by now."""
    limiter = Limiter(
        key_func=by_address,
        app=app,
        strategy="moving-window",
        storage_uri=settings.redis_url.replace("unix://", "redis+unix://", 1),
        storage_options={
            "socket_timeout": REDIS_TIMEOUT_SECONDS,  # type: ignore[dict-item]
            "socket_connect_timeout": REDIS_TIMEOUT_SECONDS,  # type: ignore[dict-item]
            "retry": Retry(NoBackoff(), 0),  # type: ignore[dict-item]
        },
        in_memory_fallback_enabled=True,
        swallow_errors=True,
        headers_enabled=False,  # ours tell when to come back only to those who are sent away
    )
    # It looks for limits at every request, also at the webhook's, whose time that is; our views ask for themselves.
    app.before_request_funcs[None].remove(limiter._check_request_limit)
    limited = dict(_list_limits(app))
    for endpoint, allowance in limited.items():
        view: Callable[..., Any] = app.view_functions[endpoint]
        app.view_functions[endpoint] = limiter.shared_limit(
            f"{allowance.a_minute} per minute", scope=allowance.name, key_func=allowance.by
        )(view)
    app.register_error_handler(RateLimitExceeded, _too_many)

    @app.after_request
    def tell(response: Response) -> Response:
        return _tell(response, limiter) if request.endpoint in limited else response


def _list_limits(app: Flask) -> Iterator[tuple[str, Allowance]]:
    for rule in app.url_map.iter_rules():
        if rule.endpoint in LIMITS:
            yield rule.endpoint, LIMITS[rule.endpoint]
        elif rule.rule.startswith("/api/") and rule.endpoint not in WITHOUT_LIMIT:
            yield rule.endpoint, OTHERS_OF_THE_API


def _too_many(error: RateLimitExceeded) -> ResponseReturnValue:
    log.warning("limit_reached", endpoint=request.endpoint, address=by_address())
    if request.endpoint == "users_email.check_v1":
        return refuse_for_limit(version=1)
    if request.path.startswith("/api/"):
        return refuse(429, "rate_limit_exceeded", "Rate limit exceeded")
    return current_app.handle_http_exception(TooManyRequests())


def _tell(response: Response, limiter: Limiter) -> Response:
    """Add X-RateLimit-Limit, -Remaining and -Reset (a Unix time), and Retry-After to whom was sent away."""
    limit = limiter.current_limit
    if limit is None:
        return response
    try:
        reset_at, remaining = limit.reset_at, limit.remaining
    except (RedisError, OSError):  # it went away since the request was counted
        reset_at, remaining = int(time()) + A_MINUTE, 0
    response.headers["X-RateLimit-Limit"] = str(limit.limit.amount)
    response.headers["X-RateLimit-Remaining"] = str(remaining)
    response.headers["X-RateLimit-Reset"] = str(reset_at)
    if limit.breached:
        response.headers["Retry-After"] = str(max(1, reset_at - int(time())))
    return response
