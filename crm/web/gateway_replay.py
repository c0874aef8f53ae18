"""Commands that play an exchange again on a machine for trials: nobody's number in them, nobody's code.

A number becomes one that stands in for it. The addresses are those of `make run`.
"""

import shlex
from dataclasses import replace

from crm.core.phone import mask_in_text
from crm.mobiletech.models import InboundMessage, OutboundMessage, StatusReport
from crm.mobiletech.sending import as_send
from crm.mobiletech.wire.operators import find_operator
from crm.mobiletech.wire.xml_codec import CONTENT_TYPE, UnencodableTextError, encode_send

STAND_IN = "+421908000000"
SIMULATOR = "http://127.0.0.1:8010/send"
WEBHOOK = "http://127.0.0.1:8000/api/v1/mobiletech/webhook"


def replay_send(message: OutboundMessage) -> str | None:
    """Return what hands the message to the simulator, None when it cannot be written."""
    content = "***" if message.is_secret else mask_in_text(message.content)
    try:
        body = encode_send(replace(as_send(message), to=STAND_IN, content=content))
    except UnencodableTextError:
        return None
    return _command(
        "curl", "--header", f"Content-Type: {CONTENT_TYPE}", "--data-binary", body.decode().strip(), SIMULATOR
    )


def replay_receive(message: InboundMessage) -> str:
    """Return what brings the SMS in again, under an id of its own."""
    operator = find_operator(message.operator_type)
    return _command(
        *("crm", "mobiletech", "simulate", "receive"),
        *("--from", STAND_IN, "--to", message.to, "--content", mask_in_text(message.content)),
        *(("--operator", operator.value) if operator else ()),
        *("--serv-id", message.serv_id, "--project-id", message.project_id),
        *("--id", f"replay-{message.id}", "--url", WEBHOOK),
    )


def replay_status(report: StatusReport) -> str:
    """Return what reports the same again; where it is known already, that changes nothing."""
    return _command(
        *("crm", "mobiletech", "simulate", "status"),
        *("--id", report.mobiletech_id, "--status", report.status, "--url", WEBHOOK),
    )


def _command(*words: str) -> str:
    return shlex.join(words)
