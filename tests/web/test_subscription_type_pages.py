"""Subscription types in the browser: adding, changing, selling by SMS, and what renewals would feel asked first."""

import re
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from flask.testing import FlaskClient
from sqlalchemy import update
from werkzeug.test import TestResponse

from crm.core.business_settings import set_setting
from crm.core.db import transaction
from crm.sms_billing.models import SmsOffer
from crm.subscriptions.models import SubscriptionType, SubscriptionTypeMeta
from crm.users.models import AuditEntry
from tests.factories.catalogue import make_billkey
from tests.factories.offers import make_paid_template, make_sold_type
from tests.factories.renewals import make_renewal
from tests.factories.subscriptions import make_type, start_one
from tests.factories.users import make_user
from tests.pages import Page, sign_in
from tests.stored import read

LIST = "/admin/subscription-types"
NEW = f"{LIST}/new"
MONTH = f"{LIST}/month"
EDIT = f"{MONTH}/edit"
SOUND = {"code": "month", "name": "Mesačné", "user_label": "Mesačné predplatné", "price": "4,99"}
BOXES = ("length_method", "extension_method", "active", "visible")


def test_an_empty_list_says_what_a_type_is(staff: FlaskClient) -> None:
    page = Page(staff.get(LIST))

    assert "No subscription type yet" in page.text
    assert NEW in page.links


def test_the_list_tells_price_period_key_use_and_state(staff: FlaskClient) -> None:
    month = make_sold_type(user_label="Mesačné")
    make_type("gift", user_label="Darček", length_method="calendar_days")
    make_type("old", user_label="Staré", length=1, active=False, sorting=20)
    readers = [make_user(role="customer") for _ in range(2)]
    for reader in readers:
        start_one(reader, month)
    make_renewal(readers[0], month)

    text = Page(staff.get(LIST)).text

    assert "Darček gift 4.99 € a month of the calendar – Have it now 0 · 0 renewals Not sold by SMS" in text
    assert "Mesačné month 4.99 € 30 days AA99 Have it now 2 · 1 renewal On sale" in text
    assert "Staré old 4.99 € 1 day – Have it now 0 · 0 renewals No longer sold" in text


def test_a_renewal_counts_for_the_type_that_it_changes_over_to(staff: FlaskClient) -> None:
    month, trial = make_sold_type(), make_type("trial")
    make_renewal(make_user(role="customer"), trial, next_type_id=month)
    make_renewal(make_user(role="customer"), trial, state="user_stop")

    assert "1 renewal of it is planned." in Page(staff.get(MONTH)).text
    assert "Nobody has it, and no renewal of it is planned." in Page(staff.get(f"{LIST}/trial")).text


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("UPDATE billkeys SET price = 5.99", "charges 5.99 EUR and the type costs 4.99 EUR"),
        ("UPDATE billkeys SET valid_until = crm_now()", "The billing key AA99 is valid no more."),
        ("DELETE FROM sms_offers", "It has renewals and no billing key: they cannot be charged."),
    ],
)
def test_what_cannot_be_charged_is_told_loudly(staff: FlaskClient, statement: str, told: str) -> None:
    make_renewal(make_user(role="customer"), make_sold_type())
    with transaction() as session:
        session.connection().exec_driver_sql(statement)

    for path in (LIST, MONTH, EDIT):
        assert told in Page(staff.get(path)).text
    assert "Cannot be charged" in Page(staff.get(LIST)).text


