"""The overview names what waits for a person, and leads there."""

from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text

from crm.core.db import transaction
from crm.events.publish import publish
from crm.mobiletech.catalogue.models import StatusCode
from crm.mobiletech.conversations.models import InboxItem
from crm.mobiletech.models import StatusReport
from crm.users.models import KnownNumber
from tests.conftest import Clock
from tests.factories.log import NUMBER, make_inbound, make_outbound
from tests.pages import Page

OVERVIEW = "/admin/"


@pytest.fixture(autouse=True)
def _worker(app: object) -> None:
    """A worker has just ticked."""
    with transaction() as session:
        session.execute(text("INSERT INTO periodic_runs VALUES ('tick', crm_now(), crm_now())"))


def test_a_quiet_morning(staff: FlaskClient) -> None:
    page = Page(staff.get(OVERVIEW))

    assert "Nothing waits for you" in page.text
    assert "done with on" not in page.text


def test_an_empty_list_says_since_when(staff: FlaskClient) -> None:
    item = _add_to_inbox()
    with transaction() as session:
        session.execute(
            text("UPDATE inbox_items SET state = 'done', done_at = '2026-11-20 15:30+01' WHERE id = :id"),
            {"id": item},
        )

    page = Page(staff.get(OVERVIEW))

    assert "Nothing waits for you" in page.text
    assert "The last message that waited for a person was done with on 20 Nov 2026, 15:30" in page.text


def test_what_waits_for_a_person_is_named(staff: FlaskClient) -> None:
    make_outbound(state="unknown", billing="none", mobiletech_id=None)
    make_outbound(state="unknown", billing="none", mobiletech_id=None)
    make_outbound(state="held", billing="none", mobiletech_id=None)
    conflict = make_outbound(conflict=True)
    _add_to_inbox()
    with transaction() as session:
        session.execute(
            text(
                "INSERT INTO mobiletech_gateway_state (id, paused_until, reason)"
                " VALUES (1, crm_now() + interval '1 minute', 'Three in a row.')"
            )
        )

    page = Page(staff.get(OVERVIEW))

    assert "2 messages have an unknown fate" in page.text
    assert "/admin/messages?state=unknown" in page.links
    assert "1 message is held" in page.text
    assert "/admin/messages?state=held" in page.links
    assert f"Message {conflict} was reported both billed and refused" in page.text
    assert f"/admin/messages/outbound/{conflict}" in page.links
    assert "1 message waits for an answer The oldest came on" in page.text
    assert "/admin/inbox" in page.links
    assert "Paid sending is paused until" in page.text
    assert "Three in a row." in page.text


@pytest.mark.parametrize(("minutes", "is_told"), [(50, False), (70, True)])
def test_reports_on_nobodys_message_are_told_after_an_hour(
    staff: FlaskClient, clock: Clock, minutes: int, is_told: bool
) -> None:
    _report("nobody-knows", "D1")
    clock.advance(timedelta(minutes=minutes))

    page = Page(staff.get(OVERVIEW))

    assert ("1 report speaks of a message that is none of ours" in page.text) is is_told
    assert ("/admin/operations/gateway?kind=status&matched=no" in page.links) is is_told


def test_a_code_that_nobody_knows_leads_to_its_message(staff: FlaskClient) -> None:
    first, second = make_outbound(mobiletech_id="one"), make_outbound(mobiletech_id="two")
    _report("one", "X9")
    _report("two", "X9")
    _report("two", "D1")
    _report("two", "_OPERATOR_CHANGE")

    page = Page(staff.get(OVERVIEW))

    assert "The gateway reports a code that nobody knows: X9 It came 2 times within 7 days" in page.text
    assert f"/admin/messages/outbound/{second}" in page.links
    assert f"/admin/messages/outbound/{first}" not in page.links
    assert page.text.count("nobody knows") == 1


def test_a_code_is_known_once_somebody_has_written_what_it_means(staff: FlaskClient) -> None:
    make_outbound(mobiletech_id="one")
    _report("one", "X9")
    with transaction() as session:
        session.add(StatusCode(code="X9", reason="technical", meaning_sk="chyba", meaning_en="error"))

    assert "nobody knows" not in Page(staff.get(OVERVIEW)).text


