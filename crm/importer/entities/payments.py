"""Import what was paid, with the subscription that it paid for and the way to pay again.

Only successful payments come in. One that is here by an import is never paid anew or changed: what describes it (the
remark, where it was paid from) follows the file, but a row with another amount, day, person, key or period is refused,
for renewals and reports already count on it. A payment made here is none of an import's business.
Source: behaviour.md 8.5, 8.6, 3.9 and 7.3.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple

from sqlalchemy import update

from crm.core.errors import N_
from crm.importer import kinds
from crm.importer.batches import Batch, Outcome, differing
from crm.importer.claims import Key
from crm.importer.columns import EXTERNAL_ID, Column, Entity, Line
from crm.importer.errors import CellError
from crm.importer.faults import Fault
from crm.importer.payment_rules import SINGLE, Resolved, find_known, refuse_changes, resolve
from crm.importer.payment_writing import write_payments
from crm.importer.people import USER_COLUMNS, find_people
from crm.payments.models import Payment
from crm.payments.statuses import PaymentStatus
from crm.sms_billing.gateways import MobiletechRecurrentGateway

RECURRENT = MobiletechRecurrentGateway.code
# What may follow the file: it says something about a payment, and nothing counts on it.
DESCRIBES = ("note", "ip", "user_agent", "referer", "additional_amount", "additional_type")


class PaymentRecord(NamedTuple):
    """One row of the file."""

    external_id: str | None
    variable_symbol: str
    user_external_id: str | None
    user_email: str | None
    user_phone: str | None
    amount: Decimal
    currency: str
    status: str
    payment_gateway: str
    subscription_type: str
    subscription_start_at: datetime | None
    subscription_end_at: datetime | None
    paid_at: datetime
    created_at: datetime | None
    cid: str
    billkey: str
    template: str
    template_params: Mapping[str, Any]
    recurrent_charge: bool
    note: str | None
    ip: str | None
    user_agent: str | None
    referer: str | None
    additional_amount: Decimal | None
    additional_type: str | None


def _paid(value: str) -> str:
    if value != PaymentStatus.PAID:
        raise CellError(
            "status", N_("Only successful payments are imported: leave out all that are not paid.")
        )
    return value


COLUMNS = (
    EXTERNAL_ID,
    Column(
        name="variable_symbol",
        read=kinds.code,
        must=True,
        told=N_("Its variable symbol; no two payments have the same."),
    ),
    *USER_COLUMNS,
    Column(
        name="amount",
        read=kinds.amount,
        must=True,
        told=N_("What was paid, such as 4.90: just the price of the billing key."),
    ),
    Column(name="currency", read=kinds.currency, otherwise="EUR", told=N_("The currency; EUR if left out.")),
    Column(
        name="status",
        read=_paid,
        otherwise=str(PaymentStatus.PAID),
        told=N_("Always paid: only successful payments are imported."),
    ),
    Column(
        name="payment_gateway",
        read=kinds.one_of(RECURRENT, SINGLE),
        otherwise=RECURRENT,
        told=N_("mobiletech_recurrent, which is charged again, or mobiletech for once."),
    ),
    Column(
        name="subscription_type",
        read=kinds.code,
        must=True,
        told=N_("The code of the subscription type that was paid for."),
    ),
    Column(
        name="subscription_start_at",
        told=N_(
            "When the subscription that it paid for begins; when it was paid if left out, whatever ran then."
        ),
    ),
    Column(
        name="subscription_end_at",
        told=N_(
            "The first moment after that subscription; as long as the type lasts from its start if left out."
        ),
    ),
    Column(name="paid_at", must=True, told=N_("When it was paid.")),
    Column(name="created_at", told=N_("When it was begun; when it was paid if left out.")),
    Column(
        name="cid",
        read=kinds.code,
        must=True,
        told=N_("The gateway's id of the reader's message that began it: by it the reader is charged again."),
    ),
    Column(name="billkey", read=kinds.code, must=True, told=N_("The billing key that charged it.")),
    Column(name="template", read=kinds.code, must=True, told=N_("The code of the text that charged it.")),
    Column(
        name="template_params",
        read=kinds.json_object,
        otherwise={},
        told=N_("What the text was filled with, as a JSON object; {} if left out."),
    ),
    Column(
        name="recurrent_charge",
        read=kinds.flag,
        otherwise=False,
        told=N_("1 if it was a renewal, 0 if the reader ordered it."),
    ),
    Column(name="note", read=kinds.note, told=N_("A remark of staff.")),
    Column(name="ip", read=kinds.text, told=N_("The network address that it was begun from.")),
    Column(name="user_agent", read=kinds.note, told=N_("The browser that it was begun in.")),
    Column(name="referer", read=kinds.note, told=N_("The page that it was begun on.")),
    Column(
        name="additional_amount",
        read=kinds.price,
        told=N_("What was given beside the price, for information."),
    ),
    Column(
        name="additional_type",
        read=kinds.one_of("single", "recurrent"),
        told=N_("Whether that was given once or each time: single or recurrent."),
    ),
)


def check(record: PaymentRecord) -> Sequence[Fault]:
    """Return what is wrong with the row as a whole."""
    faults: list[Fault] = []
    start, end = record.subscription_start_at or record.paid_at, record.subscription_end_at
    if end is not None and end < start:
        told = N_("The subscription would end before it begins.")
        faults.append(_fault("subscription_end_at", end, "end_before_start", told))
    if record.created_at is not None and record.created_at > record.paid_at:
        told = N_("It was paid before it was begun; leave this empty if it is not known.")
        faults.append(_fault("created_at", record.created_at, "created_after_paid", told))
    return faults


def load(batch: Batch, lines: Sequence[Line[PaymentRecord]]) -> None:
    """Write the payments of a batch."""
    people = find_people(batch, lines, must=True)
    resolved = resolve(batch, lines, people)
    known = find_known(batch, lines)
    refuse_changes(batch, lines, known, resolved)
    batch.claim(
        lines,
        Key("variable_symbol", lambda line: line.record.variable_symbol),
        Key("external_id", lambda line: line.record.external_id),
    )
    fresh: list[tuple[PaymentRecord, Resolved]] = []
    changes: list[dict[str, Any]] = []
    for line in batch.open(lines):
        row = known.get(line.number)
        changed = {} if row is None else _changes(line.record, row)
        if row is None:
            fresh.append((line.record, resolved[line.number]))
            batch.settle(line.number, Outcome.INSERTED)
        else:
            changes += [{"id": row["id"], **changed}] if changed else []
            batch.settle_here(line.number, changed)
    write_payments(batch, fresh)
    if changes:
        batch.session.execute(update(Payment), changes)


def _fault(column: str, at: datetime, code: str, told: str) -> Fault:
    return Fault(column=column, value=str(at), code=code, message=told)


def _changes(record: PaymentRecord, row: Mapping[str, Any]) -> dict[str, Any]:
    """Return what describes the payment and is another in the file; an empty cell says nothing, as a missing one."""
    wanted = {name: getattr(record, name) for name in DESCRIBES}
    if row["external_id"] is None:
        wanted["external_id"] = record.external_id
    return differing(row, {name: value for name, value in wanted.items() if value is not None})


PAYMENTS = Entity(
    name="payments",
    title=N_("Payments"),
    summary=N_("What was paid, with the subscriptions that it paid for and the ways to pay again."),
    columns=COLUMNS,
    record=PaymentRecord,
    check=check,
    load=load,
)
