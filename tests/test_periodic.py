"""The periodic tasks themselves: the audit that alerts, and the work that is forgotten after a month."""

from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

from crm.audit import audit_and_alert, read_findings
from crm.core.db import transaction
from crm.events.housekeeping import forget_old_work
from crm.events.models import OutboxEntry
from crm.importer.housekeeping import apply_late_reports, end_overtaken_imports, forget_old_imports
from crm.mobiletech.figures.housekeeping import count_days
from crm.mobiletech.search.housekeeping import forget_old_words
from crm.payments.charging_run import charge_due_now
from crm.payments.figures.keeping import count_money_days, count_subscribers
from crm.sms_billing.figures.keeping import count_billing_days
from crm.sms_billing.turns import announce_renewals, look_for_timeouts
from crm.subscriptions.housekeeping import keep_subscriptions
from crm.wiring import PERIODIC
from tests.logs import list_facts
from tests.stored import read


def test_the_tasks_run_as_often_as_is_written() -> None:
    assert {task.name: (task.every, task.run) for task in PERIODIC if task.name != "tick"} == {
        "keep_subscriptions": (timedelta(minutes=1), keep_subscriptions),
        "audit": (timedelta(minutes=10), audit_and_alert),
        "forget_old_work": (timedelta(days=1), forget_old_work),
        "forget_old_words": (timedelta(days=1), forget_old_words),
        "end_overtaken": (timedelta(minutes=1), end_overtaken_imports),
        "forget_old_imports": (timedelta(days=1), forget_old_imports),
        "apply_late_reports": (timedelta(minutes=10), apply_late_reports),
        "charge_due": (timedelta(seconds=15), charge_due_now),
        "charge_timeouts": (timedelta(seconds=30), look_for_timeouts),
        "renewal_notices": (timedelta(seconds=30), announce_renewals),
        "count_days": (timedelta(hours=1), count_days),
        "count_money_days": (timedelta(hours=1), count_money_days),
        "count_billing_days": (timedelta(hours=1), count_billing_days),
        "count_subscribers": (timedelta(minutes=10), count_subscribers),
    }


def test_what_the_audit_finds_is_an_error_in_the_log_and_a_figure(
    client: FlaskClient, caplog: pytest.LogCaptureFixture
) -> None:
    add_work("lost", state="dead", finished="1 minute")

    told = audit_and_alert()

    assert told == "work_dead=1"
    assert [(invariant.name, count) for invariant, count in read_findings(told)] == [("work_dead", 1)]
    [fact] = [fact for fact in list_facts(caplog) if fact["event"] == "audit_finding"]
    assert (fact["level"], fact["invariant"], fact["rows"]) == ("error", "work_dead", 1)
    assert "crm_audit_findings_total 1.0" in client.get("/metrics").text


def test_a_sound_audit_tells_nothing(app: Flask) -> None:
    assert audit_and_alert() is None


@pytest.mark.parametrize(
    "told", ["", "DataError: a=1, b=2", "unheard_of=3", "work_dead", "ValueError: work_deadly=4"]
)
def test_other_words_than_the_audits_are_no_findings(told: str) -> None:
    assert read_findings(told) == []


def test_work_is_forgotten_a_month_after_it_was_done_and_failed_work_never(app: Flask) -> None:
    add_work("done long ago", state="done", finished="31 days")
    add_work("discarded long ago", state="discarded", finished="31 days")
    add_work("dead long ago", state="dead", finished="31 days")
    add_work("done lately", state="done", finished="29 days")
    add_work("waits", state="ready", finished=None)

    forget_old_work()

    assert sorted(read(OutboxEntry.key)) == [("dead long ago",), ("done lately",), ("waits",)]


def add_work(key: str, *, state: str, finished: str | None) -> None:
    """Add an entry that was finished that long ago."""
    with transaction() as session:
        session.execute(
            text(
                "INSERT INTO outbox (key, event, payload, state, finished_at)"
                " VALUES (:key, 'thing', '{}', :state, crm_now() - CAST(:finished AS interval))"
            ),
            {"key": key, "state": state, "finished": finished},
        )
