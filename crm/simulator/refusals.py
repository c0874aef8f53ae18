"""Why the gateway refuses a `send` by itself, whatever its fate would be: a table of checks.

Assumed: the gateway's own list is not public; these are the slips that another Slovak gateway documents.
"""

from collections.abc import Callable

from crm.core.phone import find_slovak_mobile
from crm.mobiletech.wire.commands import Send

MAX_TEXT = 1_600

_CODINGS = frozenset({"text", "base64"})
_CHECKS: tuple[tuple[Callable[[Send], bool], str], ...] = (
    (lambda send: find_slovak_mobile(send.to) is None, "The recipient is not a Slovak mobile number."),
    (lambda send: not send.billkey, "The billkey is missing."),
    (lambda send: not send.content, "The content is empty."),
    (lambda send: len(send.content) > MAX_TEXT, f"The content is longer than {MAX_TEXT} characters."),
    (lambda send: send.content_coding not in _CODINGS, "The content_coding is neither text nor base64."),
)


def find_refusal(send: Send) -> str | None:
    """Give the first reason to refuse a message, or None."""
    return next((reason for is_wrong, reason in _CHECKS if is_wrong(send)), None)
