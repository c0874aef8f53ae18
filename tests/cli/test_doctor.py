"""The doctor: every single thing that is set wrongly is found, and named with what to do."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, text

from crm.core.config import Settings
from crm.core.db import transaction
from crm.doctor import Finding, Level, check_addresses, check_durability, check_redis, check_timeouts, examine
from crm.events.doorbell import connect
from crm.events.models import PeriodicRun
from crm.mobiletech.sms_templates import create_template
from tests.cli.conftest import Run
from tests.factories.catalogue import make_billkey
from tests.factories.messages import set_up_gateway, turn_on_test_answer
from tests.factories.offers import make_sold_type
from tests.factories.rules import make_rule

ON = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"}


@pytest.mark.parametrize("name", ON)
def test_setting_that_may_lose_commits_fails(name: str) -> None:
    assert check_durability(ON).level is Level.OK
    assert check_durability(ON | {name: "off"}).level is Level.FAIL


@pytest.mark.parametrize(
    ("deadline", "record", "job", "lease", "level"),
    [(15, 20, 45, 60, Level.OK), (30, 20, 45, 60, Level.FAIL), (15, 20, 60, 60, Level.FAIL)],
)
def test_timeouts_must_stand_in_their_order(
    deadline: float, record: float, job: float, lease: float, level: Level
) -> None:
    assert check_timeouts(deadline=deadline, record=record, job=job, lease=lease).level is level


def test_redis_that_evicts_or_is_away_fails(redis_url: str) -> None:
    redis = connect(redis_url)
    assert check_redis(redis).level is Level.OK
    redis.config_set("maxmemory-policy", "allkeys-lru")
    try:
        assert check_redis(redis).level is Level.FAIL
    finally:
        redis.config_set("maxmemory-policy", "noeviction")
    assert check_redis(connect("redis://127.0.0.1:9/0")).level is Level.FAIL


def test_production_needs_https(settings: Settings) -> None:
    production = replace(settings, env="production", base_url="http://sms.example.sk")

    assert check_addresses(production).level is Level.FAIL
    assert check_addresses(replace(production, base_url="https://sms.example.sk")).level is Level.OK


SENDING = {
    "mock": ("test", "mock", {}, "gateway", Level.OK),
    "mock in production": ("production", "mock", {}, "gateway", Level.WARN),
    "no address": ("test", "http", {}, "gateway", Level.FAIL),
    "address": (
        "test",
        "http",
        {"mobiletech_gateway_url_production": "http://127.0.0.1:8010/send"},
        "gateway",
        Level.OK,
    ),
    "no https": (
        "production",
        "http",
        {"mobiletech_gateway_url_production": "http://gw.sk/"},
        "gateway",
        Level.FAIL,
    ),
    "all keys set": ("production", "http", {}, "sending", Level.OK),
    "no free key": ("production", "http", {"mobiletech_billkey_free": ""}, "sending", Level.FAIL),
    "no free key for the mock": ("test", "mock", {"mobiletech_billkey_free": ""}, "sending", Level.WARN),
    "no short number": ("test", "http", {"mobiletech_short_number": ""}, "sending", Level.FAIL),
}


@pytest.mark.parametrize(("env", "client", "values", "name", "level"), SENDING.values(), ids=SENDING)
def test_what_sending_needs_is_looked_at(
    app: Flask, settings: Settings, env: str, client: str, values: dict[str, str], name: str, level: Level
) -> None:
    set_up_gateway(**values)

    assert finding(replace(settings, env=env, mobiletech_client=client), name).level is level


@pytest.mark.parametrize(
    ("env", "billkey", "level"),
    [
        ("production", "AZ19", Level.OK),
        ("production", "AA99", Level.FAIL),
        ("test", "AA99", Level.WARN),
    ],
)
def test_paid_test_answer_fails_in_production(
    app: Flask, settings: Settings, env: str, billkey: str, level: Level
) -> None:
    turn_on_test_answer(billkey=billkey)

    assert finding(replace(settings, env=env), "test answer").level is level


BILLKEYS: dict[str, tuple[dict[str, dict[str, Any]], Level, str]] = {
    "nothing is listed": ({}, Level.WARN, "AZ19: used, and not listed"),
    "all is listed": ({"AZ19": {"kind": "free"}}, Level.OK, "AZ19 is the free one"),
    "the free one is paid": ({"AZ19": {"kind": "paid"}}, Level.FAIL, "which is a paid key"),
    "the free one has ended": (
        {"AZ19": {"kind": "free", "valid_until": datetime(2026, 1, 1, tzinfo=UTC)}},
        Level.FAIL,
        "is not valid now",
    ),
    "the free one is for another number": (
        {"AZ19": {"kind": "free", "short_number": "8866"}},
        Level.FAIL,
        "is for 8866 only",
    ),
}


@pytest.mark.parametrize(("listed", "level", "told"), BILLKEYS.values(), ids=BILLKEYS)
def test_billing_keys_are_looked_at(
    app: Flask, settings: Settings, listed: dict[str, dict[str, Any]], level: Level, told: str
) -> None:
    set_up_gateway()
    for code, details in listed.items():
        make_billkey(code, **details)

    found = finding(settings, "billing keys")

    assert found.level is level
    assert told in found.sentence


@pytest.mark.parametrize(
    ("env", "price", "level"),
    [
        ("production", "4.99", Level.OK),
        ("production", "5.99", Level.FAIL),
        ("test", "5.99", Level.WARN),
    ],
)
def test_a_type_whose_key_charges_another_amount_is_found(
    app: Flask, settings: Settings, env: str, price: str, level: Level
) -> None:
    make_sold_type()
    with transaction() as session:
        session.execute(text("UPDATE subscription_types SET price = :price"), {"price": price})

    assert finding(replace(settings, env=env), "subscription types").level is level


def test_test_answer_without_its_template_fails(app: Flask, settings: Settings) -> None:
    set_up_gateway(mobiletech_test_billkey="AZ19", mobiletech_test_template_code="gone")

    assert finding(settings, "test answer").level is Level.FAIL


@pytest.mark.parametrize(
    ("env", "content", "level"),
    [
        ("production", "{{ code }} is your code", Level.OK),
        ("production", None, Level.FAIL),
        ("test", None, Level.WARN),
        ("production", "Your code is on its way", Level.FAIL),
        ("production", "{{ code }} for {{ name }}", Level.FAIL),
    ],
)
def test_a_code_needs_a_text_that_says_it(
    app: Flask, settings: Settings, env: str, content: str | None, level: Level
) -> None:
    if content is not None:
        with transaction() as session:
            create_template(session, "one-time-code", content)

    assert finding(replace(settings, env=env), "one-time codes").level is level


@pytest.mark.parametrize(
    ("env", "minutes_ago", "level"),
    [
        ("production", 2, Level.OK),
        ("production", 4, Level.FAIL),
        ("test", 4, Level.WARN),
        ("test", None, Level.WARN),
    ],
)
def test_worker_must_have_been_alive_lately(
    app: Flask, settings: Settings, env: str, minutes_ago: int | None, level: Level
) -> None:
    if minutes_ago is not None:
        with transaction() as session:
            at = func.crm_now() - func.make_interval(0, 0, 0, 0, 0, minutes_ago)
            session.add(PeriodicRun(name="tick", started_at=at))

    assert finding(replace(settings, env=env), "worker").level is level


@pytest.mark.parametrize(
    ("gap", "told"),
    [(None, ""), (3 * 3600, " none was for 3.0 h."), (-300, " The clock went back 300 s at ")],
    ids=["none", "nobody worked for hours", "the clock went back"],
)
def test_the_last_gap_is_told(app: Flask, settings: Settings, gap: int | None, told: str) -> None:
    with transaction() as session:
        ended = None if gap is None else func.crm_now()
        session.add(PeriodicRun(name="tick", started_at=func.crm_now(), gap_ended_at=ended, gap_seconds=gap))

    sentence = finding(settings, "worker").sentence

    assert told in sentence
    assert ("Until" in sentence or "clock" in sentence) is (gap is not None)


def test_database_behind_the_code_fails(app: Flask, settings: Settings) -> None:
    with transaction() as session:
        before = session.execute(text("SELECT version_num FROM alembic_version")).scalar_one()
        session.execute(text("UPDATE alembic_version SET version_num = '0001_clock'"))
    try:
        found = finding(settings, "migrations")
    finally:
        with transaction() as session:
            session.execute(text("UPDATE alembic_version SET version_num = :before"), {"before": before})

    assert found.level is Level.FAIL
    assert "crm db upgrade" in found.sentence
    assert finding(settings, "migrations").level is Level.OK


def test_every_check_is_one_line_and_a_failure_is_status_1(run: Run) -> None:
    result = run("doctor")

    # The database of the tests does not wait for the disk.
    assert "FAIL durability: fsync, synchronous_commit, full_page_writes must be on" in result.stdout
    assert result.exit_code == 1
    assert len(result.stdout.splitlines()) == 18


def finding(settings: Settings, name: str) -> Finding:
    return next(each for each in examine(settings) if each.name == name)


def test_a_table_whose_next_id_is_taken_fails(app: Flask, settings: Settings) -> None:
    def find() -> Finding:
        return next(finding for finding in examine(settings) if finding.name == "ids")

    assert find().level is Level.OK
    with transaction() as session:
        session.execute(
            text(
                "INSERT INTO imports (id, entity, file_name, sha256, size, layout, is_dry, started_by)"
                " SELECT currval_free + 100, 'users', 'a', '', 0, '{}', true, '' FROM"
                " (SELECT coalesce(pg_sequence_last_value('imports_id_seq'), 0) AS currval_free) AS s"
            )
        )
    found = find()
    assert found.level is Level.WARN
    assert found.sentence.startswith("imports: the next id is taken")


def test_without_a_rule_nothing_but_stop_is_answered(app: Flask, settings: Settings) -> None:
    def find() -> Finding:
        return next(finding for finding in examine(settings) if finding.name == "rules")

    assert find().level is Level.WARN
    make_rule()
    assert find().level is Level.OK
