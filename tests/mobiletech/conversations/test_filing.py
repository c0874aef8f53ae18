"""What nobody has answered is given to a person, once, and says why."""

from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from crm.core.db import current_session, transaction
from crm.events.registry import Event, registry
from crm.mobiletech.conversations.filing import file_in_inbox
from crm.mobiletech.conversations.models import InboxItem
from crm.mobiletech.events import INBOUND
from crm.mobiletech.models import InboundMessage
from crm.mobiletech.notifications import notify
from crm.mobiletech.rules.models import Decision, Rule
from crm.mobiletech.rules.steps import StepKind, step
from crm.mobiletech.wishes import Envelope
from crm.users.models import KnownNumber
from tests.factories.log import make_inbound, make_not_sent, make_outbound
from tests.factories.messages import WEBHOOK, make_receive, set_up_gateway, turn_on_test_answer
from tests.factories.rules import make_rule
from tests.fakes import FakeGateway
from tests.outbox import run_all
from tests.stored import list_inbound, read

pytestmark = pytest.mark.usefixtures("app")


def test_a_text_that_nobody_knows_waits_for_a_person(client: FlaskClient) -> None:
    client.post(WEBHOOK, data=make_receive(content="Kedy vyjde víkendové vydanie?"))

    run_all()

    [message] = list_inbound()
    assert read(InboxItem.inbound_message_id, InboxItem.reason, InboxItem.state, InboxItem.short_number) == [
        (message.id, "unmatched", "open", "8877")
    ]
    assert read(InboxItem.created_at) == [(message.created_at,)]
    assert read(KnownNumber.id, KnownNumber.number) == [(read(InboxItem.number_id)[0][0], "+421908630549")]


def test_the_test_answer_is_no_answer_of_a_rule(client: FlaskClient, gateway: FakeGateway) -> None:
    turn_on_test_answer()
    client.post(WEBHOOK, data=make_receive())

    run_all()

    assert len(gateway.sent) == 1
    assert filed() == ["unmatched"]


def test_a_test_answer_that_is_refused_is_no_refusal_of_a_rule(client: FlaskClient) -> None:
    set_up_gateway(mobiletech_test_billkey="AZ19", mobiletech_test_template_code="pong")
    client.post(WEBHOOK, data=make_receive())

    run_all()

    assert filed() == ["unmatched"]


@pytest.mark.parametrize("failing", [False, True], ids=["answers", "is refused"])
def test_what_an_extension_answers_is_filed_only_if_it_is_refused(
    client: FlaskClient, gateway: FakeGateway, extension: Any, failing: bool
) -> None:
    turn_on_test_answer()
    extension("no such template" if failing else "pong")
    client.post(WEBHOOK, data=make_receive())

    run_all()

    assert filed() == (["refused"] if failing else [])


def test_an_extension_that_fails_may_answer_later_and_the_message_is_filed_all_the_same(
    client: FlaskClient,
) -> None:
    def fail(event: Event) -> None:
        raise RuntimeError("no connection")

    registry.on(INBOUND, fail, name="test.fail")
    try:
        client.post(WEBHOOK, data=make_receive())
        run_all()
    finally:
        forget("test.fail")

    assert filed() == ["unmatched"]


def test_a_stop_waits_for_a_person(client: FlaskClient) -> None:
    client.post(WEBHOOK, data=make_receive(content="zrušiť"))

    run_all()

    assert filed() == ["stop"]


def test_a_near_stop_waits_for_a_person_though_a_rule_has_answered(
    client: FlaskClient, gateway: FakeGateway
) -> None:
    set_up_gateway()
    make_rule("AKO", match="starts_with")
    client.post(WEBHOOK, data=make_receive(content="ako zrusim?"))

    run_all()

    assert len(gateway.sent) == 1
    assert filed() == ["near_stop"]


def test_a_near_stop_that_an_extension_answers_waits_for_a_person(
    client: FlaskClient, gateway: FakeGateway, extension: Any
) -> None:
    set_up_gateway()
    extension("pong")
    client.post(WEBHOOK, data=make_receive(content="ako zrusim?"))

    run_all()

    assert filed() == ["near_stop"]


