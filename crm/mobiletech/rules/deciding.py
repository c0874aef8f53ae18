"""What becomes of one text: STOP first and fixed, then the rules in their order; with every step kept. Pure.

The worker, "try a text" and the look at the last 30 days all ask here, so that they say the same.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from crm.mobiletech.rules.matching import Match, Nearness, fits, nearness
from crm.mobiletech.stop.reading import StopVerdict, read_stop
from crm.mobiletech.stop_words import fold_words


class Action(StrEnum):
    """What a rule does."""

    REPLY = "reply"
    CONFIRM = "confirm"
    INBOX = "inbox"
    EXTENSION = "extension"
    SUBSCRIBE = "subscribe"
    STOP = "stop"
    STATE = "state"


# Done by the money (ports.py), which may also be absent.
OF_THE_MONEY = (Action.SUBSCRIBE, Action.STOP, Action.STATE)


class Outcome(StrEnum):
    """What was decided about an SMS."""

    STOP = "stop"
    RULE = "rule"
    AGREED = "agreed"  # the yes to an order that waited for it
    ANSWERED = "answered"  # by an extension, before the rules were asked
    LOOPED = "looped"  # a rule would have answered, and had done so too often
    REPEATED = "repeated"  # the operator sent the same SMS again
    UNMATCHED = "unmatched"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeywordRule:
    """A rule as deciding needs it; `keyword` is its text, folded. No short number: every one."""

    id: int
    short_number: str | None
    match: Match
    text: str
    keyword: str
    action: Action
    template: str | None = None
    extension: str | None = None
    subscription_type: str | None = None
    asks_first: bool = False
    is_on: bool = True


@dataclass(frozen=True, slots=True)
class Miss:
    """A rule that was asked and did not act."""

    rule: KeywordRule
    nearness: Nearness


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The rule that acts, if any, and those that were asked before it; with STOP none is asked."""

    stop: StopVerdict
    rule: KeywordRule | None
    misses: Sequence[Miss]

    @property
    def is_stop(self) -> bool:
        """Whether the text asks us to stop."""
        return self.stop.is_stop


def decide(content: str, short_number: str, rules: Sequence[KeywordRule]) -> Verdict:
    """Return what becomes of a text that came to a short number; the rules are in their order."""
    text = fold_words(content)
    misses: list[Miss] = []
    stop = read_stop_beside(content, rules)
    if stop.is_stop:
        return Verdict(stop=stop, rule=None, misses=())
    for rule in rules:
        miss = _ask(rule, text, short_number)
        if miss is None:
            return Verdict(stop=stop, rule=rule, misses=misses)
        misses.append(Miss(rule, miss))
    return Verdict(stop=stop, rule=None, misses=misses)


def read_stop_beside(content: str, rules: Iterable[KeywordRule]) -> StopVerdict:
    """Return whether a text asks us to stop, seen beside what the rules listen to.

    A rule that is off has subscribers all the same, so its keyword can be stopped by name.
    """
    keywords, taken = set(), set()
    for rule in rules:
        if rule.subscription_type is not None:
            keywords.add(rule.keyword)
        if rule.is_on:
            taken.add(rule.keyword)
    return read_stop(content, frozenset(keywords), taken=taken)


def find_acting(words: str, short_number: str, rules: Iterable[KeywordRule]) -> KeywordRule | None:
    """Return the rule that acts on a folded text which is no STOP; the steps are not kept."""
    return next(
        (rule for rule in rules if rule.is_on and is_heard(rule, short_number) and _fits(rule, words)), None
    )


def is_heard(rule: KeywordRule, short_number: str) -> bool:
    """Return whether the rule listens to a short number."""
    return rule.short_number in (None, short_number)


def _ask(rule: KeywordRule, text: str, short_number: str) -> Nearness | None:
    """Return why the rule does not act, None if it does."""
    if not _fits(rule, text):
        return nearness(rule.match, rule.keyword, text)
    if not is_heard(rule, short_number):
        return Nearness.SHORT_NUMBER
    return None if rule.is_on else Nearness.OFF


def _fits(rule: KeywordRule, text: str) -> bool:
    return fits(rule.match, rule.keyword, text)
