"""Commands that play an exchange again on a machine for trials: ready for a shell, nobody's number in them.

A number becomes a stand-in of the same operator, one inside a text is masked. The addresses are those of
`make run`, so that what is pasted on a live machine reaches no live webhook.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from shlex import join, quote
from types import MappingProxyType

from crm.core.phone import mask_in_text
from crm.mobiletech.models import InboundMessage, OutboundMessage, StatusReport
from crm.mobiletech.sending import as_send
from crm.mobiletech.wire.operators import Operator, find_operator
from crm.mobiletech.wire.xml_codec import CONTENT_TYPE, UnencodableTextError, encode_send

COMMAND = "crm mobiletech simulate"
WEBHOOK = "http://127.0.0.1:8000/api/v1/mobiletech/webhook"
SIMULATOR = "http://127.0.0.1:8010/send"
# Two of each operator, so that the reader's own number is never taken.
STAND_INS: Mapping[Operator, tuple[str, str]] = MappingProxyType(
    {
        Operator.TELEKOM: ("0901000001", "0901000002"),
        Operator.ORANGE: ("0905000001", "0905000002"),
        Operator.O2: ("0940000001", "0940000002"),
        Operator.SWAN: ("0950000001", "0950000002"),
    }
)


def receive_command(message: InboundMessage) -> str:
    """Return the command by which the SMS comes in once more, from a stand-in and under an id of its own."""
    operator = find_operator(message.operator_type) or Operator.ORANGE
    values = {
        "from": _stand_in(operator, message.from_),
        "to": message.to,
        "content": mask_in_text(message.content),
        "operator": operator,
        "serv-id": message.serv_id,
        "project-id": message.project_id,
        "url": WEBHOOK,
    }
    return _command("receive", values.items())


def status_commands(reports: Sequence[StatusReport]) -> str:
    """Return the commands by which the reports come in once more; none is made up, so they can change nothing."""
    lines = (
        _command("status", [("id", report.mobiletech_id), ("status", report.status), ("url", WEBHOOK)])
        for report in reports
    )
    return "\n".join(lines)


def send_command(message: OutboundMessage) -> str | None:
    """Return what hands the message to the simulator, None when it cannot be written; no code is told."""
    operator = find_operator(message.operator_type) or Operator.ORANGE
    to = f"+421{_stand_in(operator, message.to)[1:]}"
    content = "***" if message.is_secret else mask_in_text(message.content)
    try:
        body = encode_send(replace(as_send(message), to=to, content=content)).decode().strip()
    except UnencodableTextError:
        return None
    header = f"Content-Type: {CONTENT_TYPE}"
    return join(["curl", "--header", header, "--data-binary", body, SIMULATOR])


def _stand_in(operator: Operator, number: str) -> str:
    first, second = STAND_INS[operator]
    return second if number.endswith(first[1:]) else first


def _command(name: str, values: Iterable[tuple[str, str]]) -> str:
    # With `=` a text that begins with a dash is a value still.
    return " ".join([COMMAND, name, *(f"--{option}={quote(value)}" for option, value in values)])
