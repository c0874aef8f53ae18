"""Billing keys in the browser: what each charges and where it is used, and a new price that is asked about first."""

import re
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from crm.core.business_settings import set_setting
from crm.core.db import transaction
from crm.mobiletech.catalogue.models import Billkey
from crm.users.models import AuditEntry
from tests.factories.catalogue import make_billkey
from tests.factories.messages import set_up_gateway
from tests.factories.outbound import make_outbound
from tests.factories.users import make_user
from tests.pages import Page, sign_in
from tests.stored import read

LIST = "/admin/billkeys"
NEW = f"{LIST}/new"
AA99 = f"{LIST}/AA99"
SOUND = {"code": "AA99", "kind": "paid", "price": "4.99"}


def test_an_empty_list_says_what_a_key_is(staff: FlaskClient) -> None:
    page = Page(staff.get(LIST))

    assert "No billing key yet" in page.text
    assert NEW in page.links


def test_the_list_tells_price_days_places_use_and_state(staff: FlaskClient) -> None:
    set_up_gateway()
    make_billkey("AZ19", kind="free")
    make_billkey(
        "AA99", short_number="8877", operators=("O", "T"), valid_from=datetime(2025, 12, 31, 23, tzinfo=UTC)
    )
    make_billkey("AA98", price="1.5", valid_until=datetime(2026, 6, 30, 22, tzinfo=UTC))
    make_billkey("AA97", price="2", valid_from=datetime(2099, 1, 1, tzinfo=UTC))
    make_outbound(billkey="AA99", is_queued=False)

    text = Page(staff.get(LIST)).text

    assert re.search(r"AA97 2\.00 € since 1 Jan 2099 everywhere Last used never Not valid yet", text), text
    assert "AA98 1.50 € until 30 Jun 2026 everywhere Last used never Valid no more" in text
    assert re.search(
        r"AA99 4\.99 € since 1 Jan 2026 8877, Telekom, Orange .* 1 message in 30 days Valid now", text
    )
    assert "AZ19 · free key free always everywhere" in text


def test_prices_are_written_as_the_language_of_the_page_does(staff: FlaskClient) -> None:
    make_billkey("AA99")

    assert "4,99 €" in Page(staff.get(LIST, headers={"Accept-Language": "sk"})).text


def test_a_used_key_that_nobody_listed_is_offered_with_its_code(staff: FlaskClient) -> None:
    make_outbound(billkey="AB10", is_queued=False)

    page = Page(staff.get(LIST))

    assert "In use and not listed here" in page.text
    assert f"{NEW}?code=AB10" in page.links
    assert Page(staff.get(f"{NEW}?code=AB10")).form().fields["code"] == "AB10"
    assert Page(staff.get(f"{NEW}?code=%3Cb%3E")).form().fields["code"] == ""


def test_a_paid_key_that_is_named_as_the_free_one_is_told_loudly(staff: FlaskClient) -> None:
    make_billkey("AA99")
    with transaction() as session:
        set_setting(session, "mobiletech_billkey_free", "AA99")

    assert "mobiletech_billkey_free names AA99, which is a paid key" in Page(staff.get(LIST)).text


def test_a_key_is_listed_with_everything_that_was_typed(staff: FlaskClient) -> None:
    response = _send(
        staff,
        NEW,
        **SOUND,
        currency="eur",
        short_number="8877",
        operators=["O", "T"],
        valid_from="2026-12-01",
        valid_until="2026-12-31",
        note="Monthly",
    )

    assert "AA99 is listed." in Page(staff.get(response.location)).text
    assert read(Billkey.code, Billkey.kind, Billkey.price, Billkey.currency, Billkey.short_number) == [
        ("AA99", "paid", Decimal("4.99"), "EUR", "8877")
    ]
    assert read(Billkey.operators, Billkey.valid_from, Billkey.valid_until, Billkey.note) == [
        (
            ["T", "O"],
            datetime(2026, 11, 30, 23, tzinfo=UTC),
            datetime(2026, 12, 31, 23, tzinfo=UTC),
            "Monthly",
        )
    ]
    assert read(AuditEntry.action, AuditEntry.subject) == [("billkey.create", "billkey AA99")]


