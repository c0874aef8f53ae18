"""Plan the next charge: of the next period, or of the same one again."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from functools import cached_property

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.core.business_settings import get_setting
from crm.core.clock import db_now
from crm.payments.models import Payment, PaymentMethod, RecurrentPayment
from crm.payments.next_charge import Period, find_charge_at, hours_before
from crm.payments.pausing import hand_over
from crm.payments.retry_rules import Schedule, Standing, find_next_try, read_schedule
from crm.payments.statuses import Failure, RecurrentState
from crm.subscriptions.models import Subscription, SubscriptionType

R = RecurrentState


class Planner:
    """Makes the rows of one transaction; settings and types are read once."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self._fresh: list[RecurrentPayment] = []

    def plan_period(
        self,
        payment: Payment,
        subscription: Subscription | None,
        method: PaymentMethod,
        *,
        custom: Decimal | None = None,
        state: RecurrentState = R.ACTIVE,
    ) -> RecurrentPayment:
        """Plan the charge of the period after the one that `payment` has paid for."""
        kind = self.types[payment.subscription_type_id or 0]
        period = Period(
            paid_at=payment.paid_at or self.now,
            length_days=subscription.length if subscription else kind.length,
            start=subscription.start_time if subscription else None,
            end=subscription.end_time if subscription else None,
        )
        return self._add(
            RecurrentPayment(
                cid=method.external_token,
                payment_method_id=method.id,
                payment_gateway_id=method.payment_gateway_id,
                user_id=payment.user_id,
                subscription_type_id=kind.id,
                parent_payment_id=payment.id,
                period_payment_id=payment.id,
                charge_at=find_charge_at(period, hours_before(kind, self._hours_setting)),
                attempt=0,
                retries=self.schedule.retries,
                state=state,
                custom_amount=custom,
            )
        )

    def plan_again(
        self, row: RecurrentPayment, failure: Failure, *, parent: int, state: RecurrentState = R.ACTIVE
    ) -> RecurrentPayment | None:
        """Plan the next try of a charge that failed; None when it is over."""
        left = Standing(retries=row.retries, gateway_fails=row.gateway_fails)
        again = find_next_try(failure, left, self.schedule)
        if again is None:
            return None
        following = self._copy(row, parent, self.now + again.delay, again.standing, state)
        hand_over(row, following)
        return following

    def plan_anew(self, row: RecurrentPayment, charge_at: datetime, *, parent: int) -> RecurrentPayment:
        """Plan a charge that was given up once more, with all its retries."""
        return self._copy(row, parent, charge_at, Standing(retries=self.schedule.retries), R.ACTIVE)

    def flush(self) -> None:
        """Store what was planned; the rows that made place go first, for only one may be open."""
        self.session.flush()
        self.session.add_all(self._fresh)
        self.session.flush()
        self._fresh = []

    def _add(self, row: RecurrentPayment) -> RecurrentPayment:
        self._fresh.append(row)
        return row

    def _copy(
        self,
        row: RecurrentPayment,
        parent: int,
        charge_at: datetime,
        left: Standing,
        state: RecurrentState,
    ) -> RecurrentPayment:
        return self._add(
            RecurrentPayment(
                cid=row.cid,
                payment_method_id=row.payment_method_id,
                payment_gateway_id=row.payment_gateway_id,
                user_id=row.user_id,
                subscription_type_id=row.subscription_type_id,
                next_subscription_type_id=row.next_subscription_type_id,
                parent_payment_id=parent,
                period_payment_id=row.period_payment_id,
                charge_at=charge_at,
                attempt=row.attempt + 1,
                retries=left.retries,
                gateway_fails=left.gateway_fails,
                state=state,
                custom_amount=row.custom_amount,
            )
        )

    @cached_property
    def now(self) -> datetime:
        """The database's time."""
        return self.session.execute(select(db_now())).scalar_one()

    @cached_property
    def schedule(self) -> Schedule:
        """What the settings say of tries."""
        return read_schedule(
            get_setting(self.session, "recurrent_payment_charges"),
            get_setting(self.session, "recurrent_payment_gateway_fail_delay"),
        )

    @cached_property
    def types(self) -> Mapping[int, SubscriptionType]:
        """All subscription types, by id: they are few."""
        return {each.id: each for each in self.session.execute(select(SubscriptionType)).scalars()}

    @cached_property
    def _hours_setting(self) -> str:
        return get_setting(self.session, "recurrent_charge_before")
