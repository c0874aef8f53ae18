"""What readers, the gateway, the worker and time do to the money, in any order."""

from collections.abc import Callable
from datetime import timedelta

from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule

from crm.core.db import transaction
from crm.core.errors import CrmError
from crm.core.phone import to_local
from crm.mobiletech.status_reports import record_status
from crm.mobiletech.wire.commands import Status
from crm.payments.charging_run import charge_due
from crm.payments.lanes import take_lanes
from crm.payments.late_stops import stop_payments
from crm.payments.statuses import RecurrentState
from crm.payments.stopping import get_renewal, list_open, reactivate, reactivate_after_system_stop, stop
from crm.sms_billing.turns import look_for_timeouts
from crm.users.queries import find_by_phone
from tests.factories.money import subscribe
from tests.fakes import ambiguous, not_connected, rejected
from tests.money_model.crashes import Boundary, striking
from tests.money_model.staff import StaffRules
from tests.money_model.story import jumps, readers
from tests.money_model.world import NUMBERS, read_now
from tests.outbox import run_all

codes = st.sampled_from(["A0", "A5", "D0", "A0", "D1", "D5", "X7", "_OPERATOR_CHANGE"])
ANSWERS = ("taken", "billed at once", "refused", "no connection", "no clear answer")
WORK: dict[str, Callable[[], object]] = {
    "work": run_all,
    "charging": charge_due,
    "timeouts": look_for_timeouts,
}


class MoneyMachine(StaffRules):
    """The whole model."""

    @initialize(subscribed=st.integers(0, 2))
    def begin(self, subscribed: int) -> None:
        """Some readers have subscribed."""
        self.open_curtain()
        for number in NUMBERS[:subscribed]:
            subscribe(number=to_local(number))
            self.stage.dated = read_now()

    # Readers

    @rule(number=readers, run=st.booleans())
    def text_start(self, number: str, run: bool) -> None:
        """A reader orders; whoever has ordered already is told so."""
        self.gateway.stopped.discard(number)
        self.stage.write("START", number, run=run)

    @precondition(lambda self: len(self.view.busy) < len(NUMBERS))
    @rule(number=readers)
    def subscribe(self, number: str) -> None:
        """A reader orders, and is billed."""
        if number not in self.view.busy:
            self.text_start(number, run=True)
            if self.gateway.handed and self.gateway.handed[-1].number == number:
                self.report(0, "A0", run=True)

    @precondition(lambda self: self.view.known)
    @rule(number=readers)
    def text_stop(self, number: str) -> None:
        """A reader stops."""
        self.stage.write("STOP", number)
        self.gateway.stopped.add(number)

    @precondition(lambda self: self.view.known)
    @rule(number=readers, by_user=st.booleans())
    def stop(self, number: str, by_user: bool) -> None:
        """A reader stops on a page, or staff do it for them."""
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
    def begin_again(self, number: str, by_user: bool) -> None:
        """A reader, or staff, begins the stopped renewal again, if it is allowed."""
        row_id = self.newest_row(number)
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
        self.stage.write("Ahoj", number, run=False, operator_type=operator)

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
