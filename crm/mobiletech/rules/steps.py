"""The trace of a decision: a few small JSON objects that stay readable when rules are changed or deleted.

Shape: {"kind": ..., ...}; a step about a rule carries its id and what it said then. Pages make sentences of them.
"""

from collections.abc import Sequence
from enum import StrEnum
from typing import Any

from crm.mobiletech.rules.deciding import KeywordRule, Miss, Verdict
from crm.mobiletech.rules.matching import Nearness
from crm.mobiletech.stop.reading import StopKind, StopVerdict

Step = dict[str, Any]
# Of the rules that did not fit: the nearest ones. A hundred of them with every SMS would be read by nobody.
KEPT_BEFORE_A_MATCH = 4
KEPT_WITHOUT_ONE = 1


class StepKind(StrEnum):
    """What a step tells."""

    STOP = "stop"
    NEAR_STOP = "near_stop"  # it may ask to stop: a person must look
    NO_STOP = "no_stop"
    MISS = "miss"  # a rule did not fit: which, and why
    OTHERS = "others"  # how many more did not fit
    NO_RULES = "no_rules"
    MATCH = "match"
    REPEATED = "repeated"
    ANSWERED = "answered"
    SENT = "sent"
    NOT_SENT = "not_sent"
    CONFIRMED = "confirmed"
    NOBODY = "nobody"  # the number belongs to nobody, so nothing could be confirmed
    GIVEN = "given"  # to an extension
    INBOX = "inbox"
    LOOPED = "looped"
    ORDERED = "ordered"  # charged for: by which payment
    ORDER_REFUSED = "order_refused"  # nothing is charged: why
    ORDER_LATE = "order_late"  # written before a STOP that was heeded already
    ASKED = "asked"  # the reader has to say yes first
    AGREED = "agreed"  # the yes: to which SMS
    HAS_IT = "has_it"  # already a subscriber, or nearly: nothing is charged a second time
    STATE = "state"  # told what the reader has
    STOP_DONE = "stop_done"  # what was stopped, and whether a charge had left
    STOP_LATE = "stop_late"  # ordered anew after the STOP was written: a person looks
    STOP_OTHER = "stop_other"  # the reader has not what the STOP names, but something else: a person asks
    STOP_SILENT = "stop_silent"  # stopped, and not answered: so many answers a day
    HELD = "held"  # something before the rules failed and may still answer


def step(kind: StepKind, **facts: Any) -> Step:
    """Return one step; what is None is left out."""
    return {"kind": str(kind), **{name: value for name, value in facts.items() if value is not None}}


def tell(verdict: Verdict) -> list[Step]:
    """Return the steps up to the verdict."""
    if verdict.is_stop:
        return [tell_stop(verdict.stop)]
    kept = KEPT_WITHOUT_ONE if verdict.rule is None else KEPT_BEFORE_A_MATCH
    nearest = _nearest(verdict.misses, kept)
    steps = [tell_stop(verdict.stop), *map(_miss, nearest)]
    if others := len(verdict.misses) - len(nearest):
        steps.append(step(StepKind.OTHERS, count=others))
    if verdict.rule is not None:
        steps.append(_about(StepKind.MATCH, verdict.rule))
    elif not verdict.misses:
        steps.append(step(StepKind.NO_RULES))
    return steps


def tell_stop(stop: StopVerdict) -> Step:
    """Return the step that says whether the text asks to stop, and why it was read so."""
    if stop.kind is StopKind.NONE:
        return step(StepKind.NO_STOP)
    kind = StepKind.STOP if stop.is_stop else StepKind.NEAR_STOP
    return step(kind, because=str(stop.because), keyword=stop.keyword)


def _nearest(misses: Sequence[Miss], kept: int) -> list[Miss]:
    """Return the nearest misses, in the order of the rules; one that was not near at all tells nothing."""
    near = [miss for miss in misses if miss.nearness is not Nearness.OTHER]
    chosen = sorted(near, key=lambda miss: -miss.nearness)[:kept]
    return [miss for miss in near if any(miss is each for each in chosen)]


def _miss(miss: Miss) -> Step:
    return _about(StepKind.MISS, miss.rule) | {"because": miss.nearness.name.lower()}


def _about(kind: StepKind, rule: KeywordRule) -> Step:
    return step(
        kind,
        rule=rule.id,
        match=str(rule.match),
        text=rule.text,
        short_number=rule.short_number,
        action=str(rule.action),
        template=rule.template,
        extension=rule.extension,
        subscription_type=rule.subscription_type,
        asks_first=rule.asks_first,
    )
