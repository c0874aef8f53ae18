"""The rules of the set-up file: their order in the file is their order; what the file does not name stays.

A rule is known by its short number, match and text, folded: `info` in the file is `INFO` in the table.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from sqlalchemy.orm import Session

from crm.mobiletech.rules.checks import Draft, check_place
from crm.mobiletech.rules.deciding import KeywordRule
from crm.mobiletech.rules.editing import Place, create_rule, edit_rule
from crm.mobiletech.rules.queries import read_rules
from crm.mobiletech.stop_words import fold_words
from crm.setup_file.applying import REASON, Applying, Change, FaultError, flag_of, read_items, text_of

FIELDS = (
    "short_number",
    "match",
    "text",
    "action",
    "template",
    "extension",
    "subscription_type",
    "asks_first",
    "enabled",
)
REQUIRED = ("match", "text", "action")

Identity = tuple[str | None, str, str]


def apply_rules(applying: Applying, content: Any) -> None:
    """Bring the rules to what the part says."""
    file = _File(applying.session)
    places: dict[int, str] = {}
    for place, item in read_items(applying, "rules", content, fields=FIELDS, required=REQUIRED):
        try:
            draft = _read(item)
            file.claim(_identity(draft))
        except FaultError as error:
            applying.faults.append(f"{place}: {error}")
            continue
        named = f"{place} {draft.text}"
        applying.item(named, partial(file.apply, draft))
        if file.last is not None:
            places.setdefault(file.last, named)
    if not applying.faults:
        _check_places(applying, places)


def export_rules(session: Session) -> list[dict[str, str]]:
    """Return the rules as the part says them."""
    return [_written(rule) for rule in read_rules(session)]


@dataclass(slots=True)
class _File:
    """How far the file is applied: which rules it has named, and the one that it named last."""

    session: Session
    seen: set[Identity] = field(default_factory=set)
    last: int | None = None

    def claim(self, identity: Identity) -> None:
        if identity in self.seen:
            raise FaultError("this short number, match and text stand here twice")
        self.seen.add(identity)

    def apply(self, draft: Draft) -> Change:
        rules = read_rules(self.session)
        known = next((rule for rule in rules if _identity(rule) == _identity(draft)), None)
        place = Place(before=self._before(rules, known), is_checked=False)
        if known is None:
            self.last = create_rule(self.session, draft, place=place, reason=REASON)
            return Change.INSERTED
        self.last = known.id
        changed = edit_rule(self.session, known.id, draft, place=place, reason=REASON)
        return Change.UPDATED if changed else Change.UNCHANGED

    def _before(self, rules: list[KeywordRule], known: KeywordRule | None) -> int | None:
        """Return the rule that must stand right behind: it stays where it is unless the file's order says else."""
        ids = [rule.id for rule in rules]
        start = ids.index(self.last) + 1 if self.last is not None else 0
        if known is not None and ids.index(known.id) >= start:
            start = ids.index(known.id) + 1
        elif known is None and self.last is None:
            start = len(ids)
        return next((rule_id for rule_id in ids[start:] if known is None or rule_id != known.id), None)


def _check_places(applying: Applying, places: Mapping[int, str]) -> None:
    """Refuse what is never asked once all of the file is in its place."""
    order = read_rules(applying.session)

    for rule in order:
        if rule.id in places:
            applying.check(places[rule.id], partial(check_place, rule, order))


def _read(item: Mapping[str, Any]) -> Draft:
    fields = {name: text_of(item, name) or "" for name in item}
    return Draft(
        short_number=fields.get("short_number") or None,
        match=fields["match"],
        text=fields["text"],
        action=fields["action"],
        template=fields.get("template") or None,
        extension=fields.get("extension") or None,
        subscription_type=fields.get("subscription_type") or None,
        asks_first=flag_of(item, "asks_first", otherwise=False),
        is_on=flag_of(item, "enabled", otherwise=True) if "enabled" in fields else None,
    )


def _identity(rule: Draft | KeywordRule) -> Identity:
    return rule.short_number, str(rule.match), fold_words(rule.text)


def _written(rule: KeywordRule) -> dict[str, str]:
    fields = {
        "short_number": rule.short_number,
        "match": str(rule.match),
        "text": rule.text,
        "action": str(rule.action),
        "template": rule.template,
        "extension": rule.extension,
        "subscription_type": rule.subscription_type,
        "asks_first": "yes" if rule.asks_first else None,
        "enabled": None if rule.is_on else "no",
    }
    return {name: value for name, value in fields.items() if value is not None}
