"""Delivery reports: facts that are appended, folded into a state in which billed stays billed, whatever the order."""

import itertools
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

from crm.audit import run_audit
from crm.core.db import db, transaction
from crm.events.models import OutboxEntry
from crm.events.registry import registry
from crm.mobiletech.events import SEND
from crm.mobiletech.models import StatusReport
from crm.mobiletech.status_reports import count_orphans, record_status
from crm.mobiletech.wire.commands import Status
from tests.conftest import Clock
from tests.factories.messages import WEBHOOK, make_status
from tests.factories.outbound import make_outbound
from tests.fakes import FakeGateway, accepted
from tests.logs import list_facts
from tests.mobiletech.test_sending import claim_by_hand, record_by_hand
from tests.outbox import run_all
from tests.stored import list_outbound, read
from tests.waiting import wait_until

FOLDED = [
    # codes in any order, operator, billing, strongest code, conflict
    (["A0"], "O", "billed", "A0", False),
    (["D1"], "O", "billed", "D1", False),
    (["D0"], "O", "failed", "D0", False),
    (["D0"], "2", "billed", "D0", False),
    (["D00"], "2", "billed", "D00", False),
    (["A5"], "O", "failed", "A5", False),
    (["A1024"], "O", "failed", "A1024", False),
    (["A0", "D1"], "O", "billed", "D1", False),
    (["A0", "D0"], "O", "billed", "A0", False),
    (["A5", "D1"], "O", "billed", "D1", True),
    (["A0", "A5"], "O", "billed", "A0", True),
    (["D0", "D1"], "O", "billed", "D1", False),
    (["_OPERATOR_CHANGE", "D1"], "O", "billed", "D1", False),
    (["X9"], "O", "none", "X9", False),
    (["a0"], "O", "none", "a0", False),
    (["A999999"], "O", "none", "A999999", False),
    ([""], "O", "none", "", False),
    (["X9", "A5"], "O", "failed", "A5", False),
    (["A5", "A6", "D0"], "O", "failed", "A5", False),
]


@pytest.mark.parametrize(
    ("codes", "operator", "billing", "strongest", "conflict"),
    FOLDED,
    ids=[f"{'+'.join(row[0]) or 'empty'} on {row[1]}" for row in FOLDED],
)
def test_reports_are_folded_the_same_in_any_order(
    client: FlaskClient,
    codes: list[str],
    operator: str,
    billing: str,
    strongest: str,
    conflict: bool,
) -> None:
    orders = list(itertools.permutations(codes))
    for number, order in enumerate(orders):
        make_sent(f"mt-{number}", operator_type=operator, to=f"+42190810000{number}")
        for code in order:
            assert client.post(WEBHOOK, data=make_status(f"mt-{number}", code)).status_code == 200
            run_all()

    # What a ported number missed has a copy, which nothing was reported about.
    reported = [message for message in list_outbound() if message.mobiletech_id]
    states = {(message.billing, message.status, message.conflict) for message in reported}
    assert states == {(billing, strongest, conflict)}
    with transaction() as session:
        assert {each.invariant.name for each in run_audit(session)} <= ({"conflict"} if conflict else set())


@pytest.mark.parametrize("late", ["A5", "A1024", "D0", "D5", "X9", "_OPERATOR_CHANGE", "a0", ""])
def test_no_late_report_makes_billed_unbilled(client: FlaskClient, late: str) -> None:
    make_sent("mt-1")
    client.post(WEBHOOK, data=make_status("mt-1", "D1"))
    run_all()

    client.post(WEBHOOK, data=make_status("mt-1", late))
    run_all()

    [message] = list_outbound()
    assert (message.billing, message.status) == ("billed", "D1")
    assert len(read(StatusReport.id)) == 2


def test_a_success_after_a_failure_counts(client: FlaskClient) -> None:
    make_sent("mt-1")

    seen = []
    for code in ("A5", "D1"):
        client.post(WEBHOOK, data=make_status("mt-1", code))
        run_all()
        seen.append(list_outbound()[0].billing)

    assert seen == ["failed", "billed"]


def test_a_contradiction_is_told_once(client: FlaskClient, caplog: pytest.LogCaptureFixture) -> None:
    make_sent("mt-1")

    for code in ("A0", "A5", "A6"):
        client.post(WEBHOOK, data=make_status("mt-1", code))
        run_all()

    assert [fact["event"] for fact in list_facts(caplog)].count("status_conflict") == 1


def test_a_code_that_nobody_knows_calls_a_person_once(
    client: FlaskClient, caplog: pytest.LogCaptureFixture
) -> None:
    make_sent("mt-1")

    for code in ("X9", "X9", "_OPERATOR_CHANGE", "A77"):
        client.post(WEBHOOK, data=make_status("mt-1", code))
        run_all()

    told = [fact for fact in list_facts(caplog) if fact["event"] == "status_code_unknown"]
    assert [(fact["level"], fact["mobiletech_id"], fact["code"]) for fact in told] == [
        ("error", "mt-1", "X9")
    ]


def test_every_new_report_is_an_event_with_its_code_and_a_repeated_one_is_none(client: FlaskClient) -> None:
    message_id = make_sent("mt-1")

    for code in ("A0", "D1", "A0"):
        client.post(WEBHOOK, data=make_status("mt-1", code))

    assert read(OutboxEntry.event, OutboxEntry.payload, order=OutboxEntry.id) == [
        ("mobiletech-outbound-status", {"mobiletech_outbound_message_id": message_id, "status": code})
        for code in ("A0", "D1")
    ]


def test_the_work_of_a_report_waits_in_the_lane_of_its_number(client: FlaskClient) -> None:
    make_sent("mt-1", to="+421908630549")

    client.post(WEBHOOK, data=make_status("mt-1", "D1"))

    assert read(OutboxEntry.lane) == [("0908630549",)]


