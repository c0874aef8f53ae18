"""Write down what came of calls to the gateway: the second half of sending.

accepted  -> accepted, the gateway's id bound, early reports put into the outbox
rejected  -> rejected
not_sent  -> queued again after a delay: the connection was never made
unknown   -> unknown if it charges; a free one is tried three times
"""

from collections.abc import Sequence
from datetime import timedelta
from functools import partial
from typing import Protocol

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from crm.core import metrics
from crm.core.db import after_commit
from crm.core.errors import N_
from crm.core.log import get_logger
from crm.events.backoff import DELAYS
from crm.events.settle import finish, put_off
from crm.mobiletech.breaker import tell_breaker
from crm.mobiletech.client import Outcome, OutcomeKind
from crm.mobiletech.models import OutboundMessage, SendAttempt, StatusReport
from crm.mobiletech.outbound import OutboundState as S
from crm.mobiletech.outbound import accept, move
from crm.mobiletech.status_reports import announce_waiting, lock_ids

log = get_logger(__name__)

MAX_FREE_ATTEMPTS = 3


class Sent(Protocol):
    """What is known of a message that was handed over."""

    @property
    def entry_id(self) -> int: ...
    @property
    def message_id(self) -> int: ...
    @property
    def attempt(self) -> int: ...
    @property
    def paid(self) -> bool: ...


class SendResults:
    """One round of results, recorded in the caller's transaction."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.accepted: list[tuple[Sent, Outcome]] = []
        self.finished: list[int] = []

    def record(self, results: Sequence[tuple[Sent, Outcome]]) -> None:
        """Move the messages, bind ids, tell the breaker, keep each attempt."""
        ids = [outcome.mobiletech_id for _, outcome in results if outcome.mobiletech_id]
        if ids:
            lock_ids(self.session, ids)
        checked = self._without_bound_ids(results, ids)
        answers = [
            outcome for sent, outcome in checked if sent.paid and outcome.kind is not OutcomeKind.NOT_SENT
        ]
        tell_breaker(self.session, [outcome.kind is OutcomeKind.UNKNOWN for outcome in answers])
        for sent, outcome in checked:
            self._one(sent, outcome)
        self._accept()
        self._log_attempts(checked)
        if ids:
            announce_waiting(self.session, ids)
        finish(self.session, self.finished)

    def _without_bound_ids(
        self, results: Sequence[tuple[Sent, Outcome]], ids: Sequence[str]
    ) -> list[tuple[Sent, Outcome]]:
        """An id that belongs to another message would pay the wrong one: the outcome is not known then."""
        statement = select(OutboundMessage.mobiletech_id).where(OutboundMessage.mobiletech_id.in_(ids))
        bound = set(self.session.execute(statement).scalars()) if ids else set()
        checked = []
        for sent, outcome in results:
            if outcome.mobiletech_id in bound:
                log.error("gateway_id_bound_elsewhere", mobiletech_id=outcome.mobiletech_id)
                told = N_("The gateway gave the id %(id)s, which another message has.") % {
                    "id": outcome.mobiletech_id
                }
                checked.append((sent, outcome.doubted(told)))
            else:
                checked.append((sent, outcome))
            if outcome.mobiletech_id:
                bound.add(outcome.mobiletech_id)
        return checked

    def _one(self, sent: Sent, outcome: Outcome) -> None:
        after_commit(self.session, partial(metrics.count, "sends_total", outcome=outcome.kind))
        if outcome.kind is not OutcomeKind.ACCEPTED:
            log.warning(
                "send_failed", outbound_id=sent.message_id, outcome=outcome.kind, took_ms=outcome.took_ms
            )
        match outcome.kind:
            case OutcomeKind.ACCEPTED:
                self.accepted.append((sent, outcome))
                self.finished.append(sent.entry_id)
            case OutcomeKind.REJECTED:
                self._end(sent, S.REJECTED, outcome)
            case OutcomeKind.NOT_SENT:
                self._try_again(sent, outcome, DELAYS[min(sent.attempt, len(DELAYS)) - 1])
            case OutcomeKind.UNKNOWN:
                if sent.paid or sent.attempt >= MAX_FREE_ATTEMPTS:
                    self._end(sent, S.UNKNOWN, outcome)
                else:
                    self._try_again(sent, outcome, DELAYS[0])

    def _accept(self) -> None:
        ids = {sent.message_id: outcome.mobiletech_id or "" for sent, outcome in self.accepted}
        bound = accept(self.session, ids)
        if bound:  # one line for all of a round: a line for each cost a worker six parts in a hundred
            log.info("sends_accepted", outbound_ids=sorted(bound))
        for message_id in ids.keys() - bound:
            log.error("accepted_too_late", outbound_id=message_id, mobiletech_id=ids[message_id])
        reports = [
            {"mobiletech_id": outcome.mobiletech_id, "status": status}
            for _, outcome in self.accepted
            for status in outcome.statuses
        ]
        if reports:
            self.session.execute(insert(StatusReport), reports)

    def _end(self, sent: Sent, state: S, outcome: Outcome) -> None:
        move(self.session, [sent.message_id], from_=(S.SENDING,), to=state, state_reason=outcome.detail)
        self.finished.append(sent.entry_id)

    def _try_again(self, sent: Sent, outcome: Outcome, delay: timedelta) -> None:
        move(self.session, [sent.message_id], from_=(S.SENDING,), to=S.QUEUED, state_reason=outcome.detail)
        put_off(self.session, [sent.entry_id], delay)

    def _log_attempts(self, results: Sequence[tuple[Sent, Outcome]]) -> None:
        attempts = [
            {
                "outbound_message_id": sent.message_id,
                "outcome": outcome.kind,
                "detail": outcome.detail,
                "http_status": outcome.http_status,
                "reply": outcome.reply,
                "took_ms": outcome.took_ms,
            }
            for sent, outcome in results
        ]
        self.session.execute(insert(SendAttempt), attempts)
