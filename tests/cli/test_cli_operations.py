"""`crm outbox` and `crm audit`: what failed is shown with its reason, and a person decides."""

import json

import pytest
from sqlalchemy import text

from crm.core.db import transaction
from crm.events.models import EntryState, OutboxEntry
from crm.events.publish import publish
from crm.mobiletech.events import INBOUND
from crm.mobiletech.status_reports import record_status
from crm.mobiletech.wire.commands import Status
from crm.users.models import AuditEntry
from tests.cli.conftest import Run
from tests.factories.outbound import make_outbound
from tests.outbox import run_all
from tests.stored import read

REASON = "LookupError: No handler is registered for the event long-gone. " + "Very long. " * 40


@pytest.fixture
def dead_id() -> str:
    with transaction() as session:
        ready = OutboxEntry(
            key="a",
            event="shaky",
            payload={"n": 1},
            attempts=2,
            error="ValueError: n",
            available_at="2199-01-01",
        )
        dead = OutboxEntry(
            key="b",
            event="long-gone",
            payload={"n": 2},
            attempts=10,
            error=REASON,
            state=EntryState.DEAD,
            finished_at="2026-01-01",
        )
        fine = OutboxEntry(key="c", event="fine", payload={}, available_at="2199-01-01")
        session.add_all([ready, dead, fine])
        session.flush()
        return str(dead.id)


def test_failed_work_is_listed_dead_first_with_the_whole_reason(run: Run, dead_id: str) -> None:
    rows = json.loads(run("outbox", "list", "--json").stdout)
    printed = run("outbox", "list").stdout

    assert [(row["event"], row["about"], row["attempts"]) for row in rows] == [
        ("long-gone", "n=2", 10),
        ("shaky", "n=1", 2),
    ]
    assert rows[0]["next_try"] is None
    assert rows[1]["next_try"] == "2199-01-01T00:00:00+00:00"
    assert REASON in printed


@pytest.mark.parametrize(("state", "is_broken"), [("queued", False), ("accepted", True), ("unknown", True)])
def test_audit_finds_the_text_of_a_code_that_outlived_its_sending(
    run: Run, state: str, is_broken: bool
) -> None:
    make_outbound(is_secret=True, state=state, content="123456 je vas kod")

    assert ("secret_kept" in run("audit").stdout) is is_broken


def test_a_list_that_is_cut_says_so(run: Run, dead_id: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("crm.cli.outbox.SHOWN", 1)

    result = run("outbox", "list", "--json")
    whole = run("outbox", "list")

    assert [row["event"] for row in json.loads(result.stdout)] == ["long-gone"]
    assert "Only the first 1 are shown, more has failed." in result.stderr
    assert "Only the first 1 are shown" in whole.stderr
    assert "shaky" not in whole.stdout


def test_a_list_that_is_whole_says_nothing_more(run: Run, dead_id: str) -> None:
    assert run("outbox", "list").stderr == ""


@pytest.mark.parametrize("command", ["retry", "discard"])
def test_a_reason_goes_to_the_audit_log(run: Run, dead_id: str, command: str) -> None:
    run("outbox", command, dead_id, "--reason", "the shop is back")

    assert read(AuditEntry.action, AuditEntry.reason) == [(f"work.{command}", "the shop is back")]


@pytest.mark.parametrize(("command", "state"), [("retry", "ready"), ("discard", "discarded")])
def test_person_decides_about_failed_work(run: Run, dead_id: str, command: str, state: str) -> None:
    result = run("outbox", command, dead_id, dead_id)

    assert (result.exit_code, result.stdout.split()[0]) == (0, "1")
    with transaction() as session:
        assert session.get_one(OutboxEntry, int(dead_id)).state == state


def test_one_wrong_id_leaves_all_as_they_were(run: Run, dead_id: str) -> None:
    assert run("outbox", "discard", dead_id, "777").exit_code == 1

    with transaction() as session:
        assert session.get_one(OutboxEntry, int(dead_id)).state == "dead"


def test_audit_of_a_sound_house_says_so(run: Run) -> None:
    result = run("audit")

    assert result.exit_code == 0
    assert "invariants hold" in result.stdout


def test_audit_prints_what_breaks_an_invariant(run: Run, dead_id: str) -> None:
    result = run("audit")
    told = json.loads(run("audit", "--json").stdout)

    assert result.exit_code == 1
    assert "work_dead: No work waits for a person" in result.stdout
    assert f"id={dead_id}, event=long-gone" in result.stdout
    assert "1 of" in result.stderr
    assert told[0]["name"] == "work_dead"
    assert told[0]["rows"][0]["id"] == dead_id


def test_audit_lists_tests_on_a_paid_key_apart_and_is_not_broken_by_them(run: Run) -> None:
    message_id = make_outbound(paid=True, payment_id=None, purpose="test")

    result = run("audit")

    assert result.exit_code == 0
    assert "to know, paid_tests: Tests on a paid key within 30 days" in result.stdout
    assert f"id={message_id}, billkey=AA99" in result.stdout
    assert json.loads(run("audit", "--json").stdout) == []


@pytest.mark.parametrize(("code", "is_listed"), [("X9", True), ("D1\n", True), ("A99", False), ("D1", False)])
def test_audit_lists_codes_that_nobody_knows_apart(run: Run, code: str, is_listed: bool) -> None:
    make_outbound(mobiletech_id="mt-1", state="accepted", is_queued=False)
    with transaction() as session:
        record_status(session, Status(id="mt-1", status=code), None)
    run_all()

    result = run("audit")

    assert result.exit_code == 0
    assert ("to know, unknown_codes: " in result.stdout) is is_listed
    assert ("mobiletech_id=mt-1" in result.stdout) is is_listed


@pytest.mark.parametrize(("age", "is_broken"), [("6 minutes", True), ("4 minutes", False)])
def test_audit_finds_an_sms_whose_handling_goes_on_failing(run: Run, age: str, is_broken: bool) -> None:
    with transaction() as session:
        publish(session, INBOUND, {"mobiletech_inbound_message_id": 1}, key="inbound:1/publisher")
        made = text(
            "UPDATE outbox SET attempts = 3, error = 'ValueError: n', available_at = crm_now() + interval '1 h',"
            " created_at = crm_now() - CAST(:age AS interval)"
        )
        session.execute(made, {"age": age})

    result = run("audit")

    assert ("inbound_not_handled: " in result.stdout) is is_broken
    assert result.exit_code == int(is_broken)
