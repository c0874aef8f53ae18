"""What must hold after every step of every story, whatever happened."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from itertools import pairwise

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from crm.audit import INVARIANTS, run_audit
from crm.core.db import transaction
from crm.core.phone import to_international
from crm.events.models import OutboxEntry
from crm.mobiletech.models import OutboundMessage
from crm.payments.chains import SUPERSEDED
from crm.payments.models import Payment, RecurrentPayment
from crm.payments.statuses import OPEN, STOPS, RecurrentState
from crm.sms_billing.outcomes import is_unproven
from crm.subscriptions.models import Subscription
from crm.users.phones import find_phones_of
from tests.money_model.world import ModelGateway

R = RecurrentState
# Such findings are part of a story: strangers' reports, contradictions, a person or a worker that is late.
TOLD = {
    "orphan_status",
    "conflict",
    "unknown_too_long",
    "work_overdue",
    "inbound_not_handled",
    "work_dead",
    "sending_after_lease",
    "renewals_overdue",
    "payment_waits_too_long",
}

# All of the audit's questions at once, for they are asked after every step.
_AUDIT = text(
    " UNION ALL ".join(
        f"SELECT 1 WHERE EXISTS ({invariant.query})" for invariant in INVARIANTS if invariant.name not in TOLD
    )
)


class Tables:
    """All that the money has written down; read in one transaction."""

    def __init__(self, session: Session) -> None:
        self.payments = session.execute(select(Payment).order_by(Payment.id)).scalars().all()
        self.rows = session.execute(select(RecurrentPayment).order_by(RecurrentPayment.id)).scalars().all()
        self.subscriptions = {row.id: row for row in session.execute(select(Subscription)).scalars()}
        self.messages: defaultdict[int, list[OutboundMessage]] = defaultdict(list)
        found = select(OutboundMessage).where(OutboundMessage.payment_id.is_not(None))
        for message in session.execute(found.order_by(OutboundMessage.id)).scalars():
            self.messages[message.payment_id or 0].append(message)
        ready = select(OutboxEntry.payload).where(OutboxEntry.state != "done")
        payloads = session.execute(ready).scalars().all()
        self.waiting = {payload.get("mobiletech_outbound_message_id") for payload in payloads}
        self.chains: defaultdict[int, list[RecurrentPayment]] = defaultdict(list)
        for row in self.rows:
            self.chains[row.payment_method_id].append(row)
        self.phones = find_phones_of(session, {payment.user_id for payment in self.payments})


@dataclass(frozen=True, slots=True)
class View:
    """What the next steps of a story want to know. Shape: numbers in the gateway's spelling."""

    busy: frozenset[str] = frozenset()  # who orders nothing now
    known: frozenset[str] = frozenset()  # who ordered ever
    open_rows: bool = False
    stopped_rows: bool = False
    on_their_way: bool = False
    silent: bool = False
    unproven: tuple[int, ...] = ()  # ids of our SMS, as are those held
    held: tuple[int, ...] = ()
    believed_failed: tuple[str, ...] = ()  # the gateway's ids of their SMS
    next_charge_at: datetime | None = None