@pytest.mark.parametrize(
    ("text", "reason"), [("stpo", "stop"), ("ako zrusim", "near_stop"), ("ahoj", "unmatched")]
)
def test_what_nobody_has_decided_about_is_read_once_more(text: str, reason: str) -> None:
    message_id = make_inbound(content=text)

    file(message_id)

    assert filed() == [reason]


def test_a_repeat_by_the_operator_is_filed_once(client: FlaskClient) -> None:
    for _ in range(3):
        client.post(WEBHOOK, data=make_receive(content="Ahoj"))

    run_all()

    assert filed() == ["unmatched"]


@pytest.mark.parametrize(
    ("outcome", "action", "answered", "refused", "reason"),
    [
        ("stop", None, False, False, "stop"),
        ("stop", None, True, False, "stop"),
        ("looped", "reply", False, True, "looped"),
        ("looped", "reply", True, False, "looped"),
        ("rule", "inbox", False, False, "rule"),
        ("rule", "reply", True, False, None),
        ("rule", "reply", False, True, "refused"),
        ("rule", "confirm", False, False, None),
        ("rule", "extension", False, False, None),
        ("answered", None, True, False, None),
        ("repeated", None, False, False, None),
        ("unmatched", None, False, False, "unmatched"),
        ("unmatched", None, True, False, None),
        ("unmatched", None, False, True, "refused"),
    ],
)
def test_what_was_decided_says_whether_a_person_is_needed(
    outcome: str, action: str | None, answered: bool, refused: bool, reason: str | None
) -> None:
    message_id = make_inbound(mobiletech_id="of the reader", content="INFO")
    decide(message_id, outcome, action)
    if answered:
        make_outbound(rcv_msg_id="of the reader", key=f"rule:{message_id}")
    if refused:
        make_not_sent(inbound_message_id=message_id)

    file(message_id)

    assert filed() == ([reason] if reason else [])


@pytest.mark.parametrize("since", ["deleted", "changed"])
def test_what_becomes_of_a_rule_afterwards_loses_no_message(since: str) -> None:
    message_id = make_inbound(content="INFO")
    decide(message_id, "rule", "inbox")
    with transaction() as session:
        rule = session.get_one(Rule, 1)
        if since == "deleted":
            session.delete(rule)
        else:
            rule.action = "reply"

    file(message_id)

    assert filed() == ["rule"]


def test_running_it_again_files_nothing_and_opens_nothing() -> None:
    message_id = make_inbound()
    file(message_id)
    with transaction() as session:
        item = session.get_one(InboxItem, 1)
        item.state, item.done_at = "done", item.created_at

    file(message_id)

    assert read(InboxItem.state) == [("done",)]


def test_a_number_that_is_not_known_yet_is_no_reason_to_lose_a_message() -> None:
    message_id = make_inbound(from_="+420602000101")

    file(message_id)

    assert filed() == ["unmatched"]


def filed() -> list[str]:
    return [reason for (reason,) in read(InboxItem.reason)]


def file(*ids: int) -> None:
    with transaction():
        file_in_inbox([Event({"mobiletech_inbound_message_id": each}, entry_id=each) for each in ids])


def decide(message_id: int, outcome: str, action: str | None) -> None:
    with transaction() as session:
        rule_id = None
        if action is not None:
            rule = Rule(position=1, match="exact", text="INFO", action=action)
            session.add(rule)
            session.flush()
            rule_id = rule.id
        steps = [step(StepKind.INBOX)] if action == "inbox" else []
        session.add(Decision(inbound_message_id=message_id, outcome=outcome, rule_id=rule_id, steps=steps))


def forget(name: str) -> None:
    registry.handlers[INBOUND] = [each for each in registry.handlers[INBOUND] if each[1] != name]


@pytest.fixture
def extension(app: Flask) -> Iterator[Any]:
    """Return what registers an extension that answers everything with a template."""

    def register(template: str) -> None:
        def answer(event: Event) -> None:
            session = current_session()
            message = session.get_one(InboundMessage, event["mobiletech_inbound_message_id"])
            notify(Envelope(message), None, template, {"original_message": message.content})

        registry.on(INBOUND, answer, name="test.answer")

    yield register
    forget("test.answer")