def test_a_code_of_long_ago_is_no_news(staff: FlaskClient, clock: Clock) -> None:
    _report("one", "X9")
    with transaction() as session:
        session.execute(text("UPDATE mobiletech_status_log SET received_at = crm_now() - interval '8 days'"))

    assert "nobody knows" not in Page(staff.get(OVERVIEW)).text


@pytest.mark.parametrize(("seconds", "is_told"), [(185, True), (115, False)])
def test_overdue_work_is_told_first(staff: FlaskClient, seconds: int, is_told: bool) -> None:
    make_outbound(state="held", billing="none", mobiletech_id=None)
    with transaction() as session:
        publish(session, "mobiletech-send", {}, key="late")
        late = text("UPDATE outbox SET available_at = crm_now() - make_interval(secs => :seconds)")
        session.execute(late, {"seconds": seconds})

    told = Page(staff.get(OVERVIEW)).text

    assert ("Work has been overdue for 3 minutes" in told) is is_told
    assert not is_told or told.index("overdue") < told.index("1 message is held")


def test_work_that_was_given_up_is_counted_with_the_first_reason(staff: FlaskClient) -> None:
    with transaction() as session:
        for number in range(12):
            publish(session, "elsewhere", {"payment_id": number}, key=f"elsewhere:{number}")
        session.execute(
            text("UPDATE outbox SET state = 'dead', error = 'LookupError: gone', finished_at = crm_now()")
        )

    page = Page(staff.get(OVERVIEW))

    assert "12 pieces of work were given up The first is elsewhere: LookupError: gone" in page.text
    assert "/admin/operations/work?state=dead" in page.links


def test_no_number_is_told_in_a_reason(staff: FlaskClient) -> None:
    with transaction() as session:
        publish(session, "elsewhere", {}, key="elsewhere")
        dead = "UPDATE outbox SET state = 'dead', error = 'gone: +421908630549', finished_at = crm_now()"
        session.execute(text(dead))
        session.execute(text("UPDATE periodic_runs SET error = 'gone: +421908630549'"))

    page = Page(staff.get(OVERVIEW))

    assert page.text.count("gone: ") == 2
    assert "908630549" not in page.text


def test_a_rule_that_the_audit_found_broken_is_told_unless_the_list_names_it_itself(
    staff: FlaskClient,
) -> None:
    with transaction() as session:
        session.execute(
            text(
                "INSERT INTO periodic_runs (name, started_at, finished_at, error)"
                " VALUES ('audit', crm_now(), crm_now(), 'work_dead=3 conflict=1 secret_kept=2')"
            )
        )

    page = Page(staff.get(OVERVIEW))

    assert (
        "The audit found 2 rows that break a rule The rule: The text of a one-time code is gone" in page.text
    )
    assert page.text.count("The audit found") == 1
    assert "reports a fault" not in page.text


@pytest.mark.usefixtures("in_2026")
@pytest.mark.parametrize(
    ("change", "told"),
    [
        ("DELETE FROM periodic_runs", "No worker has run yet"),
        (
            "UPDATE periodic_runs SET started_at = '2026-11-20 15:30+01'",
            "Periodic work has not run since 20 Nov 15:30",
        ),
        (
            "INSERT INTO periodic_runs VALUES ('audit', crm_now(), crm_now(), 'LookupError: gone')",
            "Periodic work reports a fault: audit LookupError: gone",
        ),
        (
            "INSERT INTO periodic_runs VALUES ('audit', crm_now() - interval '2 hours', NULL)",
            "Periodic work began and did not end: audit",
        ),
    ],
)
def test_periodic_work_that_does_not_run_is_told(staff: FlaskClient, change: str, told: str) -> None:
    with transaction() as session:
        session.execute(text(change))

    page = Page(staff.get(OVERVIEW))

    assert told in page.text
    assert "/admin/operations" in page.links


def _add_to_inbox() -> int:
    inbound = make_inbound()
    with transaction() as session:
        number = KnownNumber(number=NUMBER)
        session.add(number)
        session.flush()
        item = InboxItem(inbound_message_id=inbound, number_id=number.id, reason="unmatched")
        session.add(item)
        session.flush()
        return item.id


def _report(mobiletech_id: str, status: str) -> None:
    with transaction() as session:
        session.add(StatusReport(mobiletech_id=mobiletech_id, status=status))