def test_a_type_is_added_with_its_sale(staff: FlaskClient) -> None:
    make_billkey("AA99")
    make_paid_template()

    response = _send(
        staff, NEW, **SOUND, short_name="Mesacne", billkey="AA99", template="renewal", charge_before="2"
    )

    page = Page(staff.get(response.location))
    assert "Mesačné predplatné is added." in page.text
    for fact in (
        "Price 4.99 €",
        "Period 30 days",
        "Begins After what the reader has now, of any type",
        "Next charge 2 hours before the end",
        "Comes next the same again",
        "Billing key AA99",
        "Renewal text renewal",
        "Name in SMS Mesacne",
    ):
        assert fact in page.text
    assert read(SubscriptionType.code, SubscriptionType.price) == [("month", Decimal("4.99"))]
    assert read(SubscriptionTypeMeta.value) == [("Mesacne",)]
    assert read(SmsOffer.billkey, SmsOffer.template_code) == [("AA99", "renewal")]
    assert {"/admin/billkeys/AA99", "/admin/templates/renewal"} <= set(page.links)


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"code": ""}, "Code: Write the code."),
        ({"code": "a b"}, "Code: A code has up to 64 letters"),
        ({"code": "taken"}, "Code: A subscription type taken exists already."),
        ({"name": ""}, "What we call it: Write a name."),
        ({"user_label": "\0"}, "What readers call it: Take out the zero character"),
        ({"price": "4.999"}, "Price of one period: A price has at most two decimals."),
        ({"currency": "euro"}, "Currency: A currency has three capital letters"),
        ({"length": "0"}, "Days: Write a whole number from 1 to 3660."),
        ({"length_method": "x"}, "How long a period is: A length is fix_days or calendar_days."),
        ({"extension_method": "x"}, "When a paid period begins: There is no extension method 'x'."),
        ({"short_name": "Mesačné"}, "Name in SMS: Use letters without diacritics and plain signs only."),
        ({"short_name": "x" * 41}, "Name in SMS: Write at most 40 characters; these are 41."),
        (
            {"charge_before": "720"},
            "Hours before the end to charge the next: A period may have only 720 hours.",
        ),
        ({"trial_periods": "1"}, "After how many periods: Say which type comes after these periods"),
        ({"next_type": "nope"}, "What comes next: There is no subscription type 'nope'."),
        ({"billkey": "AA99"}, "Text of a renewal: Choose the text that goes with the charge."),
        ({"template": "renewal"}, "Billing key: Choose the key that charges it, or no text."),
        (
            {"billkey": "AA50", "template": "renewal"},
            "Billing key: The billing key AA50 charges 0.50 EUR and the type costs 4.99 EUR",
        ),
        ({"billkey": "AA99", "template": "pong"}, "Text of a renewal: There is no template pong."),
    ],
)
def test_what_cannot_be_is_told_beside_its_field_and_nothing_typed_is_lost(
    staff: FlaskClient, fields: dict[str, str], told: str
) -> None:
    make_type("taken")
    make_billkey("AA99")
    make_billkey("AA50", price="0.50")
    make_paid_template()

    page = Page(_send(staff, NEW, **(SOUND | {"description": "typed"} | fields)))

    assert page.status == 422
    assert told in page.text
    assert "typed" in page.response.text
    assert page.form().fields.get("billkey", "") == fields.get("billkey", "")
    assert read(SubscriptionType.code) == [("taken",)]
    assert read(SmsOffer.billkey) == []


def test_saving_the_form_as_it_came_changes_nothing(staff: FlaskClient) -> None:
    """Also what the form does not ask for stays."""
    moments = (datetime(2027, 1, 1, 11, 30, tzinfo=UTC), datetime(2099, 1, 1, tzinfo=UTC))
    month = make_sold_type(
        extending_length=31,
        recurrent_charge_before=-3,
        fixed_start=moments[0],
        fixed_end=moments[1],
        no_subscription=True,
        visible=False,
        trial_periods=2,
        next_subscription_type_id=make_type("year"),
    )
    kind = SubscriptionType
    columns = (kind.fixed_start, kind.fixed_end, kind.no_subscription, kind.visible, kind.trial_periods)

    response = _send(staff, EDIT, reason="none")

    assert "Nothing was changed." in Page(staff.get(response.location)).text
    assert read(kind.id, *columns)[-1] == (month, *moments, True, False, 2)
    assert read(AuditEntry.action) == []


