"""Writing, placing, switching and deleting rules: what is refused, what changes, what the audit log keeps."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from flask import Flask

from crm.core.db import transaction
from crm.events.registry import registry
from crm.mobiletech.events import rule_event
from crm.mobiletech.rules.checks import Draft, list_faults
from crm.mobiletech.rules.editing import Place, create_rule, delete_rule, edit_rule, move_rule, switch_rule
from crm.mobiletech.rules.errors import RuleNotFoundError, RuleRefusedError, StaleRuleError
from crm.mobiletech.rules.models import Rule
from crm.mobiletech.rules.queries import read_rules
from crm.mobiletech.sms_templates import save_template
from crm.users.audit_log import Actor, acting
from crm.users.models import AuditEntry
from tests.conftest import Clock
from tests.factories.rules import make_rule, make_template
from tests.stored import read

REFUSED = [
    ("no letters", {"text": "?!"}, "text", "Write a word"),
    ("a letter of another script", {"text": "инфо"}, "text", "Write a word"),
    ("far too long", {"text": "x" * 101}, "text", "at most 100"),
    ("a STOP word", {"text": "stop!"}, "text", "STOP always wins"),
    ("a STOP with a typing error", {"text": "stpo"}, "text", "stpo asks us to stop"),
    ("a STOP in a sentence", {"text": "chcem zrusit predplatne"}, "text", "STOP always wins"),
    ("STOP and a keyword", {"text": "INFO STOP", "match": "starts_with"}, "text", "STOP always wins"),
    ("errors in a short word", {"text": "K-O-D", "match": "typo"}, "match", "at least 4 letters"),
    ("no such match", {"match": "regex"}, "match", "no match regex"),
    ("no such action", {"action": "charge"}, "action", "no action charge"),
    ("nothing to sell", {"action": "subscribe"}, "subscription_type", "Choose the subscription type"),
    (
        "no such type",
        {"action": "subscribe", "subscription_type": "x"},
        "subscription_type",
        "no subscription type x",
    ),
    (
        "no such type to stop",
        {"action": "stop", "subscription_type": "x"},
        "subscription_type",
        "no subscription type x",
    ),
    ("a type and a person", {"action": "inbox", "subscription_type": "x"}, "subscription_type", "goes with"),
    ("a question without a sale", {"action": "state", "asks_first": True}, "asks_first", "goes with"),
    ("a sale and an answer", {"action": "state", "template": "info"}, "template", "goes with"),
    ("no answer", {"action": "reply"}, "template", "Choose the template"),
    ("no such answer", {"action": "reply", "template": "nope"}, "template", "no SMS template nope"),
    ("an answer that charges", {"action": "reply", "template": "paid"}, "template", "paid messages"),
    ("an answer that needs more", {"action": "reply", "template": "price"}, "template", "needs price"),
    ("an answer that needs a name", {"action": "confirm", "template": "named"}, "template", "needs name"),
    ("an answer and a person", {"action": "inbox", "template": "info"}, "template", "goes with"),
    ("no extension", {"action": "extension"}, "extension", "Say which"),
    ("no such extension", {"action": "extension", "extension": "quiz"}, "extension", "Installed: shop."),
    ("an extension and a person", {"action": "inbox", "extension": "shop"}, "extension", "goes with"),
    ("no short number", {"short_number": "88777777"}, "short_number", "3 to 6 digits"),
]


@pytest.mark.parametrize(
    ("fields", "part", "sentence"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED]
)
def test_an_impossible_rule_is_refused(
    app: Flask, extensions: None, fields: dict[str, str], part: str, sentence: str
) -> None:
    make_template("info", "Noviny od piatku.")
    make_template("paid", "Mesacne 4,99 EUR na mesiac. Zrusit: STOP na 8877", purpose="paid")
    make_template("price", "Cena {{ price }}")
    make_template("named", "Vitajte, {{ name }}")

    with pytest.raises(RuleRefusedError, match=sentence) as refused, transaction() as session:
        create_rule(session, Draft(**{"match": "exact", "text": "INFO", "action": "inbox"} | fields))

    assert refused.value.part == part
    assert read(Rule.id) == []


def test_what_a_rule_may_give_or_leave_out_is_enough(app: Flask, extensions: None) -> None:
    make_template("all", "{{ original_message }} {{ short_number }} {{ name ?? '' }}")

    make_rule("A", template="all")
    make_rule("B", action="confirm", template="all")
    make_rule("C", action="confirm")
    make_rule("D", action="extension", extension="shop")

    assert len(read(Rule.id)) == 4


def test_a_rule_that_another_takes_is_refused_where_it_would_never_be_asked(app: Flask) -> None:
    first = make_rule(match="starts_with")

    with pytest.raises(RuleRefusedError, match=r"INFO \(the text begins with it\) stands before it"):
        make_rule("INFO KURZ")
    make_rule("INFO KURZ", place=Place(before=first))

    assert order() == ["INFO KURZ", "INFO"]


def test_a_rule_cannot_be_written_twice(app: Flask) -> None:
    make_rule("Kľúč", action="inbox")

    for place in (Place(), Place(before=1)):
        with pytest.raises(RuleRefusedError, match="such a rule already"):
            make_rule("KLUC", action="confirm", place=place)


def test_an_edited_rule_keeps_its_id_and_takes_its_place(app: Flask) -> None:
    first, second, third = (make_rule(text, action="inbox") for text in "ABC")

    assert edit(second, "B", place=Place(before=third)) is False
    assert edit(third, "D", place=Place(before=first)) is True

    assert order() == ["D", "A", "B"]
    with pytest.raises(RuleNotFoundError):
        edit(99, "E")


def test_what_was_changed_meanwhile_is_not_overwritten_unseen(app: Flask, clock: Clock) -> None:
    rule_id = make_rule("A", action="inbox")
    [(seen_at,)] = read(Rule.updated_at)
    clock.advance(timedelta(seconds=1))
    edit(rule_id, "B")

    with pytest.raises(StaleRuleError, match="B was changed meanwhile"):
        edit(rule_id, "C", seen_at=seen_at)


def test_a_rule_that_was_pushed_aside_was_not_changed(app: Flask, clock: Clock) -> None:
    first = make_rule("A", action="inbox")
    before = read(Rule.updated_at)
    clock.advance(timedelta(seconds=1))

    make_rule("B", action="inbox", place=Place(before=first))

    assert read(Rule.updated_at, order=Rule.id)[:1] == before


def test_rules_move_past_their_neighbours_and_no_further(app: Flask) -> None:
    first, _, third = (make_rule(text, action="inbox") for text in "ABC")

    moved = [act(move_rule, rule, up=up) for rule, up in ((third, True), (first, True), (third, False))]
    assert (moved, order()) == ([True, False, True], ["A", "B", "C"])

    assert act(move_rule, first, up=False) is True
    assert order() == ["B", "A", "C"]


def test_every_act_stands_in_the_audit_log_with_before_and_after(app: Flask) -> None:
    with acting(Actor(name="Elena")):
        rule_id = make_rule("A", action="inbox")
        make_rule("B", action="inbox")
        edit(rule_id, "A", match="starts_with", place=Place(before=2))
        act(move_rule, rule_id, up=False)
        act(switch_rule, rule_id, on=False)
        act(switch_rule, rule_id, on=False)
        act(delete_rule, rule_id)

    rows = read(AuditEntry.id, AuditEntry.action, AuditEntry.subject, AuditEntry.before, AuditEntry.after)
    assert [row[1:] for row in rows[2:]] == [
        ("rule.edit", "rule 1", {"match": "exact"}, {"match": "starts_with"}),
        ("rule.move", "rule 1", {"place": 1}, {"place": 2}),
        ("rule.switch", "rule 1", {"is_on": True}, {"is_on": False}),
        (
            "rule.delete",
            "rule 1",
            {
                "short_number": None,
                "match": "starts_with",
                "text": "A",
                "action": "inbox",
                "template": None,
                "extension": None,
                "subscription_type": None,
                "asks_first": False,
                "is_on": False,
                "place": 2,
            },
            None,
        ),
    ]
    assert order() == ["B"]


def test_a_rule_that_cannot_act_any_more_is_found(app: Flask) -> None:
    answered, taker = make_rule("KURZ"), make_rule("INFO", match="starts_with", action="inbox")
    taken = make_rule("INFO KURZ", action="inbox", place=Place(before=taker))
    with transaction() as session:
        save_template(session, "info", "Cena {{ price }}")
    act(move_rule, taken, up=False)

    with transaction() as session:
        faults = list_faults(session, read_rules(session))

    assert {rule_id: fault.part for rule_id, fault in faults.items()} == {
        answered: "template",
        taken: "before",
    }


def test_a_rule_of_old_that_is_read_as_a_stop_is_found(app: Flask) -> None:
    rule_id = make_rule("INFO", action="inbox")
    with transaction() as session:
        session.get_one(Rule, rule_id).text = "Rusim predplatne"

    with transaction() as session:
        faults = list_faults(session, read_rules(session))

    assert {each: fault.part for each, fault in faults.items()} == {rule_id: "text"}


@pytest.mark.parametrize("text", ["STOPKY", "KONIEC ROKA", "TOP", "NIE", "ANO"])
def test_a_word_that_is_only_like_a_stop_is_a_rules(app: Flask, text: str) -> None:
    assert make_rule(text, action="inbox")


def edit(rule_id: int, text: str, *, match: str = "exact", **where: object) -> bool:
    with transaction() as session:
        draft = Draft(match=match, text=text, action="inbox")
        return edit_rule(session, rule_id, draft, **where)  # type: ignore[arg-type]


def act(function: object, rule_id: int, **values: bool) -> object:
    with transaction() as session:
        return function(session, rule_id, **values)  # type: ignore[operator]


def order() -> list[str]:
    with transaction() as session:
        return [rule.text for rule in read_rules(session)]


@pytest.fixture
def extensions(app: Flask) -> Iterator[None]:
    """Install an extension that a rule can give an SMS to; it is gone afterwards."""
    registry.on(rule_event("shop"), lambda event: None, name="shop")
    yield
    del registry.handlers[rule_event("shop")]
