"""Where a request comes from, and the cookie by which a browser is known again.

The address is the peer's, or what as many proxies as CRM_TRUSTED_PROXIES say; never what a stranger wrote.
"""

import secrets

from flask import Response, current_app, g, request

from crm.users.client import Client

DEVICE_SECONDS = 365 * 24 * 3600


def current_client(source: str = "web") -> Client:
    """Return who asks; a browser without a device cookie gets the secret of one that may be set later."""
    if "device" not in g:
        g.device = request.cookies.get(_cookie_name(), "")[:100] or secrets.token_urlsafe(24)
    return Client(
        ip=request.remote_addr or "",
        user_agent=request.headers.get("User-Agent", ""),
        device=g.device if source == "web" else "",
        source=source,
    )


def remember_device(response: Response) -> Response:
    """Let the browser be known again: it has signed in."""
    secure = bool(current_app.config["SESSION_COOKIE_SECURE"])
    response.set_cookie(
        _cookie_name(),
        g.device,
        max_age=DEVICE_SECONDS,
        secure=secure,
        httponly=True,
        samesite="Lax",
    )
    return response


def _cookie_name() -> str:
    return "__Host-device" if current_app.config["SESSION_COOKIE_SECURE"] else "device"
