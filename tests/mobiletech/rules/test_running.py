"""Rules in the worker: what each action does, once, in order, and never to a machine for ever."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from crm.core.db import current_session, transaction
from crm.events.registry import Event, registry
from crm.mobiletech import handlers
from crm.mobiletech.events import INBOUND, rule_event
from crm.mobiletech.inbound import get_inbound_message
from crm.mobiletech.notifications import notify
from crm.mobiletech.rules import running
from crm.mobiletech.rules.editing import Place, switch_rule
from crm.mobiletech.rules.models import Decision
from crm.mobiletech.rules.running import heed_stop, run_rules
from crm.mobiletech.wishes import Envelope, Reason
from crm.users.accounts import create_user
from crm.users.models import User
from tests.conftest import Clock
from tests.factories.messages import WEBHOOK, make_receive, set_up_gateway, turn_on_test_answer
from tests.factories.rules import make_rule, make_template
from tests.fakes import FakeGateway
from tests.outbox import run_all
from tests.stored import list_inbound, list_not_sent, list_outbound, read

pytestmark = pytest.mark.usefixtures("gateway")


@pytest.fixture(autouse=True)
def _set_up(app: Flask) -> None:
    set_up_gateway()


def test_a_reply_goes_out_free_of_charge_with_what_the_rule_knows(
    client: FlaskClient, gateway: FakeGateway
) -> None:
    make_user("0908 630 549", name="Eva Nováková")
    rule_id = make_rule(
        content="Dobry den {{ name ?? 'citatel' }}, {{ original_message }} na {{ short_number }}"
    )

    receive(client, id="7", content="info!")

    assert [(sent.content, sent.rcv_msg_id, sent.billkey) for sent in gateway.sent] == [
        ("Dobry den Eva Novakova, info! na 8877", "7", "AZ19")
    ]
    [message] = list_outbound()
    assert (message.key, message.context) == (f"rule:{list_inbound()[0].id}", f"rule {rule_id}")
    assert (message.purpose, message.paid) == ("service", False)
    assert decisions() == [("rule", rule_id, ["no_stop", "match", "sent"])]


@pytest.mark.parametrize("public_name", ["eva@example.sk", "0908630549"])
def test_an_e_mail_or_a_number_is_no_name(
    client: FlaskClient, gateway: FakeGateway, public_name: str
) -> None:
    make_user("0908 630 549", name=public_name)
    make_rule(content="Dobry den {{ name ?? 'citatel' }}")

    receive(client, content="INFO")

    assert [sent.content for sent in gateway.sent] == ["Dobry den citatel"]


def test_rules_are_asked_in_their_order(client: FlaskClient, gateway: FakeGateway) -> None:
    make_template("first", "prvy")
    later = make_rule(content="druhy", match="starts_with")
    make_rule(template="first", place=Place(before=later))

    for text in ("INFO", "INFO prosim"):
        receive(client, content=text)

    assert [sent.content for sent in gateway.sent] == ["prvy", "druhy"]


def test_a_rule_that_is_off_does_nothing(client: FlaskClient, gateway: FakeGateway) -> None:
    rule_id = make_rule()
    with transaction() as session:
        switch_rule(session, rule_id, on=False)

    receive(client, content="INFO")

    assert (gateway.sent, decisions()) == ([], [("unmatched", None, ["no_stop", "miss"])])


def test_a_rule_of_another_short_number_does_nothing(client: FlaskClient, gateway: FakeGateway) -> None:
    make_rule(short_number="8866")

    receive(client, content="INFO", to="8877")
    receive(client, content="INFO", to="8866")

    assert [(sent.from_, sent.content) for sent in gateway.sent] == [("8866", "Noviny od piatku.")]


@pytest.mark.parametrize("text", ["STOP", "zrušiť", "INFO STOP", "STOP INFO", "stpo", "info uz nechcem stop"])
def test_stop_is_answered_by_no_rule_and_no_test(
    client: FlaskClient, gateway: FakeGateway, text: str
) -> None:
    turn_on_test_answer()
    make_rule(match="starts_with")
    make_template("nothing-to-stop", "Nie je co zrusit.")

    receive(client, content=text)

    assert [sent.content for sent in gateway.sent] == ["Nie je co zrusit."]
    assert decisions() == [("stop", None, ["stop", "stop_done", "sent"])]


def test_stop_is_heeded_even_if_its_own_handler_failed(
    client: FlaskClient, gateway: FakeGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_rule(match="starts_with")
    monkeypatch.setattr(running, "read_stop_beside", lambda text, rules: 1 / 0)

    receive(client, content="INFO STOP")

    assert (gateway.sent, decisions()) == ([], [("stop", None, ["stop"])])


def test_a_repeat_of_the_operator_gets_no_second_answer(client: FlaskClient, gateway: FakeGateway) -> None:
    make_rule()

    for number in range(3):
        receive(client, id=str(number), content="INFO")

    assert len(gateway.sent) == 1
    assert [outcome for outcome, *_ in decisions()] == ["rule", "repeated", "repeated"]


def test_the_test_answers_only_what_no_rule_decided(client: FlaskClient, gateway: FakeGateway) -> None:
    turn_on_test_answer(content="test")
    make_rule()
    make_rule("CLOVEK", action="inbox")

    for text in ("INFO", "clovek", "ahoj"):
        receive(client, content=text)

    assert [sent.content for sent in gateway.sent] == ["Noviny od piatku.", "test"]
    assert [steps[-1] for _, _, steps in decisions()] == ["sent", "inbox", "others"]


def test_a_yes_confirms_the_senders_account_and_is_answered(
    client: FlaskClient, gateway: FakeGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_template("confirmed", "Vase cislo sme overili.")
    make_rule("ANO", action="confirm", template="confirmed")
    reader = make_user("0908 630 549")
    monkeypatch.setattr(handlers, "confirm_many", lambda session, users: None)  # that is the rule's work here

    receive(client, content="ano")

    assert [sent.content for sent in gateway.sent] == ["Vase cislo sme overili."]
    assert read(User.id, User.confirmed_at)[0][1] is not None
    assert decisions()[0][2] == ["no_stop", "match", "confirmed", "sent"]
    assert reader


def test_a_yes_from_a_number_that_nobody_has_goes_to_a_person(
    client: FlaskClient, gateway: FakeGateway
) -> None:
    make_template("confirmed", "Vase cislo sme overili.")
    rule_id = make_rule("ANO", action="confirm", template="confirmed")

    receive(client, content="ano")

    assert (gateway.sent, decisions()) == ([], [("unmatched", rule_id, ["no_stop", "match", "nobody"])])


def test_what_cannot_be_sent_is_told(client: FlaskClient) -> None:
    make_rule()

    receive(client, content="INFO", from_="+420602000101")

    assert [row.reason for row in list_not_sent()] == [Reason.BAD_RECIPIENT]
    assert decisions()[0][2] == ["no_stop", "match", "not_sent"]


# --- run twice, crash, fail


def test_run_twice_it_is_done_once(client: FlaskClient, gateway: FakeGateway) -> None:
    make_rule()
    receive(client, content="INFO")
    event = Event({"mobiletech_inbound_message_id": list_inbound()[0].id}, entry_id=1)

    for _ in range(2):
        with transaction():
            heed_stop([event])
            run_rules([event])
    run_all()

    assert (len(gateway.sent), len(decisions())) == (1, 1)


def test_what_was_decided_stays_so_although_a_rule_has_come_since(
    client: FlaskClient, gateway: FakeGateway
) -> None:
    receive(client, content="INFO")
    make_rule()
    event = Event({"mobiletech_inbound_message_id": list_inbound()[0].id}, entry_id=1)

    with transaction():
        run_rules([event])
    run_all()

    assert gateway.sent == []
    assert [outcome for outcome, *_ in decisions()] == ["unmatched"]


def test_stop_is_decided_before_an_extension_sees_it(client: FlaskClient, extensions: None) -> None:
    seen: list[str | None] = []

    def look(event: Event) -> None:
        decision = current_session().get(Decision, event["mobiletech_inbound_message_id"])
        seen.append(decision.outcome if decision is not None else None)

    registry.on(INBOUND, look)

    receive(client, content="STOP")

    assert seen == ["stop"]


def test_a_crash_after_the_answer_makes_no_second_one(
    client: FlaskClient, gateway: FakeGateway, monkeypatch: pytest.MonkeyPatch, clock: Clock
) -> None:
    make_rule()
    real = running.keep_decisions
    monkeypatch.setattr(running, "keep_decisions", lambda session, cases: 1 / 0)

    receive(client, content="INFO")
    before = (len(gateway.sent), decisions())
    monkeypatch.setattr(running, "keep_decisions", real)
    clock.advance(timedelta(seconds=11))
    run_all()

    assert before == (0, [])
    assert (len(gateway.sent), len(decisions())) == (1, 1)


def test_many_at_once_are_each_decided(client: FlaskClient, gateway: FakeGateway) -> None:
    make_rule()
    for number in range(20):
        text = "INFO" if number % 2 else "STOP"
        client.post(WEBHOOK, data=make_receive(content=text, from_=f"+4219086305{number:02d}"))

    run_all()

    assert len(gateway.sent) == 10
    assert sorted(outcome for outcome, *_ in decisions()) == ["rule"] * 10 + ["stop"] * 10


# --- extensions


def test_what_an_extension_has_answered_no_rule_answers(
    client: FlaskClient, gateway: FakeGateway, extensions: None
) -> None:
    make_rule()
    registry.on(INBOUND, answer_as_the_publisher, name="publisher")

    receive(client, content="INFO")

    assert [sent.content for sent in gateway.sent] == ["publisher"]
    assert decisions() == [("answered", None, ["answered"])]


def test_while_an_extension_is_tried_again_no_rule_answers_in_its_place(
    client: FlaskClient, gateway: FakeGateway, extensions: None, clock: Clock
) -> None:
    make_rule()
    tries: list[int] = []

    def fail_at_first(event: Event) -> None:
        tries.append(event.entry_id)
        if len(tries) <= 2:  # in the batch and alone
            raise RuntimeError("the publisher's server is away")
        answer_as_the_publisher(event)

    registry.on(INBOUND, fail_at_first, name="publisher")

    receive(client, content="INFO")
    held = [row.reason for row in list_not_sent()]
    clock.advance(timedelta(seconds=11))
    run_all()

    assert held == [Reason.OTHER_HANDLER_FAILED]
    assert [sent.content for sent in gateway.sent] == ["publisher"]
    assert decisions()[0][2] == ["no_stop", "match", "held"]


def test_a_rule_gives_an_sms_to_an_extension(client: FlaskClient, extensions: None) -> None:
    given: list[Event] = []
    registry.on(rule_event("quiz"), given.append, name="quiz")
    rule_id = make_rule("KVIZ", match="starts_with", action="extension", extension="quiz")

    receive(client, content="kvíz A")

    [event] = given
    assert dict(event) == {"mobiletech_inbound_message_id": list_inbound()[0].id, "rule_id": rule_id}
    assert decisions() == [("rule", rule_id, ["no_stop", "match", "given"])]


# --- the loop guard


def test_a_machine_gets_three_answers_and_no_more(
    client: FlaskClient, gateway: FakeGateway, clock: Clock
) -> None:
    turn_on_test_answer(content="test")
    make_rule()
    make_rule("POMOC", match="typo")

    for text in ("INFO", "pomoc", "info ", "INFO", "pomoc"):
        receive(client, content=text)
        clock.advance(timedelta(seconds=30))
    receive(client, content="INFO", from_="+421908630540")

    assert [sent.to for sent in gateway.sent] == ["+421908630549"] * 3 + ["+421908630540"]
    assert [outcome for outcome, *_ in decisions()] == ["rule"] * 3 + ["looped"] * 2 + ["rule"]
    assert [row.reason for row in list_not_sent()] == [Reason.LOOP_GUARD] * 2


def test_after_ten_minutes_the_number_is_answered_again(
    client: FlaskClient, gateway: FakeGateway, clock: Clock
) -> None:
    make_rule()
    for _ in range(3):
        receive(client, content="INFO")
        clock.advance(timedelta(seconds=15))

    clock.advance(timedelta(minutes=9))
    receive(client, content="INFO")
    clock.advance(timedelta(minutes=1, seconds=1))
    receive(client, content="INFO")

    assert [outcome for outcome, *_ in decisions()] == ["rule", "rule", "rule", "looped", "rule"]
    assert len(gateway.sent) == 4


def test_what_goes_to_a_person_is_no_answer(client: FlaskClient, clock: Clock) -> None:
    make_rule("CLOVEK", action="inbox")

    for _ in range(5):
        receive(client, content="clovek")
        clock.advance(timedelta(seconds=15))

    assert [outcome for outcome, *_ in decisions()] == ["rule"] * 5


def test_an_extension_counts_as_an_answer(client: FlaskClient, extensions: None, clock: Clock) -> None:
    given: list[Event] = []
    registry.on(rule_event("quiz"), given.append, name="quiz")
    make_rule("KVIZ", action="extension", extension="quiz")

    for _ in range(5):
        receive(client, content="kviz")
        clock.advance(timedelta(seconds=15))

    assert len(given) == 3


def answer_as_the_publisher(event: Event) -> None:
    session = current_session()
    inbound = get_inbound_message(session, event["mobiletech_inbound_message_id"])
    notify(Envelope(inbound), inbound.user_id, "publisher")


def receive(client: FlaskClient, **fields: str) -> None:
    assert client.post(WEBHOOK, data=make_receive(**fields)).status_code == 200
    run_all()


def decisions() -> list[tuple[str, int | None, list[str]]]:
    """Return (outcome, rule, kinds of the steps) of every SMS, in the order of the SMS."""
    rows = read(Decision.inbound_message_id, Decision.outcome, Decision.rule_id, Decision.steps)
    return [(outcome, rule_id, [step["kind"] for step in steps]) for _, outcome, rule_id, steps in rows]


def make_user(phone: str, name: str = "Eva Nováková") -> int:
    with transaction() as session:
        user = create_user(session, phone=phone, public_name=name)
        session.flush()
        return session.execute(select(User.id).where(User.id == user.id)).scalar_one()


@pytest.fixture
def extensions(app: Flask) -> Iterator[None]:
    """Let the test register handlers; they are gone afterwards."""
    make_template("publisher", "publisher")
    before = {event: list(handlers) for event, handlers in registry.handlers.items()}
    yield
    registry.handlers.clear()
    registry.handlers.update(before)
