"""What every story of the money has: a stage, a witness, and an end in which nothing hangs."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any, ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine
from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.core.db import transaction
from crm.core.errors import CrmError
from crm.core.phone import to_local
from crm.payments.charging_run import charge_due
from crm.payments.models import RecurrentPayment
from crm.sms_billing.turns import look_for_timeouts
from crm.users.queries import find_by_phone
from tests.money_model.promises import View, Witness
from tests.money_model.world import NUMBERS, Stage
from tests.outbox import run_all

readers = st.sampled_from(NUMBERS)
jumps = st.sampled_from(
    [
        timedelta(minutes=1),
        timedelta(minutes=16),
        timedelta(hours=1),
        timedelta(hours=7),
        timedelta(hours=11),
        timedelta(days=1),
        timedelta(days=24),
        timedelta(days=40),
        timedelta(minutes=-10),
    ]
)


class Story(RuleBasedStateMachine):
    """Each step is something that happens; after each, every promise is checked."""

    stage: ClassVar[Stage]
    view = View()

    def open_curtain(self) -> None:
        """Empty the stage: nobody has bought anything yet."""
        self.stage.begin_again()
        self.gateway = self.stage.gateway
        self.witness = Witness(self.gateway)
        self.view = self.witness.check()

    def check_invariants(self, *arguments: Any) -> None:
        """Check every promise after each step; as an invariant it would be printed after each step of a story."""
        super().check_invariants(*arguments)
        if hasattr(self, "witness"):
            self.view = self.witness.check()

    def teardown(self) -> None:
        """In the end, nothing hangs: what has no outcome waits for a person."""
        if not hasattr(self, "witness"):
            return
        self.gateway.script.clear()
        for _ in range(3):
            self.stage.clock.advance(timedelta(days=2))
            look_for_timeouts()
            charge_due()
            run_all()
            self.witness.check()
        self.stage.clock.advance(timedelta(days=2))
        look_for_timeouts()
        run_all()
        self.witness.check()
        self.witness.check_nothing_hangs()

    def decide(self, act: Callable[[Session], object]) -> None:
        """Let a person act; what the rules forbid is refused, and changes nothing."""
        try:
            with transaction() as session:
                act(session)
        except CrmError:
            pass

    def newest_row(self, number: str) -> int | None:
        """Return the newest renewal of a number."""
        with transaction() as session:
            user = find_by_phone(session, to_local(number))
            if user is None:
                return None
            newest = select(RecurrentPayment.id).where(RecurrentPayment.user_id == user.id)
            return session.execute(newest.order_by(RecurrentPayment.id.desc()).limit(1)).scalar_one_or_none()
