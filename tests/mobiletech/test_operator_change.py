"""A ported number: our operator was wrong, and a person or a newer SMS must say the right one."""

from flask.testing import FlaskClient
from sqlalchemy import select

from crm.core.db import transaction
from crm.events.drain import drain
from crm.mobiletech.models import OutboundMessage
from tests.factories.messages import WEBHOOK, make_receive, make_status, turn_on_test_answer
from tests.fakes import FakeGateway


def test_a_message_to_a_ported_number_is_held_until_somebody_knows_the_operator(
    client: FlaskClient, gateway: FakeGateway
) -> None:
    turn_on_test_answer()
    _receive(client, operator="O")

    _report(client, "mt-1", "_OPERATOR_CHANGE")
    _report(client, "mt-1", "_OPERATOR_CHANGE")

    assert _states() == [("accepted", "O"), ("held", "O")]
    assert len(gateway.sent) == 1


def test_a_message_to_a_ported_number_goes_out_once_more_when_a_newer_sms_names_the_operator(
    client: FlaskClient, gateway: FakeGateway
) -> None:
    turn_on_test_answer()
    _receive(client, operator="O")
    _receive(client, operator="T", content="STOP")

    _report(client, "mt-1", "_OPERATOR_CHANGE")
    _report(client, "mt-2", "_OPERATOR_CHANGE")

    assert [message.operator_type for message in gateway.sent] == ["O", "T"]
    assert _states() == [("accepted", "O"), ("accepted", "T")]


def test_a_message_that_was_billed_after_all_is_not_sent_again(
    client: FlaskClient, gateway: FakeGateway
) -> None:
    turn_on_test_answer()
    _receive(client, operator="O")

    client.post(WEBHOOK, data=make_status("mt-1", "A0"))
    _report(client, "mt-1", "_OPERATOR_CHANGE")

    assert _states() == [("accepted", "O")]


def _receive(client: FlaskClient, *, operator: str, content: str = "Ahoj") -> None:
    client.post(WEBHOOK, data=make_receive(operator_type=operator, content=content))
    drain(for_seconds=10)


def _report(client: FlaskClient, mobiletech_id: str, status: str) -> None:
    assert client.post(WEBHOOK, data=make_status(mobiletech_id, status)).status_code == 200
    drain(for_seconds=10)


def _states() -> list[tuple[str, str]]:
    with transaction() as session:
        messages = session.execute(select(OutboundMessage).order_by(OutboundMessage.id)).scalars()
        return [(message.state, message.operator_type) for message in messages]
