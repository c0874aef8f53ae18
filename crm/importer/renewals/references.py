"""Whom a renewal of a file charges, what it follows, and what it renews: by the keys of the source, or refused."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select, text

from crm.core.copying import among
from crm.core.errors import N_
from crm.importer.batches import Batch
from crm.importer.columns import Line
from crm.importer.integrity.questions import BY_SMS
from crm.importer.payment_references import find_payments
from crm.importer.people import find_people
from crm.importer.renewals.records import GATEWAY, RenewalRecord, is_open
from crm.mobiletech.models import InboundMessage
from crm.payments.gateways import gateway_id
from crm.payments.models import Payment
from crm.payments.statuses import PaymentStatus, RecurrentState
from crm.payments.trials import BEGAN_BY
from crm.subscriptions.models import SubscriptionType

Lines = Sequence[Line[RenewalRecord]]
PARENT, PAYMENT = "parent_payment_external_id", "payment_external_id"
PAID = (PaymentStatus.PAID,)
WAS_PAID = (PaymentStatus.PAID, PaymentStatus.REFUND)

# The reader's last payment of the message by which it began, else the last one by SMS at all; of a charged row it
# is one before its own.
_LAST_PAID = text(f"""
    SELECT wanted.line, last.id FROM unnest(
        CAST(:lines AS bigint[]), CAST(:users AS bigint[]), CAST(:inbounds AS text[]), CAST(:befores AS timestamptz[])
    ) AS wanted (line, user_id, inbound_id, before), LATERAL (
        SELECT payment.id FROM payments AS payment
        LEFT JOIN payment_meta AS meta
          ON meta.payment_id = payment.id AND meta.key = '{BEGAN_BY}'
        WHERE payment.user_id = wanted.user_id AND payment.status = 'paid'
          AND payment.payment_gateway_id {BY_SMS}
          AND (wanted.before IS NULL OR payment.paid_at < wanted.before)
        ORDER BY coalesce(meta.value = wanted.inbound_id, false) DESC, payment.paid_at DESC, payment.id DESC LIMIT 1
    ) AS last
""")  # noqa: S608 - put together from constants


@dataclass(frozen=True, slots=True)
class Origin:
    """The message by which a renewal began."""

    id: int
    number: str
    received_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A subscription type, as far as it matters here."""

    id: int
    code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolved:
    """A line whose references are all here."""

    line: Line[RenewalRecord]
    user_id: int
    origin: Origin
    kind: Kind
    next_kind: Kind | None
    parent: Mapping[str, Any]
    payment: Mapping[str, Any] | None

    @property
    def number(self) -> int:
        """The line in the file."""
        return self.line.number

    @property
    def record(self) -> RenewalRecord:
        """What stands in it."""
        return self.line.record


def resolve(batch: Batch, lines: Lines) -> list[Resolved]:
    """Return the lines whose references are here; the others are refused."""
    people = find_people(batch, lines, must=True)
    parents = find_payments(batch, lines, "parent_", must=False)
    charged = [line for line in lines if line.record.state == RecurrentState.CHARGED]
    payments = find_payments(batch, charged, "", must=True)
    origins, types = _find_origins(batch, lines), _find_types(batch, lines)
    going = batch.open(lines)
    parents |= _find_last_paid(
        batch, [each for each in going if each.number not in parents], people, origins, payments
    )
    for line in going:
        _check_payments(batch, line, people[line.number], parents.get(line.number), payments.get(line.number))
    return [
        Resolved(
            line=line,
            user_id=people[line.number],
            origin=origins[line.record.cid],
            kind=types[line.record.subscription_type],
            next_kind=types[line.record.next_subscription_type]
            if line.record.next_subscription_type
            else None,
            parent=parents[line.number],
            payment=payments.get(line.number),
        )
        for line in batch.open(lines)
    ]


