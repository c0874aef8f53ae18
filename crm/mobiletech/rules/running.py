"""The rules in the worker: STOP is heeded first, then the first rule that fits acts. Both handle a batch.

Every SMS gets one decision with its steps, in the transaction of what was done: run twice, it is done once.
"""

from collections.abc import Mapping, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.core.db import current_session
from crm.events.registry import Event
from crm.mobiletech.models import InboundMessage, OutboundMessage
from crm.mobiletech.rules.acting import act
from crm.mobiletech.rules.cases import Case, keep_decisions
from crm.mobiletech.rules.deciding import KeywordRule, Outcome, decide, read_stop_beside
from crm.mobiletech.rules.models import Decision
from crm.mobiletech.rules.ports import StopCase, money_actions
from crm.mobiletech.rules.queries import read_rules
from crm.mobiletech.rules.steps import Step, StepKind, step, tell, tell_stop
from crm.mobiletech.stop.reading import StopKind, StopVerdict


def heed_stop(events: Sequence[Event]) -> None:
    """Decide about STOP before anybody else sees it, and tell the money of it, and of what is nearly one.

    No rule and no test answers a STOP. A near miss is still the rules' to decide about; they note it in its trace.
    """
    session = current_session()
    texts = select(InboundMessage.id, InboundMessage.content).where(InboundMessage.id.in_(_ids(events)))
    rules = read_rules(session)
    read = {row.id: read_stop_beside(row.content, rules) for row in session.execute(texts)}
    heard = [inbound_id for inbound_id, stop in read.items() if stop.kind is not StopKind.NONE]
    if not heard:
        return
    found = select(InboundMessage).where(InboundMessage.id.in_(heard)).order_by(InboundMessage.id)
    messages = session.execute(found).scalars().all()
    stops = [message for message in messages if read[message.id].is_stop]
    nears = [message for message in messages if read[message.id].is_near and message.duplicate_of is None]
    cases = [Case(each, Outcome.STOP, [tell_stop(read[each.id])]) for each in stops]
    steps = {case.message.id: case.steps for case in cases}
    if money_actions.on_stop is not None and stops:
        money_actions.on_stop(session, [_stop_case(each, read[each.id], rules, steps) for each in stops])
    keep_decisions(session, cases)
    if money_actions.on_near_stop is not None and nears:
        money_actions.on_near_stop(session, [_stop_case(each, read[each.id], rules, steps) for each in nears])


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


def _stop_case(
    message: InboundMessage,
    stop: StopVerdict,
    rules: Sequence[KeywordRule],
    steps: Mapping[int, list[Step]],
) -> StopCase:
    named = {rule.subscription_type for rule in rules if rule.keyword == stop.keyword}
    return StopCase(
        message=message,
        keyword=stop.keyword,
        because=str(stop.because),
        types=frozenset(code for code in named if code is not None),
        steps=steps.get(message.id, []),
    )


def _case(message: InboundMessage, is_answered: bool, rules: Sequence[KeywordRule]) -> Case:
    """Return what the rules say of an SMS; a STOP that its own handler could not heed is one all the same."""
    verdict = decide(message.content, message.to, rules)
    if verdict.is_stop:
        return Case(message, Outcome.STOP, tell(verdict))
    if message.duplicate_of is not None:
        return Case(message, Outcome.REPEATED, [step(StepKind.REPEATED, of=message.duplicate_of)])
    if is_answered:
        near = [tell_stop(verdict.stop)] if verdict.stop.is_near else []
        return Case(message, Outcome.ANSWERED, [*near, step(StepKind.ANSWERED)])
    outcome = Outcome.UNMATCHED if verdict.rule is None else Outcome.RULE
    return Case(message, outcome, tell(verdict), verdict.rule)


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
