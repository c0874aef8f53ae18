"""The world of a story: readers who order and stop, a gateway that charges, people who decide; all tables empty."""

from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from flask.testing import FlaskClient
from sqlalchemy import Engine, select

from crm.core.clock import db_now
from crm.core.db import db, transaction
from crm.mobiletech.client import Outcome
from crm.mobiletech.wire.commands import Send
from tests.conftest import Clock, _empty_tables
from tests.factories.flows import set_up_keywords, write
from tests.fakes import FakeGateway, accepted

NUMBERS = ("+421908000001", "+421908000002", "+421908000003")
LENGTH = timedelta(days=30)

# What is known of the payment whose SMS is being handed over, and of the others of its period and chain.
_AT_HANDOVER = """
    SELECT payment.id, payment.status, row.state, row.stop_wanted, row.paused_at IS NOT NULL AS is_paused,
           (SELECT count(*) FROM recurrent_payments AS other
            JOIN payments AS earlier ON earlier.id = other.payment_id
            WHERE other.period_payment_id = row.period_payment_id AND other.id <> row.id
              AND earlier.status <> 'fail') AS undecided,
           crm_now() - (SELECT max(paid.paid_at) FROM payments AS paid WHERE paid.id IN (
               SELECT link.parent_payment_id FROM recurrent_payments AS link
               WHERE link.payment_method_id = row.payment_method_id
               UNION SELECT link.payment_id FROM recurrent_payments AS link
               WHERE link.payment_method_id = row.payment_method_id)) AS since_paid
    FROM mobiletech_outbound_messages AS message
    JOIN payments AS payment ON payment.id = message.payment_id
    LEFT JOIN recurrent_payments AS row ON row.payment_id = payment.id
    WHERE message."to" = %s AND message.state = 'sending'
"""


class _Look(NamedTuple):
    payment_id: int
    status: str
    state: str | None
    stop_wanted: str | None
    is_paused: bool
    undecided: int
    since_paid: timedelta | None


@dataclass(slots=True)
class Handed:
    """An SMS that was handed to the gateway: it has that id there, whether we have heard of it or not."""

    number: str
    mobiletech_id: str
    known: bool


@dataclass
class ModelGateway(FakeGateway):
    """Answers from a script; at each handover it looks whether this SMS may be sent at all."""

    stopped: set[str] = field(default_factory=set)
    handed: list[Handed] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()
        self._engine = db.engine  # several SMS are handed over in threads, which know no application

    def send(self, message: Send, *, url: str, paid: bool) -> Outcome:
        """Take the message, or not, as the script says."""
        if paid:
            self.faults += find_faults(self._engine, message.to, message.to in self.stopped)
        outcome = super().send(message, url=url, paid=paid)
        if not paid:
            return outcome
        if outcome.mobiletech_id is None and outcome.kind == "unknown":
            self.handed.append(Handed(message.to, f"lost-{len(self.handed)}", known=False))
        elif outcome.mobiletech_id is not None:
            self.handed.append(Handed(message.to, outcome.mobiletech_id, known=True))
        return outcome


def find_faults(engine: Engine, number: str, is_stopped: bool) -> list[str]:
    """Return what forbids that the number's paid SMS is handed over now."""
    with closing(engine.raw_connection()) as raw:  # aside from what is watched, and struck
        with raw.cursor() as cursor:
            cursor.execute(_AT_HANDOVER, (number,))
            rows = [_Look(*row) for row in cursor.fetchall()]
        raw.rollback()
    faults = []
    for row in rows:
        if is_stopped:
            faults.append(f"payment {row.payment_id} is handed over after a STOP")
        if row.status != "form":
            faults.append(f"payment {row.payment_id} is handed over, and it is {row.status}")
        if row.state is not None and (row.state != "pending" or row.stop_wanted is not None):
            faults.append(
                f"payment {row.payment_id} is handed over, its renewal is {row.state} {row.stop_wanted}"
            )
        if row.undecided:
            faults.append(
                f"payment {row.payment_id} is handed over while another of its period may be billed"
            )
        if row.since_paid is not None and row.since_paid < 0.8 * LENGTH:
            faults.append(f"payment {row.payment_id} is handed over {row.since_paid} after the last paid one")
    return faults


@dataclass(slots=True)
class Stage:
    """What stories are told on; the same application for all of them."""

    clock: Clock
    gateway: ModelGateway
    client: FlaskClient
    ids: int = 0
    dated: datetime = datetime(2000, 1, 1, tzinfo=UTC)

    def begin_again(self) -> None:
        """Empty the tables, set the clock right, sell one type, know all readers."""
        db.session.rollback()
        db.session.remove()
        self.clock.offset = timedelta(0)
        _empty_tables()
        self.gateway.__init__()  # type: ignore[misc] # everything forgotten
        self.ids, self.dated = 0, read_now()
        set_up_keywords(mobiletech_max_paid_per_day="0")

    def write(self, content: str, number: str, *, run: bool = True, **overrides: str) -> None:
        """Let a reader write; the gateway's clock, which dates the SMS, never goes back as ours may."""
        self.dated = max(self.dated, read_now())
        write(self.client, content, number, written_at=self.dated, run=run, **overrides)

    def taken(self, *codes: str) -> Outcome:
        """Return that the gateway takes an SMS and reports codes about it at once."""
        self.ids += 1
        return accepted(f"id-{self.ids}", *codes)


def read_now() -> datetime:
    """Return the database's time."""
    with transaction() as session:
        return session.execute(select(db_now())).scalar_one()