def test_a_change_stands_in_the_log_with_its_reason(staff: FlaskClient) -> None:
    make_sold_type()

    response = _send(staff, EDIT, length="31", first_template="renewal", reason="contract 7")

    page = Page(staff.get(response.location))
    assert "Changed a subscription type" in page.text
    assert "Changed how a subscription type is sold by SMS" in page.text
    assert page.text.count("contract 7") == 2
    assert "/admin/subscription-types/month" in Page(staff.get("/admin/audit")).links


def test_a_box_that_is_emptied_is_off(staff: FlaskClient) -> None:
    make_sold_type()

    _send(staff, EDIT, active="", reason="enough")

    assert read(SubscriptionType.active, SubscriptionType.visible) == [(False, True)]


def test_a_new_price_with_renewals_is_asked_about_first(staff: FlaskClient) -> None:
    make_renewal(make_user(role="customer"), make_sold_type(user_label="Mesačné"))
    make_billkey("AA59", price="5.99")

    question = Page(_send(staff, EDIT, price="5,99", billkey="AA59", name="typed", reason="dearer paper"))

    assert (question.status, question.title) == (409, "Another price for Mesačné?")
    assert "1 renewal of it is planned. Nothing is saved yet." in question.text
    assert "From the next charge on each costs 5.99 €, not 4.99 €." in question.text
    assert (read(SubscriptionType.price), read(SmsOffer.billkey)) == ([(Decimal("4.99"),)], [("AA99",)])

    back = Page(staff.post(EDIT, data=question.form(EDIT).fields | {"back": "1"}))
    assert (back.form().fields["price"], back.form().fields["name"]) == ("5,99", "typed")
    assert back.form().fields["billkey"] == "AA59"

    staff.post(EDIT, data=question.form(EDIT).fields | {"meant": "1"})
    assert (read(SubscriptionType.price), read(SmsOffer.billkey)) == ([(Decimal("5.99"),)], [("AA59",)])


def test_a_new_price_without_its_key_is_refused_before_any_question(staff: FlaskClient) -> None:
    make_renewal(make_user(role="customer"), make_sold_type())

    page = Page(_send(staff, EDIT, price="5,99", reason="dearer paper"))

    assert page.status == 422
    assert "Billing key: The billing key AA99 charges 4.99 EUR and the type costs 5.99 EUR" in page.text


def test_taking_the_key_from_renewals_is_asked_about_first(staff: FlaskClient) -> None:
    make_renewal(make_user(role="customer"), make_sold_type())

    question = Page(_send(staff, EDIT, billkey="", template="", reason="no more"))

    assert question.status == 409
    assert "Without a billing key none of them can be charged" in question.text
    assert read(SmsOffer.billkey) == [("AA99",)]

    staff.post(EDIT, data=question.form(EDIT).fields | {"meant": "1"})
    assert read(SmsOffer.billkey) == []


@pytest.mark.parametrize("fields", [{"price": "5,99", "billkey": "AA59"}, {"billkey": "", "template": ""}])
def test_without_renewals_nothing_is_asked(staff: FlaskClient, fields: dict[str, str]) -> None:
    make_sold_type()
    make_billkey("AA59", price="5.99")

    assert _send(staff, EDIT, **fields, reason="new").status_code == 302


def test_a_type_that_leads_back_to_itself_is_refused(staff: FlaskClient) -> None:
    month, trial = make_sold_type(), make_type("trial")
    with transaction() as session:
        session.execute(
            update(SubscriptionType)
            .where(SubscriptionType.id == trial)
            .values(next_subscription_type_id=month, trial_periods=1)
        )

    page = Page(_send(staff, EDIT, next_type="trial", reason="circle"))

    assert "What comes next: After trial this type would come again, without an end." in page.text


