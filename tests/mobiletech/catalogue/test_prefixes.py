"""Whose a prefix is: what people here say beats the table that we bring, the longest beats the shorter."""

import pytest
from flask import Flask

from crm.core.db import transaction
from crm.core.errors import NotFoundError
from crm.mobiletech.catalogue.errors import InvalidEntryError
from crm.mobiletech.catalogue.models import OperatorPrefix
from crm.mobiletech.catalogue.prefixes import get_prefix, list_prefixes, restore_prefix, set_prefix
from crm.mobiletech.operator_resolver import resolve_operators
from crm.mobiletech.wire.operators import PREFIXES
from crm.users.audit_log import Actor, acting
from crm.users.models import AuditEntry
from tests.stored import read


@pytest.mark.parametrize(
    ("said", "number", "operator"),
    [
        ({}, "+421908123456", "O"),
        ({"908": "T"}, "+421908123456", "T"),
        ({"908": "T"}, "+421907123456", "O"),
        ({"9081": "T"}, "+421908123456", "T"),
        ({"9081": "T"}, "+421908223456", "O"),
        ({"908": "2", "90812": "S", "9081": "T"}, "+421908123456", "S"),
        ({"908": ""}, "+421908123456", None),
        ({"908": "", "9081": "T"}, "+421908123456", "T"),
        ({"959": "S"}, "+421959123456", "S"),
        ({}, "+421959123456", None),
    ],
)
def test_the_longest_prefix_tells_the_operator(
    app: Flask, said: dict[str, str], number: str, operator: str | None
) -> None:
    for prefix, letter in said.items():
        say(prefix, letter)

    with transaction() as session:
        assert resolve_operators(session, [number]) == {number: operator}


@pytest.mark.parametrize("prefix", ["", "808", "90", "908123", "9o8", "90٨"])
def test_what_is_no_prefix_is_refused(app: Flask, prefix: str) -> None:
    with pytest.raises(InvalidEntryError) as refused:
        say(prefix, "T")

    assert refused.value.field == "prefix"


def test_a_prefix_may_be_written_as_people_dial_it(app: Flask) -> None:
    say(" 0908 ", "T")

    assert read(OperatorPrefix.prefix, OperatorPrefix.operator) == [("908", "T")]


def test_an_operator_that_does_not_exist_is_refused(app: Flask) -> None:
    with pytest.raises(InvalidEntryError) as refused:
        say("908", "X")

    assert refused.value.field == "operator"


def test_a_change_and_its_end_stand_in_the_audit_log(app: Flask) -> None:
    assert say("908", "T", note="moved in May")
    assert not say("908", "T", note="moved in May")
    with acting(Actor(name="Eva")), transaction() as session:
        assert restore_prefix(session, "908")
        assert not restore_prefix(session, "908")
        assert not restore_prefix(session, "x")

    assert read(AuditEntry.action, AuditEntry.before, AuditEntry.after, order=AuditEntry.id) == [
        ("prefix.set", {"operator": "Orange", "note": ""}, {"operator": "Telekom", "note": "moved in May"}),
        (
            "prefix.restore",
            {"operator": "Telekom", "note": "moved in May"},
            {"operator": "Orange", "note": ""},
        ),
    ]
    assert read(OperatorPrefix.prefix) == []


def test_saying_what_the_table_says_is_no_change(app: Flask) -> None:
    assert not say("908", "O")

    assert read(OperatorPrefix.prefix) == []


def test_the_list_has_the_table_and_what_was_said_in_one_order(app: Flask) -> None:
    say("90899", "T")

    with transaction() as session:
        lines = {line.prefix: line for line in list_prefixes(session)}

    assert set(lines) == {*PREFIXES, "90899"}
    assert list(lines) == sorted(lines)
    assert [line.prefix for line in lines.values() if line.is_changed] == ["90899"]
    assert (lines["908"].operator, lines["90899"].operator, lines["90899"].default) == ("O", "T", None)


def test_what_is_no_prefix_is_not_found(app: Flask) -> None:
    with pytest.raises(NotFoundError), transaction() as session:
        get_prefix(session, "8877")


def say(prefix: str, operator: str, *, note: str = "") -> bool:
    with acting(Actor(name="Eva")), transaction() as session:
        return set_prefix(session, prefix, operator, note=note)
