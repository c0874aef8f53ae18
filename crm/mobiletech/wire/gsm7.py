"""The GSM 7-bit alphabet: which characters an ordinary SMS can carry, and what each costs.

Source: 3GPP TS 23.038 (GSM 03.38), default alphabet and its extension table.
"""

from collections.abc import Mapping
from types import MappingProxyType

_BASIC = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENSION = "\f^{}\\[~]|€"

# Character → units of seven bits; a character of the extension is an escape and a second unit.
SEPTETS: Mapping[str, int] = MappingProxyType(dict.fromkeys(_BASIC, 1) | dict.fromkeys(_EXTENSION, 2))


def is_gsm7(text: str) -> bool:
    """Say whether the whole text fits the alphabet."""
    return all(character in SEPTETS for character in text)
