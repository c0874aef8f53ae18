"""What every answer tells the browser it may not do. Source: reliability.md 8.2."""

from flask import Flask, Response, request

from crm.core.config import Settings

CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
ALWAYS = {
    "Content-Security-Policy": CSP,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}
ONE_YEAR = "max-age=31536000"


def set_up(app: Flask, settings: Settings) -> None:
    """Register the headers; HSTS only where there is TLS to insist on."""
    headers = ALWAYS | ({"Strict-Transport-Security": ONE_YEAR} if settings.is_production else {})

    @app.after_request
    def set_headers(response: Response) -> Response:
        response.headers.update(headers)
        if request.endpoint != "static":
            response.headers["Cache-Control"] = "no-store"
        return response
