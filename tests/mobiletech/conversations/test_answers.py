"""A person's answer: free, once, a reply while it can be one, and never against what a colleague did."""

from datetime import timedelta
from threading import Thread
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from crm.core.clock import db_now
from crm.core.db import db, transaction
from crm.mobiletech.conversations.answers import (
    Answer,
    find_author,
    find_last_sent,
    find_opening,
    send_answer,
)
from crm.mobiletech.conversations.errors import AnsweredMeanwhileError, FormUsedError
from crm.mobiletech.conversations.line import get_thread
from crm.users.audit_log import Actor, acting
from crm.users.models import AuditEntry
from crm.users.phones import link_phone
from tests.conftest import Clock
from tests.factories.conversations import make_number
from tests.factories.log import NUMBER, make_inbound, make_outbound
from tests.factories.messages import set_up_gateway
from tests.factories.users import make_user
from tests.fakes import FakeGateway
from tests.outbox import run_all
from tests.stored import list_not_sent, list_outbound, read

NONCE = "a-form-that-was-opened"


@pytest.fixture(autouse=True)
def _set_up(app: Flask) -> None:
    set_up_gateway()


def test_it_goes_out_free_of_charge_as_a_reply(gateway: FakeGateway) -> None:
    make_inbound(mobiletech_id="asked", to="8866", serv_id="1804", created_at=now())

    send("Dobrý deň")
    run_all()

    [sent] = gateway.sent
    assert (sent.content, sent.billkey, sent.rcv_msg_id) == ("Dobry den", "AZ19", "asked")
    assert (sent.from_, sent.to, sent.serv_id, sent.expiration) == ("8866", NUMBER, "1804", 100)
    [message] = list_outbound()
    assert (message.purpose, message.paid, message.mobiletech_template_id) == ("service", False, None)


def test_it_says_who_wrote_it(app: Flask) -> None:
    jan, eva = make_user(role="support", name="Ján"), make_user(role="customer", name="Eva")
    with transaction() as session:
        link_phone(session, "0908630549", eva)

    with acting(Actor(name="Ján", user_id=jan)):
        send(author_id=jan)

    [message] = list_outbound()
    assert (find_author(message.key, message.context), message.user_id) == (jan, eva)
    assert read(AuditEntry.action, AuditEntry.actor_id, AuditEntry.subject, AuditEntry.after)[-1] == (
        "answer.send", jan, f"thread {make_number()}", {"message": message.id, "parts": 1},
    )  # fmt: skip


@pytest.mark.parametrize(
    ("minutes_ago", "unit", "answered_by", "is_reply"),
    [
        (1, "minutes", None, True),
        (99, "minutes", None, True),
        (101, "minutes", None, False),
        (2, "seconds", None, False),
        (101, "hours", None, True),
        (1, "minutes", "accepted", False),
        (1, "minutes", "unknown", False),
        (1, "minutes", "queued", False),
        (1, "minutes", "expired", True),
        (1, "minutes", "rejected", True),
    ],
)
def test_it_is_a_reply_only_to_an_sms_that_still_takes_one(
    minutes_ago: int, unit: str, answered_by: str | None, is_reply: bool
) -> None:
    set_up_gateway(mobiletech_expiration_unit=unit)
    make_inbound(mobiletech_id="asked", created_at=now() - timedelta(minutes=minutes_ago))
    if answered_by is not None:
        make_outbound(rcv_msg_id="asked", state=answered_by, billing="none")

    send()

    message = list_outbound()[-1]
    assert (message.rcv_msg_id, message.expiration) == (("asked", 100) if is_reply else (None, 600))


def test_only_the_newest_sms_is_replied_to() -> None:
    make_inbound(mobiletech_id="old", created_at=now() - timedelta(minutes=5))
    make_inbound(mobiletech_id="new", created_at=now() - timedelta(minutes=1))
    make_outbound(rcv_msg_id="new")

    send()

    assert list_outbound()[-1].rcv_msg_id is None


