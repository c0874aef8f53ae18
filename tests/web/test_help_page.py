"""The help explains every word that staff read of a state, of messages and of money."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

import pytest
from flask.testing import FlaskClient

from crm.mobiletech.words import Word
from crm.payments.statuses import Failure, PaymentStatus, RecurrentState
from crm.web.help_page import PAYMENT_STATES, RENEWAL_STATES
from crm.web.payment_words import STATUS_WORDS
from crm.web.renewal_words import FAILURE_RULES, FAILURE_WORDS, STATE_WORDS
from tests.pages import Page


@pytest.mark.parametrize(
    ("kind", "words", "meanings"),
    [
        (PaymentStatus, STATUS_WORDS, PAYMENT_STATES),
        (RecurrentState, STATE_WORDS, RENEWAL_STATES),
        (Failure, FAILURE_WORDS, FAILURE_RULES),
    ],
)
def test_every_state_of_the_money_is_explained(
    staff: FlaskClient, kind: type[StrEnum], words: Mapping[Any, Word], meanings: Mapping[Any, str]
) -> None:
    text = Page(staff.get("/admin/help")).text

    for state in kind:
        assert f"{words[state].word} {meanings[state]}" in text


def test_what_nobody_knows_is_settled_by_billing(staff: FlaskClient) -> None:
    text = Page(staff.get("/admin/help")).text

    assert text.count("Unproven Nobody knows whether it was billed.") == 2
    assert text.count("until billing has settled it") == 2
