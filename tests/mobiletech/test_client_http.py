"""One call to the gateway, whatever it does, and what we may believe afterwards: the table of reliability.md 3."""

import gzip
import itertools
import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from crm.core.config import Settings
from crm.mobiletech import client_http
from crm.mobiletech.client import MAX_REPLY_BYTES, OutcomeKind
from crm.mobiletech.client_http import HttpGatewayClient
from crm.mobiletech.wire.commands import Accepted, Receive, Rejected, Send
from crm.mobiletech.wire.xml_codec import encode_receive, encode_send, encode_send_reply
from crm.wiring import gateway_client
from tests.misbehaving_gateway import (
    Behaviour,
    Conversation,
    MisbehavingGateway,
    answering,
    full_backlog,
    http,
)

MESSAGE = Send(
    serv_id="1703",
    project_id="76",
    rcv_msg_id="25481979",
    from_="8877",
    to="+421908630549",
    billkey="AA99",
    content="Ďakujeme & dovidenia",
    expiration=100,
    operator_type="O",
)
TAKEN = encode_send_reply(Accepted(id="mt-1"))
REFUSED = encode_send_reply(Rejected(reason="Unknown billkey"))
MIRROR = encode_receive(
    Receive(
        id="1",
        serv_id="1",
        project_id="",
        from_="",
        to="",
        content="",
        operator_type="O",
        receive_date_raw="",
    )
)
Gateway = Callable[..., MisbehavingGateway]
ACCEPTED, REJECTED, NOT_SENT, UNKNOWN = (
    OutcomeKind.ACCEPTED,
    OutcomeKind.REJECTED,
    OutcomeKind.NOT_SENT,
    OutcomeKind.UNKNOWN,
)


@pytest.mark.parametrize("paid", [True, False], ids=["paid", "free"])
def test_the_message_is_posted_once_as_the_gateway_wants_it(gateway: Gateway, paid: bool) -> None:
    server = gateway(answering(http("200 OK", TAKEN)))

    outcome = HttpGatewayClient().send(MESSAGE, url=server.url, paid=paid)

    assert (outcome.kind, outcome.mobiletech_id, outcome.http_status) == (ACCEPTED, "mt-1", 200)
    [(head, body)] = server.requests
    assert head.startswith(b"POST /send HTTP/1.1\r\n")
    assert b"\r\nContent-Type: text/xml; charset=utf-8\r\n" in head
    assert b"authorization" not in head.lower()
    assert body == encode_send(MESSAGE)


def test_the_gateways_token_is_sent_only_when_there_is_one(gateway: Gateway) -> None:
    server = gateway(answering(http("200 OK", TAKEN)))

    HttpGatewayClient(token="of the gateway").send(MESSAGE, url=server.url, paid=True)

    assert b"\r\nAuthorization: Bearer of the gateway" in server.requests[0][0]


def test_the_settings_choose_who_speaks_to_the_gateway(gateway: Gateway, settings: Settings) -> None:
    server = gateway(answering(http("200 OK", TAKEN)))
    real = replace(settings, mobiletech_client="http", mobiletech_gateway_token="of the settings")

    outcomes = [gateway_client(each).send(MESSAGE, url=server.url, paid=True) for each in (settings, real)]

    assert [outcome.statuses for outcome in outcomes] == [("D1",), ()]
    [(head, _)] = server.requests
    assert b"\r\nAuthorization: Bearer of the settings" in head


