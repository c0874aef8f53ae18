"""The rules of the set-up file: applied twice they are unchanged, and their order is the file's."""

import pytest
import yaml
from flask import Flask

from crm.core.db import transaction
from crm.mobiletech.rules.queries import read_rules
from crm.setup_file import Change, apply_setup, export_setup
from crm.setup_yaml import SetupFileError
from crm.users.audit_log import Actor, acting
from crm.users.models import AuditEntry
from tests.factories.money import make_type, set_up_sale
from tests.factories.rules import make_rule, make_template
from tests.stored import read

FILE = """
templates:
  - {code: pong, purpose: service, content: "Prijali sme: {{ original_message }}"}
  - {code: month, purpose: paid, content: "Mesacne 4,99 EUR na mesiac. Zrusit: STOP na 8877"}
rules:
  - {short_number: "8877", match: exact, text: INFO, action: reply, template: pong}
  - {match: starts_with, text: Zmena adresy, action: inbox}
  - {match: typo, text: Pomoc, action: confirm, enabled: no}
"""


def test_applying_twice_changes_nothing(app: Flask) -> None:
    first, second = apply(FILE), apply(FILE)

    assert first == {Change.INSERTED: 5, Change.UPDATED: 0, Change.UNCHANGED: 0}
    assert second == {Change.INSERTED: 0, Change.UPDATED: 0, Change.UNCHANGED: 5}
    assert listed() == [
        ("8877", "exact", "INFO", "reply", "pong", True),
        (None, "starts_with", "Zmena adresy", "inbox", None, True),
        (None, "typo", "Pomoc", "confirm", None, False),
    ]


def test_export_is_applied_without_a_change(app: Flask) -> None:
    apply(FILE)
    with transaction() as session:
        exported = export_setup(session)

    assert apply(exported)[Change.UNCHANGED] == 5
    assert yaml.safe_load(exported)["rules"][2] == {
        "match": "typo",
        "text": "Pomoc",
        "action": "confirm",
        "enabled": "no",
    }


def test_a_rule_is_known_by_its_folded_text(app: Flask) -> None:
    apply("rules: [{match: exact, text: Kľúč, action: inbox}]")

    changed = apply("rules: [{match: exact, text: KLUC, action: confirm}]")

    assert changed[Change.UPDATED] == 1
    assert [row[2:4] for row in listed()] == [("KLUC", "confirm")]


@pytest.mark.parametrize(
    ("there", "file", "expected"),
    [
        ("AB", "BA", "BA"),
        ("AB", "AB", "AB"),
        ("AXB", "BA", "XBA"),
        ("XAYB", "AB", "XAYB"),
        ("AXB", "ACB", "ACXB"),
        ("XA", "NA", "XNA"),
        ("XA", "AN", "XAN"),
        ("X", "NM", "XNM"),
        ("ABC", "CAB", "CAB"),
    ],
)
def test_the_order_in_the_file_is_the_order(app: Flask, there: str, file: str, expected: str) -> None:
    for letter in there:
        make_rule(letter, action="inbox")
    source = yaml.safe_dump({"rules": [one(letter) for letter in file]})

    apply(source)
    again = apply(source)

    assert "".join(row[2] for row in listed()) == expected
    assert again[Change.UNCHANGED] == len(file)


def test_a_rule_of_the_file_may_go_before_the_one_that_would_take_it(app: Flask) -> None:
    apply("rules: [{match: starts_with, text: INFO, action: inbox}]")

    apply(
        "rules: [{match: exact, text: INFO KURZ, action: inbox}, {match: starts_with, text: INFO, action: inbox}]"
    )

    assert [row[2] for row in listed()] == ["INFO KURZ", "INFO"]


def test_who_applied_it_stands_in_the_audit_log(app: Flask) -> None:
    with acting(Actor(name="command line")):
        apply("rules: [{match: exact, text: INFO, action: inbox}]")

    assert read(AuditEntry.action, AuditEntry.reason) == [("rule.create", "crm setup apply")]


