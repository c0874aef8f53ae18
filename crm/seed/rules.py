"""The demo's rules, and what they decided about the demo's messages, as the worker would have written it."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy.orm import Session

from crm.mobiletech.events import lane_of
from crm.mobiletech.models import InboundMessage, OutboundMessage
from crm.mobiletech.rules.checks import Draft
from crm.mobiletech.rules.deciding import Action, KeywordRule, Outcome, decide
from crm.mobiletech.rules.editing import create_rule
from crm.mobiletech.rules.models import Decision
from crm.mobiletech.rules.queries import read_rules
from crm.mobiletech.rules.steps import Step, StepKind, step, tell

DECIDED_AFTER = timedelta(milliseconds=30)


def add_rules(session: Session, wanted: Sequence[dict[str, Any]]) -> int:
    """Add the rules where there is none; return how many."""
    if read_rules(session):
        return 0
    for each in wanted:
        create_rule(session, Draft(**each))
    return len(wanted)


def find_acting(message: InboundMessage, rules: Sequence[KeywordRule]) -> KeywordRule | None:
    """Return the rule that acts on an SMS; an operator's repeat is none's."""
    return None if message.duplicate_of else decide(message.content, message.to, rules).rule


def make_decision(
    message: InboundMessage, rules: Sequence[KeywordRule], answer: OutboundMessage | None
) -> Decision:
    """Return what was decided about an SMS; `answer` is what its rule made, if it made one."""
    rule = find_acting(message, rules)
    outcome, steps = _decided(message, rules)
    if rule is not None and rule.action is Action.INBOX:
        steps.append(step(StepKind.INBOX))
    elif answer is not None:
        steps.append(step(StepKind.SENT, outbound=answer.id))
    return Decision(
        inbound_message_id=message.id,
        outcome=outcome,
        rule_id=rule.id if rule else None,
        answered_number=lane_of(message.from_) if answer is not None else None,
        steps=steps,
        created_at=message.created_at + DECIDED_AFTER,
    )


def _decided(message: InboundMessage, rules: Sequence[KeywordRule]) -> tuple[Outcome, list[Step]]:
    if message.duplicate_of:
        return Outcome.REPEATED, [step(StepKind.REPEATED, of=message.duplicate_of)]
    verdict = decide(message.content, message.to, rules)
    if verdict.is_stop:
        return Outcome.STOP, tell(verdict)
    return Outcome.UNMATCHED if verdict.rule is None else Outcome.RULE, tell(verdict)
