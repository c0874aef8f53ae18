"""The simulator as a Flask app: the gateway's door, the control API, the phone in the browser."""

from pathlib import Path

from flask import Flask, Response, abort, current_app, request
from jinja2 import ChoiceLoader, FileSystemLoader, StrictUndefined

from crm.simulator.app_state import install, state_of
from crm.simulator.control_api import control_api
from crm.simulator.gateway import Gateway
from crm.simulator.page_filters import FILTERS
from crm.simulator.phone_page import phone_page
from crm.simulator.replies import answer
from crm.simulator.timing import Timing
from crm.simulator.webhook import HttpWebhook

CRM = Path(__file__).resolve().parents[1]
MAX_BODY_BYTES = 128 * 1024

_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    # Not "no-referrer": with it a browser hides the Origin of our own forms.
    "Referrer-Policy": "same-origin",
}


def create_simulator(webhook: str, *, webhook_password: str = "", timing: Timing | None = None) -> Flask:
    """Make the simulator of a gateway that reports to `webhook`.

    Its reports go out by themselves only while it is served (`serving`); else call
    `gateway_of(app).postbox.deliver_due()`.
    Raises: InvalidInputError if the webhook is no address.
    """
    app = Flask(__name__, static_folder=CRM / "static", static_url_path="/static")
    app.config.update(MAX_CONTENT_LENGTH=MAX_BODY_BYTES, TRUSTED_HOSTS=["127.0.0.1", "localhost"])
    # A broken connection is raised on purpose and has to reach the server.
    app.config["PROPAGATE_EXCEPTIONS"] = True
    install(app, Gateway(HttpWebhook(webhook, password=webhook_password), timing=timing))
    app.jinja_loader = ChoiceLoader(
        [FileSystemLoader(CRM / "simulator" / "templates"), FileSystemLoader(CRM / "templates")]
    )
    app.jinja_env.undefined = StrictUndefined
    _speak_english(app)
    app.jinja_env.filters.update(FILTERS)
    app.before_request(_refuse_foreign_pages)
    app.after_request(_add_headers)
    app.add_url_rule("/send", view_func=send, methods=["POST"])
    app.register_blueprint(control_api)
    app.register_blueprint(phone_page)
    return app


def send() -> Response:
    """Take an SMS from the CRM, as the real gateway does."""
    state = state_of(current_app)
    return answer(state.gateway.accept(request.get_data()), state.gateway.timing, state.stopping.wait)


def _speak_english(app: Flask) -> None:
    """The desk of the gateway shares components with the product, not its languages."""
    app.jinja_env.add_extension("jinja2.ext.i18n")
    app.jinja_env.install_null_translations(newstyle=True)  # type: ignore[attr-defined]
    app.jinja_env.globals["page_language"] = lambda: "en"


def _refuse_foreign_pages() -> None:
    """Let no other web page post here: it has an Origin, and that is not ours; programs have none."""
    origin = request.headers.get("Origin")
    if request.method not in _SAFE_METHODS and origin not in {None, request.host_url.rstrip("/")}:
        abort(403, "Another page may not post to the simulator.")


def _add_headers(response: Response) -> Response:
    response.headers.update(_HEADERS)
    if request.endpoint != "static":
        response.headers["Cache-Control"] = "no-store"
    return response
