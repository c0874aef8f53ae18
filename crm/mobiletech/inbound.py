"""Store a reader's SMS once, with the work it causes, in one statement: the busiest path of the house."""

import hashlib
from collections.abc import Mapping
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from crm.core import metrics
from crm.core.db import execute_committed
from crm.core.errors import N_, NotFoundError
from crm.core.log import get_logger
from crm.core.phone import find_slovak_mobile
from crm.mobiletech.events import INBOUND
from crm.mobiletech.models import InboundMessage
from crm.mobiletech.wire.commands import Receive

log = get_logger(__name__)

# The message, the work and both ids in one round trip; a known gateway id stores neither.
_RECEIVE = text("""
    WITH received AS (
        INSERT INTO mobiletech_inbound_messages
            (mobiletech_id, serv_id, project_id, "from", "to", content, content_coding, dcs, esm,
             operator_type, receive_date, receive_date_raw, problems, raw, body_sha256, user_id)
        VALUES
            (:mobiletech_id, :serv_id, :project_id, :from_, :to, :content, :content_coding, :dcs, :esm,
             :operator_type, COALESCE(CAST(:receive_date AS timestamptz), crm_now()), :receive_date_raw,
             CAST(:problems AS text[]), :raw, :body_sha256,
             (SELECT user_id FROM mobiletech_phone_numbers WHERE phone_number = :local))
        ON CONFLICT (mobiletech_id) DO NOTHING
        RETURNING id
    )
    INSERT INTO outbox (key, event, payload, lane)
    SELECT 'inbound:' || id, :event, jsonb_build_object('mobiletech_inbound_message_id', id), :lane
    FROM received
    RETURNING id
""")


def receive(command: Receive, body: bytes) -> bool:
    """Store and commit the message unless its id is known; return whether it is new.

    The first body that came under an id wins; another one later is counted and logged, not stored.
    """
    digest = hashlib.sha256(body).digest()
    is_new = execute_committed(_RECEIVE, _values(command, body, digest)) is not None
    if not is_new:
        _compare(command.id, digest)
    return is_new


def get_inbound_message(session: Session, message_id: int) -> InboundMessage:
    """Return the message.

    Raises: NotFoundError.
    """
    message = session.get(InboundMessage, message_id)
    if message is None:
        raise NotFoundError(N_("No inbound message has the id %(id)s."), id=message_id)
    return message


def _values(command: Receive, body: bytes, digest: bytes) -> Mapping[str, Any]:
    local = find_slovak_mobile(command.from_)
    return {
        "mobiletech_id": command.id,
        "serv_id": command.serv_id,
        "project_id": command.project_id,
        "from_": command.from_,
        "to": command.to,
        "content": command.content,
        "content_coding": command.content_coding,
        "dcs": command.dcs,
        "esm": command.esm,
        "operator_type": command.operator_type,
        "receive_date": command.receive_date,
        "receive_date_raw": command.receive_date_raw,
        "problems": [str(problem) for problem in command.problems],
        "raw": body,
        "body_sha256": digest,
        "local": local,
        "event": INBOUND,
        "lane": local or command.from_,
    }


def _compare(mobiletech_id: str, digest: bytes) -> None:
    statement = select(InboundMessage.body_sha256).where(InboundMessage.mobiletech_id == mobiletech_id)
    known = execute_committed(statement, {})
    if known is not None and known.body_sha256 is not None and bytes(known.body_sha256) != digest:
        metrics.count("webhook_body_mismatches_total")
        log.warning("repeated_id_with_other_body", mobiletech_id=mobiletech_id, body_sha256=digest.hex())
