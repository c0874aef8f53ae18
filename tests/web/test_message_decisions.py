"""Decisions about one SMS in the browser: asked for the password where money moves, told with what is known."""

from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from crm.core.db import transaction
from crm.mobiletech.status_reports import record_status
from crm.mobiletech.wire.commands import Status
from crm.users.models import AuditEntry
from tests.conftest import Clock
from tests.factories.money import (
    MONTH,
    charge,
    get_payment,
    list_renewals,
    list_subscriptions,
    make_type,
    messages_of,
    report,
    set_up_sale,
    subscribe,
)
from tests.factories.outbound import make_outbound
from tests.factories.users import make_user
from tests.fakes import FakeGateway, ambiguous
from tests.outbox import run_all
from tests.pages import Page, sign_in
from tests.stored import list_outbound, read
from tests.web.conftest import Browser

PAGE = "/admin/messages/outbound"
WHY = {"reason": "Mobiletech looked it up"}


@pytest.fixture
def billing(staff: FlaskClient, gateway: FakeGateway, clock: Clock) -> FlaskClient:
    """Return a browser of billing, a month after a reader subscribed."""
    set_up_sale()
    make_type()
    subscribe()
    clock.advance(MONTH)
    make_user(role="billing", email="billing@example.sk", name="Ivan Kováč")
    browser = Browser(staff.application)
    sign_in(browser, "billing@example.sk")
    return browser


@pytest.fixture
def unknown(billing: FlaskClient, gateway: FakeGateway) -> int:
    """Return the payment of a charge whose outcome nobody knows; its message is 2."""
    gateway.will(ambiguous())
    return charge()


@pytest.fixture
def held(billing: FlaskClient) -> int:
    """Return the payment of a charge that is held; its message is the newest."""
    for _ in range(3):
        make_outbound(paid=True, state="accepted", billing="billed", purpose="test", is_queued=False)
    payment_id = charge()
    assert messages_of(payment_id)[0].state == "held"
    return payment_id


def decide(browser: FlaskClient, path: str, **typed: str) -> TestResponse:
    page = Page(browser.get(path))
    answer = browser.post(path, data=page.form().fields | WHY | typed)
    run_all()
    return answer


def test_an_unknown_outcome_is_settled_retried_and_billed_once(
    billing: FlaskClient, unknown: int, gateway: FakeGateway, clock: Clock
) -> None:
    message_id = messages_of(unknown)[0].id
    assert f"{PAGE}/{message_id}/settle" in Page(billing.get("/admin/recurrent-payments/1")).links
    page = Page(billing.get(f"{PAGE}/{message_id}/settle"))
    assert "own list first" in page.text
    decide(billing, f"{PAGE}/{message_id}/settle", decision="not_billed")

    clock.advance(list_renewals()[-1].charge_at - list_renewals()[-1].created_at)
    again = charge()
    report(again, "A0")

    assert get_payment(unknown).status == "fail"
    assert get_payment(again).status == "paid"
    assert len(list_subscriptions()) == 2
    assert len(gateway.sent) == 3


def test_reports_without_a_message_are_offered_and_bound(billing: FlaskClient, unknown: int) -> None:
    with transaction() as session:
        record_status(session, Status(id="mt-lost", status="A0"), None)
    path = f"{PAGE}/{messages_of(unknown)[0].id}/settle"
    assert "The reports of id mt-lost are its: A0" in Page(billing.get(path)).text

    decide(billing, path, decision="bind:mt-lost")

    assert get_payment(unknown).status == "paid"
    assert ("message.bind",) in read(AuditEntry.action, order=AuditEntry.id)


@pytest.mark.parametrize("typed", [{"decision": ""}, {"decision": "bind:mt-1"}, {"decision": "yes"}], ids=str)
def test_a_decision_that_is_none_changes_nothing(
    billing: FlaskClient, unknown: int, typed: dict[str, str]
) -> None:
    path = f"{PAGE}/{messages_of(unknown)[0].id}/settle"

    answer = decide(billing, path, **typed)

    assert answer.status_code == 422
    assert get_payment(unknown).status == "form"


