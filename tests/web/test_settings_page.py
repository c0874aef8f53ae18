"""Settings in the browser: what each means, who said it, and a change that is written down."""

import os
from collections.abc import Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from crm.core.business_settings import DEFINITIONS, fix_by_environment, get_setting
from crm.core.db import transaction
from crm.users.models import AuditEntry
from tests.pages import Page
from tests.stored import read

LIST = "/admin/settings"
VAT = f"{LIST}/vat_rate"


def test_every_setting_is_listed_with_value_meaning_default_and_source(staff: FlaskClient) -> None:
    _send(staff, VAT, value="23", reason="the law")

    page = Page(staff.get(LIST))

    for key, definition in DEFINITIONS.items():
        assert f"{key} {definition.meaning}" in page.text
        assert f"{LIST}/{key}" in page.links
    assert "vat_rate percent, for payment items 23 0 Set here" in page.text
    assert "renewal_notice_hours free notice before a renewal 24 24 Default" in page.text


def test_a_change_is_in_force_and_in_the_log(staff: FlaskClient) -> None:
    response = _send(staff, VAT, value=" 23 ", reason="the law")

    assert "vat_rate is saved." in Page(staff.get(response.location)).text
    with transaction() as session:
        assert get_setting(session, "vat_rate") == "23"
    assert read(AuditEntry.action, AuditEntry.subject, AuditEntry.reason) == [
        ("setting.change", "setting vat_rate", "the law")
    ]
    assert read(AuditEntry.before, AuditEntry.after, order=AuditEntry.id) == [
        ({"value": "0"}, {"value": "23"})
    ]
    assert "the law" in Page(staff.get(VAT)).text


@pytest.mark.parametrize(
    ("key", "value", "told"),
    [
        ("vat_rate", "much", "must be an amount such as 50 or 4.99"),
        ("mobiletech_short_number", "88 77", "must be a short number of 3 to 6 digits"),
        ("recurrent_payment_charges", "PT15M, soon", "is no duration"),
        ("mobiletech_gateway_url_production", "ftp://x", "must be an address such as"),
        ("vat_rate", "x" * 501, "Write at most 500 characters."),
        ("mobiletech_serv_id", "a\0b", "Take out the zero character"),
    ],
)
def test_the_rule_is_told_beside_the_field_and_nothing_changes(
    staff: FlaskClient, key: str, value: str, told: str
) -> None:
    page = Page(_send(staff, f"{LIST}/{key}", value=value, reason="why"))

    assert page.status == 422
    assert told in page.text
    assert page.form().fields["value"].replace("\ufffd", "\0") == value
    assert read(AuditEntry.id) == []


def test_a_change_needs_a_reason(staff: FlaskClient) -> None:
    assert "Reason: Write why." in Page(_send(staff, VAT, value="23", reason=" ")).text


def test_the_same_value_is_no_change(staff: FlaskClient) -> None:
    response = _send(staff, VAT, value="0", reason="why")

    assert "Nothing was changed." in Page(staff.get(response.location)).text
    assert read(AuditEntry.id) == []


def test_what_the_environment_fixes_is_shown_so_and_cannot_be_changed(
    staff: FlaskClient, fixed_vat: None
) -> None:
    page = Page(staff.get(VAT))
    token = page.form("/logout").fields

    response = staff.post(VAT, data=token | {"value": "23", "reason": "why"})

    assert "vat_rate percent, for payment items 20 0 Environment" in Page(staff.get(LIST)).text
    assert "CRM_VAT_RATE" in page.text
    assert "value" not in [name for form in page.forms for name in form.fields]
    assert response.status_code == 409
    assert read(AuditEntry.id) == []


@pytest.mark.parametrize("key", ["unheard_of", "a%00b", "x" * 3000])
def test_a_setting_that_does_not_exist_is_404(staff: FlaskClient, key: str) -> None:
    assert Page(staff.get(f"{LIST}/{key}")).status == 404


def _send(client: FlaskClient, path: str, **fields: str) -> TestResponse:
    return client.post(path, data=Page(client.get(path)).form().fields | fields)


@pytest.fixture
def fixed_vat(app: Flask) -> Iterator[None]:
    """Let the environment fix the rate."""
    fix_by_environment({"CRM_VAT_RATE": "20"})
    yield
    fix_by_environment(os.environ)
