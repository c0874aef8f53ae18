"""The overview counts the day and names what waits for a person; each figure leads to what was counted."""

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text

from crm.core.db import transaction
from crm.events.publish import publish
from crm.mobiletech.models import StatusReport
from tests.factories.log import make_inbound, make_not_sent, make_outbound
from tests.pages import Page

OVERVIEW = "/admin/"


def test_a_quiet_morning(staff: FlaskClient) -> None:
    page = Page(staff.get(OVERVIEW))

    assert "Received today 0" in page.text
    assert "Nothing waits for you" in page.text


def test_figures_lead_to_lists_of_the_same_length(staff: FlaskClient) -> None:
    inbound = make_inbound()
    make_outbound()
    make_not_sent(inbound_message_id=inbound)
    make_not_sent(inbound_message_id=inbound)
    _move_to_today()

    page = Page(staff.get(OVERVIEW))

    assert "Received today 1" in page.text
    assert "For readers today 3" in page.text
    assert "Not sent today 2" in page.text
    figures = [link for link in page.links if "from=" in link]
    assert [_count_rows(staff, link) for link in figures] == [1, 3, 2]


def test_yesterday_does_not_count(staff: FlaskClient) -> None:
    make_inbound()
    with transaction() as session:
        session.execute(
            text("UPDATE mobiletech_inbound_messages SET created_at = crm_now() - interval '1 day'")
        )

    assert "Received today 0" in Page(staff.get(OVERVIEW)).text


def test_what_waits_for_a_person_is_named(staff: FlaskClient) -> None:
    make_outbound(state="unknown", billing="none", mobiletech_id=None)
    make_outbound(state="unknown", billing="none", mobiletech_id=None)
    make_outbound(state="held", billing="none", mobiletech_id=None)
    conflict = make_outbound(conflict=True)
    with transaction() as session:
        session.add(StatusReport(mobiletech_id="nobody-knows", status="D1"))
        session.flush()
        session.execute(text("UPDATE mobiletech_status_log SET received_at = crm_now() - interval '2 hours'"))
        session.execute(
            text(
                "INSERT INTO mobiletech_gateway_state (id, paused_until, reason)"
                " VALUES (1, crm_now() + interval '1 minute', 'Three in a row.')"
            )
        )

    page = Page(staff.get(OVERVIEW))

    assert "2 messages have an unknown fate" in page.text
    assert "1 message is held" in page.text
    assert "1 report speaks of a message that is none of ours" in page.text
    assert f"Message {conflict} was reported both billed and refused" in page.text
    assert "Paid sending is paused until" in page.text
    assert "Three in a row." in page.text
    assert _count_rows(staff, "/admin/messages?state=unknown") == 2


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


def test_failed_work_leads_to_its_message(staff: FlaskClient) -> None:
    inbound = make_inbound()
    with transaction() as session:
        publish(
            session,
            "mobiletech-inbound",
            {"mobiletech_inbound_message_id": inbound},
            key=f"inbound:{inbound}",
        )
        for number in range(12):
            publish(session, "elsewhere", {"payment_id": number}, key=f"elsewhere:{number}")
        session.execute(
            text(
                "UPDATE outbox SET state = 'dead', attempts = 8, error = 'LookupError: gone',"
                " finished_at = crm_now()"
            )
        )

    page = Page(staff.get(OVERVIEW))

    assert "Failed work 13" in page.text
    assert "LookupError: gone" in page.text
    assert "3 more were given up" in page.text
    assert f"/admin/messages/inbound/{inbound}" in page.links


def _move_to_today() -> None:
    with transaction() as session:
        for table in ("inbound_messages", "outbound_messages", "not_sent"):
            session.execute(text(f"UPDATE mobiletech_{table} SET created_at = crm_now()"))


def _count_rows(client: FlaskClient, link: str) -> int:
    page = Page(client.get(link))
    return len(
        [
            each
            for each in page.links
            if each.startswith(("/admin/messages/inbound/", "/admin/messages/outbound/"))
        ]
    )