@pytest.mark.parametrize(
    ("short_name", "label", "shown"),
    [
        ("", "Mesačné predplatné", "In an SMS: Mesacne predplatne 18 of 40"),
        ("Mes.", "Mesačné", "In an SMS: Mes. 4 of 40"),
        ("Mesačné €", "x", "In an SMS: Mesacne EUR 11 of 40"),
        ("", "Газета", "In an SMS: – 0 of 40"),
    ],
)
def test_the_name_in_sms_is_shown_without_javascript(
    staff: FlaskClient, short_name: str, label: str, shown: str
) -> None:
    make_sold_type()

    page = Page(_send(staff, EDIT, short_name=short_name, user_label=label, preview="1"))

    assert page.status == 200
    assert shown in page.text
    assert read(SubscriptionType.user_label) == [("month",)]


def test_the_setting_says_when_to_charge_where_the_type_does_not(staff: FlaskClient) -> None:
    make_type()
    assert "Next charge when the period ends" in Page(staff.get(MONTH)).text

    with transaction() as session:
        set_setting(session, "recurrent_charge_before", "24")

    assert "Next charge 24 hours before the end" in Page(staff.get(MONTH)).text


def test_keys_that_ended_and_free_ones_are_not_offered(staff: FlaskClient) -> None:
    make_billkey("AA99")
    make_billkey("AZ19", kind="free")
    make_billkey("OLD1", valid_until=datetime(2026, 1, 1, tzinfo=UTC))

    options = re.findall(r'<option[^>]* value="(\w+)"', Page(staff.get(NEW)).response.text)

    assert "AA99" in options
    assert not {"AZ19", "OLD1"} & set(options)


def test_what_a_type_is_sold_with_leads_back_to_it(staff: FlaskClient) -> None:
    make_sold_type()

    for path in ("/admin/billkeys/AA99", "/admin/templates/renewal"):
        assert MONTH in Page(staff.get(path)).links


def test_a_key_that_a_type_is_sold_on_is_not_removed(staff: FlaskClient) -> None:
    make_sold_type(user_label="Mesačné")

    kept = Page(staff.get("/admin/billkeys/AA99/remove"))
    token = kept.form("/logout").fields["csrf_token"]
    refused = Page(staff.post("/admin/billkeys/AA99/remove", data={"csrf_token": token, "reason": "why"}))

    assert "Mesačné is sold on it: give that type another key first." in kept.text
    assert refused.status == 409
    assert "Mesačné is sold on it" in refused.text


@pytest.mark.parametrize("path", ["/nope", "/nope/edit", "/a%00b", "/" + "x" * 300])
def test_a_type_that_is_not_there_is_404(staff: FlaskClient, path: str) -> None:
    assert Page(staff.get(LIST + path)).status == 404


@pytest.mark.parametrize(("role", "may_edit"), [("support", False), ("editor", False), ("billing", True)])
def test_all_staff_read_and_billing_changes(client: FlaskClient, role: str, may_edit: bool) -> None:
    make_sold_type()
    make_user(role=role, email="somebody@example.sk")
    sign_in(client, "somebody@example.sk")

    for path, act in ((LIST, NEW), (MONTH, EDIT)):
        page = Page(client.get(path))
        assert page.status == 200
        assert (act in page.links) is may_edit
        assert client.get(act).status_code == (200 if may_edit else 403)


def _send(client: FlaskClient, path: str, **fields: str) -> TestResponse:
    """Fill in the form as it came; boxes and round buttons that nothing was said of stay as they were."""
    page = Page(client.get(path))
    given: dict[str, str | list[str]] = dict(page.form().fields)
    for name in BOXES:
        given[name] = re.findall(rf'<input checked[^>]* name="{name}"[^>]* value="(\w+)"', page.response.text)
    given |= fields
    return client.post(
        path, data={name: value for name, value in given.items() if name not in BOXES or value}
    )
