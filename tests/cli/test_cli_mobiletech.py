"""`crm mobiletech`: one real message to try, and the gateway played by hand."""

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from crm.core.db import transaction
from crm.events.drain import drain
from crm.mobiletech.models import InboundMessage, NotSent, OutboundMessage
from crm.mobiletech.wire.commands import Receive, Status
from crm.mobiletech.wire.xml_codec import decode
from tests.cli.conftest import Run, Webhook
from tests.factories.messages import WEBHOOK, make_receive, set_up_gateway
from tests.fakes import FakeGateway


@pytest.fixture
def user_id(run: Run) -> str:
    set_up_gateway()
    run("template", "set", "hello", "--content", "Ahoj {{ name }}")
    run("template", "set", "echo", "--content", "Prijali sme: {{ original_message }}")
    return run("user", "create", "--phone", "0908630549").stdout.strip()


def test_test_notification_is_sent_even_on_a_paid_key(run: Run, user_id: str, gateway: FakeGateway) -> None:
    result = run(*notification(user_id, "AA99", "hello"), "--param", "name=Eva=Ema")
    drain(for_seconds=5)

    (sent,) = gateway.sent
    assert (sent.content, sent.billkey, sent.to) == ("Ahoj Eva=Ema", "AA99", "+421908630549")
    with transaction() as session:
        message = session.get_one(OutboundMessage, int(result.stdout.splitlines()[-1]))
        assert (message.purpose, message.paid, message.state) == ("test", True, "accepted")


def test_test_notification_with_an_inbound_is_its_answer(
    run: Run, user_id: str, client: FlaskClient, gateway: FakeGateway
) -> None:
    client.post(WEBHOOK, data=make_receive(id="25", project_id="76", content="Ahoj"))
    with transaction() as session:
        inbound_id = session.execute(select(InboundMessage.id)).scalar_one()

    run(*notification(user_id, "AZ19", "echo"), "--inbound-message-id", str(inbound_id))
    drain(for_seconds=5)

    (sent,) = gateway.sent
    assert (sent.content, sent.rcv_msg_id, sent.project_id) == ("Prijali sme: Ahoj", "25", "76")


def test_test_notification_that_cannot_be_made_is_refused_and_stored(run: Run, user_id: str) -> None:
    result = run(*notification(user_id, "AZ19", "hello"))

    assert (result.exit_code, result.stdout) == (1, "")
    assert "needs the parameter name" in result.stderr
    with transaction() as session:
        assert session.execute(select(NotSent.reason)).scalars().all() == ["missing_parameter"]


def test_simulated_receive_is_posted_as_the_gateway_would(run: Run, webhook: Webhook) -> None:
    result = run(
        *("mobiletech", "simulate", "receive", "--from", "+421944123456", "--to", "8877"),
        *("--content", "Ľúbim <vás>", "--url", webhook.url, "--password", "secret, newer"),
    )

    assert (result.exit_code, result.stdout) == (0, "HTTP 200\nthanks\n")
    message = decode(webhook.body)
    assert isinstance(message, Receive)
    assert (message.content, message.operator_type, message.problems) == ("Ľúbim <vás>", "2", ())
    assert webhook.password == "secret"


@pytest.mark.parametrize(
    ("given", "posted"),
    [
        ("0908 123 456", "+421908123456"),
        ("00421908123456", "+421908123456"),
        ("+420602123456", "+420602123456"),
    ],
)
def test_simulated_receive_writes_the_number_as_the_gateway_does(
    run: Run, webhook: Webhook, given: str, posted: str
) -> None:
    run(
        *("mobiletech", "simulate", "receive", "--from", given, "--to", "8877"),
        *("--content", "A", "--url", webhook.url),
    )

    message = decode(webhook.body)
    assert isinstance(message, Receive)
    assert message.from_ == posted


def test_simulated_receive_has_a_fresh_id_each_time(run: Run, webhook: Webhook) -> None:
    ids = set()
    for _ in range(2):
        run(
            *("mobiletech", "simulate", "receive", "--from", "+421908123456", "--to", "8877"),
            *("--content", "A", "--url", webhook.url),
        )
        ids.add(decode(webhook.body).id)

    assert len(ids) == 2


def test_simulated_status_that_is_not_taken_is_told(run: Run, webhook: Webhook) -> None:
    webhook.status = 404

    result = run("mobiletech", "simulate", "status", "--id", "7", "--status", "D1", "--url", webhook.url)

    assert result.exit_code == 1
    assert result.stdout.startswith("HTTP 404\n")
    assert decode(webhook.body) == Status(id="7", status="D1")


def test_simulator_is_found_by_crm_base_url(
    run: Run, webhook: Webhook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CRM_BASE_URL", webhook.url + "/")

    run("mobiletech", "simulate", "status", "--id", "7", "--status", "D1")

    assert webhook.path == WEBHOOK


def test_an_empty_crm_base_url_is_none(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """As everywhere else: an empty variable stands for the default."""
    monkeypatch.setenv("CRM_BASE_URL", "")
    monkeypatch.setattr("crm.cli.simulate.BASE_URL", "http://127.0.0.1:9")

    result = run("mobiletech", "simulate", "status", "--id", "7", "--status", "D1")

    assert f"No answer from http://127.0.0.1:9{WEBHOOK}: " in result.stderr


def notification(user_id: str, billkey: str, code: str) -> tuple[str, ...]:
    return (
        *("mobiletech", "test-notification"),
        *("--user-id", user_id, "--bill-key", billkey, "--template-code", code),
    )
