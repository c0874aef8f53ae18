"""A reader writes STOP: what they have is stopped in the transaction that decides about it, and they are told, free.

Stopped are renewals, first payments on their way and orders that wait for a yes; with a keyword only what it names.
What has not left is called back. Exactly one answer, whatever was found.

Source: issue 5 point 6, reliability.md C3 and F5.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from crm.core.clock import db_now
from crm.core.errors import N_, Said
from crm.core.log import get_logger
from crm.core.phone import to_international
from crm.mobiletech.models import InboundMessage, OutboundMessage
from crm.mobiletech.rules.cases import Case
from crm.mobiletech.rules.ports import StopCase
from crm.mobiletech.rules.steps import StepKind, step
from crm.mobiletech.wishes import Wish
from crm.payments.errors import UnstoppableError
from crm.payments.late_stops import StoppedPayment, stop_unbilled
from crm.payments.stopping import Stopped, stop
from crm.sms_billing import answers
from crm.sms_billing.holdings import Holding, Holdings
from crm.sms_billing.near_stops import pause_for_a_person
from crm.sms_billing.order_of_commands import ordered_after
from crm.sms_billing.orders import stop_waiting
from crm.sms_billing.origins import read_origins
from crm.sms_billing.plans import read_plans
from crm.sms_billing.senders import number_of, read_senders
from crm.sms_billing.states import list_state_answers
from crm.subscriptions.queries import find_type, read_short_names

log = get_logger(__name__)

NOTE = N_("The reader wrote STOP (SMS %(id)s).")
MOST_ANSWERS = 10
WITHIN = timedelta(days=1)


@dataclass(slots=True)
class _Done:
    """What one STOP came to."""

    renewals: list[Stopped]
    firsts: list[StoppedPayment]
    orders: int
    later: int = 0  # ordered only after it was written

    @property
    def may_still_be_billed(self) -> bool:
        left = [each.may_still_be_billed for each in self.renewals]
        return any([*left, *(each.may_still_be_billed for each in self.firsts)])

    @property
    def is_something(self) -> bool:
        return bool(self.renewals or self.firsts or self.orders)


def heed_stops(session: Session, cases: Sequence[StopCase]) -> None:
    """Stop what the senders want stopped, and answer each once."""
    senders = read_senders(session, [case.message for case in cases])
    users = {case.message.id: senders.get(number_of(case.message) or "") for case in cases}
    holdings = Holdings(session, {user.id for user in users.values() if user is not None})
    for case in cases:
        user = users[case.message.id]
        _heed(session, case, user.id if user else None, holdings)


def stop_by_rules(session: Session, cases: Sequence[Case]) -> None:
    """Do what rules that stop say: as a STOP does, of the rule's type or of everything."""
    stops = []
    for case in cases:
        code = case.rule.subscription_type if case.rule else None
        keyword = case.rule.keyword if case.rule and code else None
        types = frozenset([code] if code else [])
        stops.append(
            StopCase(message=case.message, keyword=keyword, because="rule", types=types, steps=case.steps)
        )
    heed_stops(session, stops)


def _heed(session: Session, case: StopCase, user_id: int | None, holdings: Holdings) -> None:
    type_ids = _type_ids(session, case.types)
    everything = holdings.of(user_id) if user_id is not None else Holding()
    wanted = everything
    if type_ids is not None and user_id is not None:
        wanted = holdings.of_types(user_id, type_ids)
        if not wanted and everything:
            return _ask_what_was_meant(session, case, user_id, everything, type_ids)
    try:
        with session.begin_nested():
            done = _stop(session, case.message, wanted, type_ids)
    except UnstoppableError:
        log.error("stop_refused", inbound_id=case.message.id)
        return None  # no step says that it is done: a person gets it
    case.steps.append(_told(done))
    return _answer(session, case, user_id, done, wanted)


def _stop(
    session: Session, message: InboundMessage, wanted: Holding, type_ids: Collection[int] | None
) -> _Done:
    origins = read_origins(session, wanted)
    later = ordered_after(message, origins)
    rows = [row for row in wanted.rows if f"renewal {row.id}" not in later]
    unbilled = [payment for payment in wanted.unbilled if f"payment {payment.id}" not in later]
    note = str(Said(NOTE, id=message.id))
    return _Done(
        renewals=stop(session, rows, by_user=True, note=note, is_told=True),
        firsts=stop_unbilled(session, unbilled, by_user=True),
        orders=_stop_orders(session, message, type_ids),
        later=len(later),
    )


