"""Whose wish wins: a fate for one SMS before a lasting one, the narrower before the wider."""

import pytest

from crm.core.errors import InvalidInputError
from crm.simulator.fate_book import FateBook, Planned
from crm.simulator.fates import Fate, get_fate

EVA, JAN = "+421908123456", "+421902000111"


def test_fates_for_the_next_sms_are_used_up_in_their_order() -> None:
    book = FateBook()
    book.add_next([Fate.NO_CREDIT, Fate.LATE])

    taken = [book.take(EVA, "x") for _ in range(3)]

    assert taken == [Fate.NO_CREDIT, Fate.LATE, Fate.BILLED_AND_DELIVERED]


def test_a_fate_for_one_phone_leaves_the_others_alone() -> None:
    book = FateBook()
    book.add_next([Fate.NO_CREDIT], phone="0908 123 456")

    assert book.take(JAN, "x") is Fate.BILLED_AND_DELIVERED
    assert book.take(EVA, "x") is Fate.NO_CREDIT


def test_the_narrower_wish_wins() -> None:
    book = FateBook()
    book.set_default(Fate.NEVER)
    book.set_default(Fate.BLOCKED, phone=EVA)
    book.set_default(Fate.RESET, text_prefix="Predl")
    book.add_next([Fate.CUT])
    book.add_next([Fate.HUGE], phone=EVA)

    taken = [book.take(EVA, "Predlzene"), book.take(EVA, "Predlzene"), book.take(EVA, "Predlzene")]

    assert taken == [Fate.HUGE, Fate.CUT, Fate.RESET]
    assert (book.take(EVA, "x"), book.take(JAN, "x")) == (Fate.BLOCKED, Fate.NEVER)


def test_looking_uses_nothing_up() -> None:
    book = FateBook()
    book.add_next([Fate.CUT])

    assert book.look(EVA) == book.look(EVA) == Planned(upcoming=(Fate.CUT,), usual=Fate.BILLED_AND_DELIVERED)


def test_too_many_wishes_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("crm.simulator.fate_book.MOST_WISHES", 2)
    book = FateBook()
    book.add_next([Fate.CUT, Fate.CUT])

    with pytest.raises(InvalidInputError, match="at most 2"):
        book.add_next([Fate.CUT])


def test_an_unknown_fate_is_refused_with_those_there_are() -> None:
    with pytest.raises(InvalidInputError, match="billed_and_delivered, delivered"):
        get_fate("billd")