ANSWERS = {
    "taken": (http("200 OK", TAKEN), ACCEPTED),
    "taken, 202": (http("202 Accepted", TAKEN), ACCEPTED),
    "taken, odd content type": (http("200 OK", TAKEN, "Content-Type: image/png"), ACCEPTED),
    "refused in its XML, 200": (http("200 OK", REFUSED), REJECTED),
    "refused in its XML, 400": (http("400 Bad Request", REFUSED), REJECTED),
    "refused in its XML, 403": (http("403 Forbidden", REFUSED), REJECTED),
    "400 with a page": (http("400 Bad Request", b"<html>no</html>"), UNKNOWN),
    "401 with nothing": (http("401 Unauthorized"), UNKNOWN),
    "404 with a page": (http("404 Not Found", b"<h1>Not found</h1>"), UNKNOWN),
    "400 with an id": (http("400 Bad Request", TAKEN), UNKNOWN),
    "500": (http("500 Internal Server Error"), UNKNOWN),
    "500 with the XML of acceptance": (http("500 Internal Server Error", TAKEN), UNKNOWN),
    "503 with the XML of refusal": (http("503 Service Unavailable", REFUSED), UNKNOWN),
    "200 with nothing": (http("200 OK"), UNKNOWN),
    "204": (b"HTTP/1.1 204 No Content\r\n\r\n", UNKNOWN),
    "200 with a page": (http("200 OK", b"<html><body>Maintenance</body></html>"), UNKNOWN),
    "200 with JSON": (http("200 OK", b'{"id": "mt-1"}'), UNKNOWN),
    "200 with half the XML": (http("200 OK", TAKEN[:-15]), UNKNOWN),
    "200 without an id": (http("200 OK", TAKEN.replace(b"<id>mt-1</id>", b"")), UNKNOWN),
    "200 with an empty id": (http("200 OK", TAKEN.replace(b"mt-1", b"")), UNKNOWN),
    "200 with two ids": (http("200 OK", TAKEN.replace(b"</message>", b"<id>2</id></message>")), UNKNOWN),
    "200 with an odd id": (http("200 OK", TAKEN.replace(b"mt-1", b"mt 1; drop")), UNKNOWN),
    "200 with id and error": (http("200 OK", TAKEN.replace(b"</message>", b"<error>x</error></message>")), UNKNOWN),
    "200 with a DOCTYPE": (http("200 OK", b"<!DOCTYPE message>" + TAKEN.partition(b"\n")[2]), UNKNOWN),
    "200 with what we sent": (http("200 OK", encode_send(MESSAGE)), UNKNOWN),
    "200 with a reader's message": (http("200 OK", MIRROR), UNKNOWN),
    "200 with zero characters": (http("200 OK", b"\x00" * 100), UNKNOWN),
    "301": (http("301 Moved Permanently", b"", "Location: /elsewhere"), UNKNOWN),
    "302": (http("302 Found", b"", "Location: /elsewhere"), UNKNOWN),
    "303": (http("303 See Other", b"", "Location: /elsewhere"), UNKNOWN),
    "307": (http("307 Temporary Redirect", b"", "Location: /elsewhere"), UNKNOWN),
    "308": (http("308 Permanent Redirect", TAKEN, "Location: /elsewhere"), UNKNOWN),
    "304": (b"HTTP/1.1 304 Not Modified\r\n\r\n", UNKNOWN),
    "no HTTP": (b"220 smtp.example.sk ESMTP\r\n", UNKNOWN),
    "HTTP/0.9": (TAKEN, UNKNOWN),
    "zipped without asking": (http("200 OK", gzip.compress(TAKEN), "Content-Encoding: gzip"), ACCEPTED),
    "zipped, a bomb": (http("200 OK", gzip.compress(b" " * 20_000_000), "Content-Encoding: gzip"), UNKNOWN),
    "zipped, not really": (http("200 OK", TAKEN, "Content-Encoding: gzip"), UNKNOWN),
    "a header without end": (b"HTTP/1.1 200 OK\r\nX: " + b"x" * 200_000 + b"\r\n\r\n", UNKNOWN),
    "very many headers": (b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 5000 + b"\r\n", UNKNOWN),
}  # fmt: skip


@pytest.mark.parametrize("paid", [True, False], ids=["paid", "free"])
@pytest.mark.parametrize(("answer", "kind"), ANSWERS.values(), ids=ANSWERS.keys())
def test_an_answer_is_classed_and_nothing_is_posted_twice(
    gateway: Gateway, answer: bytes, kind: OutcomeKind, paid: bool
) -> None:
    server = gateway(close_after(answer))

    outcome = HttpGatewayClient(deadline=5).send(MESSAGE, url=server.url, paid=paid)

    assert outcome.kind == kind
    assert (outcome.mobiletech_id == "mt-1") is (kind is ACCEPTED)
    assert len(server.requests) == 1


def test_a_refusal_tells_the_gateways_reason(gateway: Gateway) -> None:
    server = gateway(answering(http("200 OK", REFUSED)))

    assert HttpGatewayClient().send(MESSAGE, url=server.url, paid=True).detail == "Unknown billkey"