FAULTS = {
    "not a list": ("rules: {a: b}", "rules: must be a list"),
    "no text": ("rules: [{match: exact, action: inbox}]", "rules[0]: text is missing"),
    "unknown field": ("rules: [{match: exact, text: A, action: inbox, color: red}]", "no field 'color'"),
    "unknown match": ("rules: [{match: like, text: A, action: inbox}]", "rules[0] A: There is no match like"),
    "unknown action": ("rules: [{match: exact, text: A, action: charge}]", "There is no action charge"),
    "subscribe": (
        "rules: [{match: exact, text: START, action: subscribe, subscription_type: month}]",
        "rules[0] START: There is no subscription type month.",
    ),
    "nothing to sell": (
        "rules: [{match: exact, text: START, action: subscribe}]",
        "Choose the subscription type",
    ),
    "no yes or no": (
        "rules: [{match: exact, text: A, action: state, asks_first: maybe}]",
        "asks_first must be yes or no",
    ),
    "a type without subscribing": (
        "rules: [{match: exact, text: A, action: inbox, subscription_type: month}]",
        "A subscription type goes with the actions subscribe and stop only.",
    ),
    "a STOP word": ("rules: [{match: exact, text: Zrušiť, action: inbox}]", "Zrušiť asks us to stop"),
    "nothing to compare": ("rules: [{match: exact, text: '?!', action: inbox}]", "Write a word"),
    "a short word with errors": ("rules: [{match: typo, text: KOD, action: inbox}]", "at least 4 letters"),
    "no short number": (
        "rules: [{short_number: '+421', match: exact, text: A, action: inbox}]",
        "is no short number",
    ),
    "no template": ("rules: [{match: exact, text: A, action: reply}]", "Choose the template"),
    "unknown template": (
        "rules: [{match: exact, text: A, action: reply, template: nope}]",
        "There is no SMS template nope",
    ),
    "a paid template": (
        "rules: [{match: exact, text: A, action: reply, template: month}]",
        "month is for paid messages",
    ),
    "unknown extension": (
        "rules: [{match: exact, text: A, action: extension, extension: quiz}]",
        "No extension quiz is installed. Installed: none.",
    ),
    "twice": (
        "rules: [{match: exact, text: A, action: inbox}, {match: exact, text: a, action: confirm}]",
        "rules[1]: this short number, match and text stand here twice",
    ),
    "never asked": (
        "rules: [{match: starts_with, text: A, action: inbox}, {match: exact, text: A B, action: inbox}]",
        "rules[1] A B: It would never be asked",
    ),
    "neither on nor off": ("rules: [{match: exact, text: A, action: inbox, enabled: maybe}]", "yes or no"),
}


@pytest.mark.parametrize(("source", "sentence"), FAULTS.values(), ids=FAULTS)
def test_a_fault_is_told_with_its_place_and_nothing_is_applied(
    app: Flask, source: str, sentence: str
) -> None:
    make_template("month", "Mesacne 4,99 EUR na mesiac. Zrusit: STOP na 8877", purpose="paid")

    with pytest.raises(SetupFileError) as refused:
        apply(source)

    assert sentence in refused.value.faults[0]
    assert listed() == []


def apply(source: str) -> dict[Change, int]:
    with transaction() as session:
        return dict(apply_setup(session, source.encode()))


def one(letter: str) -> dict[str, str]:
    return {"match": "exact", "text": letter, "action": "inbox"}


def listed() -> list[tuple[object, ...]]:
    with transaction() as session:
        return [
            (rule.short_number, str(rule.match), rule.text, str(rule.action), rule.template, rule.is_on)
            for rule in read_rules(session)
        ]


MONEY = """
rules:
  - {short_number: "8877", match: exact, text: START, action: subscribe, subscription_type: month}
  - {match: exact, text: KLUB, action: subscribe, subscription_type: month, asks_first: yes}
  - {match: exact, text: UZ NIE, action: stop}
  - {match: exact, text: STAV, action: state}
"""


def test_rules_that_sell_stop_and_tell_come_and_go_by_the_file(app: Flask) -> None:
    set_up_sale()
    make_type()

    assert (apply(MONEY)[Change.INSERTED], apply(MONEY)[Change.UNCHANGED]) == (4, 4)

    with transaction() as session:
        exported = export_setup(session)
    rules = yaml.safe_load(exported)["rules"]
    assert [rule.get("subscription_type") for rule in rules] == ["month", "month", None, None]
    assert [rule.get("asks_first") for rule in rules] == [None, "yes", None, None]


def test_a_file_that_says_nothing_of_asking_asks_no_more(app: Flask) -> None:
    set_up_sale()
    make_type()
    apply(MONEY)

    changed = apply("rules: [{match: exact, text: KLUB, action: subscribe, subscription_type: month}]")

    assert changed[Change.UPDATED] == 1


def test_a_type_without_a_key_is_sold_by_no_rule(app: Flask) -> None:
    make_type(billkey=None)

    with pytest.raises(SetupFileError) as refused:
        apply("rules: [{match: exact, text: START, action: subscribe, subscription_type: month}]")

    assert "has no billing key: it is not sold by SMS" in refused.value.faults[0]
