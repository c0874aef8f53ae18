"""Acts on renewals in the browser: each page says what will happen, each refusal its rule, each act has a reason."""

from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import update
from werkzeug.test import TestResponse

from crm.core.db import transaction
from crm.mobiletech.catalogue.models import Billkey
from crm.payments.holding import find_hold
from crm.payments.models import RecurrentPayment
from crm.payments.pausing import pause
from crm.payments.stopping import get_renewal, stop
from crm.users.models import AuditEntry
from tests.conftest import Clock
from tests.factories.money import (
    MONTH,
    charge,
    list_renewals,
    make_type,
    report,
    set_up_sale,
    subscribe,
)
from tests.factories.users import make_user
from tests.fakes import FakeGateway
from tests.outbox import run_all
from tests.pages import Page, sign_in
from tests.stored import read
from tests.web.conftest import Browser

LIST = "/admin/recurrent-payments"
WHY = {"reason": "the reader asked on the phone"}
ALMOST = timedelta(days=25)


@pytest.fixture
def billing(app: object, staff: FlaskClient, gateway: FakeGateway, clock: Clock) -> FlaskClient:
    """Return a browser of billing, 25 days after a reader subscribed."""
    set_up_sale()
    make_type()
    subscribe()
    clock.advance(ALMOST)
    make_user(role="billing", email="billing@example.sk", name="Ivan Kováč")
    browser = Browser(staff.application)
    sign_in(browser, "billing@example.sk")
    return browser


def act(browser: FlaskClient, path: str, **typed: str) -> TestResponse:
    """Open the page of an act and send its form."""
    page = Page(browser.get(f"{LIST}/{path}"))
    form = page.form()
    return browser.post(f"{LIST}/{path}", data=form.fields | WHY | typed)


def look(browser: FlaskClient, path: str) -> str:
    return Page(browser.get(f"{LIST}/{path}")).text


def acts() -> list[str]:
    return [action for (action,) in read(AuditEntry.action, order=AuditEntry.id) if "renewal" in action]


def only_row() -> RecurrentPayment:
    return list_renewals()[-1]


def test_the_page_of_a_charge_tells_what_it_costs_and_how_much_is_left(billing: FlaskClient) -> None:
    text = look(billing, "1/charge")

    for words in (
        "Charge 4.99 € now",
        "AA99",
        "0 of 3",
        "4.99 € of 300.00 €",
        "50.00 €",
        "cannot be called back",
    ):
        assert words in text


def test_a_renewal_is_charged_now(billing: FlaskClient, gateway: FakeGateway) -> None:
    answer = act(billing, "1/charge")
    run_all()

    assert (answer.status_code, answer.location) == (302, f"{LIST}/1")
    assert "The charge is on its way" in look(billing, "1")
    assert (only_row().state, len(gateway.sent)) == ("pending", 2)
    assert acts() == ["renewal.try_now"]


@pytest.mark.parametrize(
    ("back", "words"),
    [(ALMOST, "paid too recently"), (timedelta(0), "is not listed")],
    ids=["too soon", "no key"],
)
def test_what_must_not_be_charged_has_no_button_but_the_rule(
    billing: FlaskClient, clock: Clock, back: timedelta, words: str
) -> None:
    if not back:
        with transaction() as session:
            session.execute(update(Billkey).where(Billkey.code == "AA99").values(code="ZZ99"))
    clock.advance(-back)

    page = Page(billing.get(f"{LIST}/1/charge"))

    assert words in page.text
    assert [form for form in page.forms if form.method == "post" and not form.action] == []


def test_a_charge_sent_by_an_old_page_is_refused(billing: FlaskClient, gateway: FakeGateway) -> None:
    form = Page(billing.get(f"{LIST}/1/charge")).form()
    with transaction() as session:
        pause(session, get_renewal(session, 1), "wrote STPO")

    answer = billing.post(f"{LIST}/1/charge", data=form.fields | WHY)

    assert answer.status_code == 409
    assert "It is paused and waits for a person" in Page(answer).text
    assert len(gateway.sent) == 1


def test_an_act_needs_a_reason(billing: FlaskClient) -> None:
    answer = act(billing, "1/pause", reason=" ")

    assert answer.status_code == 422
    assert "Write why." in Page(answer).text
    assert only_row().paused_at is None


def test_a_renewal_is_postponed_to_a_day_at_its_hour(billing: FlaskClient) -> None:
    planned = only_row().charge_at
    day = (planned + timedelta(days=3)).date().isoformat()

    answer = act(billing, "1/postpone", day=day)

    assert answer.status_code == 302
    assert only_row().charge_at == planned + timedelta(days=3)
    assert acts() == ["renewal.postpone"]


@pytest.mark.parametrize("day", ["2020-01-01", "2126-01-01", "soon", ""])
def test_a_day_that_does_not_fit_is_told_beside_the_field(billing: FlaskClient, day: str) -> None:
    answer = act(billing, "1/postpone", day=day)

    assert answer.status_code == 422
    assert "New day:" in Page(answer).text
    assert acts() == []


