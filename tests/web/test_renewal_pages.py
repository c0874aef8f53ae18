"""The list of renewals and the page of one: found by what they wait for, told with the reason, as a file."""

from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text, update

from crm.core.db import transaction
from crm.payments.charging_run import charge_due
from crm.payments.holding import hold
from crm.payments.models import RecurrentPayment
from crm.payments.pausing import pause
from crm.payments.stopping import get_renewal, stop
from crm.subscriptions.models import SubscriptionType
from crm.users.audit_log import Actor, acting
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
from tests.fakes import FakeGateway, ambiguous
from tests.pages import Page, sign_in
from tests.stored import read
from tests.web.conftest import Browser

LIST = "/admin/recurrent-payments"
QUARTER = timedelta(minutes=15)


@pytest.fixture(autouse=True)
def _reader(staff: FlaskClient, gateway: FakeGateway, clock: Clock) -> None:
    set_up_sale()
    make_type()
    subscribe()


def fresh(staff: FlaskClient) -> FlaskClient:
    """Return a browser that has just signed in: a month later the first one is shut out."""
    browser = Browser(staff.application)
    sign_in(browser, "admin@example.sk")
    return browser


def read_list(staff: FlaskClient, query: str = "") -> Page:
    return Page(fresh(staff).get(f"{LIST}?{query}"))


def show(staff: FlaskClient, row_id: int) -> Page:
    return Page(fresh(staff).get(f"{LIST}/{row_id}"))


def views_with(staff: FlaskClient, row_id: int) -> set[str]:
    """Return the views in which a renewal stands."""
    views = ["due", "planned", "pending", "unproven", "paused", "refused", "failed", "recovered", "stopped"]
    browser = fresh(staff)
    return {view for view in views if f"{LIST}/{row_id}" in Page(browser.get(f"{LIST}?view={view}")).links}


def test_the_list_tells_who_pays_what_when(staff: FlaskClient) -> None:
    page = read_list(staff)

    for words in ("0908 630 549", "Mesačné predplatné", "4.99 €", "1 of 5", "Planned", "Next charge"):
        assert words in page.text
    assert f"{LIST}/1" in page.links


def test_a_planned_one_is_due_once_its_date_has_come(staff: FlaskClient, clock: Clock) -> None:
    assert views_with(staff, 1) == {"planned"}

    clock.advance(MONTH)

    assert views_with(staff, 1) == {"due"}


def test_one_on_its_way_is_pending_then_failed_and_recovered(staff: FlaskClient, clock: Clock) -> None:
    clock.advance(MONTH)
    first = charge()
    assert views_with(staff, 1) == {"pending"}
    report(first, "A5")
    assert (views_with(staff, 1), views_with(staff, 2)) == ({"failed"}, {"planned"})

    clock.advance(QUARTER)
    report(charge(), "A0")

    assert (views_with(staff, 1), views_with(staff, 2)) == ({"failed"}, {"recovered"})


def test_an_unknown_outcome_is_unproven_and_says_what_to_do(
    staff: FlaskClient, gateway: FakeGateway, clock: Clock
) -> None:
    clock.advance(MONTH)
    gateway.will(ambiguous())
    charge()

    page = read_list(staff, "view=unproven")

    assert views_with(staff, 1) == {"pending", "unproven"}
    assert "somebody has to settle it" in page.text


def test_a_paused_one_is_listed_with_why(staff: FlaskClient) -> None:
    with transaction() as session:
        pause(session, get_renewal(session, 1), "wrote STPO")

    assert "wrote STPO" in read_list(staff, "view=paused").text


def test_what_our_settings_refuse_is_listed_with_the_rule(staff: FlaskClient, clock: Clock) -> None:
    with transaction() as session:
        session.execute(update(SubscriptionType).values(price=5))
    clock.advance(MONTH)
    charge_due()

    page = read_list(staff, "view=refused")

    assert "The billing key AA99 charges 4.99 EUR, and the payment is of 5.00 EUR." in page.text


@pytest.mark.parametrize(("by_user", "by"), [(True, "reader"), (False, "staff")])
def test_a_stopped_one_is_found_by_who_stopped_it(staff: FlaskClient, by_user: bool, by: str) -> None:
    with transaction() as session:
        stop(session, [get_renewal(session, 1)], by_user=by_user)

    found = {
        each
        for each in ("reader", "staff", "given_up")
        if f"{LIST}/1" in read_list(staff, f"view=stopped&by={each}").links
    }

    assert found == {by}


def test_one_that_made_place_for_another_is_not_given_up(staff: FlaskClient, clock: Clock) -> None:
    clock.advance(MONTH)
    payment_id = charge()
    report(payment_id, "D0")
    report(payment_id, "A0")

    assert [row.state for row in list_renewals()] == ["charged", "system_stop", "active"]
    assert views_with(staff, 2) == set()
    assert f"{LIST}/2" not in read_list(staff, "by=given_up").links


@pytest.mark.parametrize(
    ("query", "is_there"),
    [
        ("type=month", True),
        ("type=week", False),
        ("reason=technical", True),
        ("reason=no_credit", False),
        ("user=2", True),
        ("user=1", False),
        ("from=2020-01-01", True),
        ("to=2020-01-01", False),
    ],
)
def test_filters_stand_in_the_address(staff: FlaskClient, clock: Clock, query: str, is_there: bool) -> None:
    make_type("week", price="1.99", billkey="BB19", length=7)
    clock.advance(MONTH)
    report(charge(), "A5")

    assert (f"{LIST}/1" in read_list(staff, query).links) is is_there


