"""Fill in the forms of rules as an editor does, and let SMS have come."""

from datetime import timedelta

from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from crm.core.clock import db_now
from crm.core.db import transaction
from crm.mobiletech.rules.queries import read_rules
from tests.factories.log import make_inbound
from tests.pages import Page

LIST = "/admin/rules"
NEW = f"{LIST}/new"
TRY = f"{LIST}/try"
CHOSEN = {"match": "exact", "action": "inbox"}  # of round buttons a page's form has the last, pressed or not


def send(client: FlaskClient, path: str, **typed: str) -> TestResponse:
    """Fill in the form as it stands and press its button."""
    fields = Page(client.get(path)).form().fields | CHOSEN
    return client.post(path, data=fields | {"preview": "1"} | typed)


def write(client: FlaskClient, path: str, **typed: str) -> TestResponse:
    """Fill in the form, look, and save."""
    seen = Page(send(client, path, **typed)).form().fields
    return client.post(path, data=seen | CHOSEN | typed)


def try_it(client: FlaskClient, text: str) -> TestResponse:
    return client.post(TRY, data=Page(client.get(LIST)).form(TRY).fields | {"content": text, "to": "8877"})


def token(client: FlaskClient) -> dict[str, str]:
    return {"csrf_token": Page(client.get(LIST)).form(TRY).fields["csrf_token"]}


def came(text: str, *, times: int = 1, days_ago: int = 0, **values: str) -> list[int]:
    """Let a text have come, now or some days ago."""
    with transaction() as session:
        at = session.execute(select(db_now() - timedelta(days=days_ago))).scalar_one()
    return [make_inbound(content=text, created_at=at, **values) for _ in range(times)]


def order() -> list[str]:
    with transaction() as session:
        return [rule.text for rule in read_rules(session)]
