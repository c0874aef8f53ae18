"""Ten thousand generated bodies: each answer is a documented one, nothing refused is stored, all else is handled."""

import hashlib
import os
import re
from collections import Counter

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from crm.audit import run_audit
from crm.core.db import transaction
from crm.events.models import OutboxEntry
from crm.mobiletech.models import InboundMessage, StatusReport
from tests.factories.malformed import list_bodies
from tests.factories.messages import WEBHOOK, turn_on_test_answer
from tests.fakes import FakeGateway
from tests.logs import list_tracebacks
from tests.outbox import run_all
from tests.stored import count_rows, list_outbound, read

SEED = int(os.environ.get("CRM_TEST_SEED", "8877"))
ANSWERS = {  # status -> how the body begins; a 404 is empty
    200: (b'<?xml version="1.0" encoding="UTF-8"?>\n<message command="rcv_rsp"><id>',
          b'<?xml version="1.0" encoding="UTF-8"?>\n<message command="status_rsp"><id>'),
    400: (b'<?xml version="1.0" encoding="UTF-8"?>\n<message command="error"><reason>',),
    413: (b'<?xml version="1.0" encoding="UTF-8"?>\n<message command="error"><reason>',),
}  # fmt: skip


def test_generated_bodies(
    client: FlaskClient, gateway: FakeGateway, caplog: pytest.LogCaptureFixture
) -> None:
    throw_at_the_webhook(client, gateway, caplog, count=1000, seed=SEED)


@pytest.mark.long
@pytest.mark.parametrize("part", range(9))
def test_nine_thousand_more_generated_bodies(
    client: FlaskClient, gateway: FakeGateway, caplog: pytest.LogCaptureFixture, part: int
) -> None:
    throw_at_the_webhook(client, gateway, caplog, count=1000, seed=SEED + 1 + part)


def throw_at_the_webhook(
    client: FlaskClient, gateway: FakeGateway, caplog: pytest.LogCaptureFixture, *, count: int, seed: int
) -> None:
    turn_on_test_answer()
    bodies = list(list_bodies(count, seed=seed))

    answers = [(body, client.post(WEBHOOK, data=body)) for body in bodies]

    for body, answer in answers:
        assert_is_documented(body, answer.status_code, answer.data)
    statuses = Counter(answer.status_code for _, answer in answers)
    assert statuses[200] > count / 10, f"too few were taken to prove anything: {statuses}"
    assert statuses[400] > count / 10, f"too few were refused to prove anything: {statuses}"
    assert_stored_is_what_was_taken(
        [(body, answer.data) for body, answer in answers if answer.status_code in (200, 404)]
    )
    run_all()
    assert_everything_was_handled(gateway)
    assert list_tracebacks(caplog) == []


def assert_is_documented(body: bytes, status: int, answer: bytes) -> None:
    assert status in (*ANSWERS, 404), f"{status} for {body!r}"
    if status == 404:
        assert (answer, b"status" in body) == (b"", True), body
    else:
        assert answer.startswith(ANSWERS[status]), (body, answer)
        assert answer.endswith(b"></message>\n"), (body, answer)


def assert_stored_is_what_was_taken(taken: list[tuple[bytes, bytes]]) -> None:
    """Each stored row is a body that was taken, each id that was confirmed has its row, and each message its work."""
    inbound = read(
        InboundMessage.mobiletech_id, InboundMessage.raw, InboundMessage.body_sha256, InboundMessage.id
    )
    reports = read(StatusReport.raw)
    work = [payload["mobiletech_inbound_message_id"] for (payload,) in read(OutboxEntry.payload)]
    stored = {bytes(raw) for _, raw, *_ in inbound} | {bytes(raw) for (raw,) in reports}
    confirmed = {
        match[1].decode() for _, answer in taken if (match := re.search(b'rcv_rsp"><id>(.*)</id>', answer))
    }
    assert stored <= {body for body, _ in taken}
    assert {mobiletech_id for mobiletech_id, *_ in inbound} == confirmed
    assert all(hashlib.sha256(raw).digest() == bytes(digest) for _, raw, digest, _ in inbound)
    assert sorted(work) == sorted(message_id for *_, message_id in inbound)


def assert_everything_was_handled(gateway: FakeGateway) -> None:
    states = Counter(state for (state,) in read(OutboxEntry.state, order=OutboxEntry.id))
    assert set(states) == {"done"}, states
    rows = count_rows()
    answers, refusals = rows["mobiletech_outbound_messages"], rows["mobiletech_not_sent"]
    assert answers + refusals <= rows["mobiletech_inbound_messages"]
    assert {message.state for message in list_outbound()} == {"accepted"}
    assert len(gateway.sent) == answers > 0
    with transaction() as session:
        assert run_audit(session) == []
        assert session.execute(select(OutboxEntry.id).where(OutboxEntry.error.is_not(None))).all() == []