@pytest.mark.parametrize(
    "query",
    ["view=late", "type=nothing", "reason=bad", "by=me", "user=x", f"user={10**20}", "from=today", "after=x"],
)
def test_a_filter_that_cannot_be_read_is_told(staff: FlaskClient, query: str) -> None:
    page = read_list(staff, query)

    assert page.status == 400
    assert "This list cannot be shown" in page.text


def test_an_empty_view_teaches_what_will_stand_there(staff: FlaskClient) -> None:
    assert "Every outcome is known" in read_list(staff, "view=unproven").text


def test_pages_follow_each_other(staff: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("crm.web.renewals.PAGE", 1)
    subscribe(number="0908000001")

    first = read_list(staff, "view=planned")
    [newer] = [href for href in first.links if "before=" in href]

    assert f"{LIST}/1" in first.links
    assert f"{LIST}/2" in Page(staff.get(f"{LIST}{newer}")).links


def test_the_file_has_all_of_the_view_and_is_an_act(
    staff: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("crm.web.renewals.EXPORTED_AT_ONCE", 1)
    subscribe(number="0908000001")
    form = Page(staff.get(f"{LIST}?view=planned")).form(f"{LIST}/export?view=planned")

    response = staff.post(form.action, data=form.fields)

    lines = response.text.splitlines()
    assert [line.split(",")[1] for line in lines] == ["id", "1", "2"]
    assert "4.99,EUR,1,4,active" in lines[1]
    assert read(AuditEntry.action, order=AuditEntry.id)[-1] == ("renewals.export",)


def test_a_hold_is_told_with_since_when_why_and_who(staff: FlaskClient) -> None:
    with acting(Actor(name="Eva")), transaction() as session:
        hold(session, reason="an outage")

    page = read_list(staff)

    for words in ("All renewals are held", "Eva held them", "an outage"):
        assert words in page.text


# --- one renewal


def test_the_page_tells_the_line_of_charges(staff: FlaskClient, clock: Clock) -> None:
    clock.advance(MONTH)
    report(charge(), "A5")

    page = show(staff, 2)

    for words in ("Paid: 4.99 €", "Try 1 of 5: failed", "Reported A5", "Try 2 of 5: planned", "0 of 3"):
        assert words in page.text
    for href in ("/admin/payments/2", "/admin/messages/outbound/2", f"{LIST}/1"):
        assert href in page.links


def test_a_try_that_is_over_leads_to_what_the_line_has_come_to(staff: FlaskClient, clock: Clock) -> None:
    clock.advance(MONTH)
    report(charge(), "A5")

    page = show(staff, 1)

    assert "This try is over" in page.text
    assert f"{LIST}/2" in page.links


@pytest.mark.parametrize("row_id", [99, 2**70])
def test_a_renewal_that_is_not_there_is_404(staff: FlaskClient, row_id: int) -> None:
    assert show(staff, row_id).status == 404


@pytest.mark.parametrize(
    ("role", "acts"),
    [
        ("editor", set()),
        ("support", {"stop"}),
        ("billing", {"charge", "postpone", "pause", "stop"}),
    ],
)
def test_buttons_show_for_those_who_may(staff: FlaskClient, role: str, acts: set[str]) -> None:
    make_user(role=role, email=f"{role}@example.sk")
    client = Browser(staff.application)
    sign_in(client, f"{role}@example.sk")

    page = Page(client.get(f"{LIST}/1"))

    assert {href.rpartition("/")[2] for href in page.links if href.startswith(f"{LIST}/1/")} == acts


def test_readers_with_several_renewals_stand_together(staff: FlaskClient) -> None:
    make_type("week", price="1.99", billkey="BB19", length=7)
    subscribe("week", billkey="BB19")
    subscribe(number="0908000001")
    subscribe(number="0908000001")
    with transaction() as session:  # as an import may bring them
        twins = update(RecurrentPayment).where(RecurrentPayment.state == "system_stop")
        session.execute(twins.values(state="active", note=None))

    page = Page(staff.get(f"{LIST}/duplicates"))

    twice, mixed = page.text.index("0908 000 001"), page.text.index("0908 630 549")
    assert twice < mixed
    assert page.text.count("Pays twice for the same") == 1
    assert {f"{LIST}/{row_id}/stop" for row_id in (1, 2, 3, 4)} <= set(page.links)


def test_a_twin_that_is_not_charged_was_not_given_up(staff: FlaskClient) -> None:
    subscribe()

    page = read_list(staff)

    assert [row.state for row in list_renewals()] == ["active", "system_stop"]
    assert views_with(staff, 2) == set()
    assert "Replaced" in page.text
    assert f"{LIST}/2/anew" not in show(staff, 2).links


@pytest.mark.parametrize("rules", ["{R7}", "{}"])
def test_what_an_import_keeps_for_a_rule_is_not_tried_anew(staff: FlaskClient, rules: str) -> None:
    with transaction() as session:
        session.execute(
            text("UPDATE recurrent_payments SET state = 'system_stop', import_id = 1 WHERE id = 1")
        )
        stop = text(
            "INSERT INTO import_stops (recurrent_payment_id, rules) VALUES (1, CAST(:rules AS text[]))"
        )
        session.execute(stop, {"rules": rules})

    links = show(staff, 1).links

    assert (f"{LIST}/1/anew" in links) == (rules == "{}")


def test_nobody_with_several_is_told(staff: FlaskClient) -> None:
    assert "Nobody pays for several" in Page(staff.get(f"{LIST}/duplicates")).text
