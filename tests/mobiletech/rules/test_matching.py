"""Which texts fit a keyword, and how near the others were."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.mobiletech.rules.matching import Match, Nearness, fits, is_one_error_away, nearness
from crm.mobiletech.rules.shadows import takes_all_of
from crm.mobiletech.stop_words import fold_words
from tests.factories.rules import keyword_rule

FITTING = [
    (Match.EXACT, "INFO", "info"),
    (Match.EXACT, "INFO", "  Info! "),
    (Match.EXACT, "Kľúč", "KLUC"),
    (Match.EXACT, "kluc", "kľúč…"),
    (Match.EXACT, "DVE SLOVA", "dve\u00a0 slová"),
    (Match.STARTS_WITH, "INFO", "INFO"),
    (Match.STARTS_WITH, "INFO", "info, prosím"),
    (Match.STARTS_WITH, "ZMENA ADRESY", "Zmena adresy: Hlavná 5"),
    (Match.TYPO, "POMOC", "pomoc"),
    (Match.TYPO, "POMOC", "pomooc"),
    (Match.TYPO, "POMOC", "pomc"),
    (Match.TYPO, "POMOC", "pomod"),
    (Match.TYPO, "POMOC", "opmoc"),
    (Match.TYPO, "DVE SLOVA", "dveslova"),
]
OTHERS = [
    (Match.EXACT, "INFO", "", Nearness.OTHER),
    (Match.EXACT, "INFO", "INFOS", Nearness.ONE_ERROR),
    (Match.EXACT, "INFO", "IFNO", Nearness.ONE_ERROR),
    (Match.EXACT, "INFO", "info prosim", Nearness.INSIDE),
    (Match.EXACT, "INFO", "FONI", Nearness.OTHER),
    (Match.STARTS_WITH, "INFO", "INFORMACIE", Nearness.OTHER),
    (Match.STARTS_WITH, "INFO", "chcem info", Nearness.INSIDE),
    (Match.TYPO, "POMOC", "pomoc prosim", Nearness.INSIDE),
    (Match.TYPO, "POMOC", "mopoc", Nearness.OTHER),
    (Match.TYPO, "POMOC", "pomooocc", Nearness.OTHER),
    (Match.EXACT, "", "", Nearness.OTHER),
]


@pytest.mark.parametrize(("match", "keyword", "text"), FITTING)
def test_these_fit(match: Match, keyword: str, text: str) -> None:
    assert fits(match, fold_words(keyword), fold_words(text))


@pytest.mark.parametrize(("match", "keyword", "text", "expected"), OTHERS)
def test_these_do_not_and_it_is_known_how_near_they_were(
    match: Match, keyword: str, text: str, expected: Nearness
) -> None:
    words = fold_words(keyword), fold_words(text)

    assert not fits(match, *words)
    if keyword:
        assert nearness(match, *words) is expected


WORDS = st.text(alphabet="AB C", max_size=6)


@given(one=WORDS, other=WORDS)
def test_one_typing_error_is_what_a_naive_distance_says(one: str, other: str) -> None:
    assert is_one_error_away(one, other) is (distance(one, other) == 1)


def distance(one: str, other: str) -> int:
    """The textbook's table: insert, delete, replace, swap of neighbours (optimal string alignment)."""
    table = [[max(i, j) if 0 in (i, j) else 0 for j in range(len(other) + 1)] for i in range(len(one) + 1)]
    for i in range(1, len(one) + 1):
        for j in range(1, len(other) + 1):
            is_other = one[i - 1] != other[j - 1]
            table[i][j] = min(table[i - 1][j] + 1, table[i][j - 1] + 1, table[i - 1][j - 1] + is_other)
            if i > 1 and j > 1 and one[i - 2 : i] == other[j - 2 : j][::-1]:
                table[i][j] = min(table[i][j], table[i - 2][j - 2] + 1)
    return table[-1][-1]


KEYWORDS = WORDS.map(fold_words).filter(bool)


@given(earlier=KEYWORDS, later=KEYWORDS, text=WORDS, one=st.sampled_from(Match), two=st.sampled_from(Match))
def test_what_a_shadow_takes_it_really_takes(
    earlier: str, later: str, text: str, one: Match, two: Match
) -> None:
    first, second = keyword_rule(earlier, one), keyword_rule(later, two)
    words = fold_words(text)

    if takes_all_of(first, second) and fits(two, second.keyword, words):
        assert fits(one, first.keyword, words)
