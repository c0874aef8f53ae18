"""Every message of the protocol is read and written exactly as the samples have it."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm.core.errors import InvalidInputError
from crm.mobiletech.wire import xml_codec
from crm.mobiletech.wire.commands import Accepted, Receive, Rejected, Send, Status
from crm.mobiletech.wire.xml_codec import MalformedMessageError, UnencodableTextError

SAMPLES = Path(__file__).parents[2] / "samples"

RECEIVE = Receive(
    id="25481979",
    serv_id="1703",
    project_id="76",
    from_="+421908630549",
    to="8877",
    content="M9PFLF",
    content_raw="M9PFLF",
    operator_type="O",
    receive_date=datetime(2011, 8, 19, 14, 45, 25, 100_000, tzinfo=UTC),
    receive_date_raw="1108191645251",
)
ANSWER = Send(
    serv_id="1703",
    project_id="76",
    rcv_msg_id="25481979",
    from_="8877",
    to="+421908630549",
    billkey="AA99",
    content='Vitajte: noviny & "chlieb" <3',
    expiration=100,
    operator_type="O",
)
PUSH = replace(ANSWER, project_id=None, rcv_msg_id=None, billkey="AZ19", content="Dobre rano", expiration=600)

any_text = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"], exclude_characters="\ufffe\uffff"),
    max_size=40,
)


def sample(name: str) -> bytes:
    return (SAMPLES / f"{name}.xml").read_bytes()


def test_the_documented_receive_is_read_to_the_last_element() -> None:
    assert xml_codec.decode(sample("receive")) == RECEIVE


def test_base64_is_decoded_and_kept_as_it_came() -> None:
    received = xml_codec.decode(sample("receive_base64"))

    assert isinstance(received, Receive)
    assert (received.content, received.content_raw) == ("Čo je nové?", "xIxvIGplIG5vdsOpPw==")
    assert received.problems == ()


def test_a_status_is_read() -> None:
    assert xml_codec.decode(sample("status")) == Status(id="90017", status="D1")


@pytest.mark.parametrize(
    ("written", "name"),
    [
        (xml_codec.encode_receive_response("25481979"), "receive_response"),
        (xml_codec.encode_status_response("90017"), "status_response"),
        (xml_codec.encode_status(Status(id="90017", status="D1")), "status"),
        (xml_codec.encode_error("The root element is not <message>."), "error"),
        (xml_codec.encode_send(ANSWER), "send_answer"),
        (xml_codec.encode_send(PUSH), "send_push"),
        (xml_codec.encode_send_reply(Accepted(id="90017")), "send_reply"),
    ],
)
def test_messages_are_written_byte_for_byte(written: bytes, name: str) -> None:
    assert written == sample(name)


@pytest.mark.parametrize(("send", "name"), [(ANSWER, "send_answer"), (PUSH, "send_push")])
def test_the_simulator_reads_our_send(send: Send, name: str) -> None:
    assert xml_codec.decode_send(sample(name)) == send


@settings(max_examples=100)
@given(any_text)
def test_any_text_survives_the_way_there_and_back(content: str) -> None:
    receive = replace(RECEIVE, content=f"{content}\r\n\t", content_raw=f"{content}\r\n\t")
    send = replace(ANSWER, content=content)

    assert xml_codec.decode(xml_codec.encode_receive(receive)) == receive
    assert xml_codec.decode_send(xml_codec.encode_send(send)) == send


@pytest.mark.parametrize(
    "character", ["\x00", "\x01", "\x1b", "\x0b", "\ud800", "\udfff", "\ufffe", "\uffff"]
)
def test_text_that_xml_cannot_carry_is_refused_not_changed(character: str) -> None:
    with pytest.raises(UnencodableTextError, match="<content>"):
        xml_codec.encode_send(replace(ANSWER, content=f"a{character}b"))


def test_an_error_answer_always_goes_out() -> None:
    answer = xml_codec.encode_error("bad \x00 text")

    assert xml_codec.decode_send_reply(answer) == Rejected(reason="bad \ufffd text")


def reply(inside: str, command: str = 'command="rcv_rsp"', root: str = "message") -> bytes:
    return f"<{root} {command}>{inside}</{root}>".encode()


@pytest.mark.parametrize(
    ("body", "outcome"),
    [
        pytest.param(reply("<id>90017</id>"), Accepted(id="90017"), id="id"),
        pytest.param(reply("<id> a.B_c-9\n</id>"), Accepted(id="a.B_c-9"), id="id with white space around"),
        pytest.param(reply("<id>1</id>", 'command="send_rsp"'), Accepted(id="1"), id="another answer's name"),
        pytest.param(reply("<id>1</id>", ""), Accepted(id="1"), id="no command"),
        pytest.param(
            reply("<reason>no key</reason>", 'command="error"'), Rejected(reason="no key"), id="error command"
        ),
        pytest.param(reply("<error>1061</error>"), Rejected(reason="1061"), id="error element"),
        pytest.param(
            reply("<error/>"), Rejected(reason="The gateway gave no reason."), id="error without a reason"
        ),
    ],
)
def test_a_clear_answer_to_send_is_an_outcome(body: bytes, outcome: Accepted | Rejected) -> None:
    assert xml_codec.decode_send_reply(body) == outcome


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"OK", id="text"),
        pytest.param(b"<html><body><id>1</id></body></html>", id="an error page"),
        pytest.param(reply(""), id="no id"),
        pytest.param(reply("<id/>"), id="empty id"),
        pytest.param(reply("<id>1</id><id>2</id>"), id="two ids"),
        pytest.param(reply("<id>1</id><id>1</id>"), id="the same id twice"),
        pytest.param(reply("<id>not an id</id>"), id="odd id"),
        pytest.param(reply("<id>1</id><error>2</error>"), id="id and error"),
        pytest.param(reply("<id>1</id>", 'command="error"'), id="error with an id"),
        pytest.param(xml_codec.encode_send(ANSWER), id="our own message mirrored"),
        pytest.param(reply("<id>1</id>", 'command="status"'), id="a status"),
        pytest.param(reply("<id>90017</id>")[:-4], id="cut off"),
        pytest.param(b"<!DOCTYPE message>" + reply("<id>1</id>"), id="doctype"),
        pytest.param(reply(f"<id>1</id><x>{'a' * 70_000}</x>"), id="huge"),
    ],
)
def test_any_other_answer_to_send_is_no_outcome(body: bytes) -> None:
    with pytest.raises(MalformedMessageError):
        xml_codec.decode_send_reply(body)


def test_a_long_reason_is_cut() -> None:
    rejected = xml_codec.decode_send_reply(xml_codec.encode_error("x" * 2000))

    assert rejected == Rejected(reason="x" * 500)


@pytest.mark.parametrize("expiration", ["", "soon", "-1", "1e3", "１", "9" * 40])
def test_the_simulator_refuses_an_odd_expiration(expiration: str) -> None:
    body = xml_codec.encode_send(ANSWER).replace(b">100<", f">{expiration}<".encode())

    with pytest.raises(InvalidInputError, match="expiration"):
        xml_codec.decode_send(body)
