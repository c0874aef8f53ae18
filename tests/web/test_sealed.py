"""A search in an address can be read by us for a week, and by nobody else ever."""

import base64
from datetime import UTC, datetime, timedelta

import pytest

from crm.web.sealed import LIVES, UnreadableSealError, seal, unseal

KEY = "a key of this installation, long enough"
NOW = datetime(2026, 11, 26, 8, 0, tzinfo=UTC)
TERM = "eva.novakova@example.sk"


@pytest.mark.parametrize(
    "text", ["", "a", TERM, "0908 123 456", "Čučoriedková", "x" * 31, "x" * 32, "\0\x80\0"]
)
def test_what_was_sealed_can_be_read_again(text: str) -> None:
    assert _open(_seal(text)) == text


def test_the_word_tells_nothing_of_the_text() -> None:
    word = _seal(TERM)

    raw = base64.urlsafe_b64decode(word + "=" * (-len(word) % 4))
    assert b"eva" not in raw
    assert "eva" not in word
    assert len(_seal("a")) == len(_seal("a longer text than that"))
    assert _seal(TERM) != word


def test_it_stands_in_an_address_as_it_is() -> None:
    assert set(_seal(TERM)) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")


def test_a_change_of_any_letter_is_refused() -> None:
    word = _seal(TERM)

    for place in range(len(word)):
        other = "A" if word[place] != "A" else "Q"
        with pytest.raises(UnreadableSealError):
            _open(word[:place] + other + word[place + 1 :])


@pytest.mark.parametrize("word", ["", "a", "====", "ý", "!!!!", "A" * 40, "A" * 200, "\0"])
def test_what_was_never_sealed_is_refused(word: str) -> None:
    with pytest.raises(UnreadableSealError):
        _open(word)


@pytest.mark.parametrize(
    ("label", "key", "purpose"), [("key", "another key", "people"), ("purpose", KEY, "messages")]
)
def test_another_key_or_purpose_opens_nothing(label: str, key: str, purpose: str) -> None:
    with pytest.raises(UnreadableSealError):
        unseal(_seal(TERM), key=key, purpose=purpose, at=NOW)


@pytest.mark.parametrize(
    ("label", "age", "good"),
    [
        ("a moment later", timedelta(seconds=1), True),
        ("a clock that is a little behind", timedelta(seconds=-30), True),
        ("nearly a week", LIVES - timedelta(seconds=1), True),
        ("a week", LIVES, False),
        ("from the future", timedelta(days=-1), False),
    ],
)
def test_it_lasts_a_week(label: str, age: timedelta, good: bool) -> None:
    word = _seal(TERM)

    try:
        assert unseal(word, key=KEY, purpose="people", at=NOW + age) == TERM
    except UnreadableSealError:
        assert not good
    else:
        assert good


def _seal(text: str) -> str:
    return seal(text, key=KEY, purpose="people", at=NOW)


def _open(word: str) -> str:
    return unseal(word, key=KEY, purpose="people", at=NOW)
