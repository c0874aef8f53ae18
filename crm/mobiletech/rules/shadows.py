"""Does one rule take everything that another would act on? Pure.

Exact covers the same keyword; `starts_with` the longer keywords that begin with its own; `typo` the exact ones
one error away. What several rules cover only together is not found.
"""

from collections.abc import Iterable, Sequence

from crm.mobiletech.rules.deciding import KeywordRule
from crm.mobiletech.rules.matching import Match, fits

# what the earlier rule matches by -> by what the later one may match and still be covered whole
_COVERED: dict[Match, frozenset[Match]] = {
    Match.EXACT: frozenset({Match.EXACT}),
    Match.STARTS_WITH: frozenset({Match.EXACT, Match.STARTS_WITH}),
    Match.TYPO: frozenset({Match.EXACT}),
}


def takes_all_of(earlier: KeywordRule, later: KeywordRule) -> bool:
    """Return whether no SMS can reach the later rule past the earlier one, which is on."""
    if earlier.short_number not in (None, later.short_number):
        return False
    if earlier.match is later.match and earlier.keyword == later.keyword:
        return True
    return later.match in _COVERED[earlier.match] and fits(earlier.match, earlier.keyword, later.keyword)


def find_shadow(rule: KeywordRule, earlier: Iterable[KeywordRule]) -> KeywordRule | None:
    """Return the first rule, of those that stand before, that takes all of this one."""
    return next((each for each in earlier if each.is_on and takes_all_of(each, rule)), None)


def list_shadowed(rule: KeywordRule, later: Sequence[KeywordRule]) -> list[KeywordRule]:
    """Return the rules, of those that stand behind, that would never act again."""
    return [each for each in later if rule.is_on and each.is_on and takes_all_of(rule, each)]
