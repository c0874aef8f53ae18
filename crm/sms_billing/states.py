"""Tell a reader who asks (STAV, INFO) what they have: what, for how much, charged when, and how to stop. Free."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from sqlalchemy import exists, select
from sqlalchemy.orm import Session, aliased

from crm.core.clock import db_now
from crm.mobiletech.models import InboundMessage
from crm.mobiletech.rules.cases import Case
from crm.mobiletech.rules.steps import StepKind
from crm.mobiletech.wishes import Wish
from crm.payments.models import Payment, RecurrentPayment
from crm.payments.statuses import STOPS, RecurrentState
from crm.sms_billing import answers
from crm.sms_billing.holdings import Holding, Holdings
from crm.sms_billing.plans import Plan, read_plans
from crm.sms_billing.senders import number_of, read_senders
from crm.subscriptions.models import Subscription
from crm.subscriptions.queries import read_short_names

MOST = 3  # SMS of one answer: who has more sees them on the page


def tell_states(session: Session, cases: Sequence[Case]) -> None:
    """Answer each with what its sender has, also with what runs out and is charged no more."""
    senders = read_senders(session, [case.message for case in cases])
    users = {case.message.id: senders.get(number_of(case.message) or "") for case in cases}
    ids = {user.id for user in users.values() if user is not None}
    holdings, stopped = Holdings(session, ids), _read_running_out(session, ids)
    wanted: list[answers.Answer] = []
    for case in cases:
        user = users[case.message.id]
        wishes: list[Wish] = []
        if user is not None:
            wishes = list_state_answers(
                session, case.message, user.id, holdings.of(user.id), stopped.get(user.id, ())
            )
        else:
            wishes = [_nothing(case.message, None)]
        case.add(StepKind.STATE, count=len(wishes))
        case.answered_number = case.number
        wanted += [(wish, case.steps) for wish in wishes]
    answers.send_answers(session, wanted)


def list_state_answers(
    session: Session,
    message: InboundMessage,
    user_id: int,
    holding: Holding,
    running_out: Sequence[RecurrentPayment] = (),
    *,
    most: int = MOST,
) -> list[Wish]:
    """Return the answers that tell what a person has: one SMS for each subscription, never none.

    The last of `most` says how many more there are.
    """
    everything = [*holding.rows, *running_out]
    rows, more = everything[:most], len(everything[most:])
    plans = read_plans(session, rows)
    wishes = [
        (answers.STATE, {**state_params(plans[row.id]), "more": more if row is rows[-1] else 0})
        for row in rows
    ]
    if not wishes and holding.firsts:
        first = holding.firsts[0]
        names = read_short_names(session, [first.subscription_type_id or 0])
        params = {"subscription_name": names.get(first.subscription_type_id or 0, ""), "price": first.amount}
        wishes = [(answers.ORDER_ON_ITS_WAY, params)]
    if not wishes:
        return [_nothing(message, user_id)]
    return [
        answers.reply(message, user_id, template, params, key=f"state:{message.id}:{place}")
        for place, (template, params) in enumerate(wishes, start=1)
    ]


def state_params(plan: Plan) -> Mapping[str, object]:
    """Return what the answer tells of a renewal: whether it goes on, or runs out."""
    row = plan.row
    params = {
        **plan.params,
        "is_stopped": row.state in STOPS or row.stop_wanted is not None,
        "is_pending": row.state == RecurrentState.PENDING,  # its day is over: a charge is on its way
        "is_paused": row.paused_at is not None,
    }
    params.pop("short_number", None)  # the one that they write to now
    return params


def _nothing(message: InboundMessage, user_id: int | None) -> Wish:
    return answers.reply(message, user_id, answers.NO_SUBSCRIPTION, {}, key=f"state:{message.id}:1")


def _read_running_out(session: Session, user_ids: set[int]) -> Mapping[int, list[RecurrentPayment]]:
    """Return, by person, the stopped renewals whose subscription still runs."""
    row, later = RecurrentPayment, aliased(RecurrentPayment)
    is_newest = ~exists().where(later.payment_method_id == row.payment_method_id, later.id > row.id)
    found = (
        select(row)
        .join(Payment, Payment.id == row.period_payment_id)
        .join(Subscription, Subscription.id == Payment.subscription_id)
        .where(row.user_id.in_(user_ids), row.state.in_(STOPS), is_newest, Subscription.end_time > db_now())
    )
    by_user: defaultdict[int, list[RecurrentPayment]] = defaultdict(list)
    for each in session.execute(found.order_by(row.id)).scalars():
        by_user[each.user_id].append(each)
    return by_user