def test_a_renewal_is_paused_and_goes_on(billing: FlaskClient) -> None:
    act(billing, "1/pause")
    assert only_row().pause_reason == WHY["reason"]
    assert WHY["reason"] in look(billing, "1/go-on")

    act(billing, "1/go-on")

    assert only_row().paused_at is None
    assert acts() == ["renewal.pause", "renewal.go_on"]


def test_one_whose_date_is_over_says_that_it_is_charged_at_once(billing: FlaskClient, clock: Clock) -> None:
    act(billing, "1/pause")
    clock.advance(timedelta(hours=7))
    with transaction() as session:
        session.execute(update(RecurrentPayment).values(charge_at=RecurrentPayment.charge_at - MONTH))

    assert "charged 4.99 € at once" in look(billing, "1/go-on")


def test_support_stops_a_renewal(billing: FlaskClient) -> None:
    make_user(role="support", email="support@example.sk")
    support = Browser(billing.application)
    sign_in(support, "support@example.sk")

    act(support, "1/stop")

    assert (only_row().state, only_row().note) == ("admin_stop", WHY["reason"])
    assert acts() == ["renewal.stop"]


def test_a_stop_of_what_has_left_says_that_it_may_still_be_billed(billing: FlaskClient) -> None:
    act(billing, "1/charge")
    run_all()

    act(billing, "1/stop")

    assert "may still be billed" in look(billing, "1")
    assert (only_row().state, only_row().stop_wanted) == ("pending", "admin_stop")


@pytest.mark.parametrize("is_out", [False, True], ids=["planned", "on its way"])
def test_a_stopped_renewal_is_reactivated(billing: FlaskClient, is_out: bool) -> None:
    if is_out:
        act(billing, "1/charge")
        run_all()
    act(billing, "1/stop")

    answer = act(billing, "1/reactivate")

    assert answer.status_code == 302
    assert (only_row().state, only_row().stop_wanted) == ("pending" if is_out else "active", None)
    assert acts()[-1] == "renewal.reactivate"


def test_one_whose_date_is_over_is_not_reactivated(billing: FlaskClient, clock: Clock) -> None:
    act(billing, "1/stop")
    with transaction() as session:
        session.execute(update(RecurrentPayment).values(charge_at=RecurrentPayment.charge_at - MONTH))

    page = Page(billing.get(f"{LIST}/1/reactivate"))

    assert "the reader has to order anew" in page.text
    assert [form for form in page.forms if form.method == "post" and not form.action] == []


def test_one_that_was_given_up_is_tried_anew(billing: FlaskClient) -> None:
    give_up()

    answer = act(billing, "1/anew")

    before, after = list_renewals()
    assert answer.status_code == 302
    assert (before.state, after.state, after.retries) == ("system_stop", "active", 4)


def test_not_later_than_14_days_after(billing: FlaskClient, clock: Clock) -> None:
    give_up()
    with transaction() as session:
        late = RecurrentPayment.charge_at - timedelta(days=25)
        session.execute(update(RecurrentPayment).values(charge_at=late))

    answer = act(billing, "1/anew")

    assert answer.status_code == 409
    assert len(list_renewals()) == 1


def give_up() -> None:
    """Let the only renewal fail with no try left."""
    with transaction() as session:
        session.execute(
            update(RecurrentPayment).values(retries=0, charge_at=RecurrentPayment.charge_at - ALMOST / 5)
        )
    report(charge(), "A5")
    assert only_row().state == "system_stop"


def test_all_are_held_and_resumed(billing: FlaskClient) -> None:
    page = Page(billing.get(f"{LIST}/hold"))
    billing.post(f"{LIST}/hold", data=page.form().fields | WHY)
    with transaction() as session:
        hold = find_hold(session)
        assert hold is not None
        assert hold.reason == WHY["reason"]
    assert "All renewals are held" in look(billing, "1")
    again = Page(billing.get(f"{LIST}/hold"))
    assert "Nothing is charged since" in again.text
    assert "Hold all" not in again.text.replace("Hold all renewals", "")

    page = Page(billing.get(f"{LIST}/resume"))
    billing.post(f"{LIST}/resume", data=page.form().fields | WHY)

    with transaction() as session:
        assert find_hold(session) is None
    assert acts() == ["renewals.hold", "renewals.resume"]


@pytest.mark.parametrize("path", ["charge", "postpone", "pause", "stop", "reactivate", "anew", "go-on"])
def test_a_renewal_that_is_not_there_is_404(billing: FlaskClient, path: str) -> None:
    assert billing.get(f"{LIST}/99/{path}").status_code == 404


def test_an_act_that_does_not_fit_the_state_says_so(billing: FlaskClient) -> None:
    with transaction() as session:
        stop(session, [get_renewal(session, 1)], by_user=True)

    answer = act(billing, "1/pause")

    assert answer.status_code == 409
    assert "Only a renewal that is planned or on its way can be paused." in Page(answer).text