class Witness:
    """Looks after each step, and remembers what it saw."""

    def __init__(self, gateway: ModelGateway) -> None:
        self.gateway = gateway
        self.seen_failed: set[int] = set()
        self.seen_paid: set[int] = set()

    def check(self) -> View:
        """Assert every promise; return what the next steps want to know."""
        with transaction() as session:
            tables = Tables(session)
            self._remember(tables)
            assert self.gateway.faults == []
            self._paid_is_billed(tables)
            self._periods_are_their_own(tables)
            self._a_period_is_charged_once(tables)
            self._chains_are_whole(tables)
            self._stopped_is_stopped(tables)
            self._failures_are_told(tables)
            if session.execute(_AUDIT).all():
                findings = [each for each in run_audit(session) if each.invariant.name not in TOLD]
                assert findings == []
            return _view(tables)

    def check_nothing_hangs(self) -> None:
        """Assert that what has no outcome in the end waits for a person, and says so."""
        with transaction() as session:
            tables = Tables(session)
            for payment in tables.payments:
                if payment.status == "form":
                    message = tables.messages[payment.id][-1]
                    assert message.state == "held" or is_unproven(message), (
                        f"payment {payment.id} hangs: its SMS is {message.state}, {message.status}"
                    )

    def _remember(self, tables: Tables) -> None:
        for payment in tables.payments:
            if payment.id in self.seen_paid:
                assert payment.status == "paid", f"payment {payment.id} was paid and is {payment.status}"
            if payment.status == "paid":
                self.seen_paid.add(payment.id)
            if payment.status == "fail":
                self.seen_failed.add(payment.id)

    def _paid_is_billed(self, tables: Tables) -> None:
        paid = billed = Decimal(0)
        for payment in tables.payments:
            messages = tables.messages[payment.id]
            proofs = [message for message in messages if message.billing == "billed"]
            if any(message.id in tables.waiting for message in messages):
                continue  # its report is being worked on
            is_paid = payment.status == "paid"
            assert is_paid == bool(proofs), f"payment {payment.id} is {payment.status}, {len(proofs)} billed"
            by_gateway = [message for message in messages if message.resent_as is not None]
            assert len(proofs) <= 1 + len(by_gateway), f"payment {payment.id} was billed {len(proofs)} times"
            paid += payment.amount if is_paid else 0
            billed += payment.amount if proofs else 0
        assert paid == billed

    def _periods_are_their_own(self, tables: Tables) -> None:
        periods: defaultdict[int, list[Subscription]] = defaultdict(list)
        for payment in tables.payments:
            assert (payment.status == "paid") == (payment.subscription_id is not None), payment.id
            if payment.subscription_id is not None:
                periods[payment.user_id].append(tables.subscriptions[payment.subscription_id])
        for theirs in periods.values():
            for former, later in pairwise(sorted(theirs, key=lambda each: each.start_time)):
                assert former.end_time <= later.start_time, f"periods {former.id} and {later.id} overlap"

    def _a_period_is_charged_once(self, tables: Tables) -> None:
        charged: defaultdict[int, list[int]] = defaultdict(list)
        for row in tables.rows:
            if row.state == R.CHARGED:
                charged[row.period_payment_id].append(row.payment_id or 0)
        for period, payment_ids in charged.items():
            surprises = [each for each in payment_ids if each in self.seen_failed]
            assert len(payment_ids) <= 1 or len(payment_ids) - len(surprises) <= 1, (
                f"the period after payment {period} was charged by {payment_ids}"
            )

    def _chains_are_whole(self, tables: Tables) -> None:
        paid = {payment.id for payment in tables.payments if payment.status == "paid"}
        for rows in tables.chains.values():
            assert rows[0].parent_payment_id in paid
            open_rows = [row for row in rows if row.state in OPEN]
            last = rows[-1]
            if open_rows:
                assert len(open_rows) == 1, f"{len(open_rows)} open renewals"
                assert open_rows[0].charge_at is not None
            else:
                assert last.state in STOPS and last.note != SUPERSEDED, (
                    f"no renewal is open, and the last one, {last.id}, is {last.state}"
                )
        open_ones = [(row.user_id, row.subscription_type_id) for row in tables.rows if row.state in OPEN]
        assert len(open_ones) == len(set(open_ones)), "a reader is charged twice for one type"
        began = {rows[0].user_id for rows in tables.chains.values()}
        first = [each for each in tables.payments if each.status == "paid" and not each.recurrent_charge]
        assert {payment.user_id for payment in first} == began

    def _stopped_is_stopped(self, tables: Tables) -> None:
        for row in tables.rows:
            if to_international(tables.phones[row.user_id]) in self.gateway.stopped:
                planned = row.state == R.ACTIVE or (row.state == R.PENDING and row.stop_wanted is None)
                assert not planned, f"the reader stopped, and renewal {row.id} is {row.state}"

    def _failures_are_told(self, tables: Tables) -> None:
        for payment in tables.payments:
            told = payment.failure is not None and bool(payment.error_message)
            assert (payment.status == "fail") == told, (
                f"payment {payment.id} is {payment.status}: {payment.failure}"
            )
        for row in tables.rows:
            if row.state == R.CHARGE_FAILED:
                assert row.failure is not None and row.approval


def _view(tables: Tables) -> View:
    open_rows = [row for row in tables.rows if row.state in OPEN]
    first = [each for each in tables.payments if each.status == "form" and not each.recurrent_charge]
    busy = {tables.phones[each.user_id] for each in (*open_rows, *first)}
    messages = [message for rows in tables.messages.values() for message in rows]
    active = [row.charge_at for row in open_rows if row.state == R.ACTIVE and row.paused_at is None]
    return View(
        busy=frozenset(to_international(number) for number in busy),
        known=frozenset(to_international(number) for number in tables.phones.values()),
        open_rows=bool(open_rows),
        stopped_rows=any(row.state in STOPS for row in tables.rows),
        on_their_way=any(message.state in ("queued", "accepted") for message in messages),
        silent=any(message.state == "accepted" and message.status is None for message in messages),
        unproven=tuple(message.id for message in messages if is_unproven(message)),
        held=tuple(message.id for message in messages if message.state == "held"),
        believed_failed=tuple(
            message.mobiletech_id
            for payment in tables.payments
            if payment.status == "fail"
            for message in tables.messages[payment.id]
            if message.mobiletech_id is not None
        ),
        next_charge_at=min(active, default=None),
    )