def test_an_answer_that_cannot_be_read_is_kept_for_a_person(gateway: Gateway) -> None:
    server = gateway(answering(http("502 Bad Gateway", b"<h1>nginx \x00 says no</h1>" + b"x" * 5000)))

    outcome = HttpGatewayClient().send(MESSAGE, url=server.url, paid=True)

    assert outcome.http_status == 502
    assert outcome.reply is not None
    assert outcome.reply.startswith("<h1>nginx \ufffd says no</h1>")
    assert len(outcome.reply) <= 2000


def accept_and_close(conversation: Conversation) -> None:
    conversation.sock.close()


def reset_after_the_body(conversation: Conversation) -> None:
    conversation.hear()
    conversation.reset()


def close_after_the_body(conversation: Conversation) -> None:
    conversation.hear()


def promise_more(conversation: Conversation) -> None:
    conversation.hear()
    conversation.say(http("200 OK", TAKEN).replace(b"Content-Length: ", b"Content-Length: 9"))


def break_off_a_chunk(conversation: Conversation) -> None:
    conversation.hear()
    conversation.say(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"ff\r\n" + TAKEN)


def never_end(conversation: Conversation) -> None:
    conversation.hear()
    conversation.say(b"HTTP/1.1 200 OK\r\n\r\n" + TAKEN)
    conversation.drip(itertools.repeat(b" " * 8192), every=0)


def drip_the_head(conversation: Conversation) -> None:
    conversation.hear()
    conversation.drip([bytes([byte]) for byte in http("200 OK", TAKEN, "X-Long: " + "x" * 5000)])


def drip_the_body(conversation: Conversation) -> None:
    conversation.hear()
    head, _, body = http("200 OK", TAKEN + b" " * 5000).partition(b"\r\n\r\n")
    conversation.say(head + b"\r\n\r\n")
    conversation.drip([bytes([byte]) for byte in body])


def say_continue_for_ever(conversation: Conversation) -> None:
    conversation.hear()
    conversation.drip(itertools.repeat(b"HTTP/1.1 100 Continue\r\n\r\n"))


def say_nothing(conversation: Conversation) -> None:
    conversation.hear()
    conversation.wait()


ODD_BEHAVIOUR: dict[str, Behaviour] = {
    "accepts and closes": accept_and_close,
    "resets after the body": reset_after_the_body,
    "closes after the body": close_after_the_body,
    "promises more than it sends": promise_more,
    "breaks off in a chunk": break_off_a_chunk,
    "sends without end": never_end,
    "drips its head": drip_the_head,
    "drips its body": drip_the_body,
    "says continue for ever": say_continue_for_ever,
    "says nothing": say_nothing,
}


@pytest.mark.parametrize("paid", [True, False], ids=["paid", "free"])
@pytest.mark.parametrize("behaviour", ODD_BEHAVIOUR.values(), ids=ODD_BEHAVIOUR.keys())
def test_once_the_body_was_handed_over_nobody_knows_and_the_deadline_holds(
    gateway: Gateway, behaviour: Behaviour, paid: bool
) -> None:
    server = gateway(behaviour)
    started = time.monotonic()

    outcome = HttpGatewayClient(deadline=0.4).send(MESSAGE, url=server.url, paid=paid)

    assert outcome.kind is UNKNOWN
    assert time.monotonic() - started < 2
    assert len(server.requests) <= 1
    assert server.connections == 1


def test_a_silent_gateway_is_given_up_before_the_deadline(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client_http, "READ_SECONDS", 0.2)
    server = gateway(say_nothing)
    started = time.monotonic()

    outcome = HttpGatewayClient(deadline=10).send(MESSAGE, url=server.url, paid=True)

    assert outcome.kind is UNKNOWN
    assert time.monotonic() - started < 3


def test_a_reply_of_the_largest_size_is_read(gateway: Gateway) -> None:
    server = gateway(answering(http("200 OK", TAKEN + b" " * (MAX_REPLY_BYTES - len(TAKEN)))))

    assert HttpGatewayClient().send(MESSAGE, url=server.url, paid=True).kind is ACCEPTED


