"""Settings in the browser: what each means, who said it, and a change that is written down."""

import os
from collections.abc import Iterator
from decimal import Decimal

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from crm.core.business_settings import BusinessSetting, fix_by_environment, get_setting
from crm.core.db import transaction
from crm.core.setting_definitions import DEFINITIONS
from crm.mobiletech.catalogue.models import Billkey, ShortNumber
from crm.mobiletech.sms_templates import create_template
from crm.users.models import AuditEntry
from tests.pages import Page
from tests.stored import read

LIST = "/admin/settings"
VAT = f"{LIST}/vat_rate"


def test_every_setting_is_listed_with_value_meaning_default_source_and_last_change(
    staff: FlaskClient,
) -> None:
    change(staff, VAT, value="23", reason="the law")

    page = Page(staff.get(LIST))

    for key, definition in DEFINITIONS.items():
        assert f"{key} {definition.meaning}" in page.text
        assert f"{LIST}/{key}" in page.links
    assert "vat_rate percent, for payment items 23 % 0 % Set here Eva Nováková" in page.text
    assert "renewal_notice_hours free notice before a renewal 24 hours 24 hours Default –" in page.text


def test_settings_stand_in_groups(staff: FlaskClient) -> None:
    text = Page(staff.get(LIST)).text

    order = ["Gateway Where", "Sending What", "Test answer For", "Limits What", "Renewals and tax When"]
    assert sorted(order, key=text.index) == order


def test_a_change_is_shown_before_it_is_made(staff: FlaskClient) -> None:
    page = Page(send(staff, f"{LIST}/recurrent_payment_gateway_fail_delay", value=" PT90M ", reason="agreed"))

    assert page.status == 200
    assert page.title == "Change of recurrent_payment_gateway_fail_delay"
    assert "Now 1 hour PT1H From now on 1 hour 30 minutes PT90M" in page.text
    assert "The next charge that fails by our fault waits so long." in page.text
    assert "Reason: agreed" in page.text
    assert read(AuditEntry.id) == []


def test_a_change_is_in_force_and_in_the_log(staff: FlaskClient) -> None:
    response = change(staff, VAT, value=" 23 ", reason="the law")

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


def test_after_a_new_address_the_next_thing_is_to_test_it(staff: FlaskClient) -> None:
    path = f"{LIST}/mobiletech_gateway_url_production"

    response = change(staff, path, value="https://gateway.example.sk/send", reason="agreed")
    page = Page(staff.get(response.location))

    assert "mobiletech_gateway_url_production is saved. Test connection" in page.text
    assert f"{LIST}/connection" in page.links


def test_from_the_change_one_goes_back_to_the_form_with_what_was_typed(staff: FlaskClient) -> None:
    shown = Page(send(staff, VAT, value="23", reason="the law"))

    page = Page(staff.post(VAT, data=shown.form().fields | {"act": "back"}))

    assert (page.form().fields["value"], page.form().fields["reason"]) == ("23", "the law")
    assert read(AuditEntry.id) == []


def test_what_somebody_else_has_changed_meanwhile_is_shown_again(staff: FlaskClient) -> None:
    shown = Page(send(staff, VAT, value="23", reason="the law"))
    change(staff, VAT, value="20", reason="quicker")

    page = Page(staff.post(VAT, data=shown.form().fields | {"act": "confirm"}))

    assert page.status == 409
    assert "Somebody has changed this setting meanwhile." in page.text
    assert "Now 20 % From now on 23 %" in page.text
    again = staff.post(VAT, data=page.form().fields | {"act": "confirm"})
    assert again.status_code == 302
    with transaction() as session:
        assert get_setting(session, "vat_rate") == "23"


def test_a_setting_goes_back_to_its_default_with_a_reason(staff: FlaskClient) -> None:
    change(staff, VAT, value="23", reason="the law")

    shown = Page(send(staff, VAT, value="whatever", reason="repealed", act="reset"))
    response = staff.post(VAT, data=shown.form().fields | {"act": "confirm-reset"})

    assert "The default, from now on 0 %" in shown.text
    assert "vat_rate stands on its default again." in Page(staff.get(response.location)).text
    assert read(BusinessSetting.name) == []
    assert read(AuditEntry.action, AuditEntry.reason, order=AuditEntry.id)[-1] == (
        "setting.reset",
        "repealed",
    )


