"""Operations in the browser: what is wrong is said first, in words, with what to do about it."""

import dataclasses
from datetime import timedelta
from time import monotonic

import pytest
from flask import Flask
from flask.testing import FlaskClient
from rq import Worker
from sqlalchemy import func

from crm.core.business_settings import set_setting
from crm.core.clock import db_now
from crm.core.db import transaction
from crm.events import doorbell
from crm.events.pump import run_if_due
from crm.mobiletech.breaker_state import GatewayState
from crm.mobiletech.models import StatusReport
from crm.web.operations import TASKS
from crm.wiring import PERIODIC
from tests.conftest import Clock
from tests.factories.catalogue import make_billkey
from tests.factories.messages import set_up_gateway
from tests.factories.users import make_user
from tests.factories.work import make_run, make_work
from tests.pages import Page, sign_in

OPERATIONS = "/admin/operations"


def test_a_house_where_nothing_ever_ran_says_so(staff: FlaskClient) -> None:
    page = look(staff)

    assert "Act now No worker is alive None has ever run." in page.text
    assert "python worker.py" in page.text
    assert "The audit has not run of late" in page.text
    assert "Nothing is open" in page.text
    assert "No worker has signed on" in page.text
    assert "is late" not in page.text  # one line about the worker says enough


def test_a_sound_house_is_well(staff: FlaskClient) -> None:
    set_up_gateway()
    run_all_tasks()

    page = look(staff)

    assert "Act now" not in page.text
    assert "Look at it" not in page.text
    for told in (
        "Well A worker is alive",
        "Well No work is overdue",
        "Well No work has failed",
        "Well The audit found nothing",
        "Well Paid messages go out",
        "Well The database answers",
        "Well Redis answers",
    ):
        assert told in page.text


def test_a_free_key_that_charges_is_said_first(staff: FlaskClient) -> None:
    set_up_gateway(mobiletech_billkey_free="AA99")
    make_billkey("AA99", kind="paid")

    page = look(staff)

    assert (
        "Act now Something is wrong with the free billing key mobiletech_billkey_free names AA99" in page.text
    )
    assert "/admin/billkeys" in page.links


def test_the_worst_stands_first(staff: FlaskClient) -> None:
    make_work(key="dead")
    run_all_tasks()

    text = look(staff).text

    assert text.index("1 piece of work was given up") < text.index("A setting is missing")
    assert text.index("A setting is missing") < text.index("Well")


def test_a_worker_that_went_silent_is_told(staff: FlaskClient, clock: Clock) -> None:
    run_all_tasks()
    clock.advance(timedelta(minutes=14))

    page = look(staff)

    assert "No worker is alive The last sign of one was 14 minutes ago." in page.text


def test_a_gap_and_a_clock_that_went_back_are_told(staff: FlaskClient) -> None:
    make_run("tick", minutes_ago=0.1, gap_seconds=7300)
    make_run("audit", minutes_ago=1, gap_seconds=-120)

    text = look(staff).text

    assert "there was none for 2 hours." in text
    assert "It once stood still for 2 hours." in text
    assert "The clock once went back by 2 minutes." in text


def test_overdue_work_is_told_with_its_age(staff: FlaskClient) -> None:
    make_work(state="ready", attempts=0, due_in_minutes=-7)

    page = look(staff)

    assert "Act now Work is overdue by 7 minutes" in page.text
    assert "SMS from a reader mobiletech-inbound Waits 1 Due 1 Overdue by 7 minutes" in page.text


def test_failed_work_is_counted_by_its_sort_and_leads_to_its_list(staff: FlaskClient) -> None:
    make_work(event="mobiletech-send")
    make_work(event="order-paid", state="ready", attempts=2, due_in_minutes=5)

    page = look(staff)

    assert "1 piece of work was given up" in page.text
    assert "1 piece of work failed It is tried again by itself" in page.text
    assert f"{OPERATIONS}/work?state=dead&event=mobiletech-send" in page.links
    assert f"{OPERATIONS}/work?state=retrying&event=order-paid" in page.links


def test_what_the_audit_found_is_told_with_the_rule(staff: FlaskClient) -> None:
    make_run("tick", minutes_ago=0.1)
    make_run("audit", minutes_ago=3, error="unknown_too_long=2 conflict=20 work_dead=1")

    page = look(staff)

    assert "The audit found 2 rows that break a rule" in page.text
    assert "No message has been without a known outcome for three days. It ran 3 minutes ago." in page.text
    assert "The audit found 20+ rows that break a rule" in page.text
    assert "unknown_too_long (2), conflict (20), work_dead (1)" in page.text
    assert "/admin/messages?state=unknown" in page.links


