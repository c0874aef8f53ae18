"""An imported renewal that breaks a rule does not go on, whoever asks; each page and program says so in its own way."""

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

from crm.core.db import transaction
from crm.sms_billing.stop_links import token_of
from tests.factories import codes
from tests.factories.api import make_user_token
from tests.factories.money import list_renewals, make_type, renewal_states, set_up_sale
from tests.factories.users import make_user
from tests.fakes import FakeGateway
from tests.importer.renewal_files import Reader, import_renewals, make_charged_reader
from tests.pages import Page, sign_in

TO_READERS = "This renewal cannot go on by itself. Please write to us."
TO_STAFF = "It came by an import and breaks R5, so it cannot go on"


@pytest.fixture
def reader(app: Flask, gateway: FakeGateway) -> Reader:
    """Return a reader whose imported renewal was stopped in the old system, and breaks R5."""
    set_up_sale()
    make_type()
    codes.make_reader()
    reader = make_charged_reader()
    import_renewals(reader.line(state="user_stop"))
    with transaction() as session:
        session.execute(text("UPDATE mobiletech_outbound_messages SET billing = 'failed'"))
    return reader


def test_staff_are_told_the_rule(client: FlaskClient, reader: Reader) -> None:
    make_user(role="billing", email="billing@example.sk")
    sign_in(client, "billing@example.sk")
    page = f"/admin/recurrent-payments/{list_renewals()[0].id}/reactivate"
    form = Page(client.get(page)).form()

    answer = client.post(page, data=form.fields | {"reason": "the reader asked"})

    assert answer.status_code == 409
    assert TO_STAFF in Page(answer).text
    assert renewal_states() == ["user_stop"]


def test_the_link_says_to_write_to_us(client: FlaskClient, reader: Reader) -> None:
    answer = client.post(f"/s/{token_of(list_renewals()[0].payment_method_id)}/go-on")

    assert answer.status_code == 409
    assert TO_READERS in Page(answer).text
    assert renewal_states() == ["user_stop"]


def test_the_account_says_to_write_to_us(client: FlaskClient, reader: Reader) -> None:
    sign_in(client, "eva@example.sk")
    form = Page(client.get("/account/subscription")).form(
        f"/account/subscription/{list_renewals()[0].payment_method_id}/go-on"
    )

    answer = client.post(form.action, data=form.fields)

    assert TO_READERS in Page(client.get(answer.location)).text
    assert renewal_states() == ["user_stop"]


def test_a_program_is_refused_as_for_what_is_not_active(client: FlaskClient, reader: Reader) -> None:
    token = make_user_token(reader.user_id)

    answer = client.post(
        "/api/v1/recurrent-payment/reactivate", json={"id": list_renewals()[0].id}, headers=token
    )

    assert answer.status_code == 409
    assert answer.get_json()["code"] == "recurrent_payment_not_active"
    assert TO_READERS in answer.get_json()["message"]
    assert renewal_states() == ["user_stop"]