def test_a_free_key_needs_no_price(staff: FlaskClient) -> None:
    _send(staff, NEW, code="AZ19", kind="free", price="")

    assert read(Billkey.kind, Billkey.price) == [("free", Decimal("0.00"))]


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"code": ""}, "Code: Write the code."),
        ({"code": "A B"}, "Code: A code has up to 64 letters"),
        ({"code": "TAKEN"}, "Code: The billing key TAKEN is listed already."),
        ({"kind": ""}, "Kind: "),
        ({"price": "-1"}, "Price of one message: A price is never below 0."),
        ({"price": "NaN"}, "Price of one message: Write an amount such as 4.99, in digits."),
        ({"price": "4.999"}, "Price of one message: A price has at most two decimals."),
        ({"price": "1e9"}, "Price of one message: Write an amount such as 4.99, in digits."),
        ({"price": "0"}, "Price of one message: A paid key costs more than 0."),
        ({"kind": "free"}, "Price of one message: A free key costs 0."),
        ({"price": "1\0"}, "Price of one message: Take out the zero character"),
        ({"currency": "euro"}, "Currency: A currency has three capital letters, such as EUR."),
        ({"short_number": "88"}, "Short number: A short number has 3 to 6 digits, such as 8877."),
        ({"operators": ["X"]}, "Operators: 'X' is none of T, O, 2 and S."),
        ({"valid_from": "soon"}, "First day: Not a valid date value."),
        ({"valid_until": "9999-12-31"}, "Last day: Look at the year again."),
        (
            {"valid_from": "2026-12-02", "valid_until": "2026-12-01"},
            "Last day: It must not end before it begins.",
        ),
        ({"note": "x" * 501}, "Note: Write at most 500 characters."),
    ],
)
def test_what_cannot_be_listed_is_told_beside_its_field_and_nothing_typed_is_lost(
    staff: FlaskClient, fields: dict[str, str | list[str]], told: str
) -> None:
    make_billkey("TAKEN")

    page = Page(_send(staff, NEW, **(SOUND | {"note": "typed"} | fields)))

    assert page.status == 422
    assert told in page.text
    assert "typed" in page.response.text or "note" in fields
    assert read(Billkey.code) == [("TAKEN",)]


def test_a_key_is_changed_with_a_reason(staff: FlaskClient) -> None:
    make_billkey("AA99", valid_until=datetime(2026, 12, 31, 23, tzinfo=UTC))
    make_outbound(billkey="AA99", is_queued=False)

    response = _send(staff, f"{AA99}/edit", note="Monthly", valid_until="2027-01-31", reason="contract 7")

    page = Page(staff.get(response.location))
    assert "AA99 is changed." in page.text
    assert "contract 7" in page.text
    assert "1 Jan 2027, 00:00" in page.text
    assert "1 Feb 2027, 00:00" in page.text
    assert read(Billkey.price, Billkey.note) == [(Decimal("4.99"), "Monthly")]


def test_saving_the_form_as_it_came_changes_nothing(staff: FlaskClient) -> None:
    """Also the hour of a moment that a set-up file said stays, though the form shows days."""
    moments = (datetime(2026, 1, 1, 11, 30, tzinfo=UTC), datetime(2099, 1, 1, 12, tzinfo=UTC))
    make_billkey("AA99", operators=("O",), short_number="8877", valid_from=moments[0], valid_until=moments[1])

    response = _send(staff, f"{AA99}/edit", reason="none")

    assert "Nothing was changed." in Page(staff.get(response.location)).text
    assert read(Billkey.valid_from, Billkey.valid_until, Billkey.operators) == [(*moments, ["O"])]


def test_a_change_needs_a_reason(staff: FlaskClient) -> None:
    make_billkey("AA99")

    assert "Reason: Write why." in Page(_send(staff, f"{AA99}/edit", note="x", reason=" ")).text


