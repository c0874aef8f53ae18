"""Counts, shares and comparisons are said as people say them."""

from datetime import date

import pytest
from flask import Flask

from crm.web.count_words import compare, spell, spell_share

THURSDAY = date(2026, 11, 19)


@pytest.fixture(autouse=True)
def _in_a_request(app: Flask) -> object:
    with app.test_request_context(headers={"Accept-Language": "en"}):
        yield


@pytest.mark.parametrize(
    ("count", "before", "words"),
    [
        (0, 0, "none last Thursday by now either"),
        (5, 0, "none last Thursday by now"),
        (5, 5, "as many as last Thursday by now"),
        (17, 5, "12 more than last Thursday by now"),
        (0, 5, "5 fewer than last Thursday by now"),
        (12_345, 1, "12\u202f344 more than last Thursday by now"),
    ],
)
def test_today_is_compared_in_words(count: int, before: int, words: str) -> None:
    assert compare(count, before, THURSDAY) == words


@pytest.mark.parametrize(
    ("part", "whole", "words"),
    [
        (0, 0, ""),
        (0, 9, "0%"),
        (1, 3, "33%"),
        (9, 9, "100%"),
        pytest.param(999, 1000, "99%", id="all but one is not all"),
        pytest.param(1, 1000, "under 1%", id="one is not none"),
    ],
)
def test_a_share_is_whole_only_when_it_is(part: int, whole: int, words: str) -> None:
    assert spell_share(part, whole) == words


def test_thousands_are_parted() -> None:
    assert spell(1_234_567) == "1\u202f234\u202f567"