def test_an_audit_that_failed_is_told_with_its_reason_and_no_number(staff: FlaskClient) -> None:
    make_run("audit", minutes_ago=3, error="DataError: +421908630549")

    page = look(staff)

    assert "The audit failed DataError: +421908***549" in page.text
    assert "630549" not in page.text


def test_periodic_work_that_is_late_while_a_worker_lives_is_told(staff: FlaskClient) -> None:
    make_run("tick", minutes_ago=0.1)
    make_run("audit", minutes_ago=1)
    make_run("forget_old_work", minutes_ago=25 * 60)
    make_run("forget_old_words", minutes_ago=60, error="OperationalError: no")

    page = look(staff)

    assert "The periodic work forget_old_work is late" in page.text
    assert "The periodic work forget_old_words failed OperationalError: no" in page.text
    assert "Forgets finished work after 30 days forget_old_work Every 1 day" in page.text


def test_every_periodic_task_is_told_in_words() -> None:
    assert {task.name for task in PERIODIC} == TASKS.keys()


def test_the_breaker_is_told_with_reason_and_end(staff: FlaskClient) -> None:
    pause(timedelta(minutes=4))

    page = look(staff)

    assert "Look at it Paid sending is paused until" in page.text
    assert "3 paid messages of late ended without a clear answer. Free messages go on." in page.text


def test_a_pause_that_is_over_waits_for_its_probe(staff: FlaskClient) -> None:
    pause(timedelta(minutes=-1))

    assert "Paid sending waits for a clear answer" in look(staff).text


def test_reports_of_nobodys_messages_lead_to_their_list(staff: FlaskClient) -> None:
    with transaction() as session:
        long_ago = db_now() - func.make_interval(0, 0, 0, 0, 2)
        session.add(StatusReport(mobiletech_id="mt-9", status="D1", received_at=long_ago))

    page = look(staff)

    assert "1 report speaks of a message that is none of ours" in page.text
    assert f"{OPERATIONS}/gateway?kind=status&matched=no" in page.links


def test_the_gateways_address_is_told_or_missed(
    app: Flask, staff: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(
        app.extensions,
        "settings",
        dataclasses.replace(app.extensions["settings"], mobiletech_client="http"),
    )

    missing = look(staff)
    with transaction() as session:
        set_setting(session, "mobiletech_gateway_url_production", "https://gateway.example.sk/send")
    known = look(staff)

    assert "Act now The gateway's address is not set" in missing.text
    assert "/admin/settings/mobiletech_gateway_url_production" in missing.links
    assert "Messages go to https://gateway.example.sk/send." in known.text


def test_workers_are_listed_with_their_state(staff: FlaskClient, redis_url: str) -> None:
    redis = doorbell.connect(redis_url)
    busy, silent = (Worker([doorbell.queue(redis)], connection=redis, serializer="json") for _ in range(2))
    for worker in (busy, silent):
        worker.register_birth()
        worker.set_state("busy")
    redis.hset(silent.key, "last_heartbeat", "2026-01-01T00:00:00.000000Z")

    text = look(staff).text

    assert text.index(busy.name[:12]) < text.index(silent.name[:12])
    assert "Works" in text
    assert "Silent" in text


def test_without_redis_the_page_still_comes_and_says_so_soon(
    app: Flask, staff: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    away = dataclasses.replace(app.extensions["settings"], redis_url="redis://127.0.0.1:1")
    monkeypatch.setitem(app.extensions, "settings", away)
    started = monotonic()

    page = look(staff)

    assert monotonic() - started < 2
    assert "Look at it Redis cannot be reached Nothing is lost" in page.text
    assert "so nobody can say who works" in page.text


@pytest.mark.parametrize("role", ["support", "editor", "billing"])
def test_every_role_of_the_staff_reads_it(client: FlaskClient, role: str) -> None:
    make_user(role=role, email="one@example.sk")
    sign_in(client, "one@example.sk")

    assert look(client).status == 200


def look(client: FlaskClient) -> Page:
    return Page(client.get(OPERATIONS))


def run_all_tasks() -> None:
    for task in PERIODIC:
        run_if_due(task)


def pause(for_: timedelta) -> None:
    with transaction() as session:
        until = db_now() + func.make_interval(0, 0, 0, 0, 0, 0, for_.total_seconds())
        reason = "3 paid messages of late ended without a clear answer."
        session.add(GatewayState(id=1, paused_until=until, pause_seconds=240, reason=reason))