def test_a_new_price_of_a_used_key_is_asked_about_first(staff: FlaskClient) -> None:
    make_billkey("AA99")
    make_outbound(billkey="AA99", is_queued=False)

    question = Page(_send(staff, f"{AA99}/edit", price="5,99", note="typed", reason="slip"))

    assert (question.status, question.title) == (409, "Another price for AA99?")
    assert "From 4.99 € to 5.99 €. Nothing is saved yet." in question.text
    assert read(Billkey.price) == [(Decimal("4.99"),)]

    back = Page(staff.post(f"{AA99}/edit", data=_typed(question) | {"back": "1"}))
    assert (back.form().fields["price"], back.form().fields["note"]) == ("5,99", "typed")

    staff.post(f"{AA99}/edit", data=_typed(question) | {"meant": "1"})
    assert read(Billkey.price, Billkey.note) == [(Decimal("5.99"), "typed")]
    assert read(AuditEntry.before, AuditEntry.after, AuditEntry.reason, order=AuditEntry.id)[-1:] == [
        ({"price": "4.99", "note": ""}, {"price": "5.99", "note": "typed"}, "slip")
    ]


def test_an_unused_key_may_be_removed_and_a_used_one_not(staff: FlaskClient) -> None:
    make_billkey("AA98")
    make_billkey("AA99")
    make_outbound(billkey="AA99", is_queued=False)

    kept = Page(staff.get(f"{AA99}/remove"))
    token = kept.form("/logout").fields["csrf_token"]
    refused = Page(staff.post(f"{AA99}/remove", data={"csrf_token": token, "reason": "why"}))
    response = _send(staff, f"{LIST}/AA98/remove", reason="a slip")

    assert "Set its last day instead." in kept.text
    assert refused.status == 409
    assert "Messages went out on it. It stays on the list" in refused.text
    assert "AA98 is off the list." in Page(staff.get(response.location)).text
    assert read(Billkey.code) == [("AA99",)]


def test_the_page_of_a_key_leads_to_its_messages(staff: FlaskClient) -> None:
    make_billkey("AA99")
    make_outbound(billkey="AA99", is_queued=False)

    page = Page(staff.get(AA99))

    assert "/admin/messages?billkey=AA99" in page.links
    assert staff.get("/admin/messages?billkey=AA99").status_code == 200


@pytest.mark.parametrize("path", ["/nope", "/nope/edit", "/nope/remove", "/a%00b", "/" + "x" * 300])
def test_a_key_that_is_not_listed_is_404(staff: FlaskClient, path: str) -> None:
    assert Page(staff.get(LIST + path)).status == 404


@pytest.mark.parametrize(("role", "may_edit"), [("support", False), ("editor", False), ("billing", True)])
def test_all_staff_read_and_billing_changes(client: FlaskClient, role: str, may_edit: bool) -> None:
    make_billkey("AA99")
    make_outbound(billkey="AB10", is_queued=False)
    make_user(role=role, email="somebody@example.sk")
    sign_in(client, "somebody@example.sk")

    for path, act in (
        (LIST, NEW),
        (LIST, f"{NEW}?code=AB10"),
        (AA99, f"{AA99}/edit"),
        (AA99, f"{AA99}/remove"),
    ):
        page = Page(client.get(path))
        assert page.status == 200
        assert (act in page.links) is may_edit
        assert client.get(act).status_code == (200 if may_edit else 403)


def _typed(question: Page) -> dict[str, str]:
    return question.form(f"{AA99}/edit").fields


def _send(client: FlaskClient, path: str, **fields: str | list[str]) -> TestResponse:
    """Fill in the form as it came; boxes and round buttons that nothing was said of stay as they were."""
    page = Page(client.get(path))
    given: dict[str, str | list[str]] = dict(page.form().fields)
    for name in ("kind", "operators"):
        given[name] = re.findall(rf'<input checked[^>]* name="{name}"[^>]* value="(\w+)"', page.response.text)
    return client.post(path, data=given | fields)
