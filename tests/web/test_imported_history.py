"""What an import brought is shown for what it is: made elsewhere, and its texts were not kept."""

from datetime import UTC, datetime

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

from crm.core.db import transaction
from tests.factories.codes import make_reader
from tests.factories.imported_money import free_row, import_rows, message_row, payment_row, set_up_moving_in
from tests.factories.money import NUMBER
from tests.pages import Page, sign_in

RENEWAL = {
    "external_id": 301,
    "cid": "old-in-1",
    "user_phone": NUMBER,
    "parent_payment_external_id": 9001,
    "subscription_type": "month",
    "charge_at": "2099-10-01 08:00:20",
    "state": "active",
}


@pytest.fixture(autouse=True)
def _history(app: Flask) -> None:
    make_reader()
    set_up_moving_in()
    import_rows("payments", [payment_row(recurrent_charge=1)])
    import_rows("outbound-messages", [message_row()])


@pytest.mark.parametrize(
    "path", ["/admin/messages", "/admin/messages/outbound/1", "/admin/threads/1", "/admin/payments/1"]
)
def test_a_text_that_was_not_kept_is_no_empty_bubble(staff: FlaskClient, path: str) -> None:
    page = Page(staff.get(path))

    assert page.status == 200
    assert "The text was not kept" in page.text


@pytest.mark.parametrize(
    ("table", "path"),
    [
        ("users", "/admin/users/1"),
        ("payments", "/admin/payments/1"),
        ("recurrent_payments", "/admin/recurrent-payments/1"),
        ("mobiletech_inbound_messages", "/admin/messages/inbound/1"),
        ("mobiletech_outbound_messages", "/admin/messages/outbound/1"),
    ],
)
def test_what_came_from_the_old_system_shows_its_id_there(staff: FlaskClient, table: str, path: str) -> None:
    import_rows("recurrent-payments", [RENEWAL])
    _set_old_id(table, "old-77")
    known = Page(staff.get(path))
    _set_old_id(table, None)

    ours = Page(staff.get(path))

    assert (known.status, ours.status) == (200, 200)
    assert "Id in the old system old-77" in known.text
    assert "Id in the old system" not in ours.text


def test_a_message_says_that_the_old_system_sent_it(staff: FlaskClient) -> None:
    page = Page(staff.get("/admin/messages/outbound/1"))

    assert "Sent by the old system" in page.text
    assert "Imported: template renewal, 97 characters." in page.text
    assert "97 units" in page.text
    assert "None" not in page.text.replace("None yet", "")
    assert "What goes to the gateway" not in page.text


def test_a_payment_says_that_the_old_system_made_it(staff: FlaskClient) -> None:
    page = Page(staff.get("/admin/payments/1"))

    assert "It was made in the old system, and imported: 4.99 €." in page.text
    assert "ordered by SMS" not in page.text


def test_a_reader_sees_what_they_paid_without_a_text_that_nobody_has(client: FlaskClient) -> None:
    sign_in(client, "eva@example.sk")
    import_rows("outbound-messages", [free_row(2, created_at=datetime.now(UTC).isoformat())])

    payments, messages = Page(client.get("/account/payments")), Page(client.get("/account/messages"))

    assert (payments.status, messages.status) == (200, 200)
    assert "4.99 €" in payments.text
    assert "Sent to" not in payments.text
    assert "The text is not shown" in messages.text


def _set_old_id(table: str, external_id: str | None) -> None:
    with transaction() as session:
        session.execute(text(f"UPDATE {table} SET external_id = :id WHERE id = 1"), {"id": external_id})
