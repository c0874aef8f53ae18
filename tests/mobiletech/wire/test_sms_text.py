"""The length of an SMS is exact, and Slovak text does not cost double."""

import json
from dataclasses import asdict

import pytest
from gsm0338 import Codec
from hypothesis import given, settings
from hypothesis import strategies as st

from crm.mobiletech.wire.gsm7 import SEPTETS
from crm.mobiletech.wire.sms_text import Encoding, fold_text, measure

GSM = Codec()

FOLDED = {
    "Slovak pangram": (
        "Kŕdeľ šťastných ďatľov učí pri ústí Váhu",
        "Krdel stastnych datlov uci pri usti Vahu",
    ),
    "letters that the alphabet has": ("ä é Ä É ö ü ß ñ à € @ £", "ä é Ä É ö ü ß ñ à € @ £"),
    "Slovak capitals": ("ÁČĎÍĽĹŇÓÔŔŠŤÚÝŽ", "ACDILLNOORSTUYZ"),
    "Czech": ("Příliš žluťoučký kůň", "Prilis zlutoucky kun"),
    "Hungarian": ("árvíztűrő", "arviztürö"),
    "typographic quotes": ("„Noviny“ ‚dnes‘ it’s", "\"Noviny\" 'dnes' it's"),
    "dashes": ("a – b — c‑d − e", "a - b - c-d - e"),
    "ellipsis": ("ďalej…", "dalej..."),
    "hard and narrow spaces": ("4,99\u00a0€\u202f/\u2009mesiac", "4,99 € / mesiac"),
    "invisible characters": ("no\u00advi\u200bny\ufeff", "noviny"),
    "accent typed apart": ("c\u030co e\u0301", "co é"),
    "full-width digits": ("８８７７", "8877"),
    "control characters": ("a\x00b\x1b[0m\tc\x7f", "ab[0m c"),
    "line ends": ("a\r\nb\rc\u2028d", "a\nb\nc\nd"),
    "half of a surrogate pair": ("a\ud83db", "ab"),
    "numbers that would change stay": ("2½ m²", "2½ m²"),
    "marks of other scripts are part of their letters": ("हिन्दी שְׁ", "हिन्दी שְׁ"),
    "what has no likeness stays": ("Добрый 😀", "Добрый 😀"),
}


@pytest.mark.parametrize(("text", "folded"), FOLDED.values(), ids=FOLDED)
def test_text_is_folded_to_what_a_phone_can_show(text: str, folded: str) -> None:
    assert fold_text(text).text == folded


def test_what_was_replaced_is_told_once_in_order_and_fits_json() -> None:
    measured = measure("Šéf žiada „žlté“ šaty")

    assert json.loads(json.dumps(asdict(measured))) == {
        "encoding": "gsm7",
        "units": 21,
        "parts": 1,
        "text": 'Séf ziada "zlté" saty',
        "replaced": [["Š", "S"], ["ž", "z"], ["„", '"'], ["“", '"'], ["š", "s"]],
    }


MEASURED = [
    ("nothing", "", True, "gsm7", 0, 1),
    ("one full SMS", "a" * 160, True, "gsm7", 160, 1),
    ("one more", "a" * 161, True, "gsm7", 161, 2),
    ("two full parts", "a" * 306, True, "gsm7", 306, 2),
    ("three parts", "a" * 307, True, "gsm7", 307, 3),
    ("euro counts twice", "€" * 80, True, "gsm7", 160, 1),
    ("a pair is not cut between parts", "a" * 152 + "€" + "a" * 152, True, "gsm7", 306, 3),
    ("a pair that just fits", "a" * 151 + "€" + "a" * 153, True, "gsm7", 306, 2),
    ("folded Slovak", "č" * 160, True, "gsm7", 160, 1),
    ("unfolded Slovak", "č" * 70, False, "ucs2", 70, 1),
    ("unfolded Slovak, one more", "č" * 71, False, "ucs2", 71, 2),
    ("unfolded, two full parts", "č" * 134, False, "ucs2", 134, 2),
    ("a hard space unfolded", "4,99\u00a0EUR", False, "ucs2", 8, 1),
    ("emoji are two units", "😀" * 35, True, "ucs2", 70, 1),
    ("an emoji is not cut between parts", "č" * 66 + "😀" + "č" * 66, False, "ucs2", 134, 3),
    ("extension characters count once in UCS-2", "€😀", True, "ucs2", 3, 1),
]


@pytest.mark.parametrize(
    ("text", "fold", "encoding", "units", "parts"),
    [row[1:] for row in MEASURED],
    ids=[r[0] for r in MEASURED],
)
def test_units_and_parts_are_exact(text: str, fold: bool, encoding: str, units: int, parts: int) -> None:
    measured = measure(text, fold=fold)

    assert (measured.encoding, measured.units, measured.parts) == (encoding, units, parts)


def gsm_width(character: str) -> int | None:
    try:
        return len(GSM.encode(character)[0])
    except UnicodeEncodeError:
        return None


def pack(widths: list[int], alone: int, in_a_part: int) -> int:
    if sum(widths) <= alone:
        return 1
    parts: list[list[int]] = [[]]
    for width in widths:
        if sum(parts[-1]) + width > in_a_part:
            parts.append([])
        parts[-1].append(width)
    return len(parts)


LIKELY = st.text(alphabet="aZ €[]{}^|~\\@ßäéčžŠ\n„“…–\u00a0😀Δ", max_size=400)


@settings(max_examples=150, deadline=None)
@given(st.one_of(LIKELY, st.text(max_size=100)), st.booleans())
def test_measure_agrees_with_an_independent_packer(text: str, fold: bool) -> None:
    measured = measure(text, fold=fold)

    widths = [gsm_width(character) for character in measured.text]
    if None in widths:
        utf16 = [len(character.encode("utf-16-be")) // 2 for character in measured.text]
        expected = (Encoding.UCS2, sum(utf16), pack(utf16, 70, 67))
    else:
        septets = [width for width in widths if width is not None]
        expected = (Encoding.GSM7, sum(septets), pack(septets, 160, 153))
    assert (measured.encoding, measured.units, measured.parts) == expected


@settings(max_examples=150)
@given(st.text(max_size=60))
def test_folding_twice_changes_nothing_more(text: str) -> None:
    once = fold_text(text).text

    assert fold_text(once).text == once


@pytest.mark.parametrize("codepoint", range(0x20), ids=hex)
@pytest.mark.parametrize("fold", [True, False], ids=["folded", "not folded"])
def test_no_control_character_but_the_line_feed_is_ever_sent(codepoint: int, fold: bool) -> None:
    text = measure(f"a{chr(codepoint)}b", fold=fold).text

    assert all(character == "\n" or character >= " " for character in text)


def test_the_alphabet_is_that_of_the_standard() -> None:
    for codepoint in range(0x20, 0x10000):
        character = chr(codepoint)
        width = gsm_width(character) if not 0xD800 <= codepoint <= 0xDFFF else None

        assert SEPTETS.get(character) == width, f"U+{codepoint:04X}"
