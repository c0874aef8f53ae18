"""The gateway's door: every answer of interface.md section 4, byte for byte, and what stands in the tables then."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from flask.testing import FlaskClient
from lxml import etree
from werkzeug.test import TestResponse

from crm.core.db import transaction
from crm.events.models import OutboxEntry
from crm.mobiletech.models import InboundMessage, OutboundMessage, StatusReport
from crm.users.accounts import create_user
from tests.factories.messages import WEBHOOK, make_receive, make_status, turn_on_test_answer
from tests.fakes import FakeGateway
from tests.logs import list_facts
from tests.outbox import run_all
from tests.stored import count_rows, list_inbound, read

XML = "application/xml; charset=utf-8"
NOTHING = {
    "mobiletech_inbound_messages": 0,
    "mobiletech_status_log": 0,
    "mobiletech_outbound_messages": 0,
    "mobiletech_not_sent": 0,
    "outbox": 0,
}


def rcv_rsp(message_id: str) -> bytes:
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<message command="rcv_rsp"><id>{message_id}</id></message>\n'
    ).encode()


def status_rsp(message_id: str) -> bytes:
    return rcv_rsp(message_id).replace(b"rcv_rsp", b"status_rsp")


def test_a_receive_is_answered_stored_and_given_work(client: FlaskClient, samples: Path) -> None:
    response = client.post(WEBHOOK, data=(samples / "receive.xml").read_bytes())

    assert (response.status_code, response.data, response.content_type) == (200, rcv_rsp("25481979"), XML)
    [message] = list_inbound()
    assert (message.mobiletech_id, message.from_, message.to) == ("25481979", "+421908630549", "8877")
    assert (message.content, message.content_coding, message.operator_type) == ("M9PFLF", "text", "O")
    assert message.receive_date_raw == "1108191645251"
    assert message.receive_date.isoformat() == "2011-08-19T14:45:25.100000+00:00"
    assert message.raw == (samples / "receive.xml").read_bytes()
    assert read(OutboxEntry.event, OutboxEntry.payload, OutboxEntry.lane) == [
        ("mobiletech-inbound", {"mobiletech_inbound_message_id": message.id}, "0908630549")
    ]


def test_the_gateways_dates_are_in_the_zone_of_the_settings(
    app: Flask, client: FlaskClient, samples: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = replace(app.extensions["settings"], timezone=ZoneInfo("America/New_York"))
    monkeypatch.setitem(app.extensions, "settings", elsewhere)

    client.post(WEBHOOK, data=(samples / "receive.xml").read_bytes())

    assert [message.receive_date.isoformat() for message in list_inbound()] == [
        "2011-08-19T20:45:25.100000+00:00"
    ]


def test_a_message_in_base64_is_stored_decoded(client: FlaskClient, samples: Path) -> None:
    client.post(WEBHOOK, data=(samples / "receive_base64.xml").read_bytes())

    [message] = list_inbound()
    assert message.content_coding == "base64"
    assert "=" not in message.content


@pytest.mark.parametrize("content", ["M9PFLF", "something else"], ids=["same body", "other body"])
def test_a_repeated_receive_gets_the_same_answer_and_changes_nothing(
    client: FlaskClient, gateway: FakeGateway, content: str
) -> None:
    turn_on_test_answer()
    client.post(WEBHOOK, data=make_receive(id="7"))
    run_all()
    before = count_rows()

    response = client.post(WEBHOOK, data=make_receive(id="7", content=content))
    run_all()

    assert (response.status_code, response.data, response.content_type) == (200, rcv_rsp("7"), XML)
    assert count_rows() == before
    assert [message.content for message in list_inbound()] == ["M9PFLF"]
    assert len(gateway.sent) == 1


def test_a_repeated_id_with_another_body_is_logged_without_the_body(
    client: FlaskClient, caplog: pytest.LogCaptureFixture
) -> None:
    client.post(WEBHOOK, data=make_receive(id="7"))
    client.post(WEBHOOK, data=make_receive(id="7"))
    client.post(WEBHOOK, data=make_receive(id="7", content="a secret"))

    told = [fact for fact in list_facts(caplog) if fact["event"] == "repeated_id_with_other_body"]
    assert [fact["mobiletech_id"] for fact in told] == ["7"]
    assert "a secret" not in caplog.text


def test_two_webs_that_get_the_same_id_at_once_make_one_row_and_one_work(app: Flask) -> None:
    senders = 6
    start = threading.Barrier(senders)

    def send(body: bytes) -> tuple[int, bytes]:
        client = app.test_client()
        start.wait(10)
        response = client.post(WEBHOOK, data=body)
        return response.status_code, response.data

    for number in range(5):
        body = make_receive(id=f"id-{number}")
        with ThreadPoolExecutor(senders) as threads:
            answers = list(threads.map(send, [body] * senders))
        assert answers == [(200, rcv_rsp(f"id-{number}"))] * senders

    assert len(list_inbound()) == 5
    assert count_rows()["outbox"] == 5


def test_a_status_of_a_message_of_ours_is_answered_and_stored(
    client: FlaskClient, gateway: FakeGateway, samples: Path
) -> None:
    send_one(client)
    body = make_status("mt-1", "D1")

    response = client.post(WEBHOOK, data=body)

    assert (response.status_code, response.data, response.content_type) == (200, status_rsp("mt-1"), XML)
    assert read(StatusReport.mobiletech_id, StatusReport.status, StatusReport.raw) == [("mt-1", "D1", body)]


def test_a_repeated_status_is_answered_again_and_stored_once(
    client: FlaskClient, gateway: FakeGateway
) -> None:
    send_one(client)
    client.post(WEBHOOK, data=make_status("mt-1", "D1"))
    run_all()
    before = count_rows()

    response = client.post(WEBHOOK, data=make_status("mt-1", "D1"))

    assert (response.status_code, response.data) == (200, status_rsp("mt-1"))
    assert count_rows() == before
    assert run_all() == 0


def test_a_status_of_an_unknown_message_is_kept_and_answered_404_with_nothing(client: FlaskClient) -> None:
    first = client.post(WEBHOOK, data=make_status("nobody", "D1"))
    again = client.post(WEBHOOK, data=make_status("nobody", "D1"))

    assert [(answer.status_code, answer.data) for answer in (first, again)] == [(404, b""), (404, b"")]
    assert count_rows() == NOTHING | {"mobiletech_status_log": 1}


def test_a_status_that_came_too_early_is_applied_when_its_message_is_known(
    client: FlaskClient, gateway: FakeGateway
) -> None:
    client.post(WEBHOOK, data=make_status("mt-1", "D1"))

    send_one(client)

    assert read(OutboundMessage.billing, OutboundMessage.status) == [("billed", "D1")]
    assert client.post(WEBHOOK, data=make_status("mt-1", "D1")).status_code == 200


REFUSED = {
    "empty": b"",
    "white space": b" \n\t ",
    "no XML": b"hello",
    "a form": b"command=receive&id=1",
    "JSON": b'{"command": "receive"}',
    "HTML": b"<html><body>receive</body></html>",
    "cut": make_receive()[:-20],
    "DOCTYPE": b'<!DOCTYPE message><message command="receive"><id>1</id></message>',
    "entity": b'<!DOCTYPE m [<!ENTITY e SYSTEM "file:///etc/passwd">]>'
    b'<message command="receive"><id>&e;</id></message>',
    "no command": b"<message><id>1</id></message>",
    "empty command": b'<message command=""><id>1</id></message>',
    "unknown command": b'<message command="transmit"><id>1</id></message>',
    "command in capitals": b'<message command="RECEIVE"><id>1</id></message>',
    "our own answer": rcv_rsp("1"),
    "no id": b'<message command="receive"><content>A</content></message>',
    "empty id": b'<message command="receive"><id> </id></message>',
    "two ids": b'<message command="status"><id>1</id><id>2</id><status>D1</status></message>',
    "id with SQL": b"<message command=\"receive\"><id>1' OR '1'='1</id></message>",
    "id too long": b'<message command="receive"><id>' + b"1" * 65 + b"</id></message>",
    "id full width": '<message command="receive"><id>１２</id></message>'.encode(),
    "unknown encoding": b'<?xml version="1.0" encoding="zip"?><message command="receive"><id>1</id></message>',
    "UTF-16": make_receive().decode().encode("utf-16"),
    "broken UTF-8": b'<message command="receive"><id>1</id><content>\xff\xfe</content></message>',
    "zero character": b'<message command="receive"><id>1</id><content>&#0;</content></message>',
}


@pytest.mark.parametrize("body", REFUSED.values(), ids=REFUSED.keys())
def test_what_is_no_message_is_refused_with_a_reason_and_stores_nothing(
    client: FlaskClient, body: bytes
) -> None:
    response = client.post(WEBHOOK, data=body)

    assert_is_error(response, 400)
    assert count_rows() == NOTHING


def test_a_refused_body_is_logged_as_its_hash(client: FlaskClient, caplog: pytest.LogCaptureFixture) -> None:
    client.post(WEBHOOK, data=b"<message>my secret text</message>")

    [fact] = [fact for fact in list_facts(caplog) if fact["event"] == "webhook_malformed"]
    assert len(fact["body_sha256"]) == 64
    assert "my secret text" not in caplog.text


@pytest.mark.parametrize(
    "content_type",
    [
        "text/xml",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/json",
        "",
        "a/b;c",
    ],
)
def test_the_content_type_decides_nothing(client: FlaskClient, content_type: str) -> None:
    response = client.post(WEBHOOK, data=make_receive(id="7"), content_type=content_type)

    assert (response.status_code, response.data) == (200, rcv_rsp("7"))
    assert len(list_inbound()) == 1


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE"])
def test_only_post_is_taken(client: FlaskClient, method: str) -> None:
    response = client.open(WEBHOOK, method=method, data=make_receive())

    assert response.status_code == 405
    assert response.headers["Allow"] == "POST"
    assert count_rows() == NOTHING


ODD = {
    "impossible date": ({"receive_date_raw": "1113451645251"}, "date_bad"),
    "no date": ({"receive_date_raw": ""}, "date_bad"),
    "date in ten years": ({"receive_date_raw": "3601010000001"}, "date_implausible"),
    "foreign number": ({"from_": "+420908123456"}, "from_foreign"),
    "no number at all": ({"from_": "Eva"}, "from_foreign"),
    "number without plus": ({"from_": "421908123456"}, "from_spelling"),
    "unknown operator": ({"operator_type": "X"}, "operator_unknown"),
    "no short number": ({"to": "+421908123456"}, "to_odd"),
    "content coding": ({"content_coding": "gzip", "content_raw": "A"}, "coding_unknown"),
    "base64 that is none": (
        {"content_coding": "base64", "content_raw": "not base64!"},
        "content_undecodable",
    ),
}


@pytest.mark.parametrize(("fields", "problem"), ODD.values(), ids=ODD.keys())
def test_a_readers_sms_is_never_refused_for_the_gateways_slip(
    client: FlaskClient, fields: dict[str, str], problem: str
) -> None:
    response = client.post(WEBHOOK, data=make_receive(id="7", **fields))

    assert (response.status_code, response.data) == (200, rcv_rsp("7"))
    [message] = list_inbound()
    assert problem in message.problems
    assert message.receive_date_raw == fields.get("receive_date_raw", "2611230730001")


@pytest.mark.parametrize(
    "content",
    [
        "",
        " ",
        "x" * 10_000,
        "😀" * 70,
        "\u202eRTL",
        "a\tb\nc",
        "<script>alert(1)</script> &amp;",
        "'; DROP TABLE users; --",
    ],
)
def test_the_text_is_stored_exactly(client: FlaskClient, content: str) -> None:
    client.post(WEBHOOK, data=make_receive(content=content))

    assert read(InboundMessage.content) == [(content,)]


def test_a_linked_number_names_its_owner(client: FlaskClient) -> None:
    with transaction() as session:
        user = create_user(session, phone="0908 630 549")
        session.flush()
        user_id = user.id
    client.post(WEBHOOK, data=make_receive(from_="+421908630549"))
    client.post(WEBHOOK, data=make_receive(from_="+420908630549"))

    assert [message.user_id for message in list_inbound()] == [user_id, None]


def send_one(client: FlaskClient) -> None:
    """Let one message go out; the fake gateway calls it mt-1."""
    turn_on_test_answer()
    client.post(WEBHOOK, data=make_receive())
    run_all()


def assert_is_error(response: TestResponse, status: int) -> None:
    assert (response.status_code, response.content_type) == (status, XML)
    assert response.data.startswith(
        b'<?xml version="1.0" encoding="UTF-8"?>\n<message command="error"><reason>'
    )
    assert response.data.endswith(b"</reason></message>\n")
    assert etree.fromstring(response.data).findtext("reason")
