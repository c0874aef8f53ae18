"""Reading rules and what they decided."""

from collections.abc import Mapping, Sequence

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from crm.mobiletech.models import SmsTemplate
from crm.mobiletech.rules.deciding import Action, KeywordRule
from crm.mobiletech.rules.errors import RuleNotFoundError
from crm.mobiletech.rules.matching import Match
from crm.mobiletech.rules.models import Decision, Rule
from crm.mobiletech.stop_words import fold_words

COUNTED = 1000
COUNTED_DAYS = 30

# Counted to a limit: a rule that everybody writes must not make the list wait.
_COUNTS = text("""
    SELECT rule.id, counted.matches FROM mobiletech_rules AS rule, LATERAL (
        SELECT count(*) AS matches FROM (
            SELECT 1 FROM mobiletech_decisions AS decision
            WHERE decision.rule_id = rule.id
              AND decision.created_at > crm_now() - make_interval(days => :days)
            LIMIT :most
        ) AS few
    ) AS counted
""")


def read_rules(session: Session) -> list[KeywordRule]:
    """Return all rules in their order, those that are off as well."""
    found = select(Rule, SmsTemplate.code).outerjoin(SmsTemplate, SmsTemplate.id == Rule.template_id)
    return [
        _as_keyword_rule(rule, code) for rule, code in session.execute(found.order_by(Rule.position, Rule.id))
    ]


def get_rule(session: Session, rule_id: int) -> Rule:
    """Return the rule.

    Raises: RuleNotFoundError.
    """
    rule = session.get(Rule, rule_id)
    if rule is None:
        raise RuleNotFoundError(rule_id)
    return rule


def count_matches(session: Session) -> Mapping[int, int]:
    """Return how often each rule was the one in the last 30 days; COUNTED + 1 stands for more."""
    rows = session.execute(_COUNTS, {"days": COUNTED_DAYS, "most": COUNTED + 1})
    return {row.id: row.matches for row in rows}


def find_decision(session: Session, inbound_message_id: int) -> Decision | None:
    """Return what was decided about an SMS; None for one from before the rules, or one that still waits."""
    return session.get(Decision, inbound_message_id)


def list_ids(session: Session) -> Sequence[int]:
    """Return the ids of the rules in their order."""
    return session.execute(select(Rule.id).order_by(Rule.position, Rule.id)).scalars().all()


def _as_keyword_rule(rule: Rule, template: str | None) -> KeywordRule:
    return KeywordRule(
        id=rule.id,
        short_number=rule.short_number,
        match=Match(rule.match),
        text=rule.text,
        keyword=fold_words(rule.text),
        action=Action(rule.action),
        template=template,
        extension=rule.extension,
        subscription_type=rule.subscription_type,
        asks_first=rule.asks_first,
        is_on=rule.is_on,
    )
