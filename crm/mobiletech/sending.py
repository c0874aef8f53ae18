"""Hand queued messages to the gateway: claimed before the call, recorded after it, nothing open between.

The work's own row is the watchdog: while a message is on its way the row is due again after the lease. Who
finds it then knows that the sender died: a paid message becomes `unknown`, a free one is queued again.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from crm.core import metrics
from crm.core.business_settings import get_setting
from crm.core.clock import db_now
from crm.core.log import get_logger
from crm.events.backoff import DELAYS
from crm.events.claim import Entry
from crm.events.models import EntryState, OutboxEntry
from crm.mobiletech.breaker import ask_breaker, is_over_cap, tell_breaker
from crm.mobiletech.client import LEASE_SECONDS, GatewayClient, Outcome, OutcomeKind
from crm.mobiletech.models import OutboundMessage, SendAttempt, StatusReport
from crm.mobiletech.outbound import OutboundState, move
from crm.mobiletech.status_reports import announce_waiting, lock_ids
from crm.mobiletech.wire.commands import Send

log = get_logger(__name__)

LEASE = timedelta(seconds=LEASE_SECONDS)
BEHIND_ANOTHER = timedelta(seconds=1)
MAX_FREE_ATTEMPTS = 3
S = OutboundState


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimed:
    """A message that is ours to send until the lease ends."""

    entry_id: int
    message_id: int
    attempt: int
    paid: bool
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
        return self.client.send(claimed.send, url=claimed.url, paid=claimed.paid)

    def record(self, session: Session, results: Sequence[tuple[Claimed, Outcome]]) -> None:
        """Write down what came of the calls."""
        _Record(session).run(results)


class _Claim:
    def __init__(self, session: Session) -> None:
        self.session = session
        self.claimed: list[Claimed] = []
        self.finished: list[int] = []
        self.numbers: set[str] = set()
        self.has_paid = False

    def run(self, entries: Sequence[Entry]) -> list[Claimed]:
        ids = [entry.payload["mobiletech_outbound_message_id"] for entry in entries]
        wanted = select(OutboundMessage).where(OutboundMessage.id.in_(ids)).with_for_update()
        messages = {message.id: message for message in self.session.execute(wanted).scalars()}
        now = self.session.execute(select(db_now())).scalar_one()
        busy = self._numbers_on_their_way(messages.values())
        for entry, message_id in zip(entries, ids, strict=True):
            message = messages.get(message_id)
            if message is None:
                log.error("send_without_message", entry_id=entry.id, outbound_id=message_id)
                self.finished.append(entry.id)
            elif message.state == S.SENDING:
                self._abandoned(entry, message)
            elif message.state != S.QUEUED:
                self.finished.append(entry.id)
            elif message.to in busy:
                _put_off(self.session, [entry.id], BEHIND_ANOTHER)
            else:
                self._queued(entry, message, now)
        _put_off(self.session, [claimed.entry_id for claimed in self.claimed], LEASE)
        _finish(self.session, self.finished)
        return self.claimed

    def _numbers_on_their_way(self, messages: Iterable[OutboundMessage]) -> set[str]:
        """An answer must not overtake the one before it."""
        numbers = {message.to for message in messages if message.state == S.QUEUED}
        statement = select(OutboundMessage.to).where(
            OutboundMessage.to.in_(numbers), OutboundMessage.state == S.SENDING
        )
        return set(self.session.execute(statement).scalars())

    def _abandoned(self, entry: Entry, message: OutboundMessage) -> None:
        told = "The sender did not come back; whether the message went out is not known."
        log.error("send_abandoned", outbound_id=message.id, paid=message.paid)
        metrics.count("sends_total", outcome="abandoned")
        if message.paid or message.attempts >= MAX_FREE_ATTEMPTS:
            move(self.session, message.id, from_=(S.SENDING,), to=S.UNKNOWN, state_reason=told)
            self.finished.append(entry.id)
        else:
            move(self.session, message.id, from_=(S.SENDING,), to=S.QUEUED, state_reason=told)

    def _queued(self, entry: Entry, message: OutboundMessage, now: datetime) -> None:
        if now > message.created_at + self._window(message):
            self._end(entry, message, S.EXPIRED, "It could not be sent in time; the window for it is over.")
        elif message.to in self.numbers or (message.paid and self.has_paid):
            return  # one at a time to a number, one paid at a time in all: it stays due
        elif message.paid and is_over_cap(self.session, message):
            told = "The number has had its paid messages of 24 hours (mobiletech_max_paid_per_day)."
            self._end(entry, message, S.HELD, told)
        elif message.paid and (pause := ask_breaker(self.session)) is not None:
            _put_off(self.session, [entry.id], pause.until - now)
        else:
            self._send(entry, message)

    def _send(self, entry: Entry, message: OutboundMessage) -> None:
        attempt = message.attempts + 1
        if move(
            self.session, message.id, from_=(S.QUEUED,), to=S.SENDING, sending_at=db_now(), attempts=attempt
        ):
            self.numbers.add(message.to)
            self.has_paid = self.has_paid or message.paid
            self.claimed.append(
                Claimed(
                    entry_id=entry.id,
                    message_id=message.id,
                    attempt=attempt,
                    paid=message.paid,
                    url=get_setting(self.session, "mobiletech_gateway_url_production"),
                    send=as_send(message),
                )
            )

    def _end(self, entry: Entry, message: OutboundMessage, state: OutboundState, told: str) -> None:
        log.warning("send_ended", outbound_id=message.id, state=state)
        move(self.session, message.id, from_=(S.QUEUED,), to=state, state_reason=told)
        self.finished.append(entry.id)

    def _window(self, message: OutboundMessage) -> timedelta:
        unit = get_setting(self.session, "mobiletech_expiration_unit")
        return timedelta(**{unit: message.expiration})


class _Record:
    def __init__(self, session: Session) -> None:
        self.session = session
        self.finished: list[int] = []

    def run(self, results: Sequence[tuple[Claimed, Outcome]]) -> None:
        ids = [outcome.mobiletech_id for _, outcome in results if outcome.mobiletech_id]
        lock_ids(self.session, ids)
        statement = select(OutboundMessage.mobiletech_id).where(OutboundMessage.mobiletech_id.in_(ids))
        bound = set(self.session.execute(statement).scalars())
        for claimed, outcome in results:
            checked = _checked(outcome, bound)
            bound.add(checked.mobiletech_id)
            self._one(claimed, checked)
        self._log_attempts(results)
        announce_waiting(self.session, ids)
        _finish(self.session, self.finished)

    def _one(self, claimed: Claimed, outcome: Outcome) -> None:
        metrics.count("sends_total", outcome=outcome.kind)
        log.info(
            "send_finished", outbound_id=claimed.message_id, outcome=outcome.kind, took_ms=outcome.took_ms
        )
        if claimed.paid:
            tell_breaker(self.session, ambiguous=outcome.kind is OutcomeKind.UNKNOWN)
        match outcome.kind:
            case OutcomeKind.ACCEPTED:
                self._accepted(claimed, outcome)
            case OutcomeKind.REJECTED:
                self._ended(claimed, S.REJECTED, outcome)
            case OutcomeKind.NOT_SENT:
                delay = DELAYS[min(claimed.attempt, len(DELAYS)) - 1]
                self._again(claimed, outcome, delay)
            case OutcomeKind.UNKNOWN if claimed.paid or claimed.attempt >= MAX_FREE_ATTEMPTS:
                self._ended(claimed, S.UNKNOWN, outcome)
            case OutcomeKind.UNKNOWN:
                self._again(claimed, outcome, DELAYS[0])

    def _accepted(self, claimed: Claimed, outcome: Outcome) -> None:
        # Also from `unknown`: our lease may have ended while the answer was on its way.
        moved = move(
            self.session,
            claimed.message_id,
            from_=(S.SENDING, S.UNKNOWN),
            to=S.ACCEPTED,
            mobiletech_id=outcome.mobiletech_id,
            dcs=claimed.send.dcs,
            esm=claimed.send.esm,
            sent_at=db_now(),
            state_reason=None,
        )
        if not moved:
            log.error(
                "accepted_too_late", outbound_id=claimed.message_id, mobiletech_id=outcome.mobiletech_id
            )
        for status in outcome.statuses:
            self.session.execute(
                insert(StatusReport).values(mobiletech_id=outcome.mobiletech_id, status=status)
            )
        self.finished.append(claimed.entry_id)

    def _ended(self, claimed: Claimed, state: OutboundState, outcome: Outcome) -> None:
        move(self.session, claimed.message_id, from_=(S.SENDING,), to=state, state_reason=outcome.detail)
        self.finished.append(claimed.entry_id)

    def _again(self, claimed: Claimed, outcome: Outcome, delay: timedelta) -> None:
        move(self.session, claimed.message_id, from_=(S.SENDING,), to=S.QUEUED, state_reason=outcome.detail)
        _put_off(self.session, [claimed.entry_id], delay)

    def _log_attempts(self, results: Sequence[tuple[Claimed, Outcome]]) -> None:
        rows = [
            {
                "outbound_message_id": claimed.message_id,
                "outcome": outcome.kind,
                "detail": outcome.detail,
                "http_status": outcome.http_status,
                "reply": outcome.reply,
                "took_ms": outcome.took_ms,
            }
            for claimed, outcome in results
        ]
        self.session.execute(insert(SendAttempt), rows)


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


def _checked(outcome: Outcome, bound: set[str | None]) -> Outcome:
    """An id that belongs to another message would pay the wrong one: the outcome is not known then."""
    if outcome.mobiletech_id is None or outcome.mobiletech_id not in bound:
        return outcome
    log.error("gateway_id_bound_elsewhere", mobiletech_id=outcome.mobiletech_id)
    return Outcome(
        kind=OutcomeKind.UNKNOWN,
        detail=f"The gateway gave the id {outcome.mobiletech_id}, which another message has.",
        http_status=outcome.http_status,
        reply=outcome.reply,
        took_ms=outcome.took_ms,
    )


def _put_off(session: Session, entry_ids: Sequence[int], delay: timedelta) -> None:
    if entry_ids:
        chosen = update(OutboxEntry).where(
            OutboxEntry.id.in_(entry_ids), OutboxEntry.state == EntryState.READY
        )
        session.execute(chosen.values(available_at=db_now() + delay))


def _finish(session: Session, entry_ids: Sequence[int]) -> None:
    if entry_ids:
        chosen = update(OutboxEntry).where(OutboxEntry.id.in_(entry_ids))
        session.execute(chosen.values(state=EntryState.DONE, finished_at=db_now()))
