"""Units, parts and cuts agree with a packer that works on the encoded stream, on 100,000 random strings."""

import struct

import pytest
from gsm0338 import Codec

from crm.mobiletech.wire.sms_text import Encoding, measure, split_parts
from tests.factories.texts import make_strings

STRINGS = 100_000
GSM = Codec()
ESCAPE = 0x1B
WIDE_ENOUGH = {"gsm7": (160, 153), "ucs2": (70, 67)}


def pack(text: str) -> tuple[str, int, list[str]]:
    """Cut the stream of septets or 16-bit units at the edge, one earlier where that would part a pair."""
    try:
        units, encoding = list(GSM.encode(text)[0]), "gsm7"
        opens_pair = [unit == ESCAPE for unit in units]
    except UnicodeEncodeError:
        encoded = text.encode("utf-16-be")
        units, encoding = list(struct.unpack(f">{len(encoded) // 2}H", encoded)), "ucs2"
        opens_pair = [0xD800 <= unit < 0xDC00 for unit in units]
    alone, in_a_part = WIDE_ENOUGH[encoding]
    if len(units) <= alone:
        return encoding, len(units), [text]
    parts, start = [], 0
    while start < len(units):
        end = min(start + in_a_part, len(units))
        if end < len(units) and opens_pair[end - 1]:
            end -= 1
        parts.append(decode(units[start:end], encoding))
        start = end
    return encoding, len(units), parts


def decode(units: list[int], encoding: str) -> str:
    """Read a part alone, as a phone that got nothing else; half a pair cannot be read."""
    if encoding == "gsm7":
        return str(GSM.decode(bytes(units))[0])
    return struct.pack(f">{len(units)}H", *units).decode("utf-16-be")


@pytest.mark.parametrize("fold", [True, False], ids=["folded", "as written"])
def test_the_meter_agrees_with_an_independent_packer(fold: bool) -> None:
    wrong = []
    for text in make_strings(seed=fold, count=STRINGS // 2):
        measured = measure(text, fold=fold)
        encoding, units, parts = pack(measured.text)
        ours = split_parts(measured.text, measured.encoding)
        if (measured.encoding, measured.units, measured.parts, ours) != (encoding, units, len(parts), parts):
            wrong.append(text)

    assert wrong == []


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("", [""]),
        ("a" * 160, ["a" * 160]),
        ("a" * 161, ["a" * 153, "a" * 8]),
        ("a" * 152 + "€" + "b" * 20, ["a" * 152, "€" + "b" * 20]),
        ("a" * 151 + "€" + "b" * 20, ["a" * 151 + "€", "b" * 20]),
    ],
)
def test_a_text_is_cut_where_a_phone_cuts_it(text: str, parts: list[str]) -> None:
    assert split_parts(text, Encoding.GSM7) == parts


def test_the_room_is_that_of_all_parts() -> None:
    assert [measure("a" * length).room for length in (0, 160, 161, 307)] == [160, 160, 306, 459]
    assert [measure("Д" * length).room for length in (1, 70, 71)] == [70, 70, 134]
