"""The link in an SMS that stops a renewal without a login: short, signed, and good as long as the chain lives.

Shape: 14 signs of a keyed hash (83 bits, so nobody guesses one), then the payment method's id; base62 both. It tells
nothing of the reader, nothing of it is stored, and a new SECRET_KEY ends all of them.
"""

import hmac

from crm.users.keyed_hash import keyed_hash

_SIGNS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_SIGNED = 14
_LONGEST_ID = 10
_PURPOSE = "stop link"

_base_url = ""


def configure(base_url: str) -> None:
    """Say where people reach us."""
    global _base_url
    _base_url = base_url.rstrip("/")


def link_of(payment_method_id: int) -> str:
    """Return the whole address."""
    return f"{_base_url}/s/{token_of(payment_method_id)}"


def token_of(payment_method_id: int) -> str:
    """Return the word that names a chain and proves that we wrote it."""
    return _signature(payment_method_id) + _written(payment_method_id)


def read_token(token: str) -> int | None:
    """Return the payment method that the word names, None for one that we have not written."""
    signature, written = token[:_SIGNED], token[_SIGNED:]
    if not 0 < len(written) <= _LONGEST_ID or not all(sign in _SIGNS for sign in token):
        return None
    method_id = 0
    for sign in written:
        method_id = method_id * len(_SIGNS) + _SIGNS.index(sign)
    is_ours = hmac.compare_digest(signature, _signature(method_id)) and written == _written(method_id)
    return method_id if is_ours else None


def _signature(method_id: int) -> str:
    number = int(keyed_hash(_PURPOSE, method_id), 16) % len(_SIGNS) ** _SIGNED
    return _written(number).rjust(_SIGNED, _SIGNS[0])


def _written(number: int) -> str:
    signs = ""
    while number:
        number, place = divmod(number, len(_SIGNS))
        signs = _SIGNS[place] + signs
    return signs or _SIGNS[0]
