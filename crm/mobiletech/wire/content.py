"""The text of an inbound SMS, out of the coding that the gateway says it used."""

import base64
import binascii
import re

from crm.mobiletech.wire.problems import Problem

_UCS2_DCS = "8"
_WHITE_SPACE = re.compile(r"[ \t\r\n]+")
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")


def decode_content(raw: str, coding: str, dcs: str) -> tuple[str, Problem | None]:
    """Give the text that the customer wrote; what cannot be decoded stays as it came, with the problem.

    Shape: `coding` is `text` or `base64`, in any case; an empty one means `text`.
    """
    match coding.lower():
        case "text" | "":
            return raw, None
        case "base64":
            return _decode_base64(raw, dcs)
        case _:
            return raw, Problem.CODING_UNKNOWN


def _decode_base64(raw: str, dcs: str) -> tuple[str, Problem | None]:
    try:
        text = _decode_bytes(base64.b64decode(_WHITE_SPACE.sub("", raw), validate=True), dcs)
    except (binascii.Error, ValueError):
        return raw, Problem.CONTENT_UNDECODABLE
    # PostgreSQL keeps no zero character in a text column.
    if "\0" in text:
        return text.replace("\0", "\ufffd"), Problem.CONTENT_NUL
    return text, None


def _decode_bytes(octets: bytes, dcs: str) -> str:
    """Decode UTF-8, or UCS-2 where `dcs` says so and the bytes agree.

    Assumed: the protocol does not say whether base64 hides UTF-8 or the SMS's own bytes. UCS-2 of
    almost any text has control bytes in it, UTF-8 has none, so the bytes decide.
    """
    if dcs != _UCS2_DCS:
        return octets.decode("utf-8")
    try:
        text = octets.decode("utf-8")
    except UnicodeDecodeError:
        return octets.decode("utf-16-be")
    return octets.decode("utf-16-be") if _CONTROLS.search(text) else text