def test_what_is_no_reply_still_comes_from_the_number_that_the_reader_wrote_to() -> None:
    make_inbound(to="8866", serv_id="1804")

    send()

    [message] = list_outbound()
    assert (message.from_, message.serv_id, message.rcv_msg_id) == ("8866", "1804", None)


def test_whoever_has_never_written_is_written_to_from_our_number() -> None:
    make_inbound(from_="+421000000000")

    send()

    [message] = list_outbound()
    assert (message.from_, message.serv_id) == ("8877", "1703")


def test_a_form_that_comes_twice_sends_once(gateway: FakeGateway) -> None:
    first, second = send("Dobrý deň"), send("Dobrý deň")
    run_all()

    assert (first, second) == (1, 1)
    assert len(gateway.sent) == 1


def test_a_form_that_comes_twice_at_once_sends_once(app: Flask) -> None:
    number_id = make_number()
    failed: list[BaseException] = []

    def press() -> None:
        with app.app_context():
            try:
                send(number_id=number_id)
            except BaseException as error:
                failed.append(error)
            finally:
                db.session.remove()

    threads = [Thread(target=press) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert failed == []
    assert len(list_outbound()) == 1


@pytest.mark.parametrize("other", [{"content": "Iný text"}, {"number": "+421908000002"}])
def test_a_form_that_was_used_is_not_taken_for_another_text_or_number(other: dict[str, str]) -> None:
    send()

    with pytest.raises(FormUsedError, match="Your text is still here"):
        send(**other)  # type: ignore[arg-type]

    assert len(list_outbound()) == 1


def test_a_colleague_who_has_answered_meanwhile_is_named_first() -> None:
    jan, eva = make_user(role="support", name="Ján"), make_user(role="support", name="Eva")
    send("Od Jána", nonce="form-of-jan-12345", author_id=jan)

    with pytest.raises(AnsweredMeanwhileError, match="Ján has answered meanwhile"):
        send("Od Evy", nonce="form-of-eva-12345", author_id=eva)
    send("Od Evy", nonce="form-of-eva-12345", author_id=eva, seen_id=last_sent())

    assert [message.content for message in list_outbound()] == ["Od Jana", "Od Evy"]


def test_what_rules_have_answered_meanwhile_stands_in_nobodys_way() -> None:
    make_outbound(key="rule:7")

    send()

    assert len(list_outbound()) == 2


@pytest.mark.parametrize(
    ("number", "content", "reason"),
    [
        ("+420602000101", "Dobrý deň", "bad_recipient"),
        ("+421943000101", "Dobrý deň", "unknown_operator"),
        (NUMBER, "\u200b", "empty_text"),
    ],
)
def test_what_cannot_be_sent_is_kept_with_its_reason(number: str, content: str, reason: str) -> None:
    send(content, number=number)

    assert [(row.reason, row.to) for row in list_not_sent()] == [(reason, number)]
    assert list_outbound() == []


def test_without_a_free_key_nothing_is_sent() -> None:
    set_up_gateway(mobiletech_billkey_free="")

    send()

    assert [row.reason for row in list_not_sent()] == ["no_billkey"]


def test_an_old_answer_waits_for_no_reply_window(clock: Clock) -> None:
    make_inbound(created_at=now())
    assert opening_is_reply()

    clock.advance(timedelta(minutes=101))

    assert not opening_is_reply()


def send(
    content: str = "Dobrý deň",
    *,
    number: str = NUMBER,
    number_id: int | None = None,
    nonce: str = NONCE,
    author_id: int = 1,
    seen_id: int = 0,
) -> int:
    thread_id = number_id or make_number(number)
    words = Answer(content=content, author_id=author_id, nonce=nonce, seen_id=seen_id)
    with transaction() as session:
        return send_answer(session, get_thread(session, thread_id), words).id


def last_sent() -> int:
    number_id = make_number()
    with transaction() as session:
        return find_last_sent(session, get_thread(session, number_id))


def opening_is_reply() -> bool:
    number_id = make_number()
    with transaction() as session:
        return find_opening(session, get_thread(session, number_id)).is_reply


def now() -> Any:
    with transaction() as session:
        return session.execute(select(db_now())).scalar_one()