def _stop_orders(session: Session, message: InboundMessage, type_ids: Collection[int] | None) -> int:
    number = number_of(message)
    return stop_waiting(session, number, type_ids, written_before=message.receive_date) if number else 0


def _ask_what_was_meant(
    session: Session, case: StopCase, user_id: int, held: Holding, type_ids: Collection[int]
) -> None:
    """Charge nothing of what the reader has until a person knows: they named something that they have not."""
    _stop_orders(session, case.message, type_ids)
    pause_for_a_person(session, held, case.message)
    case.steps.append(step(StepKind.STOP_OTHER, renewals=[row.id for row in held.rows]))
    if _may_answer(session, case):
        wish = _state_instead(session, case.message, user_id, held)
        answers.send_answers(session, [(wish, case.steps)])


def _answer(session: Session, case: StopCase, user_id: int | None, done: _Done, wanted: Holding) -> None:
    if not _may_answer(session, case):
        return
    wish = _wish(session, case, user_id, done, wanted)
    answers.send_answers(session, [(wish, case.steps)])


def _wish(session: Session, case: StopCase, user_id: int | None, done: _Done, wanted: Holding) -> Wish:
    message, key = case.message, f"stop:{case.message.id}"
    if done.is_something:
        params = _stopped_params(session, done, wanted)
        return answers.reply(message, user_id, answers.STOPPED, params, key=key)
    if done.later and user_id is not None:
        return _state_instead(session, message, user_id, wanted)
    return answers.reply(message, user_id, answers.NOTHING_TO_STOP, {}, key=key)


def _state_instead(session: Session, message: InboundMessage, user_id: int, held: Holding) -> Wish:
    """Return the one answer to a STOP that stops nothing: what goes on, and how to stop it."""
    [first, *_] = list_state_answers(session, message, user_id, held, most=1)
    return replace(first, key=f"stop:{message.id}", context=f"stop:{message.id}")


def _stopped_params(session: Session, done: _Done, wanted: Holding) -> Mapping[str, object]:
    """Return what the answer tells: what was stopped, until when it runs, and whether a charge had left."""
    plans = read_plans(session, [each.row for each in done.renewals])
    types = {payment.id: payment.subscription_type_id or 0 for payment in wanted.unbilled}
    firsts = [types[each.payment_id] for each in done.firsts]
    names = [plans[each.row.id].name for each in done.renewals]
    names += [name for name in map(read_short_names(session, firsts).get, firsts) if name]
    ends = [plan.ends_at for plan in plans.values() if plan.ends_at is not None]
    return answers.stopped_params(names, ends, may_still_be_billed=done.may_still_be_billed)


def _may_answer(session: Session, case: StopCase) -> bool:
    """Return whether to answer; a STOP always is, but not an operator's repeat, and not a machine's hundredth."""
    message = case.message
    if message.duplicate_of is not None:
        return False
    number = number_of(message)
    if number is None:
        return True
    sent = select(func.count()).where(
        OutboundMessage.to == to_international(number),
        OutboundMessage.created_at > db_now() - WITHIN,
        OutboundMessage.key.like("stop:%"),
        OutboundMessage.key != f"stop:{message.id}",
    )
    if session.execute(sent).scalar_one() < MOST_ANSWERS:
        return True
    case.steps.append(step(StepKind.STOP_SILENT, most=MOST_ANSWERS))
    return False


def _told(done: _Done) -> dict[str, object]:
    """Return the step that says what was done; where something was ordered since, a person looks as well."""
    kind = StepKind.STOP_LATE if done.later else StepKind.STOP_DONE
    return step(
        kind,
        renewals=[each.row.id for each in done.renewals],
        payments=[each.payment_id for each in done.firsts],
        orders=done.orders,
        may_still_be_billed=done.may_still_be_billed,
    )


def _type_ids(session: Session, codes: Collection[str]) -> set[int] | None:
    """Return the types that a STOP names, None for everything: what nobody knows any more names nothing."""
    known = [find_type(session, code) for code in sorted(codes)]
    return {kind.id for kind in known if kind is not None} or None
