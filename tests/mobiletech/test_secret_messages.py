"""The text of a one-time code: it reaches the phone, and stands nowhere else, before or after."""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import delete, select

from crm.audit import run_audit
from crm.core.business_settings import set_setting
from crm.core.db import Base, transaction
from crm.events.backoff import DELAYS
from crm.events.drain import drain
from crm.mobiletech.client import Outcome
from crm.mobiletech.handlers import CODE_TEMPLATE
from crm.mobiletech.models import OutboundMessage, SmsTemplate, SmsTemplateVersion
from crm.mobiletech.sms_templates import get_template, save_template
from crm.users.client import Client
from crm.users.codes import ask_for_code, ask_for_phone
from crm.users.models import User
from tests.conftest import Clock
from tests.factories.codes import make_reader, read_code, set_up_codes
from tests.factories.messages import WEBHOOK, make_receive, make_status
from tests.factories.users import make_user
from tests.fakes import FakeGateway, accepted, ambiguous, not_connected, rejected
from tests.pages import sign_in
from tests.stored import list_attempts, list_not_sent, list_outbound
from tests.web.conftest import Browser

HOME = Client(ip="192.0.2.1")
# No digits of a table or a log line are like this.
CODE = "918273"


@pytest.fixture(autouse=True)
def _codes(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("crm.users.codes.secrets.randbelow", lambda _below: int(CODE))
    set_up_codes()
    make_reader()


def test_the_code_reaches_the_phone_and_is_in_no_table_afterwards(gateway: FakeGateway) -> None:
    ask()

    assert read_code(gateway) == CODE

    [message] = list_outbound()
    assert (message.state, message.content, message.is_secret, message.paid) == ("accepted", "", True, False)
    assert tables_with(CODE) == set()
    with transaction() as session:
        assert run_audit(session) == []


def test_before_it_is_sent_it_stands_in_the_one_place_that_sends_it(gateway: FakeGateway) -> None:
    gateway.will(not_connected())
    ask()

    drain(for_seconds=10)

    assert [message.state for message in list_outbound()] == ["queued"]
    assert tables_with(CODE) == {"mobiletech_outbound_messages"}


def test_no_log_line_has_it(
    gateway: FakeGateway, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    gateway.will(not_connected(), ambiguous())
    ask()

    drain(for_seconds=10)

    told = [str(record.msg) + record.getMessage() for record in caplog.records]
    assert any("send_failed" in line for line in told)
    assert not any(CODE in line for line in told)
    assert CODE not in "".join(capfd.readouterr())


@pytest.mark.parametrize("outcome", [not_connected(), accepted("mt-1")], ids=["before", "after"])
def test_no_page_shows_it_to_staff_or_to_its_owner(
    app: Flask, gateway: FakeGateway, outcome: Outcome
) -> None:
    make_user(role="admin", email="admin@example.sk")
    gateway.will(outcome)
    ask()
    drain(for_seconds=10)

    for email, paths in (
        ("admin@example.sk", ("/admin/", "/admin/messages", "/admin/messages/outbound/1")),
        ("eva@example.sk", ("/account/messages", "/account")),
    ):
        browser = Browser(app)
        assert sign_in(browser, email).status_code == 302
        for path in paths:
            response = browser.get(path)
            assert (response.status_code, CODE in response.text) == (200, False), path


def test_a_free_try_after_a_doubtful_one_still_carries_it(gateway: FakeGateway, clock: Clock) -> None:
    gateway.will(ambiguous())
    ask()
    drain(for_seconds=10)
    clock.advance(DELAYS[0] + timedelta(seconds=1))

    drain(for_seconds=10)

    assert [CODE in sent.content for sent in gateway.sent] == [True, True]
    assert tables_with(CODE) == set()


ENDS: dict[str, tuple[Callable[[FakeGateway, Clock], None], str]] = {
    "nobody knows": (lambda gateway, clock: three_times(gateway, clock, ambiguous()), "unknown"),
    "refused": (lambda gateway, clock: three_times(gateway, clock, rejected()), "rejected"),
    "too late": (lambda gateway, clock: too_late(gateway, clock), "expired"),
}


@pytest.mark.parametrize(("end", "state"), ENDS.values(), ids=ENDS)
def test_whatever_becomes_of_it_the_text_is_gone(
    gateway: FakeGateway, clock: Clock, end: Callable[[FakeGateway, Clock], None], state: str
) -> None:
    end(gateway, clock)

    assert [(message.state, message.content) for message in list_outbound()] == [(state, "")]
    assert tables_with(CODE) == set()


def test_what_the_gateway_repeats_of_it_is_not_kept(gateway: FakeGateway) -> None:
    gateway.will(
        replace(rejected(f"Bad content: {CODE} je vas kod"), reply=f"<reason>{CODE} je vas kod</reason>")
    )
    ask()

    drain(for_seconds=10)

    [attempt] = list_attempts()
    assert (attempt.detail, attempt.reply) == ("Bad content: *** je vas kod", None)
    assert tables_with(CODE) == set()


def test_a_ported_number_gets_no_second_sms_of_it(client: FlaskClient, gateway: FakeGateway) -> None:
    ask()
    drain(for_seconds=10)
    client.post(WEBHOOK, data=make_receive(operator_type="T", content="STOP"))

    client.post(WEBHOOK, data=make_status("mt-1", "_OPERATOR_CHANGE"))
    drain(for_seconds=10)

    assert len(gateway.sent) == 1
    assert len(list_outbound()) == 1


def test_an_old_code_is_not_sent_after_its_ten_minutes(gateway: FakeGateway) -> None:
    ask()
    drain(for_seconds=10)

    assert [sent.expiration for sent in gateway.sent] == [10]


@pytest.mark.parametrize(
    ("locale", "words"),
    [
        (None, "je vas kod, plati 10 minut"),
        ("sk_SK", "je vas kod"),
        ("en_US", "is your code, valid for 10 minutes"),
    ],
)
def test_it_speaks_the_readers_language(gateway: FakeGateway, locale: str | None, words: str) -> None:
    with transaction() as session:
        session.execute(select(User)).scalar_one().locale = locale
    ask()

    drain(for_seconds=10)

    assert words in gateway.sent[0].content
    assert "  " not in gateway.sent[0].content


def test_a_code_for_a_new_number_goes_to_that_number(gateway: FakeGateway) -> None:
    with transaction() as session:
        ask_for_phone(session, "0908000002", 1, HOME)

    drain(for_seconds=10)

    assert [sent.to for sent in gateway.sent] == ["+421908000002"]


# --- what is missing is told, without the code


MISSING: dict[str, tuple[Callable[[], None], str]] = {
    "no template": (lambda: without_template(), "no_template"),
    "no free key": (lambda: without("mobiletech_billkey_free"), "no_billkey"),
    "no service id": (lambda: without("mobiletech_serv_id"), "no_serv_id"),
    "no short number": (lambda: without("mobiletech_short_number"), "no_sender"),
    "another parameter": (lambda: with_content("{{ code }} {{ name }}"), "missing_parameter"),
    "a text that cannot be made": (
        lambda: with_content("{{ code }}{{ language|round }}"),
        "broken_template",
    ),
}


@pytest.mark.parametrize(("take_away", "reason"), MISSING.values(), ids=MISSING)
def test_without_what_it_needs_it_is_not_sent_for_a_stored_reason(
    gateway: FakeGateway, take_away: Callable[[], None], reason: str
) -> None:
    take_away()
    ask()

    drain(for_seconds=10)

    [row] = list_not_sent()
    assert (row.reason, row.template_code, row.user_id) == (reason, CODE_TEMPLATE, 1)
    assert (gateway.sent, tables_with(CODE)) == ([], set())


def test_an_unknown_name_leaves_no_trace_of_a_message(gateway: FakeGateway) -> None:
    with transaction() as session:
        ask_for_code(session, "nobody@example.sk", HOME)

    drain(for_seconds=10)

    assert (gateway.sent, list_outbound(), list_not_sent()) == ([], [], [])


def ask() -> None:
    with transaction() as session:
        ask_for_code(session, "eva@example.sk", HOME)


def three_times(gateway: FakeGateway, clock: Clock, outcome: Outcome) -> None:
    gateway.will(outcome, outcome, outcome)
    ask()
    for _ in range(3):
        drain(for_seconds=10)
        clock.advance(DELAYS[0] + timedelta(seconds=1))


def too_late(gateway: FakeGateway, clock: Clock) -> None:
    gateway.will(not_connected())
    ask()
    drain(for_seconds=10)
    clock.advance(timedelta(minutes=11))
    drain(for_seconds=10)


def tables_with(text: str) -> set[str]:
    """Return the tables in which the text stands anywhere, as digits of its own."""
    pattern = re.compile(rf"(?<!\d){text}(?!\d)")
    with transaction() as session:
        rows = {
            table.name: [tuple(row) for row in session.execute(table.select())]
            for table in Base.metadata.sorted_tables
        }
    return {name for name, found in rows.items() if pattern.search(str(found))}


def without(key: str) -> None:
    with transaction() as session:
        set_setting(session, key, "")


def without_template() -> None:
    with transaction() as session:
        for table in (OutboundMessage, SmsTemplateVersion, SmsTemplate):
            session.execute(delete(table))


def with_content(content: str) -> None:
    with transaction() as session:
        seen = get_template(session, CODE_TEMPLATE).version
        save_template(session, CODE_TEMPLATE, content, seen_version=seen)