def test_a_report_that_was_quicker_leaves_nothing_to_settle(billing: FlaskClient) -> None:
    payment_id = charge()
    report(payment_id, "X7")
    path = f"{PAGE}/{messages_of(payment_id)[0].id}/settle"
    form = Page(billing.get(path)).form()
    report(payment_id, "A0")

    answer = billing.post(path, data=form.fields | WHY | {"decision": "not_billed"})

    assert answer.status_code == 409
    assert "What became of it is known by now." in Page(answer).text
    assert get_payment(payment_id).status == "paid"


def test_a_held_message_is_let_go_after_the_password(
    billing: FlaskClient, held: int, gateway: FakeGateway
) -> None:
    path = f"{PAGE}/{messages_of(held)[0].id}/release"
    page = Page(billing.get(path))
    assert "charged 4.99 € within moments" in page.text
    assert "3 of 3" in page.text

    decide(billing, path)

    assert len(gateway.sent) == 2
    assert messages_of(held)[0].state == "accepted"


def test_a_held_message_is_cancelled(billing: FlaskClient, held: int, gateway: FakeGateway) -> None:
    decide(billing, f"{PAGE}/{messages_of(held)[0].id}/cancel")

    assert get_payment(held).status == "fail"
    assert len(gateway.sent) == 1


def test_what_speaks_against_a_release_is_told_instead_of_the_form(billing: FlaskClient, held: int) -> None:
    period = messages_of(held)[0].charges_for
    make_outbound(paid=True, charges_for=period, state="unknown", is_queued=False)

    page = Page(billing.get(f"{PAGE}/{messages_of(held)[0].id}/release"))

    assert "nobody pays twice for one" in page.text
    assert [form for form in page.forms if form.method == "post" and not form.action] == []


@pytest.mark.parametrize(("act", "sent"), [("again", 1), ("drop", 0)])
def test_support_sends_a_free_message_again_or_drops_it(
    staff: FlaskClient, gateway: FakeGateway, act: str, sent: int
) -> None:
    set_up_sale()
    message_id = make_outbound(state="unknown", is_queued=False)
    assert f"{PAGE}/{message_id}/{act}" in Page(staff.get(f"{PAGE}/{message_id}")).links

    answer = decide(staff, f"{PAGE}/{message_id}/{act}")

    assert (answer.status_code, answer.location) == (302, f"{PAGE}/{message_id}")
    assert len(gateway.sent) == sent
    assert list_outbound()[0].state == "not_sent"


@pytest.mark.parametrize("act", ["again", "drop"])
def test_a_paid_one_is_never_sent_again_so(billing: FlaskClient, unknown: int, act: str) -> None:
    make_user(role="support", email="support@example.sk")
    support = Browser(billing.application)
    sign_in(support, "support@example.sk")

    page = Page(support.get(f"{PAGE}/{messages_of(unknown)[0].id}/{act}"))

    assert "settle its outcome instead" in page.text


@pytest.mark.parametrize("act", ["settle", "release", "cancel", "again", "drop"])
def test_a_message_that_is_not_there_is_404(staff: FlaskClient, act: str) -> None:
    assert staff.get(f"{PAGE}/99/{act}").status_code == 404


@pytest.mark.parametrize(("act", "is_asked"), [("settle", True), ("release", True), ("cancel", False)])
def test_the_password_is_asked_again_where_money_moves(
    billing: FlaskClient, held: int, clock: Clock, act: str, is_asked: bool
) -> None:
    clock.advance(timedelta(hours=1))

    answer = billing.get(f"{PAGE}/{messages_of(held)[0].id}/{act}")

    assert (answer.location or "").startswith("/login/confirm") is is_asked
