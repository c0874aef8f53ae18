"""The protocol's XML: `decode` for what comes in, `encode_…` for what goes out.

Both sides of the conversation are here, because the simulator speaks the gateway's.
"""

import re
from datetime import datetime, tzinfo
from zoneinfo import ZoneInfo

from crm.core.errors import N_, InvalidInputError
from crm.mobiletech.wire.commands import Accepted, Receive, Rejected, Send, SendReply, Status
from crm.mobiletech.wire.elements import Elements
from crm.mobiletech.wire.receive import read_receive
from crm.mobiletech.wire.xml_document import MAX_BODY_BYTES, MalformedMessageError, parse_message

__all__ = [
    "CONTENT_TYPE",
    "GATEWAY_ZONE",
    "MAX_BODY_BYTES",
    "MalformedMessageError",
    "UnencodableTextError",
    "decode",
    "decode_send",
    "decode_send_reply",
    "encode_error",
    "encode_receive",
    "encode_receive_response",
    "encode_send",
    "encode_send_reply",
    "encode_status",
    "encode_status_response",
]

CONTENT_TYPE = "application/xml; charset=utf-8"
GATEWAY_ZONE = ZoneInfo("Europe/Bratislava")

_DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n'
_ILLEGAL = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#13;"})
_NO_REASON = "The gateway gave no reason."
_MAX_REASON = 500
# An answer with one of these is a mirror or a mistake, not the gateway's word on our message.
_NOT_A_REPLY = frozenset({"receive", "status", "send"})


class UnencodableTextError(InvalidInputError):
    """A text has characters that XML cannot carry; a message is refused rather than changed in silence."""

    def __init__(self, element: str) -> None:
        told = N_("The element <%(element)s> has characters that XML does not allow.")
        super().__init__(told, element=element)
        self.element = element


def decode(body: bytes, zone: tzinfo = GATEWAY_ZONE, now: datetime | None = None) -> Receive | Status:
    """Read what the gateway posts to our webhook.

    `zone` is that of the gateway's dates. With `now` (aware), a date in the future is told as odd.
    Raises: MalformedMessageError for everything that is answered with 400.
    """
    elements = Elements(parse_message(body))
    match elements.command:
        case "receive":
            return read_receive(elements, zone, now)
        case "status":
            message_id = elements.get_id()
            status = elements.read_code("status")
            return Status(id=message_id, status=status, problems=elements.problems)
        case None | "":
            raise MalformedMessageError(N_("The attribute command is missing."))
        case _:
            raise MalformedMessageError(N_("The command is neither receive nor status."))


def decode_send_reply(body: bytes) -> SendReply:
    """Read the gateway's answer to our `send`.

    Shape: one id and nothing else is acceptance; an explicit error (`command="error"` or an element
    `<error>`) without an id is rejection. Assumed: the protocol shows no error answer; this is the shape
    that our own webhook uses.
    Raises: MalformedMessageError for everything else, which means that the outcome is unknown.
    """
    elements = Elements(parse_message(body))
    has_id, has_error = elements.has("id"), elements.command == "error" or elements.has("error")
    if elements.command in _NOT_A_REPLY or (has_id and has_error):
        raise MalformedMessageError(N_("The answer is neither an acceptance nor a refusal."))
    if has_error:
        reason = elements.read_text("reason").strip() or elements.read_text("error").strip()
        return Rejected(reason=reason[:_MAX_REASON] or _NO_REASON)
    return Accepted(id=elements.get_id())


def decode_send(body: bytes) -> Send:
    """Read a `send` as the gateway would.

    Raises: MalformedMessageError if it is none, or if its expiration is no number.
    """
    elements = Elements(parse_message(body))
    if elements.command != "send":
        raise MalformedMessageError(N_("The command is not send."))
    expiration = elements.read_field("expiration")
    if not re.fullmatch(r"[0-9]{1,9}", expiration):
        raise MalformedMessageError(N_("The expiration is not a whole number."))
    return Send(
        serv_id=elements.read_field("serv_id"),
        project_id=elements.read_field("project_id") or None,
        rcv_msg_id=elements.read_field("rcv_msg_id") or None,
        from_=elements.read_field("from"),
        to=elements.read_field("to"),
        billkey=elements.read_field("billkey"),
        content=elements.read_text("content"),
        content_coding=elements.read_field("content_coding"),
        esm=elements.read_field("esm"),
        dcs=elements.read_field("dcs"),
        expiration=int(expiration),
        operator_type=elements.read_field("operator_type"),
    )


def encode_receive_response(message_id: str) -> bytes:
    """Say that an inbound message is stored."""
    return _encode("rcv_rsp", {"id": message_id})


def encode_status_response(message_id: str) -> bytes:
    """Say that a status is stored."""
    return _encode("status_rsp", {"id": message_id})


def encode_error(reason: str) -> bytes:
    """Say why a request is refused; characters that XML cannot carry are replaced, an answer must go out."""
    return _encode("error", {"reason": _ILLEGAL.sub("\ufffd", reason)})


def encode_send(send: Send) -> bytes:
    """Write a message of ours for the gateway, byte for byte as the original does.

    Raises: UnencodableTextError if a text has characters that XML cannot carry.
    """
    return _encode(
        "send",
        {
            "serv_id": send.serv_id,
            "project_id": send.project_id or "",
            "rcv_msg_id": send.rcv_msg_id or "",
            "from": send.from_,
            "to": send.to,
            "billkey": send.billkey,
            "content": send.content,
            "content_coding": send.content_coding,
            "esm": send.esm,
            "dcs": send.dcs,
            "expiration": str(send.expiration),
            "operator_type": send.operator_type,
        },
    )


def encode_send_reply(reply: SendReply) -> bytes:
    """Answer a `send` as the gateway does."""
    if isinstance(reply, Accepted):
        return encode_receive_response(reply.id)
    return encode_error(reply.reason)


def encode_receive(receive: Receive) -> bytes:
    """Write an inbound message as the gateway does; base64 goes out as `content_raw` has it."""
    is_text = receive.content_coding == "text"
    return _encode(
        "receive",
        {
            "id": receive.id,
            "serv_id": receive.serv_id,
            "project_id": receive.project_id,
            "from": receive.from_,
            "to": receive.to,
            "content": receive.content if is_text else receive.content_raw,
            "content_coding": receive.content_coding,
            "dcs": receive.dcs,
            "esm": receive.esm,
            "operator_type": receive.operator_type,
            "receive_date": receive.receive_date_raw,
        },
    )


def encode_status(status: Status) -> bytes:
    """Write a status as the gateway does."""
    return _encode("status", {"id": status.id, "status": status.status})


def _encode(command: str, elements: dict[str, str]) -> bytes:
    children = "".join(f"<{name}>{_escape(name, text)}</{name}>" for name, text in elements.items())
    return f'{_DECLARATION}<message command="{command}">{children}</message>\n'.encode()


def _escape(element: str, text: str) -> str:
    if _ILLEGAL.search(text):
        raise UnencodableTextError(element)
    return text.translate(_ESCAPES)
