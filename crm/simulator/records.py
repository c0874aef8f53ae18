"""What the simulated gateway remembers: SMS in both directions and its reports on them."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from crm.mobiletech.wire.commands import Receive, Send
from crm.mobiletech.wire.content import decode_content
from crm.simulator.fates import FATES, Fate
from crm.simulator.webhook import Answer


class Kind(StrEnum):
    """The command of an exchange."""

    SEND = "send"
    RECEIVE = "receive"
    STATUS = "status"


class ReportState(StrEnum):
    """How far a webhook call has come."""

    WAITING = "waiting"
    TAKEN = "taken"
    GIVEN_UP = "given_up"


@dataclass(kw_only=True, slots=True)
class Report:
    """One thing that the gateway has to tell the CRM, until the CRM answers 200 or patience ends.

    Shape: `id` is that of the SMS, `code` the status (empty for a receive), `due` aware UTC.
    """

    kind: Kind
    id: str
    code: str = ""
    body: bytes
    due: datetime
    tries: int = 0
    answer: Answer | None = None
    state: ReportState = ReportState.WAITING


@dataclass(frozen=True, kw_only=True, slots=True)
class SentSms:
    """A `send` that the CRM posted; there is one for each call, so a double send is two of them."""

    at: datetime
    id: str
    phone: str
    fate: Fate
    send: Send
    reports: list[Report] = field(default_factory=list)

    @property
    def is_accepted(self) -> bool:
        return FATES[self.fate].is_accepted

    @property
    def text(self) -> str:
        """The text as the customer reads it."""
        return read_text(self.send)


@dataclass(frozen=True, kw_only=True, slots=True)
class TypedSms:
    """An SMS that was typed on the phone, and the report of it."""

    at: datetime
    phone: str
    receive: Receive
    report: Report


def read_text(send: Send) -> str:
    """Give the text of a `send`, out of base64 if it is in it."""
    return decode_content(send.content, send.content_coding, send.dcs)[0]
