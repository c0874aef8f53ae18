"""The page of a payment says what it is, proves it, and does what a person may; the conversation leads there."""

import pytest
from flask import Flask
from flask.testing import FlaskClient

from crm.core.db import transaction
from crm.payments.charging_run import charge_due
from crm.payments.stopping import list_open, stop
from crm.users.models import AuditEntry
from crm.users.numbers import find_number
from tests.conftest import Clock
from tests.factories.money import (
    MONTH,
    NUMBER,
    buy,
    get_payment,
    list_payments,
    list_renewals,
    list_subscriptions,
    make_type,
    messages_of,
    report,
    set_up_sale,
    subscribe,
)
from tests.factories.users import make_user
from tests.fakes import FakeGateway, ambiguous
from tests.outbox import run_all
from tests.pages import Page, sign_in
from tests.stored import read

LIST = "/admin/payments"


@pytest.fixture(autouse=True)
def _sale(app: Flask, gateway: FakeGateway, clock: Clock) -> None:
    set_up_sale()
    make_type()


def shown(staff: FlaskClient, payment_id: int) -> Page:
    page = Page(staff.get(f"{LIST}/{payment_id}"))
    assert page.status == 200
    return page


def number_id(number: str = NUMBER) -> int:
    with transaction() as session:
        known = find_number(session, f"+421{number[1:]}")
        assert known is not None
        return known.id


def test_a_paid_payment_shows_its_proof_from_the_order_to_the_next_charge(staff: FlaskClient) -> None:
    payment = subscribe().payment_id
    [message] = messages_of(payment)

    page = shown(staff, payment)

    assert page.title.startswith("Payment of 4.99 €")
    for told in (
        "Paid First payment · Mesačné predplatné",
        "Mesacne predlzene, 4,99 EUR/mesiac",
        "The reader wrote",
        "The reader ordered by SMS: 4.99 €.",
        "The gateway took it",
        "Reported A0: billed",
        "It pays for",
        "The next charge is planned",
    ):
        assert told in page.text, told
    assert f"/admin/messages/outbound/{message.id}" in page.links
    assert f"/admin/threads/{number_id()}" in page.links
    assert f"/admin/recurrent-payments/{list_renewals()[0].id}" in page.links
    assert "/admin/subscription-types/month" in page.links


def test_a_renewal_says_its_number_and_its_try(request: pytest.FixtureRequest, clock: Clock) -> None:
    subscribe()
    clock.advance(MONTH)
    charge_due()
    run_all()
    failed = list_payments()[-1].id
    report(failed, "A12")
    page = shown(request.getfixturevalue("staff"), failed)

    assert "Renewal number 1" in page.text
    assert "4.99 €, try 1 of 5" in page.text
    assert "Technical: billing refused" in page.text
    assert "It is tried again" in page.text
    assert f"/admin/recurrent-payments/{list_renewals()[0].id}" in page.links


def test_what_was_refused_before_an_sms_says_the_rule_and_that_nothing_was_charged(
    staff: FlaskClient,
) -> None:
    make_type("dear", price="60.00", billkey="AA60")
    payment = buy("dear", billkey="AA60").payment_id

    page = shown(staff, payment)

    assert "No SMS was made for it" in page.text
    assert "No SMS was made: cap_payment" in page.text
    assert "Over a cap" in page.text


def test_what_nobody_knows_leads_to_settling_it(staff: FlaskClient, gateway: FakeGateway) -> None:
    gateway.will(ambiguous())
    payment = buy().payment_id

    page = shown(staff, payment)

    assert "Unproven" in page.text
    settle = f"/admin/messages/outbound/{messages_of(payment)[0].id}/settle"
    assert settle in page.links
    asked = Page(staff.get(settle))
    assert (asked.status, "own list first" in asked.text) == (200, True)
    assert f"{LIST}/{payment}/call-off" not in page.links


def test_the_page_of_an_sms_leads_to_its_payment(staff: FlaskClient) -> None:
    payment = subscribe().payment_id
    [message] = messages_of(payment)

    assert f"{LIST}/{payment}" in Page(staff.get(f"/admin/messages/outbound/{message.id}")).links


@pytest.mark.parametrize("payment_id", [999_999, 2**70])
def test_there_is_no_page_where_there_is_no_payment(staff: FlaskClient, payment_id: int) -> None:
    for act in ("", "/refund", "/call-off"):
        assert staff.get(f"{LIST}/{payment_id}{act}").status_code == 404


def test_a_refund_says_what_will_happen_and_does_it(staff: FlaskClient) -> None:
    payment = subscribe().payment_id
    page = Page(staff.get(f"{LIST}/{payment}/refund"))
    assert "give it back by hand, outside" in page.text
    assert "The renewal that is planned for" in page.text
    form = page.form()

    data = {**form.fields, "subscription": "ends", "reason": "charged by mistake"}
    response = staff.post(f"{LIST}/{payment}/refund", data=data)

    assert response.location == f"{LIST}/{payment}"
    assert get_payment(payment).status == "refund"
    assert list_subscriptions()[0].internal_status == "after_end"
    assert [row.state for row in list_renewals()] == ["system_stop"]
    text = shown(staff, payment).text
    assert "Now give the reader the money." in text
    assert "Gave a payment back" in text
    assert "Eva Nováková: charged by mistake" in text
    assert "payment.refund" in [action for (action,) in read(AuditEntry.action)]


