"""The SMS of the benchmarks: each with an id of its own, from a million numbers, as the gateway writes them."""

from benchmarks.stage import HOST_NAME
from crm.core.clock import now
from crm.mobiletech.wire.commands import Receive
from crm.mobiletech.wire.receive_date import format_receive_date
from crm.mobiletech.wire.xml_codec import GATEWAY_ZONE, encode_receive

WEBHOOK = "/api/v1/mobiletech/webhook"
FIRST_ID = 70_000_000
NUMBERS = 1_000_000
RECEIVED_AT = format_receive_date(now(), GATEWAY_ZONE)
_SPREAD = 7919  # prime to NUMBERS: neighbours in time are no neighbours in an index


def phone_of(number: int) -> str:
    """Return the sender of message `number`, of Orange."""
    return f"+421908{number * _SPREAD % NUMBERS:06d}"


def make_receive(number: int) -> bytes:
    """Return the body of message `number`."""
    return encode_receive(
        Receive(
            id=str(FIRST_ID + number),
            serv_id="1703",
            project_id="76",
            from_=phone_of(number),
            to="8877",
            content=f"M9PFLF {number}",
            operator_type="O",
            receive_date_raw=RECEIVED_AT,
        )
    )


def make_request(number: int) -> bytes:
    """Return the whole HTTP request that carries message `number`."""
    body = make_receive(number)
    head = (
        f"POST {WEBHOOK} HTTP/1.1\r\nHost: {HOST_NAME}\r\nContent-Type: text/xml; charset=utf-8\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body
