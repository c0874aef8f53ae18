"""The free answers about the money, by the codes of their templates; each names its cause, so it is sent once."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from crm.mobiletech.models import InboundMessage, NotSent, OutboundMessage
from crm.mobiletech.notifications import notify_many
from crm.mobiletech.rules.steps import Step, StepKind, step
from crm.mobiletech.wishes import Envelope, Wish

ORDER_CONFIRM = "order-confirm"
ORDER_ON_ITS_WAY = "order-on-its-way"
STATE = "subscription-state"
NO_SUBSCRIPTION = "no-subscription"
STOPPED = "subscription-stopped"
NOTHING_TO_STOP = "nothing-to-stop"
RENEWAL_NOTICE = "renewal-notice"
CHARGE_FAILED = "charge-failed"
ENDED = "subscription-ended"

# An answer to what a reader wrote, and the trace to note it in.
Answer = tuple[Wish, list[Step]]


def reply(
    message: InboundMessage, user_id: int | None, template: str, params: Mapping[str, object], *, key: str
) -> Wish:
    """Return the wish to answer an SMS free of charge."""
    given = {"short_number": message.to, **params}
    return Wish(Envelope(message), user_id, template, given, key=key, context=key)


def send_answers(session: Session, answers: Sequence[Answer]) -> list[OutboundMessage | NotSent]:
    """Make the answers and note in each trace what became of it; same order."""
    made = notify_many(session, [wish for wish, _ in answers])
    for (_, steps), result in zip(answers, made, strict=True):
        steps.append(told(result))
    return made


def stopped_params(
    names: Sequence[str], ends: Sequence[datetime], *, may_still_be_billed: bool
) -> Mapping[str, object]:
    """Return the values of the template that says what was stopped; an order that only waited has no name."""
    return {
        "subscription_name": names[0] if names else "",
        "count": len(names),
        "end_date": max(ends, default=None),
        "may_still_be_billed": may_still_be_billed,
    }


def told(result: OutboundMessage | NotSent) -> Step:
    """Return the step that says what became of an answer."""
    if isinstance(result, NotSent):
        return step(StepKind.NOT_SENT, reason=result.reason)
    return step(StepKind.SENT, outbound=result.id)
