"""What readers have, or nearly have: open renewals and first payments on their way, and of which types they are.

A renewal is of every type that its chain ever was, and of the one that it becomes: a trial that turns into a month
is stopped, and not sold a second time, by the name of either.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.payments.gateways import gateway_codes, gateways
from crm.payments.late_stops import is_first_on_its_way, list_unbilled
from crm.payments.models import Payment, RecurrentPayment
from crm.payments.statuses import OPEN
from crm.subscriptions.models import SubscriptionType


@dataclass(slots=True)
class Holding:
    """What one person has that may be charged; `unbilled` are also orders and tries that count as failed."""

    rows: list[RecurrentPayment] = field(default_factory=list)
    unbilled: list[Payment] = field(default_factory=list)

    @property
    def firsts(self) -> list[Payment]:
        """The orders on their way."""
        return [payment for payment in self.unbilled if is_first_on_its_way(payment)]

    def __bool__(self) -> bool:
        return bool(self.rows or self.firsts)


class Holdings:
    """What people have, locked, with the types of it."""

    def __init__(self, session: Session, user_ids: Collection[int]) -> None:
        self._by_user: defaultdict[int, Holding] = defaultdict(Holding)
        if not user_ids:
            return
        found = select(RecurrentPayment).where(
            RecurrentPayment.user_id.in_(user_ids), RecurrentPayment.state.in_(OPEN)
        )
        taken = (
            found.order_by(RecurrentPayment.id).with_for_update().execution_options(populate_existing=True)
        )
        rows = session.execute(taken).scalars().all()
        for row in rows:
            self._by_user[row.user_id].rows.append(row)
        codes = gateway_codes(session)
        for payment in list_unbilled(session, user_ids):
            if gateways.get(codes[payment.payment_gateway_id]).is_recurrent:
                self._by_user[payment.user_id].unbilled.append(payment)
        self._becomes = _read_next(session)
        self._types = _read_chain_types(session, rows)

    def of(self, user_id: int) -> Holding:
        """Return all that a person has."""
        return self._by_user[user_id]

    def of_types(self, user_id: int, type_ids: Collection[int]) -> Holding:
        """Return what of it is of one of these types."""
        everything, wanted = self._by_user[user_id], set(type_ids)
        return Holding(
            rows=[
                row for row in everything.rows if wanted & self._with_next(self._types[row.payment_method_id])
            ],
            unbilled=[
                payment
                for payment in everything.unbilled
                if wanted & self._with_next({payment.subscription_type_id or 0})
            ],
        )

    def _with_next(self, type_ids: set[int]) -> set[int]:
        return type_ids | {self._becomes[each] for each in type_ids if each in self._becomes}


def _read_chain_types(session: Session, rows: Sequence[RecurrentPayment]) -> Mapping[int, set[int]]:
    """Return, by payment method, all types that its chain was and is to become."""
    types: defaultdict[int, set[int]] = defaultdict(set)
    row = RecurrentPayment
    found = (
        select(row.payment_method_id, row.subscription_type_id, row.next_subscription_type_id)
        .where(row.payment_method_id.in_({each.payment_method_id for each in rows}))
        .distinct()
    )
    for method_id, type_id, next_id in session.execute(found):
        types[method_id] |= {type_id} if next_id is None else {type_id, next_id}
    return types


def _read_next(session: Session) -> Mapping[int, int]:
    found = select(SubscriptionType.id, SubscriptionType.next_subscription_type_id).where(
        SubscriptionType.next_subscription_type_id.is_not(None)
    )
    return {row.id: row.next_subscription_type_id for row in session.execute(found)}
