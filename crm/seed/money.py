"""Write the demo's money as if it had happened: the engine itself runs, with the clock put back, and sends nothing.

What a reader pays, what fails, is tried again, stopped, or waits for a person is so what the real thing makes of it;
only the gateway's part is told by `subscribers.py`. All work is marked done.
"""

from collections import deque
from collections.abc import Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, exists, func, select, text
from sqlalchemy.orm import Session

from crm.core.clock import db_now
from crm.mobiletech.events import INBOUND
from crm.mobiletech.models import InboundMessage, OutboundMessage
from crm.mobiletech.operator_change import send_once_more
from crm.mobiletech.outbound import OutboundState
from crm.mobiletech.search.keeping import keep_inbound_messages
from crm.payments.charging import charge_batch
from crm.payments.gateways import gateways, keep_gateway_rows
from crm.payments.making import NewPayment, begin
from crm.payments.models import Payment, RecurrentPayment
from crm.payments.statuses import PaymentStatus, RecurrentState
from crm.seed.fates import PAID, PORTED, Fate
from crm.seed.money_acts import do
from crm.seed.past import past, put_back
from crm.seed.plan import Exchange, Sender
from crm.seed.rows import REPORTED_AFTER, make_attempts, make_inbound, make_report, make_work, what_came
from crm.seed.subscribers import Act, Subscriber
from crm.sms_billing.confirming import judge
from crm.sms_billing.metas import SmsMetas
from crm.sms_billing.offers import find_offer
from crm.subscriptions.housekeeping import keep_statuses
from crm.subscriptions.models import SubscriptionType
from crm.subscriptions.queries import get_type, read_short_names

SIGN = "sale"
GATEWAY = "mobiletech_recurrent"
TOGETHER = timedelta(seconds=15)  # as long as a worker lets pass between two looks
SILENT_FOR = timedelta(minutes=601)  # longer than the gateway may still bill a renewal

_DONE = text("""
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
    before = session.execute(text("SELECT coalesce(max(id), 0) FROM outbox")).scalar_one()
    keep_gateway_rows(session)
    with past(session):
        stage = _Stage(session, people, now, zone)
        stage.play()
    session.execute(_DONE, {"before": before})
    return stage.messages


class _Stage:
    """What is still to come, in order of time."""

    def __init__(
        self, session: Session, people: Sequence[tuple[Sender, Subscriber]], now: datetime, zone: ZoneInfo
    ) -> None:
        self.session, self.now, self.zone = session, now, zone
        self.messages = 0
        self._orders = deque(
            sorted(enumerate(people, start=1), key=lambda numbered: numbered[1][1].starts_at)
        )
        acts = ((now - act.ago, sender, act) for sender, who in people for act in who.acts)
        self._acts = deque(sorted(acts, key=lambda told: told[0]))
        self._silences: deque[tuple[datetime, int]] = deque()
        self._fates = {sender.user_id: iter(who.fates) for sender, who in people}
        self._types: dict[str, SubscriptionType] = {}

    def play(self) -> None:
        while (due := self._next()) is not None and due <= self.now:
            until = min(due + TOGETHER, self.now)
            put_back(self.session, until)
            while self._orders and self._orders[0][1][1].starts_at <= until:
                number, (sender, who) = self._orders.popleft()
                self._order(number, sender, who)
            keep_statuses(self.session)
            self._charge()
            self._send(until)
            while self._silences and self._silences[0][0] <= until:
                judge(self.session, [self._silences.popleft()[1]], silence_is_failure=True)
            while self._acts and self._acts[0][0] <= until:
                _, sender, act = self._acts.popleft()
                self._act(sender, act, until)

    def _next(self) -> datetime | None:
        due = select(func.min(RecurrentPayment.charge_at)).where(*self._planned)
        moments = [self.session.execute(due).scalar()]
        moments += [self._orders[0][1][1].starts_at] if self._orders else []
        moments += [queue[0][0] for queue in (self._silences, self._acts) if queue]
        return min((moment for moment in moments if moment is not None), default=None)

    @property
    def _planned(self) -> Sequence[ColumnElement[bool]]:
        return (
            RecurrentPayment.state == RecurrentState.ACTIVE,
            RecurrentPayment.paused_at.is_(None),
            RecurrentPayment.user_id.in_(self._fates),
        )

    def _order(self, number: int, sender: Sender, who: Subscriber) -> None:
        """START: the reader's SMS, and the payment that answers it."""
        inbound = self._receive(sender, "START", f"{SIGN}-in-{number:04d}", who.starts_at)
        kind = self._types.get(who.type) or self._types.setdefault(who.type, get_type(self.session, who.type))
        offer = find_offer(self.session, kind.id)
        assert offer is not None and sender.user_id is not None
        metas = SmsMetas(
            billkey=offer.billkey,
            inbound_message_id=inbound.id,
            template_code=offer.first_template_code or offer.template_code,
            params={
                "subscription_name": read_short_names(self.session, [kind.id])[kind.id],
                "short_number": inbound.to,
            },
        )
        wanted = NewPayment(
            user_id=sender.user_id,
            amount=kind.price,
            currency=kind.currency,
            type=kind,
            key=f"order:{inbound.id}",
            metas=metas.as_metas(),
        )
        begin(self.session, gateways.get(GATEWAY), wanted)

    def _charge(self) -> None:
        due = select(RecurrentPayment.id).where(*self._planned, RecurrentPayment.charge_at <= db_now())
        while ids := self.session.execute(due).scalars().all():
            charge_batch(self.session, ids=ids)

    def _send(self, at: datetime) -> None:
        """Let the gateway have what was made, and report of it as it is told."""
        wanted = select(OutboundMessage).join(Payment, Payment.id == OutboundMessage.payment_id)
        queued = wanted.where(
            OutboundMessage.state == OutboundState.QUEUED,
            Payment.status == PaymentStatus.FORM,
            Payment.user_id.in_(self._fates),
        )
        messages = self.session.execute(queued.order_by(OutboundMessage.id)).scalars().all()
        if not messages:
            return
        fates = {message.id: next(self._fates[message.user_id], PAID) for message in messages}
        for message in messages:
            self._let_happen(message, fates[message.id])
        self.session.flush()
        put_back(self.session, min(at + 2 * REPORTED_AFTER, self.now))
        send_once_more(self.session, [row for row, fate in fates.items() if fate is PORTED])
        judge(self.session, [message.payment_id or 0 for message in messages])
        self.messages += len(messages)

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

    def _act(self, sender: Sender, act: Act, at: datetime) -> None:
        said = act.wish.text and self._receive(
            sender, act.wish.text, f"{SIGN}-said-{len(self._acts):04d}", at
        )
        do(self.session, sender, act.wish, said or None)

    def _receive(self, sender: Sender, content: str, mobiletech_id: str, at: datetime) -> InboundMessage:
        exchange = Exchange(at=at, sender=sender, text=content, fate=None)
        inbound = make_inbound(exchange, mobiletech_id, self.zone)
        self.session.add(inbound)
        self.session.flush()
        payload: dict[str, int | str] = {"mobiletech_inbound_message_id": inbound.id}
        self.session.add(make_work(f"inbound:{inbound.id}", INBOUND, payload, inbound.from_, at=at))
        keep_inbound_messages(self.session, [inbound.id])
        self.messages += 1
        return inbound
