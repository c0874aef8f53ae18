"""The word in the link names a chain and cannot be guessed, changed, or read."""

import pytest
from flask import Flask

from crm.sms_billing.stop_links import link_of, read_token, token_of


@pytest.mark.parametrize("method_id", [1, 61, 62, 3843, 10**6, 2**40])
def test_a_word_of_ours_names_its_chain(app: Flask, method_id: int) -> None:
    assert read_token(token_of(method_id)) == method_id


def test_it_is_short_and_begins_with_our_address(app: Flask) -> None:
    assert link_of(10_000_000) == f"http://localhost/s/{token_of(10_000_000)}"
    assert len(token_of(10_000_000)) <= 19


@pytest.mark.parametrize(
    "word", ["", "x", "0" * 14, "0" * 15, "../etc/passwd", "č" * 16, "A" * 5000, "0" * 14 + "zzzzzzzzzzzz"]
)
def test_any_other_word_names_nothing(app: Flask, word: str) -> None:
    assert read_token(word) is None


def test_one_sign_changed_is_another_word(app: Flask) -> None:
    token = token_of(4711)

    others = [
        token[:place] + ("1" if sign == "0" else "0") + token[place + 1 :] for place, sign in enumerate(token)
    ]
    assert [read_token(other) for other in others] == [None] * len(token)


def test_a_zero_before_the_id_is_another_word(app: Flask) -> None:
    token = token_of(4711)

    assert read_token(token[:14] + "0" + token[14:]) is None
