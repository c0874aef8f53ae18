"""STOP words with every noise around them, one typing error, and what a rule listens to."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.mobiletech.stop import vocabulary as known
from crm.mobiletech.stop.reading import LOOKED_AT, NOTHING, Because, StopKind, read_stop
from crm.mobiletech.stop_words import STOP_WORDS
from tests.stop_samples import KEYWORDS, read_samples

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
NOISE = st.text(alphabet=" .,!?;:-_*\"'()\n\u00a0\u200b👎", max_size=4)
MARKS = st.sampled_from(["", "\u030c", "\u0301", "\u0308"])
LONG_WORDS = sorted(word for word in STOP_WORDS if word.isalpha() and len(word) > len("STOP"))
REASONS = [
    ("Stop!", Because.WORD),
    ("uz nechcem", Because.WORD),
    ("stop ihla a nit", Because.BESIDE),
    ("chcem zrušiť predplatné", Because.REQUEST),
    ("stpo", Because.ERROR),
    ("uz neposielate", Because.ERROR),
]
NEAR_REASONS = [
    ("ako zrusim?", Because.QUESTION),
    ("nechcem zrusit", Because.QUESTION),
    ("kde je stop na autobus", Because.INSIDE),
    ("sto", Because.ERRORS),
    ("zrst", Because.ERRORS),
    ("dost!", Because.HALF),
]


@pytest.mark.parametrize("word", sorted(STOP_WORDS))
def test_every_word_of_the_contract_stops_everything(word: str) -> None:
    verdict = read_stop(word, KEYWORDS)

    assert (verdict.kind, verdict.keyword, verdict.because) == (StopKind.STOP, None, Because.WORD)


@pytest.mark.parametrize(("text", "because"), REASONS)
def test_a_stop_says_why_it_was_read_so(text: str, because: Because) -> None:
    verdict = read_stop(text)

    assert (verdict.kind, verdict.because) == (StopKind.STOP, because)


@pytest.mark.parametrize(("text", "because"), NEAR_REASONS)
def test_a_near_miss_says_why_a_person_must_look(text: str, because: Because) -> None:
    verdict = read_stop(text)

    assert (verdict.kind, verdict.keyword, verdict.because) == (StopKind.NEAR, None, because)


@pytest.mark.parametrize("text", ["", " ", "?!", "👍", "\u200b", "\x00"])
def test_without_a_word_there_is_nothing_to_read(text: str) -> None:
    assert read_stop(text, KEYWORDS) == NOTHING


@given(data=st.data())
def test_noise_never_changes_a_stop(data: st.DataObject) -> None:
    word = data.draw(st.sampled_from(sorted(STOP_WORDS)))
    signs = [
        data.draw(st.sampled_from([letter, letter.lower()])) + ("" if letter == " " else data.draw(MARKS))
        for letter in word
    ]

    text = data.draw(NOISE) + "".join(signs) + data.draw(NOISE)

    assert read_stop(text, KEYWORDS).is_stop


@given(data=st.data())
def test_signs_between_words_never_change_a_collected_stop(data: st.DataObject) -> None:
    text, keyword = data.draw(
        st.sampled_from([each for each in read_samples("stop_texts.txt") if each[0].isascii()])
    )

    noisy = "".join(
        data.draw(st.sampled_from([" ", "  ", "\n", "! ", "... "])) if sign == " " else sign for sign in text
    )

    assert read_stop(noisy.swapcase(), KEYWORDS).is_stop
    if noisy == text:
        assert (read_stop(noisy, KEYWORDS).keyword or "") == keyword


@given(word=st.sampled_from(LONG_WORDS), data=st.data())
def test_one_typing_error_in_a_long_word_is_forgiven(word: str, data: st.DataObject) -> None:
    wrong = data.draw(one_error(word))

    verdict = read_stop(wrong, KEYWORDS)

    is_another = wrong in known.NOT_ERRORS | known.NOT_ALIKE | known.TOLD
    assert verdict.is_stop or is_another


@given(data=st.data())
def test_one_typing_error_in_stop_alone_is_a_near_miss_at_least(data: st.DataObject) -> None:
    wrong = data.draw(one_error("STOP"))

    assert read_stop(wrong).kind is not StopKind.NONE


@pytest.mark.parametrize("word", sorted(known.NOT_ERRORS))
def test_another_word_that_is_one_error_away_is_no_stop_but_a_person_looks(word: str) -> None:
    assert read_stop(word).is_near


@pytest.mark.parametrize("word", sorted(known.NOT_ALIKE))
def test_a_word_that_nobody_means_so_is_not_even_near(word: str) -> None:
    assert not read_stop(word).is_stop


@pytest.mark.parametrize("text", ["STIP", "TOP", "DOST", "KONIEC ROKA"])
def test_what_a_rule_listens_to_is_no_typing_error_and_no_near_miss(text: str) -> None:
    before, after = read_stop(text.lower()), read_stop(text.lower(), taken={text})

    assert before.kind is not StopKind.NONE
    assert after == NOTHING


def test_who_asks_how_to_stop_is_looked_at_though_a_rule_answers() -> None:
    assert read_stop("ako zrusim?", taken={"AKO ZRUSIM"}).is_near


def test_a_rule_cannot_take_a_stop_word_away() -> None:
    assert read_stop("stop", taken={"STOP"}).is_stop
    assert read_stop("koniec", {"KONIEC ROKA"}, taken={"KONIEC ROKA"}).is_stop


def test_only_the_beginning_of_a_long_text_is_looked_at() -> None:
    filler = "x" * (LOOKED_AT - len("STOP") - 1)

    assert read_stop(f"{filler} STOP").is_stop
    assert read_stop(f"{filler}     STOP") == NOTHING


@given(text=st.text(max_size=300))
def test_any_text_can_be_read(text: str) -> None:
    assert read_stop(text, KEYWORDS).kind in StopKind


def one_error(word: str) -> st.SearchStrategy[str]:
    """Return the word with a letter more, less or another, or two neighbours swapped; never the word itself."""
    places = range(len(word))
    made = {word[:at] + word[at + 1 :] for at in places}
    made |= {word[:at] + word[at + 1] + word[at] + word[at + 2 :] for at in places[:-1]}
    made |= {word[:at] + letter + word[at + 1 :] for at in places for letter in LETTERS}
    made |= {word[:at] + letter + word[at:] for at in range(len(word) + 1) for letter in LETTERS}
    return st.sampled_from(sorted(made - {word}))
