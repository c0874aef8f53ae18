"""Every route says who may use it, and what it says is kept."""

import pytest
from flask import Flask
from flask.testing import FlaskClient

from crm.core.config import Settings
from crm.web.guards import Guard, list_unguarded
from crm.web.setup import UnguardedRouteError, set_up_web
from tests.routes import list_routes

UNSAFE = {"POST", "PUT", "PATCH", "DELETE"}
# Who else may post without a form's token, and why.
WITHOUT_TOKEN = {
    "mobiletech_webhook.hear": "the gateway has no cookie of ours",
    "server_proxy.forward": "an API token in a header opens it, not a cookie",
    "stop_link.stop": "the link itself is the secret, and a phone may open it without cookies",
    "stop_link.go_on": "the link itself is the secret, and a phone may open it without cookies",
    "users_email.check_v1": "nothing is changed, and no cookie is looked at",
    "users_email.check_v2": "nothing is changed, and no cookie is looked at",
    "users_registration.create": "an API token in a header opens it, not a cookie",
    "users_registration.confirm": "an API token in a header opens it, not a cookie",
    "users_sign_in.login": "it gives a token to a program, and sets no cookie",
    "users_sign_in.logout": "a user token in a header opens it, not a cookie",
    "recurrent_payments.stop": "a user token in a header opens it, not a cookie",
    "recurrent_payments.reactivate": "a user token in a header opens it, not a cookie",
}


def test_every_route_has_a_guard_or_a_reason(app: Flask) -> None:
    assert list_unguarded(app) == []


def test_a_route_without_a_guard_is_found() -> None:
    forgetful = Flask("forgetful")
    forgetful.add_url_rule("/open", "open", lambda: "anybody")

    assert list_unguarded(forgetful) == ["open", "static"]


def test_every_public_route_tells_why(app: Flask) -> None:
    for view in app.view_functions.values():
        guard: Guard = view.guard  # type: ignore[attr-defined]
        assert not guard.meaning.startswith("public") or len(guard.meaning) > len("public: because")


def test_admin_is_for_staff(app: Flask) -> None:
    admin = [rule for rule in app.url_map.iter_rules() if rule.rule.startswith("/admin")]

    for rule in admin:
        assert app.view_functions[rule.endpoint].guard.meaning.startswith("staff: "), rule  # type: ignore[attr-defined]


def test_every_unsafe_method_asks_for_the_forms_token(app: Flask, client: FlaskClient) -> None:
    for method in UNSAFE:
        for rule, path in list_routes(app, method=method):
            if rule.endpoint in WITHOUT_TOKEN:
                continue
            response = client.open(path, method=method)
            assert (response.status_code, "out of date" in response.text) == (400, True), rule


@pytest.mark.parametrize("endpoint", WITHOUT_TOKEN)
def test_who_needs_no_token_exists(app: Flask, endpoint: str) -> None:
    assert endpoint in app.view_functions


def test_the_application_does_not_start_with_an_unguarded_route(settings: Settings) -> None:
    forgetful = Flask("forgetful")
    forgetful.secret_key = "any"
    forgetful.add_url_rule("/open", "open", lambda: "anybody")

    with pytest.raises(UnguardedRouteError, match=r"no guard: open\."):
        set_up_web(forgetful, settings)
