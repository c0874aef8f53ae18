"""A short text in an address that only we can read: what was searched for is in no log and no history.

Encrypted with a keystream of HMAC-SHA256 in counter mode under a nonce of its own, then authenticated by a
second key (encrypt-then-MAC); both keys come from SECRET_KEY and the purpose. Nothing of the text is stored.
The length is hidden by padding to whole blocks. The address stops working after seven days.
"""

import base64
import binascii
import hashlib
import hmac
import secrets
from datetime import datetime, timedelta

from crm.core.errors import N_, InvalidInputError

LIVES = timedelta(days=7)
_NONCE, _TIME, _TAG, _BLOCK = 16, 5, 16, 32


class UnreadableSealError(InvalidInputError):
    """The word was changed, is too old, or was sealed with another key."""

    def __init__(self) -> None:
        super().__init__(N_("This link to a search is too old or damaged. Search again."))


def seal(text: str, *, key: str, purpose: str, at: datetime) -> str:
    """Return the text as a word for addresses; the same text makes another word each time."""
    plain = text.encode() + b"\x80"
    plain += b"\0" * (-len(plain) % _BLOCK)
    head = secrets.token_bytes(_NONCE) + int(at.timestamp()).to_bytes(_TIME, "big")
    body = head + _crypt(plain, _derive(key, purpose, "encrypt"), head)
    return base64.urlsafe_b64encode(body + _tag(body, key, purpose)).decode().rstrip("=")


def unseal(word: str, *, key: str, purpose: str, at: datetime) -> str:
    """Return the text.

    Raises: UnreadableSealError.
    """
    try:
        sealed = base64.b64decode(word + "=" * (-len(word) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as error:
        raise UnreadableSealError from error
    body, tag = sealed[:-_TAG], sealed[-_TAG:]
    head, crypted = body[: _NONCE + _TIME], body[_NONCE + _TIME :]
    if not crypted or not hmac.compare_digest(tag, _tag(body, key, purpose)):
        raise UnreadableSealError
    age = at.timestamp() - int.from_bytes(head[_NONCE:], "big")
    if not -60 <= age < LIVES.total_seconds():
        raise UnreadableSealError
    plain = _crypt(crypted, _derive(key, purpose, "encrypt"), head)
    return plain.rstrip(b"\0").removesuffix(b"\x80").decode()


def _crypt(text: bytes, key: bytes, head: bytes) -> bytes:
    """Add the keystream, or take it off: both are the same."""
    blocks = range(-(-len(text) // _BLOCK))
    stream = b"".join(hmac.digest(key, head + block.to_bytes(4, "big"), hashlib.sha256) for block in blocks)
    return bytes(letter ^ mask for letter, mask in zip(text, stream, strict=False))


def _tag(body: bytes, key: str, purpose: str) -> bytes:
    return hmac.digest(_derive(key, purpose, "authenticate"), body, hashlib.sha256)[:_TAG]


def _derive(key: str, purpose: str, use: str) -> bytes:
    return hmac.digest(key.encode(), f"sealed {purpose} {use}".encode(), hashlib.sha256)