def test_a_refund_keeps_what_was_typed_and_tells_what_lacks(staff: FlaskClient) -> None:
    payment = subscribe().payment_id
    form = Page(staff.get(f"{LIST}/{payment}/refund")).form()

    page = Page(
        staff.post(
            f"{LIST}/{payment}/refund", data={"csrf_token": form.fields["csrf_token"], "reason": "because"}
        )
    )

    assert page.status == 422
    assert "Choose what becomes of the subscription." in page.text
    assert page.form().fields["reason"] == "because"
    assert get_payment(payment).status == "paid"


@pytest.mark.parametrize("act", ["refund", "call-off"])
def test_an_act_that_is_not_possible_says_its_rule_and_has_no_form(staff: FlaskClient, act: str) -> None:
    payment = buy().payment_id
    if act == "refund":
        report(payment, "A12")
    else:
        report(payment, "A0")

    page = Page(staff.get(f"{LIST}/{payment}/{act}"))

    assert {"refund": "this payment was not billed", "call-off": "this one is decided"}[act] in page.text
    assert not [form for form in page.forms if form.method == "post" and not form.action]


def test_what_became_impossible_meanwhile_is_refused_with_the_rule(staff: FlaskClient) -> None:
    payment = buy(run=False).payment_id
    form = Page(staff.get(f"{LIST}/{payment}/call-off")).form()
    run_all()  # the SMS leaves

    page = Page(staff.post(f"{LIST}/{payment}/call-off", data={**form.fields, "reason": "by mistake"}))

    assert page.status == 409
    assert "it may still be billed" in page.text
    assert get_payment(payment).status == "form"


def test_an_open_payment_is_called_off(staff: FlaskClient, gateway: FakeGateway) -> None:
    payment = buy(run=False).payment_id
    assert f"{LIST}/{payment}/call-off" in shown(staff, payment).links
    form = Page(staff.get(f"{LIST}/{payment}/call-off")).form()

    staff.post(f"{LIST}/{payment}/call-off", data={**form.fields, "reason": "by mistake"})
    run_all()

    assert gateway.sent == []
    assert "Called off by a person: by mistake" in shown(staff, payment).text


def test_support_reads_and_has_no_buttons(client: FlaskClient) -> None:
    make_user(role="support", email="support@example.sk")
    sign_in(client, "support@example.sk")
    payment = subscribe().payment_id

    page = shown(client, payment)

    assert not [link for link in page.links if link.startswith(f"{LIST}/{payment}/")]
    assert client.get(f"{LIST}/{payment}/refund").status_code == 403


def test_why_a_number_was_charged_is_three_clicks_away(staff: FlaskClient) -> None:
    """Search the number, open its payment; or from the conversation, one click on the line."""
    payment = subscribe().payment_id

    found = staff.post(
        f"{LIST}/search", data={**Page(staff.get(LIST)).forms[0].fields, "term": "0908 630 549"}
    )
    assert f"{LIST}/{payment}" in Page(staff.get(found.location)).links
    assert f"{LIST}/{payment}" in Page(staff.get(f"/admin/threads/{number_id()}")).links


def test_a_conversation_tells_charges_failures_refunds_and_stops_between_the_bubbles(
    staff: FlaskClient,
) -> None:
    bought = subscribe()
    failed = buy()
    report(failed.payment_id, "A12")
    with transaction() as session:
        stop(session, list_open(session, bought.user_id), by_user=True, note="STOP by SMS")

    page = Page(staff.get(f"/admin/threads/{number_id()}"))

    assert "4.99 € charged (Mesačné predplatné)" in page.text
    assert "4.99 € not charged: Technical" in page.text
    assert "The reader stopped the renewal" in page.text
    assert "4.99 € of 300.00 €" in page.text
    assert "Mesačné predplatné until" in page.text


def test_a_piece_of_a_conversation_has_the_charges_of_its_time_only(
    staff: FlaskClient, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("crm.web.thread_page.PAGE", 2)
    first = subscribe().payment_id
    clock.advance(MONTH / 100)
    second = buy(gateway="mobiletech").payment_id
    report(second, "A0")

    newest = Page(staff.get(f"/admin/threads/{number_id()}"))
    earlier = Page(
        staff.get(f"/admin/threads/{number_id()}{next(link for link in newest.links if 'before=' in link)}")
    )

    line = [link for link in newest.links if link in (f"{LIST}/{first}", f"{LIST}/{second}")]
    assert f"{LIST}/{second}" in line
    assert newest.text.count("4.99 € charged") == 1
    assert earlier.text.count("4.99 € charged") == 1


def test_the_page_of_a_number_shows_its_money(staff: FlaskClient) -> None:
    payment = subscribe().payment_id

    page = Page(staff.get(f"/admin/phone-numbers/{number_id()}"))

    assert f"{LIST}/{payment}" in page.links
    assert f"{LIST}?thread={number_id()}" in page.links
    assert "4.99 € of 300.00 €" in page.text


def test_the_overview_counts_what_was_billed_failed_and_stopped_today(staff: FlaskClient) -> None:
    bought = subscribe()
    subscribe(number="0908000002")
    failed = buy(number="0908000003").payment_id
    report(failed, "A12")
    with transaction() as session:
        stop(session, list_open(session, bought.user_id), by_user=True)

    page = Page(staff.get("/admin/"))

    assert "Billed 9.98 €" in page.text
    assert "Charges that failed 1" in page.text
    assert "Stopped 1" in page.text
    billed = next(link for link in page.links if link.startswith(f"{LIST}?paid_from="))
    assert "2 payments" in Page(staff.get(billed)).text
