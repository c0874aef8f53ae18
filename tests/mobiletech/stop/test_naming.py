"""Which subscription a STOP names: one of ours beside it, or everything."""

import pytest

from crm.mobiletech.stop.reading import read_stop

KEYWORDS = {"NOVINY", "NOVELA", "KLUB", "TV MESIAC", "MESIAC", "AB", "SPRAVY"}
NAMED = [
    ("STOP NOVINY", "NOVINY"),
    ("noviny stop", "NOVINY"),
    ("NOVINYSTOP", "NOVINY"),
    ("stop klub", "KLUB"),
    ("STOP ab", "AB"),
    ("stop tv mesiac", "TV MESIAC"),
    ("TV MESIAC STOP", "TV MESIAC"),
    ("mesiac stop", "MESIAC"),
    ("stop klubu", "KLUB"),
    ("stop odberu novin", "NOVINY"),
    ("stop novinam", "NOVINY"),
    ("stop klbu", "KLUB"),
    ("prosim zrusit predplatne noviny dakujem", "NOVINY"),
    ("nechcem uz vas klub", "KLUB"),
    ("stop 8877 noviny", "NOVINY"),
]
EVERYTHING = [
    "STOP",
    "STOP ALFA",
    "STOP NOVINY KLUB",
    "stop noviny aj klub",
    "stop klub, mesiac",
    "zrusit noviny a vsetko",
    "neposielajte ziadne spravy",
    "STOP preklepol som sa, chcel som KLUB",
    "Stop. Uz mam noviny inde.",
    "zrusit predplatne od buduceho mesiaca",
    "stop a",
]


@pytest.mark.parametrize(("text", "keyword"), NAMED)
def test_a_keyword_beside_a_stop_is_what_ends(text: str, keyword: str) -> None:
    verdict = read_stop(text, KEYWORDS)

    assert (verdict.is_stop, verdict.keyword) == (True, keyword)


@pytest.mark.parametrize("text", EVERYTHING)
def test_without_one_clear_keyword_everything_ends(text: str) -> None:
    verdict = read_stop(text, KEYWORDS)

    assert (verdict.is_stop, verdict.keyword) == (True, None)


def test_a_keyword_that_is_misspelt_between_two_is_not_guessed() -> None:
    verdict = read_stop("STOP NOVIA", {"NOVINA", "NOVIKA"})

    assert (verdict.is_stop, verdict.keyword) == (True, None)
