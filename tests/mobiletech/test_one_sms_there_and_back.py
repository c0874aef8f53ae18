"""One SMS from the webhook to the applied status."""

from flask.testing import FlaskClient
from sqlalchemy import select

from crm.audit import run_audit
from crm.core.db import transaction
from crm.events.drain import drain
from crm.mobiletech.models import InboundMessage, OutboundMessage
from tests.factories.messages import WEBHOOK, make_receive, make_status, turn_on_test_answer
from tests.fakes import FakeGateway


def test_an_sms_is_stored_answered_and_reported(client: FlaskClient, gateway: FakeGateway) -> None:
    turn_on_test_answer()

    assert client.post(WEBHOOK, data=make_receive(id="1", content="Ahoj")).status_code == 200
    drain(for_seconds=10)
    assert client.post(WEBHOOK, data=make_status("mt-1", "D1")).status_code == 200
    drain(for_seconds=10)

    assert [message.content for message in gateway.sent] == ["Prijali sme: Ahoj"]
    with transaction() as session:
        answer = session.execute(select(OutboundMessage)).scalar_one()
        assert (answer.state, answer.billing, answer.status) == ("accepted", "billed", "D1")
        assert session.execute(select(InboundMessage.mobiletech_id)).scalars().all() == ["1"]
        assert run_audit(session) == []