def test_what_stands_on_its_default_cannot_be_put_back(staff: FlaskClient) -> None:
    page = Page(staff.get(VAT))
    response = send(staff, VAT, value="0", reason="why", act="reset")

    assert "Back to the default" not in page.text
    assert "Nothing was changed." in Page(staff.get(response.location)).text


@pytest.mark.parametrize(
    ("key", "control"),
    [
        ("mobiletech_gateway_url_production", 'type="url"'),
        ("vat_rate", 'inputmode="decimal"'),
        ("mobiletech_max_paid_per_day", 'inputmode="numeric"'),
        ("mobiletech_expiration_unit", '<option value="minutes" selected>minutes</option>'),
        ("mobiletech_test_template_code", '<option value="pong">Prijali sme'),
        ("mobiletech_test_template_code", 'list="known"'),
        ("mobiletech_billkey_free", '<option value="AZ19">free</option>'),
        ("mobiletech_short_number", '<option value="8877">Noviny</option>'),
        ("recurrent_payment_charges", "PT15M, PT6H, P1D is 15 minutes"),
    ],
)
def test_each_kind_has_a_control_of_its_own(staff: FlaskClient, key: str, control: str) -> None:
    with transaction() as session:
        create_template(session, "pong", "Prijali sme")
        session.add(Billkey(code="AZ19", kind="free", price=0))
        session.add(ShortNumber(number="8877", name="Noviny"))

    assert control in staff.get(f"{LIST}/{key}").text


@pytest.mark.parametrize(
    ("key", "value", "doubt"),
    [
        (
            "mobiletech_test_billkey",
            "AA99",
            "In the list of billing keys it is paid: 4.99 EUR for each message.",
        ),
        ("mobiletech_test_billkey", "ZZ", "This key is not in the list of billing keys"),
        ("mobiletech_test_template_code", "gone", "There is no template with this code yet"),
    ],
)
def test_what_may_be_wrong_with_a_value_is_told_before_it_is_saved(
    staff: FlaskClient, key: str, value: str, doubt: str
) -> None:
    with transaction() as session:
        session.add(Billkey(code="AA99", kind="paid", price=Decimal("4.99")))

    assert doubt in Page(send(staff, f"{LIST}/{key}", value=value, reason="why")).text


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
    page = Page(send(staff, f"{LIST}/{key}", value=value, reason="why"))

    assert page.status == 422
    assert told in page.text
    assert page.form().fields["value"].replace("\ufffd", "\0") == value
    assert read(AuditEntry.id) == []


def test_a_change_needs_a_reason(staff: FlaskClient) -> None:
    assert "Reason: Write why." in Page(send(staff, VAT, value="23", reason=" ")).text


def test_the_same_value_is_no_change(staff: FlaskClient) -> None:
    response = send(staff, VAT, value="0", reason="why")

    assert "Nothing was changed." in Page(staff.get(response.location)).text
    assert read(AuditEntry.id) == []


def test_what_the_environment_fixes_is_shown_so_and_cannot_be_changed(
    staff: FlaskClient, fixed_vat: None
) -> None:
    page = Page(staff.get(VAT))
    token = page.form("/logout").fields

    response = staff.post(VAT, data=token | {"value": "23", "reason": "why"})

    assert "vat_rate percent, for payment items 20 % 0 % Environment" in Page(staff.get(LIST)).text
    assert "CRM_VAT_RATE" in page.text
    assert "value" not in [name for form in page.forms for name in form.fields]
    assert response.status_code == 409
    assert read(AuditEntry.id) == []


@pytest.mark.parametrize("key", ["unheard_of", "a%00b", "x" * 3000])
def test_a_setting_that_does_not_exist_is_404(staff: FlaskClient, key: str) -> None:
    assert Page(staff.get(f"{LIST}/{key}")).status == 404


def send(client: FlaskClient, path: str, **fields: str) -> TestResponse:
    """Fill in the form and send it."""
    return client.post(path, data=Page(client.get(path)).form().fields | fields)


def change(client: FlaskClient, path: str, **fields: str) -> TestResponse:
    """Fill in the form, look at the change, and confirm it."""
    shown = Page(send(client, path, **fields))
    return client.post(path, data=shown.form().fields | {"act": "confirm"})


@pytest.fixture
def fixed_vat(app: Flask) -> Iterator[None]:
    """Let the environment fix the rate."""
    fix_by_environment({"CRM_VAT_RATE": "20"})
    yield
    fix_by_environment(os.environ)
