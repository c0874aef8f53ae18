"""The rules in the worker: STOP is heeded first, then the first rule that fits acts. Both handle a batch.

Every SMS gets one decision with its steps, in the transaction of what was done: run twice, it is done once.
"""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.core.db import current_session
from crm.events.registry import Event
from crm.mobiletech.models import InboundMessage, OutboundMessage
from crm.mobiletech.rules.acting import act
from crm.mobiletech.rules.cases import Case, keep_decisions
from crm.mobiletech.rules.deciding import KeywordRule, Outcome, decide
from crm.mobiletech.rules.models import Decision
from crm.mobiletech.rules.queries import read_rules
from crm.mobiletech.rules.steps import StepKind, step, tell
from crm.mobiletech.stop_words import is_stop


def heed_stop(events: Sequence[Event]) -> None:
    """Decide about STOP before anybody else sees it; no rule and no test answers it, a person gets it."""
    session = current_session()
    texts = select(InboundMessage.id, InboundMessage.content).where(InboundMessage.id.in_(_ids(events)))
    stops = [row.id for row in session.execute(texts) if is_stop(row.content)]
    if stops:
        messages = session.execute(select(InboundMessage).where(InboundMessage.id.in_(stops))).scalars()
        keep_decisions(session, [Case(message, Outcome.STOP, [step(StepKind.STOP)]) for message in messages])


def run_rules(events: Sequence[Event]) -> None:
    """Let the first rule that fits act, for each SMS that nobody has decided about or answered."""
    session = current_session()
    undecided = _undecided(session, events)
    if not undecided:
        return
    rules = read_rules(session)
    failed = {event["mobiletech_inbound_message_id"]: event.failed_handlers for event in events}
    cases = [_case(message, is_answered, rules) for message, is_answered in undecided]
    for case in cases:
        case.failed = failed[case.message.id]
    act(session, [case for case in cases if case.outcome is Outcome.RULE])
    keep_decisions(session, cases)


def _case(message: InboundMessage, is_answered: bool, rules: Sequence[KeywordRule]) -> Case:
    if message.duplicate_of is not None:
        return Case(message, Outcome.REPEATED, [step(StepKind.REPEATED, of=message.duplicate_of)])
    if is_answered:
        return Case(message, Outcome.ANSWERED, [step(StepKind.ANSWERED)])
    verdict = decide(message.content, message.to, rules)
    outcome = Outcome.UNMATCHED if verdict.rule is None else Outcome.RULE
    return Case(message, Outcome.STOP if verdict.is_stop else outcome, tell(verdict), verdict.rule)


def _undecided(session: Session, events: Sequence[Event]) -> list[tuple[InboundMessage, bool]]:
    """Return the messages without a decision, and whether each is answered already."""
    decided = select(Decision).where(Decision.inbound_message_id == InboundMessage.id)
    answer = select(OutboundMessage.id).where(OutboundMessage.rcv_msg_id == InboundMessage.mobiletech_id)
    found = select(InboundMessage, answer.exists()).where(
        InboundMessage.id.in_(_ids(events)), ~decided.exists()
    )
    return [(message, answered) for message, answered in session.execute(found.order_by(InboundMessage.id))]


def _ids(events: Sequence[Event]) -> list[int]:
    return [event["mobiletech_inbound_message_id"] for event in events]
