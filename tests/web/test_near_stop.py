"""What may have been a STOP waits for a person, who says on a page of its own what it was."""

from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from crm.core.db import transaction
from crm.mobiletech.conversations.models import InboxItem
from crm.payments.charging_run import charge_due
from crm.payments.pausing import go_on, pause
from crm.payments.stopping import get_renewal
from crm.users.models import AuditEntry
from tests.conftest import Clock
from tests.factories.flows import set_up_keywords, write
from tests.factories.money import MONTH, list_payments, list_renewals, subscribe
from tests.factories.users import make_user
from tests.fakes import FakeGateway
from tests.outbox import run_all
from tests.pages import Page, sign_in
from tests.web.conftest import Browser

THREAD = "/admin/threads/1"
REASON = "asked by telephone"


@pytest.fixture(autouse=True)
def _paused(app: Flask, gateway: FakeGateway, client: FlaskClient) -> None:
    set_up_keywords()
    subscribe()
    write(client, "Ako môžem zrušiť predplatné?")


def signed_in(app: Flask, role: str) -> FlaskClient:
    client = Browser(app)
    make_user(role=role, email=f"{role}@example.sk")
    assert sign_in(client, f"{role}@example.sk").status_code == 302
    return client


def open_items() -> list[str]:
    with transaction() as session:
        return list(session.execute(select(InboxItem.reason).where(InboxItem.state == "open")).scalars())


def decide(staff: FlaskClient, decision: str, reason: str = REASON) -> TestResponse:
    form = Page(staff.get(f"{THREAD}/near-stop/{decision}")).form()
    return staff.post(f"{THREAD}/near-stop/{decision}", data=form.fields | {"reason": reason})


def reasons(action: str) -> list[str]:
    with transaction() as session:
        found = select(AuditEntry.reason).where(AuditEntry.action == action)
        return list(session.execute(found).scalars())


@pytest.mark.parametrize("role", ["support", "billing"])
def test_yes_stops_tells_the_reader_and_closes_the_item(app: Flask, gateway: FakeGateway, role: str) -> None:
    staff = signed_in(app, role)
    assert f"{THREAD}/near-stop/stop" in Page(staff.get(THREAD)).links
    assert "Nothing more is charged." in Page(staff.get(f"{THREAD}/near-stop/stop")).text

    answer = decide(staff, "stop")
    run_all()

    assert answer.location == THREAD
    assert "It is stopped. An SMS tells the reader so, free of charge." in Page(staff.get(THREAD)).text
    assert (list_renewals()[0].state, open_items()) == ("user_stop", [])
    assert reasons("renewal.stop") == [REASON]
    assert gateway.sent[-1].content.startswith("Zrusené: Mesacne.")


def test_no_lets_it_be_charged(app: Flask, gateway: FakeGateway, clock: Clock) -> None:
    billing = signed_in(app, "billing")
    assert f"{THREAD}/near-stop/go-on" in Page(billing.get(THREAD)).links
    page = Page(billing.get(f"{THREAD}/near-stop/go-on"))
    assert "The reader is charged 4.99" in page.text.replace("\xa0", " ")

    decide(billing, "go-on")
    told = Page(billing.get(THREAD)).text
    clock.advance(MONTH + timedelta(days=1))
    charge_due()
    run_all()

    assert "It goes on: it is charged when it is due." in told
    assert (len(list_payments()), open_items()) == (2, [])
    assert reasons("renewal.go_on") == [REASON]


def test_support_may_stop_but_not_let_it_go_on(app: Flask) -> None:
    support = signed_in(app, "support")
    page = Page(support.get(THREAD))

    assert f"{THREAD}/near-stop/go-on" not in page.links
    assert "If it was not a STOP, billing lets it go on." in page.text
    token = Page(support.get(f"{THREAD}/near-stop/stop")).form().fields["csrf_token"]
    refused = support.post(f"{THREAD}/near-stop/go-on", data={"csrf_token": token, "reason": REASON})
    assert refused.status_code == 403
    assert list_renewals()[0].paused_at is not None


@pytest.mark.parametrize("decision", ["stop", "go-on"])
def test_what_staff_paused_for_another_reason_is_left_alone(app: Flask, decision: str) -> None:
    renewal_id = list_renewals()[0].id
    with transaction() as session:
        row = get_renewal(session, renewal_id)
        go_on(session, row, "asked")
        pause(session, row, "The bill is disputed.")
    billing = signed_in(app, "billing")

    page = Page(billing.get(f"{THREAD}/near-stop/{decision}"))
    token = Page(billing.get("/admin/recurrent-payments/hold")).form().fields["csrf_token"]
    data = {"csrf_token": token, "reason": REASON}
    refused = billing.post(f"{THREAD}/near-stop/{decision}", data=data)

    assert "nothing waits for a decision any more" in page.text
    assert refused.status_code == 409
    [left] = list_renewals()
    assert (left.state, left.pause_reason) == ("active", "The bill is disputed.")
    assert open_items() == ["near_stop"]
    assert "Not charged until somebody decides" not in Page(billing.get(THREAD)).text


@pytest.mark.parametrize("decision", ["stop", "go-on"])
def test_without_a_reason_nothing_is_decided(app: Flask, decision: str) -> None:
    answer = decide(signed_in(app, "billing"), decision, reason=" ")

    assert answer.status_code == 422
    assert "Write why." in Page(answer).text
    assert list_renewals()[0].paused_at is not None


def test_who_may_not_decide_sees_that_it_waits(app: Flask) -> None:
    page = Page(signed_in(app, "editor").get(THREAD))

    assert "Not charged until somebody decides: Mesacne, 4.99" in page.text.replace("\xa0", " ")
    assert "Yes, stop" not in page.text


def test_somebody_was_quicker(app: Flask) -> None:
    first, second = signed_in(app, "billing"), signed_in(app, "support")
    form = Page(second.get(f"{THREAD}/near-stop/stop")).form()
    decide(first, "go-on")

    late = second.post(f"{THREAD}/near-stop/stop", data=form.fields | {"reason": REASON})

    assert (late.status_code, "Somebody was quicker" in Page(late).text) == (409, True)
    assert list_renewals()[0].state == "active"


def test_another_word_is_no_decision(app: Flask) -> None:
    staff = signed_in(app, "billing")
    fields = Page(staff.get(f"{THREAD}/near-stop/stop")).form().fields | {"reason": REASON}

    assert staff.post(f"{THREAD}/near-stop/x", data=fields).status_code == 404
    assert list_renewals()[0].paused_at is not None
