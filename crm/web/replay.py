"""Commands that play a message again, into the simulator: ready to be copied into a shell.

The reader's number is never in them. A stand-in of the same operator writes instead.
"""

from collections.abc import Iterable, Mapping, Sequence
from shlex import quote
from types import MappingProxyType

from crm.core.phone import mask_in_text
from crm.mobiletech.models import InboundMessage, StatusReport
from crm.mobiletech.wire.operators import Operator, find_operator

COMMAND = "crm mobiletech simulate"
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
    """Return the command by which the SMS comes in once more, from a stand-in."""
    operator = find_operator(message.operator_type) or Operator.ORANGE
    first, second = STAND_INS[operator]
    stand_in = second if message.from_.endswith(first[1:]) else first
    values = {
        "from": stand_in,
        "to": message.to,
        "content": mask_in_text(message.content),
        "operator": operator,
        "serv-id": message.serv_id,
        "project-id": message.project_id,
    }
    return _command("receive", values.items())


def status_commands(reports: Sequence[StatusReport]) -> str:
    """Return the commands by which the reports come in once more; none is made up, so they can change nothing."""
    lines = (
        _command("status", [("id", report.mobiletech_id), ("status", report.status)]) for report in reports
    )
    return "\n".join(lines)


def _command(name: str, values: Iterable[tuple[str, str]]) -> str:
    # With `=` a text that begins with a dash is a value still.
    return " ".join([COMMAND, name, *(f"--{option}={quote(value)}" for option, value in values)])
