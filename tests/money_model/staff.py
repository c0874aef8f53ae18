"""What people do about the money: change prices, hold, pause, postpone, settle, let go."""

from datetime import timedelta
from decimal import Decimal

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule
from sqlalchemy import update

from crm.core.db import transaction
from crm.mobiletech.models import OutboundMessage
from crm.payments.charging_run import charge_due
from crm.payments.holding import hold, resume
from crm.payments.pausing import go_on, pause
from crm.payments.rescheduling import postpone, try_now
from crm.payments.stopping import get_renewal
from crm.sms_billing.binding import bind
from crm.sms_billing.models import SmsOffer
from crm.sms_billing.releasing import cancel, release
from crm.sms_billing.settling import Decision, settle
from crm.subscriptions.models import SubscriptionType
from tests.factories.money import make_billkey
from tests.money_model.story import Story, jumps, readers
from tests.money_model.world import read_now

KEYS = {"4.99": "AA99", "5.99": "BB59"}


class StaffRules(Story):
    """The rules of staff; what the product forbids is refused, and changes nothing."""

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

    @precondition(lambda self: self.view.unproven)
    @rule(decision=st.sampled_from(Decision))
    def settle(self, decision: Decision) -> None:
        """A person finds out about the oldest SMS of which nobody knows."""
        self.decide(lambda session: settle(session, self.view.unproven[0], decision, reason="story"))

    @precondition(lambda self: self.view.held)
    @rule(let_go=st.booleans())
    def decide_about_held(self, let_go: bool) -> None:
        """A person lets the oldest SMS go that is held, or cancels it."""
        act = release if let_go else cancel
        self.decide(lambda session: act(session, self.view.held[0], reason="story"))

    @precondition(lambda self: self.view.unproven)
    @rule()
    def bind(self) -> None:
        """A person finds the reports of the oldest SMS of which nobody knows."""
        message_id = self.view.unproven[0]
        with transaction() as session:
            number = session.get_one(OutboundMessage, message_id).to
        lost = [
            each.mobiletech_id for each in self.gateway.handed if each.number == number and not each.known
        ]
        if lost:
            self.decide(lambda session: bind(session, message_id, lost[-1], reason="story"))

    @precondition(lambda self: self.view.open_rows)
    @rule(number=readers, stays=st.booleans())
    def pause(self, number: str, stays: bool) -> None:
        """A near STOP pauses a renewal; a person may let it go on."""
        row_id = self.newest_row(number)
        self.decide(lambda session: pause(session, get_renewal(session, row_id or 0), "story"))
        if not stays:
            charge_due()
            self.decide(lambda session: go_on(session, get_renewal(session, row_id or 0), "story"))

    @precondition(lambda self: self.view.open_rows)
    @rule(number=readers)
    def let_go_on(self, number: str) -> None:
        """A person lets a paused renewal go on."""
        row_id = self.newest_row(number)
        self.decide(lambda session: go_on(session, get_renewal(session, row_id or 0), "story"))

    @precondition(lambda self: self.view.open_rows)
    @rule(number=readers)
    def try_now(self, number: str) -> None:
        """A person charges a planned renewal now."""
        row_id = self.newest_row(number)
        self.decide(lambda session: try_now(session, get_renewal(session, row_id or 0), reason="story"))

    @precondition(lambda self: self.view.open_rows)
    @rule(number=readers, by=jumps)
    def postpone(self, number: str, by: timedelta) -> None:
        """A person moves a planned renewal."""
        row_id, until = self.newest_row(number), read_now() + by
        self.decide(
            lambda session: postpone(session, get_renewal(session, row_id or 0), until, reason="story")
        )
