"""Every role is tried against every route: what its guard says is what happens."""

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from itertools import count

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from crm.users.roles import PERMISSIONS, Permission, Role
from crm.web.guards import Guard
from tests.conftest import Clock
from tests.factories.users import make_user
from tests.pages import sign_in
from tests.web.conftest import Browser

_numbers = count(1)
ANONYMOUS = "anonymous"
WHO = (ANONYMOUS, *Role)
NOWHERE = 2**62  # an id that nothing has: whoever is let in finds nothing, and breaks nothing

# Which permission opens what of the staff's pages; the longest beginning counts.
OPENS = {
    "/admin/": Permission.READ,
    "/admin/inbox": Permission.READ,
    "POST /admin/inbox": Permission.ANSWER,
    "/admin/messages": Permission.READ,
    "/admin/payments": Permission.READ,
    "/admin/payments/<int:payment_id>/refund": Permission.MANAGE_RENEWALS,
    "/admin/payments/<int:payment_id>/call-off": Permission.MANAGE_RENEWALS,
    "/admin/messages/outbound/<int:message_id>/settle": Permission.MANAGE_RENEWALS,
    "/admin/messages/outbound/<int:message_id>/release": Permission.MANAGE_RENEWALS,
    "/admin/messages/outbound/<int:message_id>/cancel": Permission.MANAGE_RENEWALS,
    "/admin/messages/outbound/<int:message_id>/again": Permission.ANSWER,
    "/admin/messages/outbound/<int:message_id>/drop": Permission.ANSWER,
    "/admin/recurrent-payments": Permission.READ,
    "/admin/recurrent-payments/hold": Permission.MANAGE_RENEWALS,
    "/admin/recurrent-payments/resume": Permission.MANAGE_RENEWALS,
    "/admin/recurrent-payments/<int:renewal_id>/": Permission.MANAGE_RENEWALS,
    "/admin/recurrent-payments/<int:renewal_id>/stop": Permission.STOP_RENEWALS,
    "/admin/threads": Permission.READ,
    "POST /admin/threads": Permission.ANSWER,
    "/admin/threads/<int:number_id>/near-stop/stop": Permission.STOP_RENEWALS,
    "POST /admin/threads/<int:number_id>/near-stop/stop": Permission.STOP_RENEWALS,
    "/admin/threads/<int:number_id>/near-stop/go-on": Permission.MANAGE_RENEWALS,
    "POST /admin/threads/<int:number_id>/near-stop/go-on": Permission.MANAGE_RENEWALS,
    "/admin/help": Permission.READ,
    "/admin/phone-numbers": Permission.READ,
    "/admin/phone-numbers/<int:number_id>/link": Permission.ANSWER,
    "/admin/phone-numbers/<int:number_id>/unlink": Permission.ANSWER,
    "/admin/search": Permission.READ,
    "/admin/templates": Permission.READ,
    "/admin/templates/new": Permission.EDIT_TEMPLATES,
    "POST /admin/templates": Permission.EDIT_TEMPLATES,
    "/admin/billkeys": Permission.READ,
    "/admin/billkeys/new": Permission.MANAGE_BILLKEYS,
    "/admin/billkeys/<billkey>/": Permission.MANAGE_BILLKEYS,
    "/admin/subscription-types": Permission.READ,
    "/admin/subscription-types/new": Permission.MANAGE_TYPES,
    "/admin/subscription-types/<type_code>/": Permission.MANAGE_TYPES,
    "/admin/rules": Permission.READ,
    "/admin/rules/new": Permission.EDIT_RULES,
    "/admin/rules/<int:rule_id>/delete": Permission.EDIT_RULES,
    "POST /admin/rules": Permission.EDIT_RULES,
    "POST /admin/rules/try": Permission.READ,
    "/admin/templates/<code>/versions/<int:version>/restore": Permission.EDIT_TEMPLATES,
    "/admin/subscribers": Permission.READ,
    "/admin/subscriptions": Permission.READ,
    "/admin/insight": Permission.READ,
    "/admin/imports": Permission.IMPORT,
    "/admin/users": Permission.MANAGE_PEOPLE,
    "/admin/tokens": Permission.MANAGE_TOKENS,
    "/admin/settings": Permission.MANAGE_SETTINGS,
    "/admin/audit": Permission.READ_AUDIT,
    "/admin/operations": Permission.READ,
    "POST /admin/operations/work": Permission.OPERATE,
    "/admin/operations/work/<ids>": Permission.OPERATE,
}
# Where the password is asked for again. Source: interface.md 8: tokens, roles, settings, resending a paid message,
# settling an unknown one. Releasing a held paid one is of the same kind: it sends what charges, on a person's word.
CONFIRMED = {
    "/admin/messages/outbound/<int:message_id>/settle",
    "/admin/messages/outbound/<int:message_id>/release",
    "/admin/users/<int:user_id>/role",
    "/admin/tokens",
    "/admin/tokens/new",
    "/admin/tokens/<int:token_id>/revoke",
    "/admin/settings/<key>",
    "/admin/settings/connection",
    "/admin/settings/short-numbers/new",
    "/admin/settings/short-numbers/<short_number>",
    "/admin/settings/short-numbers/<short_number>/remove",
    "/admin/settings/prefixes/new",
    "/admin/settings/prefixes/<prefix>",
    "/admin/settings/prefixes/<prefix>/restore",
    "/admin/settings/status-codes/new",
    "/admin/settings/status-codes/<status_code>",
    "/admin/settings/status-codes/<status_code>/restore",
}


