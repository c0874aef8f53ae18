"""Every collected SMS that asks to stop stops, and the ordinary ones do not; the few that do are argued."""

import pytest

from crm.mobiletech.stop.reading import StopKind, StopVerdict, read_stop
from crm.mobiletech.stop_words import fold_words
from tests.stop_samples import KEYWORDS, read_samples

STOPS = read_samples("stop_texts.txt")
ORDINARY = [text for text, _ in read_samples("ordinary_texts.txt")]
UNCLEAR = [text for text, _ in read_samples("unclear_texts.txt")]
ARGUED = dict(read_samples("ordinary_texts_that_stop.txt"))
FEWEST = 300
LONGEST_ARGUED = 5
MOST_NEAR = 0.05


def read(text: str) -> StopVerdict:
    return read_stop(text, KEYWORDS)


def test_the_collections_are_large_and_do_not_contradict_each_other() -> None:
    asked, ordinary, unclear = {text for text, _ in STOPS}, set(ORDINARY), set(UNCLEAR)

    assert len(asked) == len(STOPS) >= FEWEST
    assert len(ordinary) == len(ORDINARY) >= FEWEST
    assert not asked & ordinary | asked & unclear | ordinary & unclear


@pytest.mark.parametrize(("text", "keyword"), STOPS)
def test_whoever_asks_to_stop_is_stopped_and_so_is_what_he_names(text: str, keyword: str) -> None:
    verdict = read(text)

    assert (verdict.kind, verdict.keyword or "") == (StopKind.STOP, keyword)


def test_no_ordinary_text_stops_anybody_but_for_the_argued_ones() -> None:
    assert {text for text in ORDINARY if read(text).is_stop} == set(ARGUED)


def test_the_argued_ones_are_few_and_argued() -> None:
    assert len(ARGUED) <= LONGEST_ARGUED
    assert all(len(argument) > len("because") for argument in ARGUED.values())
    assert set(ARGUED) <= set(ORDINARY)


def test_few_ordinary_texts_make_a_person_look() -> None:
    near = [text for text in ORDINARY if read(text).is_near]

    share = len(near) / len(ORDINARY)
    print(f"near misses among ordinary texts: {len(near)} of {len(ORDINARY)}, {share:.1%}")
    assert share <= MOST_NEAR, near


@pytest.mark.parametrize("text", UNCLEAR)
def test_what_may_be_meant_as_a_stop_is_a_near_miss_at_least(text: str) -> None:
    assert read(text).kind is not StopKind.NONE


@pytest.mark.parametrize("text", [text for text, _ in STOPS if fold_words(text)])
def test_without_any_keyword_everything_stops_or_a_person_looks(text: str) -> None:
    verdict = read_stop(text)

    assert verdict.kind is not StopKind.NONE
    assert verdict.keyword is None
