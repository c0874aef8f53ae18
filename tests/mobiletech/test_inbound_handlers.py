"""What we do by ourselves when an SMS comes in: mark an operator's repeat, confirm its sender, answer a test."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from crm.core.db import current_session, transaction
from crm.events.models import OutboxEntry
from crm.events.registry import Event, registry
from crm.mobiletech.events import INBOUND
from crm.mobiletech.handlers import answer_tests
from crm.mobiletech.inbound import get_inbound_message
from crm.mobiletech.notifications import notify
from crm.mobiletech.wishes import Envelope, Reason
from crm.users.accounts import create_user
from crm.users.models import User
from tests.conftest import Clock
from tests.factories.log import make_inbound
from tests.factories.messages import WEBHOOK, make_receive, set_up_gateway, turn_on_test_answer
from tests.fakes import FakeGateway
from tests.outbox import run_all
from tests.stored import list_inbound, list_not_sent, list_outbound, read

REPEATS = [
    ("the same", {}, timedelta(seconds=9), True),
    ("too late", {}, timedelta(seconds=11), False),
    ("another text", {"content": "m9pflf"}, timedelta(seconds=1), False),
    ("another number", {"from_": "+421908630540"}, timedelta(seconds=1), False),
    ("another short number", {"to": "8866"}, timedelta(seconds=1), False),
    ("another operator, the same text", {"operator_type": "T"}, timedelta(seconds=1), True),
]


@pytest.mark.parametrize(
    ("fields", "later", "is_repeat"), [row[1:] for row in REPEATS], ids=[row[0] for row in REPEATS]
)
def test_the_same_text_again_within_the_window_is_marked(
    client: FlaskClient, clock: Clock, fields: dict[str, str], later: timedelta, is_repeat: bool
) -> None:
    receive(client, id="1")
    clock.advance(later)

    receive(client, id="2", **fields)

    first, second = list_inbound()
    assert (first.duplicate_of, second.duplicate_of) == (None, first.id if is_repeat else None)


def test_a_third_one_is_a_repeat_of_the_first(client: FlaskClient) -> None:
    for number in range(3):
        receive(client, id=str(number))

    first, second, third = list_inbound()
    assert [second.duplicate_of, third.duplicate_of] == [first.id, first.id]


def test_repeats_that_wait_together_are_marked_too(client: FlaskClient) -> None:
    """The worker was away while all of them came in."""
    for number in range(3):
        client.post(WEBHOOK, data=make_receive(id=str(number)))

    run_all()

    first, second, third = list_inbound()
    assert [first.duplicate_of, second.duplicate_of, third.duplicate_of] == [None, first.id, first.id]


def test_the_window_can_be_closed(client: FlaskClient) -> None:
    set_up_gateway(mobiletech_duplicate_window="PT0S")

    for number in range(2):
        receive(client, id=str(number))

    assert [message.duplicate_of for message in list_inbound()] == [None, None]


@pytest.mark.parametrize(("billkey", "answers"), [("AZ19", 2), ("AA99", 1)], ids=["free", "paid"])
def test_a_repeat_gets_no_second_paid_answer(
    client: FlaskClient, gateway: FakeGateway, billkey: str, answers: int
) -> None:
    turn_on_test_answer(billkey)

    for number in range(2):
        receive(client, id=str(number))

    assert len(gateway.sent) == answers
    assert [row.reason for row in list_not_sent()] == [Reason.DUPLICATE] * (2 - answers)


# --- confirmation


def test_who_sends_from_a_linked_number_is_confirmed(client: FlaskClient) -> None:
    reader, stranger = make_user("0908 630 549"), make_user("0908 630 540")

    receive(client, from_="+421908630549")

    assert is_confirmed(reader)
    assert not is_confirmed(stranger)


def test_a_confirmed_account_keeps_its_moment(client: FlaskClient, clock: Clock) -> None:
    make_user("0908 630 549")
    receive(client)
    before = read(User.confirmed_at)

    clock.advance(timedelta(days=1))
    receive(client)

    assert read(User.confirmed_at) == before


def test_a_foreign_number_with_the_same_last_digits_confirms_nobody(client: FlaskClient) -> None:
    reader = make_user("0908 630 549")

    for number in ("+420908630549", "+491590908630549", "908630549"):
        receive(client, from_=number)

    assert not is_confirmed(reader)


# --- the test answer


def test_a_message_is_answered_with_its_own_text(client: FlaskClient, gateway: FakeGateway) -> None:
    turn_on_test_answer()

    receive(client, id="7", content="Ahoj", project_id="76")

    [sent] = gateway.sent
    assert (sent.content, sent.rcv_msg_id, sent.project_id, sent.billkey) == (
        "Prijali sme: Ahoj",
        "7",
        "76",
        "AZ19",
    )
    assert [(message.purpose, message.paid) for message in list_outbound()] == [("test", False)]


def test_a_paid_test_answer_is_marked_as_a_test(client: FlaskClient, gateway: FakeGateway) -> None:
    turn_on_test_answer("AA99")

    receive(client)

    assert [(message.purpose, message.paid, message.payment_id) for message in list_outbound()] == [
        ("test", True, None)
    ]


@pytest.mark.parametrize("missing", ["mobiletech_test_billkey", "mobiletech_test_template_code"])
def test_both_settings_turn_it_on(client: FlaskClient, gateway: FakeGateway, missing: str) -> None:
    turn_on_test_answer()
    set_up_gateway(**{missing: ""})

    receive(client)

    assert (gateway.sent, list_outbound(), list_not_sent()) == ([], [], [])


@pytest.mark.parametrize(
    "text", ["STOP", "stop", "Stop vsetko", "ALFA STOP", "zrušiť", "už neposielajte", " S T O P "]
)
def test_a_stop_is_not_answered_by_the_test(client: FlaskClient, gateway: FakeGateway, text: str) -> None:
    turn_on_test_answer()

    receive(client, content=text)

    assert gateway.sent == []


def test_a_template_that_is_missing_is_told(client: FlaskClient, gateway: FakeGateway) -> None:
    set_up_gateway(mobiletech_test_billkey="AZ19", mobiletech_test_template_code="pong")

    receive(client)

    assert [(row.reason, row.template_code) for row in list_not_sent()] == [(Reason.NO_TEMPLATE, "pong")]


def test_an_odd_text_is_answered_or_refused_and_never_lost(client: FlaskClient, gateway: FakeGateway) -> None:
    turn_on_test_answer()

    for text in ("{{ 7 * 7 }}", "{% for x in y %}", "x" * 5000, "😀" * 200, "\u202e", "&amp;<b>"):
        receive(client, content=text)

    assert len(list_outbound()) + len(list_not_sent()) == 6
    assert "{{ 7 * 7 }}" in gateway.sent[0].content
    assert {state for (state,) in read(OutboxEntry.state, order=OutboxEntry.id)} == {"done"}


# --- what extensions do


def test_an_extension_that_answers_goes_before_the_test(
    client: FlaskClient, gateway: FakeGateway, extensions: None
) -> None:
    turn_on_test_answer(content="test: {{ original_message }}")
    registry.on(INBOUND, answer_for_the_publisher, name="publisher")

    receive(client)

    assert [sent.content for sent in gateway.sent] == ["test: publisher"]
    assert [message.purpose for message in list_outbound()] == ["service"]


def test_an_extension_that_fails_is_tried_again_and_the_test_stays_silent(
    client: FlaskClient, gateway: FakeGateway, extensions: None, clock: Clock
) -> None:
    turn_on_test_answer(content="test: {{ original_message }}")
    tries: list[int] = []

    def fail_at_first(event: Event) -> None:
        tries.append(event.entry_id)
        if len(tries) <= 2:  # in the batch and alone
            raise RuntimeError("the publisher's server is away")
        answer_for_the_publisher(event)

    registry.on(INBOUND, fail_at_first, name="publisher")
    reader = make_user("0908 630 549")

    receive(client)
    before = (len(gateway.sent), [row.reason for row in list_not_sent()], is_confirmed(reader))
    clock.advance(timedelta(seconds=11))
    run_all()

    assert before == (0, [Reason.OTHER_HANDLER_FAILED], True)
    assert [sent.content for sent in gateway.sent] == ["test: publisher"]


def answer_for_the_publisher(event: Event) -> None:
    session = current_session()
    inbound = get_inbound_message(session, event["mobiletech_inbound_message_id"])
    notify(Envelope(inbound), inbound.user_id, "pong", {"original_message": "publisher"})


def test_the_test_answers_no_stop_whoever_has_failed_to_decide_about_it(app: Flask) -> None:
    turn_on_test_answer()
    event = Event({"mobiletech_inbound_message_id": make_inbound(content="STOP")}, entry_id=1)

    with transaction():
        answer_tests([event])

    assert list_outbound() == []


def receive(client: FlaskClient, **fields: str) -> None:
    assert client.post(WEBHOOK, data=make_receive(**fields)).status_code == 200
    run_all()


def make_user(phone: str) -> int:
    with transaction() as session:
        user = create_user(session, phone=phone)
        session.flush()
        return user.id


def is_confirmed(user_id: int) -> bool:
    with transaction() as session:
        return session.execute(select(User.confirmed_at).where(User.id == user_id)).scalar_one() is not None


@pytest.fixture
def extensions(app: Flask) -> Iterator[None]:
    """Let the test register handlers; they are gone afterwards."""
    before = list(registry.handlers[INBOUND])
    yield
    registry.handlers[INBOUND] = before
