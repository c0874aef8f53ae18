"""Browsers and outcomes as people call them."""

import pytest
from flask import Flask

from crm.users.attempts import AttemptStatus
from crm.web.sign_in_words import ATTEMPT_WORDS, attempt_word, describe_device


@pytest.mark.parametrize(
    ("user_agent", "words"),
    [
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) Gecko/20100101 Firefox/132.0", "Firefox · Windows"),
        ("shop/2.1 (python)", "shop"),
        ("", "Unknown device"),
        ("/", "Unknown device"),
        ("x" * 400, "x" * 40),
    ],
)
def test_a_browser_or_a_program_is_named(app: Flask, user_agent: str, words: str) -> None:
    with app.test_request_context(headers={"Accept-Language": "en"}):
        assert describe_device(user_agent) == words


def test_every_outcome_has_words(app: Flask) -> None:
    assert set(ATTEMPT_WORDS) == set(AttemptStatus)
    with app.test_request_context(headers={"Accept-Language": "en"}):
        assert attempt_word("wrong_pass").word == "Wrong password"
        assert attempt_word("of a later version").word == "of a later version"