@pytest.mark.parametrize(
    "behaviour",
    [answering(http("200 OK", TAKEN + b" " * (MAX_REPLY_BYTES - len(TAKEN) + 1))), never_end],
    ids=["one byte more", "without end"],
)
def test_a_larger_one_is_read_no_further(gateway: Gateway, behaviour: Behaviour) -> None:
    server = gateway(behaviour)

    outcome = HttpGatewayClient(deadline=10).send(MESSAGE, url=server.url, paid=True)

    assert outcome.kind is UNKNOWN
    assert "larger than" in outcome.detail
    assert outcome.took_ms < 5000


@pytest.mark.parametrize("paid", [True, False], ids=["paid", "free"])
def test_a_port_where_nobody_listens_was_certainly_not_sent_to(paid: bool) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]

    outcome = HttpGatewayClient().send(MESSAGE, url=f"http://127.0.0.1:{port}/", paid=paid)

    assert outcome.kind is NOT_SENT


def test_a_host_that_has_no_address_was_certainly_not_sent_to(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_arguments: object, **_options: object) -> None:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", fail)

    outcome = HttpGatewayClient().send(MESSAGE, url="http://gateway.invalid/", paid=True)

    assert outcome.kind is NOT_SENT


def test_a_host_that_takes_no_connection_was_certainly_not_sent_to(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_http, "CONNECT_SECONDS", 0.2)
    listener, waiting = full_backlog()

    outcome = HttpGatewayClient().send(
        MESSAGE, url=f"http://127.0.0.1:{listener.getsockname()[1]}/", paid=True
    )

    for sock in (listener, *waiting):
        sock.close()
    assert outcome.kind is NOT_SENT


def test_a_certificate_that_nobody_vouches_for_is_not_sent_to(
    gateway: Gateway, samples: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate = samples / "self_signed.pem"
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))  # nothing in the environment may change that
    server = gateway(answering(http("200 OK", TAKEN)), certificate=certificate)

    outcome = HttpGatewayClient().send(MESSAGE, url=server.url, paid=True)

    assert outcome.kind is NOT_SENT
    assert server.requests == []


def drip_no_tls(conversation: Conversation) -> None:
    conversation.drip(itertools.chain(b"\x16\x03\x03\x3f\xff".split(), itertools.repeat(b"\x02")))


@pytest.mark.parametrize(
    "behaviour",
    [answering(http("200 OK", TAKEN)), accept_and_close, drip_no_tls, Conversation.wait],
    ids=["speaks plain HTTP", "closes", "drips the handshake", "says nothing"],
)
def test_a_tls_handshake_that_fails_was_certainly_not_sent(
    gateway: Gateway, behaviour: Behaviour, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client_http, "CONNECT_SECONDS", 0.3)
    server = gateway(behaviour)
    started = time.monotonic()

    outcome = HttpGatewayClient(deadline=5).send(
        MESSAGE, url=server.url.replace("http:", "https:"), paid=True
    )

    assert outcome.kind is NOT_SENT
    assert server.requests == []
    assert time.monotonic() - started < 3


BAD_ADDRESSES = {
    "none": "",
    "no scheme": "gateway.example.sk/send",
    "other scheme": "ftp://127.0.0.1/send",
    "no host": "http:///send",
    "bad port": "http://127.0.0.1:99999/send",
    "letters as port": "http://127.0.0.1:send/",
    "bad IPv6": "http://[::1/send",
    "spaces": "http://gate way/",
    "label too long": f"http://{'x' * 70}.sk/",
}


@pytest.mark.parametrize("url", BAD_ADDRESSES.values(), ids=BAD_ADDRESSES.keys())
def test_an_address_that_is_none_was_certainly_not_sent_to(url: str) -> None:
    outcome = HttpGatewayClient().send(MESSAGE, url=url, paid=True)

    assert outcome.kind is NOT_SENT


def test_a_message_that_xml_cannot_carry_was_certainly_not_sent(gateway: Gateway) -> None:
    server = gateway(answering(http("200 OK", TAKEN)))

    outcome = HttpGatewayClient().send(replace(MESSAGE, content="a\x00b"), url=server.url, paid=True)

    assert outcome.kind is NOT_SENT
    assert server.connections == 0


