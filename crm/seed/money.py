"""Write the demo's money as if it had happened: the engine itself runs, with the clock put back, and sends nothing.

What a reader orders and pays, what fails, is tried again, stopped, or waits for a person is so what the real thing
makes of it; only what readers write, and the gateway's part, are told by `subscribers.py`.
"""

from collections import deque
from collections.abc import Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, exists, func, select, text
from sqlalchemy.orm import Session

from crm.core.clock import db_now
from crm.events.models import EntryState, OutboxEntry
from crm.events.publish import publish
from crm.events.registry import Event, registry
from crm.mobiletech.events import INBOUND, SEND, lane_of
from crm.mobiletech.models import InboundMessage, OutboundMessage
from crm.mobiletech.operator_change import send_once_more
from crm.mobiletech.outbound import OutboundState
from crm.payments.charging import charge_batch
from crm.payments.models import RecurrentPayment
from crm.payments.statuses import RecurrentState
from crm.seed.fates import DELIVERED, PAID, PORTED, Fate
from crm.seed.money_acts import do
from crm.seed.past import past, put_back
from crm.seed.plan import Exchange, Sender
from crm.seed.rows import (
    HANDLED_AFTER,
    REPORTED_AFTER,
    make_attempts,
    make_inbound,
    make_report,
    what_came,
)
from crm.seed.subscribers import Act, Subscriber
from crm.sms_billing.confirming import judge
from crm.subscriptions.housekeeping import keep_statuses
from crm.users.audit_log import acting

SIGN = "sale"
KEYWORDS = {"month": ("START",), "week": ("KLUB", "ANO"), "trial": ("SKUSKA",)}  # of the demo's rules
THINKS = timedelta(seconds=25)
TOGETHER = timedelta(seconds=15)  # as long as a worker lets pass between two looks
SILENT_FOR = timedelta(minutes=601)  # longer than the gateway may still bill a renewal

# What was sent needs no worker; what is held, or called back, waits for a person.
_SENT = text("""
    UPDATE outbox SET state = 'done', finished_at = available_at + interval '40 milliseconds'
    WHERE id > :before AND state = 'ready'
""")


def is_money_written(session: Session) -> bool:
    """Return whether the demo's money is in the database already."""
    mark = exists().where(InboundMessage.mobiletech_id.startswith(f"{SIGN}-"))
    return bool(session.execute(select(mark)).scalar())


def write_money(
    session: Session, people: Sequence[tuple[Sender, Subscriber]], *, now: datetime, zone: ZoneInfo
) -> int:
    """Let all of it happen, up to now; return the number of SMS, in and out. Who sends is a person already."""
    stage = _Stage(session, people, now, zone)
    with past(session), acting(None):  # a worker's work is no act of staff
        stage.play()
    session.execute(_SENT, {"before": stage.before})
    return stage.messages