def is_sent_to_the_login(response: TestResponse) -> bool:
    return response.status_code == 302 and (response.location or "").startswith("/login?next=")


def is_forbidden(response: TestResponse) -> bool:
    return response.status_code == 403


def is_refused_without_a_token(response: TestResponse) -> bool:
    return response.status_code in (401, 403) and response.content_type == "application/json"


def is_let_in(response: TestResponse) -> bool:
    return response.status_code < 500 and response.status_code != 405 and not is_sent_to_the_login(response)


def is_let_in_by_role(response: TestResponse) -> bool:
    return is_let_in(response) and not is_forbidden(response)


def expected(guard: str, who: str) -> Callable[[TestResponse], bool]:
    """Return what must happen to whom at a route with that guard: the whole of access control as one table."""
    kind, _, rest = guard.partition(": ")
    if kind == "public":
        return is_let_in
    if kind in ("API token", "user token"):
        return is_refused_without_a_token  # a cookie, whoever's, opens none of these doors
    if who == ANONYMOUS:
        return is_sent_to_the_login
    if kind == "signed in":
        return is_let_in_by_role
    permission = Permission(rest.removesuffix(", confirmed"))
    assert kind == "staff"
    return is_let_in_by_role if permission in PERMISSIONS[Role(who)] else is_forbidden


@pytest.mark.parametrize("who", WHO)
def test_every_route_lets_in_whom_its_guard_names(open_app: Flask, who: str) -> None:
    browser = _browser(open_app, who)
    tried, wrong = 0, []

    for rule, path, method, guard in _list_guarded(open_app):
        # To its end: a file that is streamed and left holds the context of its request.
        response = browser.open(path, method=method, buffered=True)
        tried += 1
        if not expected(guard.meaning, who)(response):
            wrong.append(
                f"{method} {rule.rule} ({guard.meaning}): {response.status_code} {response.location}"
            )
        if rule.rule == "/logout":
            browser = _browser(open_app, who)

    assert wrong == []
    assert tried == sum(len(_methods(rule)) for rule in open_app.url_map.iter_rules())


def test_every_page_of_the_staff_asks_for_the_permission_of_its_place(app: Flask) -> None:
    for rule, _path, method, guard in _list_guarded(app):
        if not rule.rule.startswith("/admin"):
            continue
        named = [
            place
            for place in OPENS
            if f"{method} {rule.rule}".startswith(place) or rule.rule.startswith(place)
        ]
        permission = OPENS[max(named, key=len)]
        assert guard.meaning.removesuffix(", confirmed") == f"staff: {permission}", f"{method} {rule.rule}"


def test_the_password_is_asked_again_for_what_matters_most_only(app: Flask) -> None:
    asked = {rule.rule for rule, _, _, guard in _list_guarded(app) if guard.meaning.endswith(", confirmed")}

    assert asked == CONFIRMED


def test_after_a_while_the_password_is_asked_again(open_app: Flask, clock: Clock) -> None:
    browser = _browser(open_app, Role.ADMIN)
    clock.advance(timedelta(minutes=11))

    for rule, path, method, guard in _list_guarded(open_app):
        if method != "GET" or not rule.rule.startswith("/admin"):
            continue
        response = browser.get(path)
        sent_round = (response.location or "").startswith("/login/confirm?next=%2Fadmin%2F")
        assert sent_round == guard.meaning.endswith(", confirmed"), f"{rule.rule}: {response.status_code}"


def _list_guarded(app: Flask) -> Iterator[tuple[Rule, str, str, Guard]]:
    """Give (rule, path, method, guard) of every route, with ids that nothing has."""
    for rule in app.url_map.iter_rules():
        guard: Guard = app.view_functions[rule.endpoint].guard  # type: ignore[attr-defined]
        path = re.sub(r"<(?:\w+:)?\w+>", "nothing", re.sub(r"<int:\w+>", str(NOWHERE), rule.rule))
        for method in _methods(rule):
            yield rule, path, method, guard


def _methods(rule: Rule) -> list[str]:
    """Return what the route takes, but for what Flask answers by itself."""
    return sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})


def _browser(app: Flask, who: str) -> FlaskClient:
    browser = Browser(app)
    if who != ANONYMOUS:
        email = f"{who}-{next(_numbers)}@example.org"
        make_user(role=who, email=email)
        assert sign_in(browser, email).status_code == 302
    return browser


@pytest.fixture
def open_app(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Flask:
    """Return the application whose guards are asked before the token of a form."""
    monkeypatch.setitem(app.config, "WTF_CSRF_CHECK_DEFAULT", False)
    return app
