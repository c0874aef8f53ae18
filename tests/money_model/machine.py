"""What can happen to the money, in any order: the rules of the model."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any, ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule
from sqlalchemy import select, update

from crm.core.db import transaction
from crm.core.errors import CrmError
from crm.core.phone import to_local
from crm.mobiletech.models import OutboundMessage
from crm.mobiletech.outbound import OutboundState, move
from crm.mobiletech.status_reports import record_status
from crm.mobiletech.wire.commands import Status
from crm.payments.charging_run import charge_due
from crm.payments.holding import hold, resume
from crm.payments.lanes import take_lanes
from crm.payments.late_stops import stop_payments
from crm.payments.models import RecurrentPayment
from crm.payments.statuses import RecurrentState
from crm.payments.stopping import get_renewal, list_open, reactivate, reactivate_after_system_stop, stop
from crm.sms_billing.models import SmsOffer
from crm.sms_billing.turns import look_for_timeouts
from crm.subscriptions.models import SubscriptionType
from crm.users.queries import find_by_phone
from tests.factories.money import buy, make_billkey, make_inbound
from tests.fakes import ambiguous, not_connected, rejected
from tests.money_model.crashes import Boundary, striking
from tests.money_model.promises import View, Witness
from tests.money_model.world import NUMBERS, Stage, read_now
from tests.outbox import run_all

readers = st.sampled_from(NUMBERS)
codes = st.sampled_from(["A0", "A5", "D0", "A0", "D1", "D5", "X7", "_OPERATOR_CHANGE"])
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
ANSWERS = ("taken", "billed at once", "refused", "no connection", "no clear answer")
DECISIONS = (
    (OutboundState.UNKNOWN, OutboundState.NOT_SENT),
    (OutboundState.HELD, OutboundState.CANCELLED),
)
KEYS = {"4.99": "AA99", "5.99": "BB59"}
WORK: dict[str, Callable[[], object]] = {
    "work": run_all,
    "charging": charge_due,
    "timeouts": look_for_timeouts,
}


class MoneyMachine(RuleBasedStateMachine):
    """A story. Each step is something that happens; after each, every promise is checked."""

    stage: ClassVar[Stage]
    view = View()

    @initialize()
    def begin(self) -> None:
        """Nobody has bought anything yet."""
        self.stage.begin_again()
        self.gateway = self.stage.gateway
        self.witness = Witness(self.gateway)
        self.view = self.witness.check()

    # Readers

    @precondition(lambda self: len(self.view.busy) < len(NUMBERS))
    @rule(number=readers, run=st.booleans())
    def order(self, number: str, run: bool) -> None:
        """A reader texts START, if nothing of theirs is open."""
        if number not in self.view.busy:
            self.gateway.stopped.discard(number)
            buy(number=to_local(number), run=run)

    @precondition(lambda self: len(self.view.busy) < len(NUMBERS))
    @rule(number=readers)
    def subscribe(self, number: str) -> None:
        """A reader texts START, and is billed."""
        if number not in self.view.busy:
            self.order(number, run=True)
            if self.gateway.handed and self.gateway.handed[-1].number == number:
                self.report(0, "A0", run=True)

    @precondition(lambda self: self.view.known)
    @rule(number=readers, by_user=st.booleans())
    def stop(self, number: str, by_user: bool) -> None:
        """A reader stops, or staff do it for them."""
        with transaction() as session:
            user = find_by_phone(session, to_local(number))
            if user is None:
                return
            take_lanes(session, [user.id])
            stop(session, list_open(session, user.id), by_user=by_user, note="story")
            stop_payments(session, user.id, by_user=by_user)
        if number in self.view.known:
            self.gateway.stopped.add(number)

    @precondition(lambda self: self.view.stopped_rows)
    @rule(number=readers, by_user=st.booleans())
    def go_on(self, number: str, by_user: bool) -> None:
        """A reader, or staff, begins the stopped renewal again, if it is allowed."""
        row_id = self._newest_row(number)
        if row_id is None:
            return
        try:
            with transaction() as session:
                row = get_renewal(session, row_id)
                if row.state == RecurrentState.SYSTEM_STOP and not by_user:
                    reactivate_after_system_stop(session, row, reason="story")
                else:
                    reactivate(session, row, by_user=by_user)
        except CrmError:
            return
        self.gateway.stopped.discard(number)

    @precondition(lambda self: self.view.on_their_way)
    @rule(number=readers, operator=st.sampled_from(["T", "2"]))
    def text(self, number: str, operator: str) -> None:
        """A reader texts something; the gateway names the operator."""
        make_inbound(to_local(number), "Ahoj", operator_type=operator)

    # The gateway

    @precondition(lambda self: not self.gateway.script)
    @rule(answers=st.lists(st.sampled_from(ANSWERS), min_size=1, max_size=3))
    def gateway_will(self, answers: list[str]) -> None:
        """The gateway will answer the next messages so."""
        for answer in answers:
            self.gateway.will(
                {
                    "taken": self.stage.taken(),
                    "billed at once": self.stage.taken("A0"),
                    "refused": rejected(),
                    "no connection": not_connected(),
                    "no clear answer": ambiguous(),
                }[answer]
            )

    @precondition(lambda self: self.gateway.handed)
    @rule(back=st.integers(0, 3), code=codes, run=st.booleans())
    def report(self, back: int, code: str, run: bool) -> None:
        """The gateway reports about an SMS that it got: the newest, or one before it."""
        handed = self.gateway.handed[-1 - back % len(self.gateway.handed)]
        with transaction() as session:
            record_status(session, Status(id=handed.mobiletech_id, status=code), None)
        if run:
            run_all()

    @precondition(lambda self: self.view.believed_failed)
    @rule(which=st.integers(0, 5), code=st.sampled_from(["A0", "D1", "A5"]), run=st.booleans())
    def report_late(self, which: int, code: str, run: bool) -> None:
        """The gateway reports about an SMS that counts as failed by now."""
        ids = self.view.believed_failed
        with transaction() as session:
            record_status(session, Status(id=ids[which % len(ids)], status=code), None)
        if run:
            run_all()

    @rule(code=codes)
    def report_about_a_stranger(self, code: str) -> None:
        """The gateway reports about an SMS that nobody sent."""
        with transaction() as session:
            record_status(session, Status(id="nobody's", status=code), None)

    # The worker, and time

    @rule(what=st.sampled_from(sorted(WORK)))
    def run(self, what: str) -> None:
        """The worker does what is due."""
        WORK[what]()

    @precondition(lambda self: self.view.next_charge_at is not None)
    @rule(run=st.sampled_from(["", "charging", "charging and work"]))
    def fall_due(self, run: str) -> None:
        """Time goes on until the next renewal is due; then it is charged, and handed over."""
        assert self.view.next_charge_at is not None
        ahead = self.view.next_charge_at - read_now()
        self.stage.clock.advance(max(ahead, timedelta(0)) + timedelta(seconds=1))
        if run:
            charge_due()
            charge_due()
        if run == "charging and work":
            run_all()

    @precondition(lambda self: self.view.next_charge_at is not None)
    @rule(code=codes, later=codes)
    def renew(self, code: str, later: str) -> None:
        """A renewal falls due, is charged, and reported; one that was not billed is tried again."""
        self.fall_due("charging and work")
        if self.gateway.handed:
            self.report(0, code, run=True)
        if code != "A0" and self.view.next_charge_at is not None:
            self.view = self.witness.check()
            self.stage.clock.advance(timedelta(minutes=16))
            charge_due()
            run_all()
            self.report(0, later, run=True)

    @precondition(lambda self: self.view.silent)
    @rule()
    def keep_silent(self) -> None:
        """Nothing is reported for so long that it cannot be billed any more."""
        self.stage.clock.advance(timedelta(hours=11))
        look_for_timeouts()
        run_all()

    @rule(what=st.sampled_from(sorted(WORK)), boundary=st.sampled_from(Boundary), number=st.integers(1, 40))
    def run_and_break(self, what: str, boundary: Boundary, number: int) -> None:
        """The worker dies, or something goes wrong, somewhere in between."""
        with striking(boundary, number):
            WORK[what]()

    @rule(by=jumps)
    def time_passes(self, by: timedelta) -> None:
        """Time goes on, or a little back."""
        self.stage.clock.advance(by)

    # Staff

    @precondition(lambda self: self.view.open_rows)
    @rule(by=jumps)
    def hold_for_a_while(self, by: timedelta) -> None:
        """Somebody holds all renewals; nothing is charged until they go on."""
        with transaction() as session:
            hold(session, reason="story")
        self.stage.clock.advance(by)
        assert charge_due().begun == 0
        with transaction() as session:
            resume(session, reason="story")

    @precondition(lambda self: self.view.open_rows)
    @rule(price=st.sampled_from(sorted(KEYS)), fits=st.sampled_from([True, True, False]))
    def reprice(self, price: str, fits: bool) -> None:
        """Somebody changes the price; its key may not fit."""
        make_billkey("BB59", "5.99")
        billkey = KEYS[price] if fits else "AA99"
        with transaction() as session:
            session.execute(update(SubscriptionType).values(price=Decimal(price)))
            session.execute(update(SmsOffer).values(billkey=billkey))

    @precondition(lambda self: self.view.doubtful)
    @rule()
    def settle(self) -> None:
        """A person finds out about the oldest SMS of which nobody knows; or lets one go that is held."""
        with transaction() as session:
            for state, to in (
                (OutboundState.UNKNOWN, OutboundState.NOT_SENT),
                (OutboundState.HELD, OutboundState.CANCELLED),
            ):
                ids = select(OutboundMessage.id).where(OutboundMessage.state == state)
                found = session.execute(ids.order_by(OutboundMessage.id).limit(1)).scalars().all()
                move(session, found, from_=(state,), to=to, state_reason="story")
                if found:
                    return

    # What must hold

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

    def _newest_row(self, number: str) -> int | None:
        with transaction() as session:
            user = find_by_phone(session, to_local(number))
            if user is None:
                return None
            newest = select(RecurrentPayment.id).where(RecurrentPayment.user_id == user.id)
            return session.execute(newest.order_by(RecurrentPayment.id.desc()).limit(1)).scalar_one_or_none()
