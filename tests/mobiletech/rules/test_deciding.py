"""What becomes of a text: STOP first, then the rules in their order, and the steps that tell why."""

import pytest

from crm.mobiletech.rules.deciding import decide
from crm.mobiletech.rules.shadows import find_shadow
from crm.mobiletech.rules.steps import StepKind, tell
from tests.factories.rules import keyword_rule

RULES = [
    keyword_rule("INFO", id=1, short_number="8866"),
    keyword_rule("INFO", id=2, is_on=False),
    keyword_rule("INFO", "starts_with", id=3),
    keyword_rule("POMOC", "typo", id=4),
    keyword_rule("INFO", id=5),
]


@pytest.mark.parametrize(
    ("text", "short_number", "expected"),
    [
        ("info", "8866", 1),
        ("info", "8877", 3),
        ("info prosím", "8866", 3),
        ("pomco", "8877", 4),
        ("ahoj", "8877", None),
        ("", "8877", None),
    ],
)
def test_the_first_rule_that_fits_is_the_one(text: str, short_number: str, expected: int | None) -> None:
    rule = decide(text, short_number, RULES).rule

    assert (rule.id if rule else None) == expected


@pytest.mark.parametrize("text", ["STOP", "zrušiť", "INFO STOP", "už neposielajte"])
def test_stop_comes_before_every_rule(text: str) -> None:
    takes_everything = [keyword_rule(word, "starts_with") for word in ("STOP", "ZRUSIT", "INFO", "UZ")]

    verdict = decide(text, "8877", takes_everything)

    assert (verdict.is_stop, verdict.rule) == (True, None)
    assert [each["kind"] for each in tell(verdict)] == ["stop"]


def test_the_step_of_a_stop_says_why_and_what_it_names() -> None:
    rules = [keyword_rule("KLUB", subscription_type="klub", is_on=False), keyword_rule("NOVINY")]

    told = [tell(decide(text, "8877", rules)) for text in ("stop klub", "stop noviny")]

    assert told == [
        [{"kind": "stop", "because": "beside", "keyword": "KLUB"}],
        [{"kind": "stop", "because": "beside"}],
    ]


def test_a_near_miss_is_told_and_the_rules_are_asked_all_the_same() -> None:
    verdict = decide("ako zrusim?", "8877", [keyword_rule("AKO", "starts_with", id=7)])

    assert verdict.rule is not None
    assert verdict.rule.id == 7
    assert tell(verdict)[0] == {"kind": "near_stop", "because": "question"}


@pytest.mark.parametrize(("is_on", "is_stop"), [(True, False), (False, True)])
def test_what_a_rule_listens_to_is_no_typing_error_while_it_is_on(is_on: bool, is_stop: bool) -> None:
    verdict = decide("stip", "8877", [keyword_rule("STIP", is_on=is_on)])

    assert verdict.is_stop is is_stop


def test_the_steps_say_why_the_rules_before_did_not_act() -> None:
    steps = tell(decide("INFO", "8877", RULES))

    assert [(step["kind"], step.get("rule"), step.get("because")) for step in steps] == [
        ("no_stop", None, None),
        ("miss", 1, "short_number"),
        ("miss", 2, "off"),
        ("match", 3, None),
    ]


def test_without_a_match_the_nearest_miss_and_a_count_are_enough() -> None:
    rules = [keyword_rule(word, id=number) for number, word in enumerate(("AHOJ", "INFO", "HESLO", "KURZ"))]

    steps = tell(decide("infos", "8877", rules))

    assert [step["kind"] for step in steps] == [StepKind.NO_STOP, StepKind.MISS, StepKind.OTHERS]
    assert (steps[1]["text"], steps[1]["because"], steps[2]["count"]) == ("INFO", "one_error", 3)


def test_a_hundred_rules_leave_a_short_trace() -> None:
    rules = [keyword_rule("INFO", id=number, short_number="8866") for number in range(100)]

    steps = tell(decide("info", "8877", [*rules, keyword_rule("INFO", id=100)]))

    assert [step["kind"] for step in steps] == ["no_stop", *["miss"] * 4, "others", "match"]
    assert steps[5]["count"] == 96


def test_without_any_rule_that_is_said() -> None:
    assert [step["kind"] for step in tell(decide("info", "8877", []))] == ["no_stop", "no_rules"]


SHADOWS = [
    ("the same", ("INFO", "exact"), ("info", "exact"), True),
    ("the same with errors", ("POMOC", "typo"), ("POMOC", "typo"), True),
    ("begins with it", ("INFO", "starts_with"), ("INFO KURZ", "exact"), True),
    ("both begin", ("INFO", "starts_with"), ("INFO KURZ", "starts_with"), True),
    ("one error away", ("POMOC", "typo"), ("POMOD", "exact"), True),
    ("errors past the beginning", ("POMOC", "starts_with"), ("POMOC", "typo"), False),
    ("errors around a word", ("POMOC", "exact"), ("POMOC", "typo"), False),
    ("more words", ("POMOC", "typo"), ("POMOC", "starts_with"), False),
    ("half a word", ("INFO", "starts_with"), ("INFORMACIE", "exact"), False),
    ("the longer first", ("INFO KURZ", "starts_with"), ("INFO", "starts_with"), False),
]


@pytest.mark.parametrize(
    ("earlier", "later", "is_taken"), [row[1:] for row in SHADOWS], ids=[row[0] for row in SHADOWS]
)
def test_a_rule_that_is_never_asked_is_seen(
    earlier: tuple[str, str], later: tuple[str, str], is_taken: bool
) -> None:
    first, second = keyword_rule(*earlier, id=1), keyword_rule(*later, id=2)

    assert find_shadow(second, [first]) is (first if is_taken else None)


@pytest.mark.parametrize(
    ("earlier", "later", "is_taken"),
    [
        (None, None, True),
        (None, "8877", True),
        ("8877", "8877", True),
        ("8877", None, False),
        ("8866", "8877", False),
    ],
)
def test_a_shadow_falls_on_its_short_number_only(
    earlier: str | None, later: str | None, is_taken: bool
) -> None:
    first, second = keyword_rule(short_number=earlier, id=1), keyword_rule(short_number=later, id=2)

    assert (find_shadow(second, [first]) is not None) is is_taken


def test_a_rule_that_is_off_throws_no_shadow() -> None:
    assert find_shadow(keyword_rule(id=2), [keyword_rule(id=1, is_on=False)]) is None
