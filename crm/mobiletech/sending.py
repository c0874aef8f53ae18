"""Hand queued messages to the gateway: claimed before the call, recorded after it, nothing open between.

The work's own row is the watchdog: while a message is on its way the row is due again after the lease. Who
finds it then knows that the sender died: a paid message becomes `unknown`, a free one is queued again.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import select, text
from sqlalchemy.orm import Session, aliased

from crm.core import metrics
from crm.core.business_settings import get_setting
from crm.core.clock import db_now
from crm.core.db import after_commit
from crm.core.errors import N_
from crm.core.log import get_logger
from crm.events.claim import Entry
from crm.events.models import EntryState, OutboxEntry
from crm.events.settle import finish, put_off
from crm.mobiletech.breaker import Pause, ask_breaker
from crm.mobiletech.charge_fuses import Fuses, ask_fuses
from crm.mobiletech.client import LEASE_SECONDS, GatewayClient, Outcome
from crm.mobiletech.events import INBOUND, OUTBOUND_STATUS
from crm.mobiletech.last_look import Obstacle, last_look
from crm.mobiletech.models import OutboundMessage
from crm.mobiletech.outbound import OutboundState as S
from crm.mobiletech.outbound import move
from crm.mobiletech.send_results import MAX_FREE_ATTEMPTS, SendResults
from crm.mobiletech.wire.commands import Send

log = get_logger(__name__)

LEASE = timedelta(seconds=LEASE_SECONDS)
BEHIND_ANOTHER = timedelta(seconds=1)
READS_STOP = "heed_stop"  # the handler's name in the outbox
# Two questions, each with an index of its own: asked as one, every round would read the whole table.
_UNREAD = text(f"""
    SELECT lane FROM outbox
    WHERE lane = ANY(:lanes) AND finished_at IS NULL AND attempts > 0
      AND event = '{INBOUND}' AND (handler IS NULL OR handler = '{READS_STOP}')
    UNION ALL
    SELECT lane FROM outbox
    WHERE state = 'dead' AND lane = ANY(:lanes)
      AND event = '{INBOUND}' AND (handler IS NULL OR handler = '{READS_STOP}')
""")  # noqa: S608 - names of our own
_OLDER = aliased(OutboxEntry)  # made once: it costs more than the question
NEWS = (INBOUND, OUTBOUND_STATUS)
WAITS_FOR_PERSON = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimed:
    """A message that is ours to send until the lease ends."""

    entry_id: int
    message_id: int
    attempt: int
    paid: bool
    is_secret: bool = False
    url: str
    send: Send


class SendEffect:
    """The effect of `mobiletech-send`."""

    def __init__(self, client: GatewayClient) -> None:
        self.client = client

    def claim(self, session: Session, entries: Sequence[Entry]) -> list[Claimed]:
        """Move what may go now to `sending`; put off, settle or leave the rest."""
        return _Claim(session).run(entries)

    def perform(self, claimed: Claimed) -> Outcome:
        """Call the gateway."""
        outcome = self.client.send(claimed.send, url=claimed.url, paid=claimed.paid)
        return outcome.hushed() if claimed.is_secret else outcome

    def record(self, session: Session, results: Sequence[tuple[Claimed, Outcome]]) -> None:
        """Write down what came of the calls."""
        SendResults(session).record(results)


def as_send(message: OutboundMessage) -> Send:
    """Return the message in the gateway's words."""
    return Send(
        serv_id=message.serv_id,
        project_id=message.project_id,
        rcv_msg_id=message.rcv_msg_id,
        from_=message.from_,
        to=message.to,
        billkey=message.billkey,
        content=message.content,
        expiration=message.expiration,
        operator_type=message.operator_type,
    )