def test_a_call_whose_time_is_up_before_there_is_a_connection_sends_nothing(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name server that takes its time is no reason to post after the deadline."""
    server = gateway(drip_the_body)
    with slow_name_server(monkeypatch, seconds=0.3):
        outcome = HttpGatewayClient(deadline=0.1).send(MESSAGE, url=server.url, paid=True)

    assert outcome.kind is NOT_SENT
    assert server.requests == []


def test_no_proxy_of_the_environment_stands_between(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy, server = gateway(answering(http("200 OK", TAKEN))), gateway(answering(http("200 OK", TAKEN)))
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, proxy.url)

    HttpGatewayClient().send(MESSAGE, url=server.url, paid=True)

    assert (proxy.connections, len(server.requests)) == (0, 1)


def test_no_password_of_the_environment_is_sent(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login me password secret\n")
    monkeypatch.setenv("NETRC", str(netrc))
    server = gateway(answering(http("200 OK", TAKEN)))

    HttpGatewayClient().send(MESSAGE, url=server.url, paid=True)

    assert b"authorization" not in server.requests[0][0].lower()


def test_free_messages_share_a_connection_and_paid_ones_have_their_own(gateway: Gateway) -> None:
    server = gateway(answering(http("200 OK", TAKEN)))
    client = HttpGatewayClient()

    for _ in range(3):
        client.send(MESSAGE, url=server.url, paid=False)
    shared = server.connections
    for _ in range(3):
        client.send(MESSAGE, url=server.url, paid=True)

    assert (shared, server.connections - shared) == (1, 3)


def test_a_shared_connection_that_breaks_under_a_message_is_not_tried_again_by_itself(
    gateway: Gateway,
) -> None:
    def break_at_the_second(conversation: Conversation) -> None:
        conversation.hear()
        conversation.say(http("200 OK", TAKEN))
        conversation.hear()
        conversation.reset()

    server = gateway(break_at_the_second)
    client = HttpGatewayClient()

    kinds = [client.send(MESSAGE, url=server.url, paid=False).kind for _ in range(2)]

    assert kinds == [ACCEPTED, UNKNOWN]
    assert len(server.requests) == 2


def test_a_shared_connection_that_the_gateway_closed_meanwhile_is_replaced(gateway: Gateway) -> None:
    server = gateway(close_after(http("200 OK", TAKEN)))
    client = HttpGatewayClient()
    client.send(MESSAGE, url=server.url, paid=False)
    for thread in server._threads[1:]:
        thread.join(5)

    outcome = client.send(MESSAGE, url=server.url, paid=False)

    assert outcome.kind is ACCEPTED
    assert len(server.requests) == 2


def test_calls_at_once_do_not_mix_up_their_answers(gateway: Gateway) -> None:
    def give_back_the_number(conversation: Conversation) -> None:
        while body := conversation.hear():
            number = body.split(b"<rcv_msg_id>")[1].split(b"<")[0].decode()
            conversation.say(http("200 OK", encode_send_reply(Accepted(id=f"mt-{number}"))))

    server = gateway(give_back_the_number)
    client = HttpGatewayClient()

    def send(number: int) -> str | None:
        message = replace(MESSAGE, rcv_msg_id=str(number))
        return client.send(message, url=server.url, paid=number % 2 == 0).mobiletech_id

    with ThreadPoolExecutor(16) as threads:
        assert list(threads.map(send, range(32))) == [f"mt-{number}" for number in range(32)]
    assert len(server.requests) == 32


def test_how_long_a_call_took_is_told(gateway: Gateway) -> None:
    server = gateway(say_nothing)

    outcome = HttpGatewayClient(deadline=0.2).send(MESSAGE, url=server.url, paid=True)

    assert 200 <= outcome.took_ms < 2000


def close_after(answer: bytes) -> Behaviour:
    def behave(conversation: Conversation) -> None:
        conversation.hear()
        conversation.say(answer)

    return behave


@contextmanager
def slow_name_server(monkeypatch: pytest.MonkeyPatch, *, seconds: float) -> Iterator[None]:
    real = socket.getaddrinfo

    def look_up(*arguments: object, **options: object) -> object:
        time.sleep(seconds)
        return real(*arguments, **options)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(socket, "getaddrinfo", look_up)
        yield


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    """Return a function that starts a gateway; all are stopped afterwards."""
    started: list[MisbehavingGateway] = []

    def start(behaviour: Behaviour, *, certificate: Path | None = None) -> MisbehavingGateway:
        started.append(MisbehavingGateway(behaviour, certificate=certificate))
        return started[-1]

    yield start
    for server in started:
        server.stop()