class _Stage:
    """What is still to come, in order of time; `before` is the last piece of work that is not of this story."""

    def __init__(
        self, session: Session, people: Sequence[tuple[Sender, Subscriber]], now: datetime, zone: ZoneInfo
    ) -> None:
        self.session, self.now, self.zone = session, now, zone
        self.messages = 0
        self.before = session.execute(select(func.coalesce(func.max(OutboxEntry.id), 0))).scalar_one()
        self._orders = deque(sorted(people, key=lambda each: each[1].starts_at))
        acts = ((now - act.ago, sender, act) for sender, who in people for act in who.acts)
        self._acts = deque(sorted(acts, key=lambda told: told[0]))
        self._silences: deque[tuple[datetime, int]] = deque()
        self._fates = {sender.user_id: iter(who.fates) for sender, who in people}
        self._numbers = [sender.number for sender, _ in people]

    def play(self) -> None:
        while (due := self._next()) is not None and due <= self.now:
            until = min(due + TOGETHER, self.now)
            put_back(self.session, until)
            while self._orders and self._orders[0][1].starts_at <= until:
                sender, who = self._orders.popleft()
                self._say(sender, KEYWORDS[who.type], until)
            keep_statuses(self.session)
            self._charge()
            self._run(until)
            while self._silences and self._silences[0][0] <= until:
                judge(self.session, [self._silences.popleft()[1]], silence_is_failure=True)
            while self._acts and self._acts[0][0] <= until:
                _, sender, act = self._acts.popleft()
                self._act(sender, act, until)
            self._run(until)

    def _next(self) -> datetime | None:
        due = select(func.min(RecurrentPayment.charge_at)).where(*self._planned)
        moments = [self.session.execute(due).scalar()]
        moments += [self._orders[0][1].starts_at] if self._orders else []
        moments += [queue[0][0] for queue in (self._silences, self._acts) if queue]
        return min((moment for moment in moments if moment is not None), default=None)

    @property
    def _planned(self) -> Sequence[ColumnElement[bool]]:
        return (
            RecurrentPayment.state == RecurrentState.ACTIVE,
            RecurrentPayment.paused_at.is_(None),
            RecurrentPayment.user_id.in_(self._fates),
        )

    def _say(self, sender: Sender, texts: Sequence[str], at: datetime) -> None:
        """Let the reader write one text after the other, each when the one before is answered."""
        for number, content in enumerate(texts):
            moment = min(at + THINKS * number, self.now)
            put_back(self.session, moment)
            self._receive(sender, content, moment)
            self._run(moment)

    def _act(self, sender: Sender, act: Act, at: datetime) -> None:
        if act.wish.text is not None:
            self._say(sender, [act.wish.text], at)
        else:
            do(self.session, sender, act.wish)

    def _charge(self) -> None:
        due = select(RecurrentPayment.id).where(*self._planned, RecurrentPayment.charge_at <= db_now())
        while ids := self.session.execute(due).scalars().all():
            charge_batch(self.session, ids=ids)

    def _run(self, at: datetime) -> None:
        """Do what a worker would, and send what it makes, until nothing is left to do."""
        self._work()
        while self._send(at):
            self._work()

    def _work(self) -> None:
        """Call the handlers of what was published, in its order."""
        ready = select(OutboxEntry).where(
            OutboxEntry.id > self.before, OutboxEntry.state == EntryState.READY, OutboxEntry.event != SEND
        )
        while entries := self.session.execute(ready.order_by(OutboxEntry.id)).scalars().all():
            for entry in entries:
                for _, handler in registry.handlers_of(entry.event, None):
                    handler([Event(entry.payload, entry_id=entry.id)])
                entry.state, entry.finished_at = EntryState.DONE, entry.available_at + HANDLED_AFTER
            self.session.flush()

    def _send(self, at: datetime) -> bool:
        """Let the gateway have what was made, and report of it as it is told; return whether there was anything."""
        queued = select(OutboundMessage).where(
            OutboundMessage.state == OutboundState.QUEUED, OutboundMessage.to.in_(self._numbers)
        )
        messages = self.session.execute(queued.order_by(OutboundMessage.id)).scalars().all()
        fates = {message.id: self._fate_of(message) for message in messages}
        for message in messages:
            self._let_happen(message, fates[message.id])
        self.session.flush()
        put_back(self.session, min(at + 2 * REPORTED_AFTER, self.now))
        send_once_more(self.session, [row for row, fate in fates.items() if fate is PORTED])
        judge(self.session, [message.payment_id for message in messages if message.payment_id is not None])
        self.messages += len(messages)
        return bool(messages)

    def _fate_of(self, message: OutboundMessage) -> Fate:
        return next(self._fates[message.user_id], PAID) if message.paid else DELIVERED

    def _let_happen(self, message: OutboundMessage, fate: Fate) -> None:
        for name, value in what_came(fate, message.created_at, message.operator_type).items():
            setattr(message, name, value)
        if fate.state is OutboundState.ACCEPTED:
            message.mobiletech_id = f"{SIGN}-out-{message.id:06d}"
            if not fate.codes:
                self._silences.append((message.created_at + SILENT_FOR, message.payment_id or 0))
        self.session.add_all(make_attempts(fate, message))
        self.session.add_all(
            make_report(message, code, number) for number, code in enumerate(fate.codes, start=1)
        )

    def _receive(self, sender: Sender, content: str, at: datetime) -> None:
        """Take an SMS in as the webhook does: with the work that it causes."""
        exchange = Exchange(at=at, sender=sender, text=content, fate=None)
        self.messages += 1
        inbound = make_inbound(exchange, f"{SIGN}-in-{self.messages:05d}", self.zone)
        self.session.add(inbound)
        self.session.flush()
        payload = {"mobiletech_inbound_message_id": inbound.id}
        publish(self.session, INBOUND, payload, key=f"inbound:{inbound.id}", lane=lane_of(inbound.from_))
