"""What a rule must be before it is saved: able to act, and allowed to."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from sqlalchemy.orm import Session

from crm.core.errors import N_, Said
from crm.mobiletech.rules.action_checks import check_action
from crm.mobiletech.rules.deciding import Action, KeywordRule, read_stop_beside
from crm.mobiletech.rules.errors import Part, RuleRefusedError
from crm.mobiletech.rules.matching import SHORTEST_TYPO, Match, count_letters
from crm.mobiletech.rules.queries import read_rules
from crm.mobiletech.rules.shadows import find_shadow
from crm.mobiletech.stop_words import fold_words

LONGEST_TEXT = 100
_SHORT_NUMBER = re.compile(r"[0-9]{3,6}", re.ASCII)

MATCH_WORDS: Mapping[Match, str] = {
    Match.EXACT: N_("the whole text"),
    Match.STARTS_WITH: N_("the text begins with it"),
    Match.TYPO: N_("the whole text, with one typing error"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A rule as a person or a file wants it, not looked at yet."""

    match: str
    text: str
    action: str
    short_number: str | None = None
    template: str | None = None
    extension: str | None = None
    subscription_type: str | None = None
    asks_first: bool = False
    is_on: bool | None = None  # None: as it is, and a new one is on


def check_draft(session: Session, draft: Draft, old: KeywordRule | None = None) -> KeywordRule:
    """Return the rule that the draft makes, of an old one or anew; a new one has no id yet (0).

    Raises: RuleRefusedError naming the part that is at fault.
    """
    action, match = _action_of(draft.action), _match_of(draft.match)
    if draft.short_number is not None and not _SHORT_NUMBER.fullmatch(draft.short_number):
        raise RuleRefusedError(
            Part.SHORT_NUMBER,
            N_("%(given)s is no short number; it has 3 to 6 digits."),
            given=draft.short_number,
        )
    rule = KeywordRule(
        id=old.id if old else 0,
        short_number=draft.short_number,
        match=match,
        text=" ".join(draft.text.split()),
        keyword=fold_words(draft.text),
        action=action,
        template=draft.template or None,
        extension=draft.extension or None,
        subscription_type=draft.subscription_type or None,
        asks_first=draft.asks_first,
        is_on=draft.is_on if draft.is_on is not None else old is None or old.is_on,
    )
    check_text(rule)
    # What one typing error makes of STOP is no text for a rule either, so its own text does not count as taken.
    check_stop(rule, [each for each in read_rules(session) if each.id != rule.id])
    check_action(session, rule)
    return rule


def check_text(rule: KeywordRule) -> None:
    """Refuse a text that nothing, or only what must not, would match.

    Raises: RuleRefusedError.
    """
    if len(rule.text) > LONGEST_TEXT:
        raise RuleRefusedError(Part.TEXT, N_("Write at most %(most)s characters."), most=LONGEST_TEXT)
    if not rule.keyword:
        raise RuleRefusedError(
            Part.TEXT, N_("Write a word: without letters and digits there is nothing to compare.")
        )
    if rule.match is Match.TYPO and count_letters(rule.keyword) < SHORTEST_TYPO:
        raise RuleRefusedError(
            Part.MATCH,
            N_("With a typing error allowed, the text needs at least %(least)s letters; %(text)s has fewer."),
            least=SHORTEST_TYPO,
            text=rule.text,
        )


def check_place(rule: KeywordRule, order: Sequence[KeywordRule]) -> None:
    """Refuse a rule that says what another one says, or that would never be asked; `order` has it in its place.

    Raises: RuleRefusedError.
    """
    place = next(index for index, each in enumerate(order) if each.id == rule.id)
    for other in order:
        if other.id != rule.id and _says(other) == _says(rule):
            raise RuleRefusedError(
                Part.TEXT,
                N_("There is such a rule already: %(rule)s. Change that one."),
                rule=describe(other),
            )
    shadow = find_shadow(replace(rule, is_on=True), order[:place])
    if shadow is not None:
        raise shadowed_by(shadow)


def check_stop(rule: KeywordRule, beside: Sequence[KeywordRule]) -> None:
    """Refuse a text that is read as a STOP beside these rules: the rule would never be asked.

    Raises: RuleRefusedError.
    """
    if read_stop_beside(rule.text, beside).is_stop:
        raise RuleRefusedError(
            Part.TEXT, N_("%(text)s asks us to stop. STOP always wins, so no rule is asked."), text=rule.text
        )


def shadowed_by(shadow: KeywordRule) -> RuleRefusedError:
    """Return what to say of a rule that is never asked."""
    return RuleRefusedError(
        Part.BEFORE,
        N_(
            "It would never be asked: %(rule)s stands before it and takes everything. Place it before that one."
        ),
        rule=describe(shadow),
    )


def describe(rule: KeywordRule) -> Said:
    """Return a rule as a sentence names it."""
    return Said("%(text)s (%(match)s)", text=rule.text, match=Said(MATCH_WORDS[rule.match]))


def list_faults(session: Session, rules: Sequence[KeywordRule]) -> dict[int, RuleRefusedError]:
    """Return, by id, why rules that are on could not act now: their template, extension or neighbours changed."""
    faults: dict[int, RuleRefusedError] = {}
    for place, rule in enumerate(rules):
        shadow = find_shadow(rule, rules[:place])
        try:
            if shadow is not None:
                raise shadowed_by(shadow)
            check_stop(rule, rules)
            check_action(session, rule)
        except RuleRefusedError as fault:
            faults[rule.id] = fault
    return faults


def _action_of(action: str) -> Action:
    if action not in set(Action):
        raise RuleRefusedError(
            Part.ACTION,
            N_("There is no action %(action)s; the actions are %(actions)s."),
            action=action[:40],
            actions=", ".join(Action),
        )
    return Action(action)


def _match_of(match: str) -> Match:
    if match not in set(Match):
        raise RuleRefusedError(
            Part.MATCH,
            N_("There is no match %(match)s; it is one of %(matches)s."),
            match=match[:40],
            matches=", ".join(Match),
        )
    return Match(match)


def _says(rule: KeywordRule) -> tuple[str | None, Match, str]:
    return rule.short_number, rule.match, rule.keyword
