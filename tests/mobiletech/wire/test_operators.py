"""A prefix tells the operator a Slovak number was first given to, and nothing about any other number."""

import phonenumbers
import pytest
from phonenumbers import carrier

from crm.mobiletech.wire.operators import Operator, find_operator, operator_by_prefix

LIBRARY_NAMES = {
    "T-Mobile (Slovak Telekom)": "T",
    "Orange": "O",
    "Telefonica O2": "2",
    "4ka of SWAN": "S",
}


@pytest.mark.parametrize(
    ("number", "operator"),
    [
        ("+421901123456", "T"),
        ("+421909123456", "T"),
        ("+421908123456", "O"),
        ("+421945123456", "O"),
        ("0948 123 456", "2"),
        ("+421951123456", "S"),
        ("+421952123456", "S"),
        ("+421943012345", None),
        ("+421943123456", None),
        ("+421959812345", None),
        ("+420602123456", None),
        ("+4219011234567890", None),
        ("x+421901123456", None),
        ("8877", None),
        ("", None),
    ],
)
def test_operator_is_guessed_from_the_prefix(number: str, operator: str | None) -> None:
    assert operator_by_prefix(number) == operator


@pytest.mark.parametrize("prefix", range(900, 960))
def test_prefixes_agree_with_libphonenumber(prefix: int) -> None:
    number = f"+421{prefix}555555"
    name = carrier.name_for_number(phonenumbers.parse(number), "en")

    assert operator_by_prefix(number) == LIBRARY_NAMES.get(name)


@pytest.mark.parametrize(("letter", "name"), [("T", "Telekom"), ("O", "Orange"), ("2", "O2"), ("S", "4ka")])
def test_every_letter_has_a_name(letter: str, name: str) -> None:
    assert Operator(letter).label == name


@pytest.mark.parametrize("letter", ["", "o", "0", "X", "T\n", "２"])
def test_other_letters_are_no_operator(letter: str) -> None:
    assert find_operator(letter) is None