def test_a_report_is_marked_when_it_is_applied(client: FlaskClient) -> None:
    make_sent("mt-1")
    client.post(WEBHOOK, data=make_status("mt-1", "D1"))
    before = read(StatusReport.applied_at)

    run_all()

    assert before == [(None,)]
    assert read(StatusReport.applied_at) != [(None,)]


# --- reports that come before we know the id


def test_early_reports_are_all_applied_when_the_id_is_bound(
    client: FlaskClient, gateway: FakeGateway
) -> None:
    for code in ("A5", "A0", "_OPERATOR_CHANGE"):
        assert client.post(WEBHOOK, data=make_status("mt-1", code)).status_code == 404
    make_outbound(paid=True)

    run_all()

    [message] = list_outbound()
    assert (message.billing, message.status, message.conflict) == ("billed", "A0", True)
    assert all(applied for (applied,) in read(StatusReport.applied_at))


def test_an_early_report_that_is_repeated_after_the_id_is_known_is_applied_once(
    client: FlaskClient, gateway: FakeGateway
) -> None:
    client.post(WEBHOOK, data=make_status("mt-1", "D1"))
    make_outbound(paid=True)
    run_all()
    before = read(OutboxEntry.id)

    again = client.post(WEBHOOK, data=make_status("mt-1", "D1"))

    assert again.status_code == 200
    assert read(OutboxEntry.id) == before


def test_a_report_that_comes_while_the_id_is_being_bound_waits_and_is_announced(
    app: Flask, gateway: FakeGateway
) -> None:
    """The binding transaction is open: the report must see its commit, or the binding must see the report."""
    make_outbound(paid=True)
    claimed = claim_by_hand()
    with ThreadPoolExecutor(1) as threads:
        with transaction() as session:
            registry.effects[SEND].record(session, [(claimed, accepted("mt-1"))])
            session.flush()
            reporting = threads.submit(post_status, app, "mt-1", "D1")
            wait_until(somebody_waits_for_a_lock)
        status = reporting.result(20)
    run_all()

    assert status == 200
    assert [(message.billing, message.status) for message in list_outbound()] == [("billed", "D1")]


def test_an_id_that_is_bound_while_its_report_is_being_stored_waits_and_finds_it(
    app: Flask, gateway: FakeGateway
) -> None:
    """The report's transaction is open, and has already looked for its message in vain."""
    make_outbound(paid=True)
    claimed = claim_by_hand()
    with ThreadPoolExecutor(1) as threads:
        with transaction() as session:
            is_known = record_status(session, Status(id="mt-1", status="D1"), b"")
            binding = threads.submit(bind_in, app, claimed)
            wait_until(somebody_waits_for_a_lock)
        binding.result(20)
    run_all()

    assert is_known is False
    assert [(message.billing, message.status) for message in list_outbound()] == [("billed", "D1")]


def test_reports_and_binding_in_many_races_lose_nothing(app: Flask, gateway: FakeGateway) -> None:
    for number in range(30):
        make_outbound(to=f"+4219081000{number:02d}")
        gateway.will(accepted(f"mt-{number}"))
    start = threading.Barrier(3)

    def report(code: str) -> None:
        start.wait(10)
        for number in range(30):
            post_status(app, f"mt-{number}", code)

    with ThreadPoolExecutor(2) as threads:
        reporting = [threads.submit(report, code) for code in ("A0", "D1")]
        start.wait(10)
        run_all()
        for each in reporting:
            each.result(30)
    run_all()

    assert {(message.billing, message.status) for message in list_outbound()} == {("billed", "D1")}
    assert len(read(StatusReport.id)) == 60
    assert all(applied for (applied,) in read(StatusReport.applied_at))


def test_the_same_report_from_two_webs_at_once_is_one_row(app: Flask) -> None:
    make_sent("mt-1")
    start = threading.Barrier(4)

    def report(_number: int) -> int:
        start.wait(10)
        return post_status(app, "mt-1", "D1")

    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(report, range(4))) == [200] * 4

    assert len(read(StatusReport.id)) == 1
    assert len(read(OutboxEntry.id)) == 1


def test_reports_of_messages_that_are_none_of_ours_are_counted_after_a_while(
    client: FlaskClient, clock: Clock
) -> None:
    client.post(WEBHOOK, data=make_status("stranger", "D1"))
    client.post(WEBHOOK, data=make_status("stranger", "A0"))
    make_sent("mt-1")
    client.post(WEBHOOK, data=make_status("mt-1", "D1"))

    clock.advance(timedelta(minutes=59))
    before = orphans()
    clock.advance(timedelta(minutes=2))

    assert (before, orphans()) == (0, 2)


def make_sent(mobiletech_id: str, **overrides: object) -> int:
    values = {"paid": True, "state": "accepted", "is_queued": False, "mobiletech_id": mobiletech_id}
    return make_outbound(**values | overrides)  # type: ignore[arg-type]


def orphans() -> int:
    with transaction() as session:
        return count_orphans(session, older_than_seconds=3600)


def post_status(app: Flask, mobiletech_id: str, code: str) -> int:
    return app.test_client().post(WEBHOOK, data=make_status(mobiletech_id, code)).status_code


def bind_in(app: Flask, claimed: object) -> None:
    with app.app_context():
        record_by_hand(claimed, accepted("mt-1"))  # type: ignore[arg-type]


def somebody_waits_for_a_lock() -> bool:
    query = "SELECT count(*) FROM pg_locks WHERE NOT granted AND locktype = 'advisory'"
    with db.engine.connect() as connection:
        return bool(connection.execute(text(query)).scalar_one())