def refuse_unpaid(batch: Batch, each: Resolved) -> None:
    """Refuse a renewal that follows, or was charged by, what was not paid, or was given back before it is charged."""
    needed = PAID if is_open(each.record) else WAS_PAID
    for column, row in {PARENT: each.parent, PAYMENT: each.payment}.items():
        if row is not None and row["status"] not in needed:
            told = N_("This payment is not paid, so nothing follows it: it is %(status)s.")
            batch.refuse(each.number, column, "not_paid", told, value=_name(row), status=row["status"])


def _find_origins(batch: Batch, lines: Lines) -> Mapping[str, Origin]:
    wanted = {line.record.cid for line in batch.open(lines)}
    found = select(
        InboundMessage.mobiletech_id, InboundMessage.id, InboundMessage.from_, InboundMessage.receive_date
    ).where(among(InboundMessage.mobiletech_id, wanted))
    origins = {row[0]: Origin(row[1], row[2], row[3]) for row in batch.session.execute(found)}
    for line in batch.open(lines):
        if line.record.cid not in origins:
            told = N_("There is no such message from a reader; import inbound-messages first.")
            batch.refuse(line.number, "cid", "unknown_inbound", told, value=line.record.cid)
    return origins


def _find_types(batch: Batch, lines: Lines) -> Mapping[str, Kind]:
    found = select(SubscriptionType.code, SubscriptionType.id)
    types = {code: Kind(id=id_, code=code) for code, id_ in batch.session.execute(found)}
    for line in batch.open(lines):
        record = line.record
        named = {
            "subscription_type": record.subscription_type,
            "next_subscription_type": record.next_subscription_type,
        }
        for column, code in named.items():
            if code is not None and code not in types:
                told = N_("There is no such subscription type; import subscription-types first.")
                batch.refuse(line.number, column, "unknown_subscription_type", told, value=code)
    return types


def _find_last_paid(
    batch: Batch,
    lines: Lines,
    people: Mapping[int, int],
    origins: Mapping[str, Origin],
    payments: Mapping[int, Mapping[str, Any]],
) -> dict[int, Mapping[str, Any]]:
    if not lines:
        return {}
    own = [payments.get(line.number) for line in lines]
    values = {
        "lines": [line.number for line in lines],
        "users": [people[line.number] for line in lines],
        "inbounds": [str(origins[line.record.cid].id) for line in lines],
        "befores": [payment["paid_at"] if payment else None for payment in own],
    }
    ids = {row.line: row.id for row in batch.session.execute(_LAST_PAID, values)}
    rows = _read_payments(batch, set(ids.values()))
    for line in lines:
        if line.number not in ids:
            told = N_("The reader has no paid payment by SMS that it could follow; import payments first.")
            batch.refuse(line.number, PARENT, "no_parent_payment", told)
    return {line: rows[payment_id] for line, payment_id in ids.items()}


def _read_payments(batch: Batch, ids: Collection[int]) -> Mapping[int, Mapping[str, Any]]:
    found = select(*Payment.__table__.columns).where(among(Payment.id, ids))
    return {row["id"]: dict(row) for row in batch.session.execute(found).mappings()}


def _check_payments(
    batch: Batch,
    line: Line[RenewalRecord],
    user_id: int,
    parent: Mapping[str, Any] | None,
    payment: Mapping[str, Any] | None,
) -> None:
    """Refuse a renewal that follows, or was charged by, what somebody else paid."""
    if parent is None:
        return
    told = N_("This payment is of another person than the renewal.")
    for column, row in {PARENT: parent, PAYMENT: payment}.items():
        if row is not None and row["user_id"] != user_id:
            batch.refuse(line.number, column, "user_differs", told, value=_name(row))
    if payment is not None and payment["id"] == parent["id"]:
        told = N_("A renewal follows the payment before it, not the one by which it was charged.")
        batch.refuse(line.number, PARENT, "own_payment", told, value=_name(parent))


def _name(payment: Mapping[str, Any]) -> str:
    return str(payment["external_id"] or payment["variable_symbol"])


def own_gateway(batch: Batch) -> int:
    """Return the id of the gateway by which all of them are charged."""
    return gateway_id(batch.session, GATEWAY)
