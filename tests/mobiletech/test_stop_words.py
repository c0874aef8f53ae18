"""Which texts ask us to stop."""

import pytest

from crm.mobiletech.stop_words import fold_words, is_stop

STOPS = [
    "STOP",
    "stop",
    " Stop! ",
    "STOP.",
    "ZRUSIT",
    "zrušiť",
    "Zrušiť",
    "ODHLASIT",
    "odhlásiť",
    "KONIEC",
    "UKONCIT",
    "ukončiť",
    "NECHCEM",
    "nechcem",
    "UZ NEPOSIELAJTE",
    "už neposielajte",
    "Už   neposielajte!!!",
    "STOP ALFA",
    "alfa stop",
    "STOP-ALFA",
    "ＳＴＯＰ",
    "st\u030cop",
    "STOP\u00a0ALFA",
    "\ufeffSTOP",
]
OTHERS = [
    "",
    " ",
    "START",
    "STOPA",
    "NESTOP",
    "S T O P",
    "prosim stop to uz",
    "ALFA",
    "UZ",
    "NEPOSIELAJTE",
    "KONIEC ALFA",
    "stop stop stop",
    "Chcem zrusit",
    "INFO",
    "123",
    "!?",
]


@pytest.mark.parametrize("text", STOPS)
def test_these_ask_us_to_stop(text: str) -> None:
    assert is_stop(text)


@pytest.mark.parametrize("text", OTHERS)
def test_these_do_not(text: str) -> None:
    assert not is_stop(text)


def test_words_are_folded_to_plain_capitals() -> None:
    assert fold_words("  Už, ne-posielajte… 2× ") == "UZ NE POSIELAJTE 2"
