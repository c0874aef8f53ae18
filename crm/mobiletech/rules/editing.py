"""Write, place, switch and delete rules; each an act of the audit log. Who edits waits for who edits already."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from crm.mobiletech.rules.checks import Draft, check_draft, check_place
from crm.mobiletech.rules.deciding import KeywordRule
from crm.mobiletech.rules.errors import StaleRuleError
from crm.mobiletech.rules.models import Rule
from crm.mobiletech.rules.queries import get_rule, list_ids, read_rules
from crm.mobiletech.sms_templates import find_template
from crm.users.audit_log import record_act

_LOCK = 8877_0005


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a rule stands: before another one, or as the last. Who places several checks them together."""

    before: int | None = None
    is_checked: bool = True


LAST = Place()


def create_rule(session: Session, draft: Draft, *, place: Place = LAST, reason: str = "") -> int:
    """Add a rule and return its id.

    Raises: RuleRefusedError.
    """
    lock_rules(session)
    made = check_draft(session, draft)
    order = place_rule(read_rules(session), made, place)
    rule = Rule(position=len(order), **_columns(session, made))
    session.add(rule)
    session.flush()
    ids = [each.id or rule.id for each in order]
    write_order(session, ids)
    after = _state(made, ids.index(rule.id))
    record_act(session, "rule.create", _subject(rule.id), after=after, reason=reason)
    return rule.id


def edit_rule(
    session: Session,
    rule_id: int,
    draft: Draft,
    *,
    place: Place = LAST,
    seen_at: datetime | None = None,
    reason: str = "",
) -> bool:
    """Change a rule and its place; return whether anything is another now.

    `seen_at` is when the one that the author had before the eyes was saved; None overwrites whatever is there.
    Raises: RuleNotFoundError, StaleRuleError, RuleRefusedError.
    """
    lock_rules(session)
    rule = get_rule(session, rule_id)
    if seen_at is not None and seen_at != rule.updated_at:
        raise StaleRuleError(rule.text)
    rules = read_rules(session)
    old_place = [each.id for each in rules].index(rule_id)
    made = check_draft(session, draft, rules[old_place])
    order = place_rule(rules, made, place)
    before, after = _state(rules[old_place], old_place), _state(made, order.index(made))
    if before == after:
        return False
    for name, value in _columns(session, made).items():
        setattr(rule, name, value)
    session.flush()
    write_order(session, [each.id for each in order])
    record_act(session, "rule.edit", _subject(rule_id), before=before, after=after, reason=reason)
    return True


def move_rule(session: Session, rule_id: int, *, up: bool) -> bool:
    """Let the rule change places with its neighbour; return False where it has none.

    Raises: RuleNotFoundError.
    """
    lock_rules(session)
    get_rule(session, rule_id)
    ids = list(list_ids(session))
    place = ids.index(rule_id)
    other = place - 1 if up else place + 1
    if not 0 <= other < len(ids):
        return False
    ids[place], ids[other] = ids[other], ids[place]
    write_order(session, ids)
    record_act(
        session,
        "rule.move",
        _subject(rule_id),
        before={"place": place + 1},
        after={"place": other + 1},
    )
    return True


def switch_rule(session: Session, rule_id: int, *, on: bool) -> bool:
    """Switch the rule on or off; return False if it was so already.

    Raises: RuleNotFoundError.
    """
    lock_rules(session)
    rule = get_rule(session, rule_id)
    if rule.is_on is on:
        return False
    rule.is_on = on
    session.flush()
    record_act(session, "rule.switch", _subject(rule_id), before={"is_on": not on}, after={"is_on": on})
    return True


def delete_rule(session: Session, rule_id: int, *, reason: str = "") -> None:
    """Delete the rule; what it decided keeps what it was.

    Raises: RuleNotFoundError.
    """
    lock_rules(session)
    rule = get_rule(session, rule_id)
    rules = read_rules(session)
    place = [each.id for each in rules].index(rule_id)
    before = _state(rules[place], place)
    session.delete(rule)
    session.flush()
    record_act(session, "rule.delete", _subject(rule_id), before=before, reason=reason)


def lock_rules(session: Session) -> None:
    """Let nobody else edit rules until the transaction ends."""
    session.execute(select(func.pg_advisory_xact_lock(_LOCK)))


def place_rule(rules: Sequence[KeywordRule], rule: KeywordRule, place: Place) -> list[KeywordRule]:
    """Return the rules with this one in its place.

    Raises: RuleRefusedError if it would never be asked there.
    """
    others = [each for each in rules if each.id != rule.id]
    index = next((index for index, each in enumerate(others) if each.id == place.before), len(others))
    order = [*others[:index], rule, *others[index:]]
    if place.is_checked:
        check_place(rule, order)
    return order


def write_order(session: Session, ids: Sequence[int]) -> None:
    """Number the rules in the order of the ids."""
    places = {rule_id: place for place, rule_id in enumerate(ids, start=1)}
    for rule_id, position in session.execute(select(Rule.id, Rule.position)).all():
        if places.get(rule_id, position) != position:
            # The moment of saving is that of the words: a rule that was pushed aside is no other one.
            moved = update(Rule).where(Rule.id == rule_id)
            session.execute(moved.values(position=places[rule_id], updated_at=Rule.updated_at))


def _columns(session: Session, made: KeywordRule) -> dict[str, object]:
    template = find_template(session, made.template) if made.template else None
    return {
        "short_number": made.short_number,
        "match": str(made.match),
        "text": made.text,
        "action": str(made.action),
        "template_id": template.id if template else None,
        "extension": made.extension,
        "subscription_type": made.subscription_type,
        "asks_first": made.asks_first,
        "is_on": made.is_on,
    }


def _state(rule: KeywordRule, place: int) -> dict[str, object]:
    """Return the rule for the audit log; people count places from 1."""
    return {
        "short_number": rule.short_number,
        "match": str(rule.match),
        "text": rule.text,
        "action": str(rule.action),
        "template": rule.template,
        "extension": rule.extension,
        "subscription_type": rule.subscription_type,
        "asks_first": rule.asks_first,
        "is_on": rule.is_on,
        "place": place + 1,
    }


def _subject(rule_id: int) -> str:
    return f"rule {rule_id}"
