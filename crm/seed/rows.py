"""The rows that one SMS of the demo leaves behind, each as the real thing would have written it."""

import hashlib
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from crm.events.models import EntryState, OutboxEntry
from crm.mobiletech.composing import EXPIRATION_OF_REPLY
from crm.mobiletech.events import lane_of
from crm.mobiletech.models import InboundMessage, NotSent, OutboundMessage, SendAttempt, StatusReport
from crm.mobiletech.outbound import OutboundPurpose, OutboundState
from crm.mobiletech.sms_templates import Rendered
from crm.mobiletech.wire.commands import Receive, Status
from crm.mobiletech.wire.delivery_status import fold
from crm.mobiletech.wire.receive_date import format_receive_date
from crm.mobiletech.wire.xml_codec import decode, encode_receive, encode_status
from crm.mobiletech.wishes import Reason
from crm.seed.fates import PAID_BILLKEY, Fate
from crm.seed.plan import Exchange

FREE_BILLKEY = "AZ19"
SERV_ID, PROJECT_ID, SHORT_NUMBER = "1703", "76", "8877"
TEMPLATE = "pong"
HANDLED_AFTER = timedelta(milliseconds=40)
BETWEEN_TRIES = timedelta(seconds=10)
REPORTED_AFTER = timedelta(seconds=7)


def make_inbound(exchange: Exchange, mobiletech_id: str, zone: ZoneInfo) -> InboundMessage:
    """Through the wire and back, so that what was odd about it is found as in real life."""
    body = encode_receive(
        Receive(
            id=mobiletech_id,
            serv_id=SERV_ID,
            project_id=PROJECT_ID,
            from_=exchange.sender.number,
            to=SHORT_NUMBER,
            content=exchange.text,
            operator_type=exchange.sender.operator,
            receive_date_raw=exchange.date_raw or format_receive_date(exchange.at - REPORTED_AFTER / 4, zone),
        )
    )
    read = decode(body, zone, exchange.at)
    assert isinstance(read, Receive)
    return InboundMessage(
        mobiletech_id=read.id,
        serv_id=read.serv_id,
        project_id=read.project_id,
        from_=read.from_,
        to=read.to,
        content=read.content,
        content_coding=read.content_coding,
        dcs=read.dcs,
        esm=read.esm,
        operator_type=read.operator_type,
        receive_date=read.receive_date or exchange.at,
        receive_date_raw=read.receive_date_raw,
        problems=[str(problem) for problem in read.problems],
        raw=body,
        body_sha256=hashlib.sha256(body).digest(),
        user_id=exchange.sender.user_id,
        created_at=exchange.at,
        updated_at=exchange.at,
    )


def make_answer(
    inbound: InboundMessage, fate: Fate, rendered: Rendered, rule_id: int | None = None
) -> OutboundMessage:
    """Return the answer of a rule, or the test answer."""
    created = inbound.created_at + HANDLED_AFTER
    was_sent = fate.state is OutboundState.ACCEPTED
    return OutboundMessage(
        **_cause(inbound, rule_id),
        **what_came(fate, created, inbound.operator_type),
        user_id=inbound.user_id,
        mobiletech_id=inbound.mobiletech_id.replace("-in-", "-out-") if was_sent else None,
        paid=fate.paid,
        serv_id=inbound.serv_id,
        project_id=inbound.project_id,
        rcv_msg_id=inbound.mobiletech_id,
        **_text(inbound, rendered),
        from_=inbound.to,
        to=inbound.from_,
        billkey=PAID_BILLKEY if fate.paid else FREE_BILLKEY,
        expiration=EXPIRATION_OF_REPLY,
        operator_type=inbound.operator_type,
        created_at=created,
    )


def what_came(fate: Fate, created: datetime, operator: str) -> dict[str, Any]:
    """Return what its fate makes of a message: the columns that sending it and its reports have written."""
    last_try = created + BETWEEN_TRIES * max(len(fate.tries) - 1, 0)
    was_sent = fate.state is OutboundState.ACCEPTED
    folded = fold(fate.codes, operator)
    return {
        "status": folded.strongest_code,
        "billing": folded.billing,
        "conflict": folded.conflict,
        "state": fate.state,
        "state_reason": fate.reason,
        "dcs": "0" if was_sent else None,
        "esm": "0" if was_sent else None,
        "attempts": len(fate.tries),
        "sending_at": last_try if fate.tries else None,
        "sent_at": last_try + _took(fate) if was_sent else None,
        "updated_at": last_try + _took(fate) + REPORTED_AFTER * len(fate.codes),
    }


def _text(inbound: InboundMessage, rendered: Rendered) -> dict[str, Any]:
    measured = rendered.measured
    return {
        "mobiletech_template_id": rendered.template_id,
        "template_version": rendered.version,
        "params": {"original_message": inbound.content},
        "language": rendered.language,
        "content": measured.text,
        "content_length": len(measured.text),
        "encoding": measured.encoding,
        "parts": measured.parts,
    }


def _cause(inbound: InboundMessage, rule_id: int | None) -> dict[str, str]:
    if rule_id is None:
        return {"key": f"test-answer:{inbound.id}", "purpose": OutboundPurpose.TEST}
    return {
        "key": f"rule:{inbound.id}",
        "context": f"rule {rule_id}",
        "purpose": OutboundPurpose.SERVICE,
    }


def make_attempts(fate: Fate, message: OutboundMessage) -> list[SendAttempt]:
    return [
        SendAttempt(
            outbound_message_id=message.id,
            outcome=each.outcome,
            detail=each.detail,
            http_status=each.http_status,
            took_ms=each.took_ms,
            created_at=message.created_at + BETWEEN_TRIES * number + timedelta(milliseconds=each.took_ms),
        )
        for number, each in enumerate(fate.tries)
    ]


def make_report(message: OutboundMessage, code: str, number: int) -> StatusReport:
    assert message.mobiletech_id is not None and message.sent_at is not None
    received = message.sent_at + REPORTED_AFTER * number
    return StatusReport(
        mobiletech_id=message.mobiletech_id,
        status=code,
        raw=encode_status(Status(id=message.mobiletech_id, status=code)),
        received_at=received,
        applied_at=received + HANDLED_AFTER,
    )


def make_refusal(inbound: InboundMessage) -> NotSent:
    return NotSent(
        reason=Reason.BAD_RECIPIENT,
        detail="The recipient is no Slovak mobile number.",
        template_code=TEMPLATE,
        to=inbound.from_,
        billkey=FREE_BILLKEY,
        user_id=inbound.user_id,
        inbound_message_id=inbound.id,
        created_at=inbound.created_at + HANDLED_AFTER,
    )


def make_work(
    key: str, event: str, payload: dict[str, int | str], number: str, *, at: datetime
) -> OutboxEntry:
    return OutboxEntry(
        key=key,
        event=event,
        payload=payload,
        lane=lane_of(number),
        state=EntryState.DONE,
        available_at=at,
        created_at=at,
        finished_at=at + HANDLED_AFTER,
    )


def _took(fate: Fate) -> timedelta:
    return timedelta(milliseconds=fate.tries[-1].took_ms if fate.tries else 0)
