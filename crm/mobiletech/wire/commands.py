"""The messages of the Mobiletech protocol, as values; its words are explained here, once.

billkey     the price of a message to a customer, as a code that the gateway knows (`AZ19` free, `AA99` paid)
serv_id     the publisher's service at the gateway, one per publisher
project_id  the project at the gateway; comes with an inbound message and is given back in the answer
rcv_msg_id  id of the inbound message that a message of ours answers; empty for a push
from, to    the customer's number as `+421908123456`, and the short number such as `8877`
dcs, esm    SMPP 3.4 data_coding (`0` default, `8` UCS-2) and esm_class of the SMS, as text
expiration  how long the gateway tries to deliver; its unit is not documented (setting
            `mobiletech_expiration_unit`), 100 for an answer and 600 for a push
operator_type  the customer's operator, see `operators.py`

Names are the gateway's own; `from_` bears the mark because Python keeps the word.
Source: behaviour of the original module, sections 1.2 to 1.5; samples in tests/samples.
"""

from dataclasses import dataclass
from datetime import datetime

from crm.mobiletech.wire.problems import Problem


@dataclass(frozen=True, kw_only=True, slots=True)
class Receive:
    """A customer's SMS that the gateway hands to us.

    Shape: `content` is what the customer wrote, `content_raw` what stood in the element (the same,
    unless it was base64). `receive_date` is UTC, None if `receive_date_raw` is no possible time.
    """

    id: str
    serv_id: str
    project_id: str
    from_: str
    to: str
    content: str
    content_coding: str = "text"
    content_raw: str = ""
    dcs: str = "0"
    esm: str = "0"
    operator_type: str
    receive_date: datetime | None = None
    receive_date_raw: str
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Status:
    """The gateway's report about a message of ours; `status` is the code exactly as it came."""

    id: str
    status: str
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Send:
    """A message of ours to a customer; None is written as an empty element."""

    serv_id: str
    project_id: str | None
    rcv_msg_id: str | None
    from_: str
    to: str
    billkey: str
    content: str
    content_coding: str = "text"
    esm: str = "0"
    dcs: str = "0"
    expiration: int
    operator_type: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Accepted:
    """The gateway took our message and gave it this id; statuses will name it."""

    id: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Rejected:
    """The gateway refused our message and said why; it was not sent and not billed."""

    reason: str


SendReply = Accepted | Rejected