class _Claim:
    """One round: sorts the entries' messages into those that go now and those that do not."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.go: list[tuple[Entry, OutboundMessage]] = []
        self.finished: list[int] = []
        self.obstacles: Mapping[int, Obstacle] = {}
        self.unread: set[str | None] = set()
        self.fuses = Fuses()
        self.paid_room: int | None = None  # how many that charge may still go; None: not asked yet

    def run(self, entries: Sequence[Entry]) -> list[Claimed]:
        ids = [entry.payload["mobiletech_outbound_message_id"] for entry in entries]
        wanted = select(OutboundMessage).where(OutboundMessage.id.in_(ids)).with_for_update()
        messages = {message.id: message for message in self.session.execute(wanted).scalars()}
        now = self.session.execute(select(db_now())).scalar_one()
        busy = self._numbers_on_their_way(messages.values())
        # Of bulk work a claim takes the oldest of each number anyway.
        behind = self._behind_another([entry for entry in entries if not entry.is_bulk])
        paid = [message for message in messages.values() if message.paid and message.state == S.QUEUED]
        self.obstacles = last_look.look(
            self.session, [message.payment_id for message in paid if message.payment_id]
        )
        self.fuses = ask_fuses(self.session, paid)
        self.unread = self._lanes_of_unread_stops(entries) if paid else set()
        for entry, message_id in zip(entries, ids, strict=True):
            message = messages.get(message_id)
            waits = entry.id in behind or (message is not None and message.to in busy)
            self._sort(entry, message, waits, now)
        finish(self.session, self.finished)
        return self._take_off()

    def _lanes_of_unread_stops(self, entries: Sequence[Entry]) -> set[str | None]:
        """Return the numbers with an SMS that could not be read for a STOP yet: nothing charges them meanwhile."""
        lanes = sorted({entry.lane for entry in entries if entry.lane})
        return set(self.session.execute(_UNREAD, {"lanes": lanes}).scalars())

    def _numbers_on_their_way(self, messages: Iterable[OutboundMessage]) -> set[str]:
        """An answer must not overtake the one before it."""
        numbers = {message.to for message in messages if message.state == S.QUEUED}
        statement = select(OutboundMessage.to).where(
            OutboundMessage.to.in_(numbers), OutboundMessage.state == S.SENDING
        )
        return set(self.session.execute(statement).scalars())

    def _behind_another(self, entries: Sequence[Entry]) -> set[int]:
        """Those put off behind one message come due in any order; the first of them still goes first."""
        if not entries:
            return set()
        older = _OLDER
        goes_first = select(older.id).where(
            older.lane == OutboxEntry.lane,
            older.id < OutboxEntry.id,
            older.event == OutboxEntry.event,
            ~older.is_bulk,
            older.state == EntryState.READY,
            older.available_at <= db_now() + BEHIND_ANOTHER,
        )
        statement = select(OutboxEntry.id).where(
            OutboxEntry.id.in_([entry.id for entry in entries]), goes_first.exists()
        )
        return set(self.session.execute(statement).scalars())

    def _sort(self, entry: Entry, message: OutboundMessage | None, waits: bool, now: datetime) -> None:
        if message is None:
            log.error("send_without_message", entry_id=entry.id)
            self.finished.append(entry.id)
        elif message.state == S.SENDING:
            self._abandoned(entry, message)
        elif message.state != S.QUEUED:
            self.finished.append(entry.id)
        elif waits:
            put_off(self.session, [entry.id], BEHIND_ANOTHER)
        elif now > self._closes_at(entry, message):
            self._end(
                entry, message, S.EXPIRED, N_("It could not be sent in time; the window for it is over.")
            )
        elif message.paid:
            self._paid(entry, message, now)
        else:
            self.go.append((entry, message))

    def _abandoned(self, entry: Entry, message: OutboundMessage) -> None:
        told = N_("The sender did not come back; whether the message went out is not known.")
        log.error("send_abandoned", outbound_id=message.id, paid=message.paid)
        after_commit(self.session, partial(metrics.count, "sends_total", outcome="abandoned"))
        if message.paid or message.attempts >= MAX_FREE_ATTEMPTS:
            move(self.session, [message.id], from_=(S.SENDING,), to=S.UNKNOWN, state_reason=told)
            self.finished.append(entry.id)
        else:
            move(self.session, [message.id], from_=(S.SENDING,), to=S.QUEUED, state_reason=told)

    def _paid(self, entry: Entry, message: OutboundMessage, now: datetime) -> None:
        if self.paid_room == 0:
            return  # it stays due: an outage, or a crash, leaves a few unknown, not many
        obstacle = self.obstacles.get(message.payment_id or 0)
        if obstacle is not None and obstacle.is_final:
            self._end(entry, message, S.CANCELLED, obstacle.told)
        elif obstacle is not None:
            message.state_reason = obstacle.told
            put_off(self.session, [entry.id], WAITS_FOR_PERSON)
        elif message.payment_id and not entry.is_bulk and self._has_news(entry):
            put_off(self.session, [entry.id], BEHIND_ANOTHER)
        elif message.payment_id and entry.lane in self.unread:
            put_off(self.session, [entry.id], WAITS_FOR_PERSON)
        elif message.id in self.fuses.lost:
            told = N_("The number is its reader's no more, so nothing is charged to it.")
            self._end(entry, message, S.CANCELLED, told)
        elif message.id in self.fuses.charged:
            told = N_("Another SMS has charged for the same period, or may yet do so.")
            self._end(entry, message, S.HELD, told)
        elif message.id in self.fuses.over_cap:
            told = N_("The number has had its paid messages of 24 hours (mobiletech_max_paid_per_day).")
            self._end(entry, message, S.HELD, told)
        else:
            self._let_paid_go(entry, message, now)

    def _let_paid_go(self, entry: Entry, message: OutboundMessage, now: datetime) -> None:
        if self.paid_room is None:
            answer = ask_breaker(self.session)
            if isinstance(answer, Pause):
                put_off(self.session, [entry.id], answer.until - now)
                return
            self.paid_room = answer
        self.paid_room -= 1
        self.go.append((entry, message))

    def _has_news(self, entry: Entry) -> bool:
        """Return whether a report or an SMS of the number waits to be read: it may be a STOP, or bill it already.

        Bulk work is claimed only when nothing else of its number is due.
        """
        news = select(OutboxEntry.id).where(
            OutboxEntry.lane == entry.lane,
            OutboxEntry.finished_at.is_(None),
            OutboxEntry.state == EntryState.READY,
            OutboxEntry.event.in_(NEWS),
            OutboxEntry.available_at <= db_now(),
        )
        return self.session.execute(select(news.exists())).scalar_one()

    def _end(self, entry: Entry, message: OutboundMessage, state: S, told: str) -> None:
        log.warning("send_ended", outbound_id=message.id, state=state)
        move(self.session, [message.id], from_=(S.QUEUED,), to=state, state_reason=told)
        self.finished.append(entry.id)

    def _take_off(self) -> list[Claimed]:
        """Write the intent down before the first byte: the caller commits it, then calls."""
        moved = move(
            self.session,
            [message.id for _, message in self.go],
            from_=(S.QUEUED,),
            to=S.SENDING,
            sending_at=db_now(),
            attempts=OutboundMessage.attempts + 1,
        )
        put_off(self.session, [entry.id for entry, _ in self.go], LEASE)
        url = get_setting(self.session, "mobiletech_gateway_url_production")
        return [
            Claimed(
                entry_id=entry.id,
                message_id=message.id,
                attempt=message.attempts + 1,
                paid=message.paid,
                is_secret=message.is_secret,
                url=url,
                send=as_send(message),
            )
            for entry, message in self.go
            if message.id in moved
        ]

    def _closes_at(self, entry: Entry, message: OutboundMessage) -> datetime:
        """Return when it is too late to send it; a message for later has its whole window from then on."""
        not_before = entry.payload.get("not_before")
        opens_at = datetime.fromisoformat(not_before) if not_before else message.created_at
        unit = get_setting(self.session, "mobiletech_expiration_unit")
        return opens_at + timedelta(**{unit: message.expiration})
