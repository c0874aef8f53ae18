"""What must hold of an imported message to a reader: what it names is here, and a payment that it charged fits it.

Source: behaviour.md 8.4 and R6 of 8.8.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol, TypeVar

from sqlalchemy import bindparam, select, text
from sqlalchemy.orm import Session

from crm.core.copying import among
from crm.core.errors import N_
from crm.importer.batches import Batch
from crm.importer.columns import Line
from crm.importer.named import Inbound, list_billkeys, list_inbounds, list_template_ids
from crm.importer.payment_rules import CODES
from crm.importer.people import NamesUser
from crm.mobiletech.catalogue.billkeys import Kind
from crm.mobiletech.catalogue.models import Billkey
from crm.mobiletech.models import OutboundMessage
from crm.payments.gateways import gateway_codes
from crm.sms_billing.metas import BILLKEY, INBOUND, PARAMS, TEMPLATE


class SentRecord(NamesUser, Protocol):
    """A record of a message."""

    @property
    def external_id(self) -> str | None: ...
    @property
    def mobiletech_id(self) -> str: ...
    @property
    def payment_external_id(self) -> str | None: ...
    @property
    def payment_variable_symbol(self) -> str | None: ...
    @property
    def rcv_msg_id(self) -> str | None: ...
    @property
    def template(self) -> str: ...
    @property
    def status(self) -> str | None: ...
    @property
    def billkey(self) -> str: ...
    @property
    def from_(self) -> str: ...
    @property
    def to(self) -> str: ...
    @property
    def operator_type(self) -> str: ...
    @property
    def created_at(self) -> datetime | None: ...
    @property
    def sent_at(self) -> datetime | None: ...
    @property
    def began_at(self) -> datetime: ...


S = TypeVar("S", bound=SentRecord)
Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Known:
    """Messages that are here already, by line: those of an import, and those that were sent from here."""

    imported: Mapping[int, Row]
    live: Mapping[int, Row]


@dataclass(frozen=True, slots=True)
class Resolved:
    """What a row names, as we know it."""

    user_id: int | None
    payment: Row | None
    template_id: int
    is_paid: bool


@dataclass(frozen=True, slots=True)
class _Named:
    """What the rows of a batch name, by its name."""

    templates: Mapping[str, int]
    billkeys: Mapping[str, Billkey]
    inbounds: Mapping[str, Inbound]
    gateways: Mapping[int, str]
    metas: Mapping[int, tuple[str | None, int]]  # a payment's billing key, and how many metas it has


_METAS = text("""
    SELECT payment_id, max(value) FILTER (WHERE key = :billkey), count(*)
    FROM payment_meta WHERE payment_id = ANY(:ids) AND key = ANY(:keys) GROUP BY payment_id
""").bindparams(bindparam("keys", [BILLKEY, INBOUND, TEMPLATE, PARAMS]), bindparam("billkey", BILLKEY))
_ALL_METAS = 4


def find_known(batch: Batch, lines: Sequence[Line[S]]) -> Known:
    """Return the messages that are here already; a line whose id of the old system is another's is refused."""
    wanted = {line.record.mobiletech_id for line in lines}
    external = {line.record.external_id for line in lines if line.record.external_id}
    columns = select(*OutboundMessage.__table__.columns)
    others = OutboundMessage.import_id.is_distinct_from(batch.context.import_id)
    found = columns.where(among(OutboundMessage.mobiletech_id, wanted), others)
    rows = {row["mobiletech_id"]: dict(row) for row in batch.session.execute(found).mappings()}
    holders = select(OutboundMessage.external_id, OutboundMessage.mobiletech_id).where(
        among(OutboundMessage.external_id, external), others
    )
    taken = {row[0]: row[1] for row in batch.session.execute(holders)} if external else {}
    known = Known(imported={}, live={})
    for line in lines:
        row, holder = rows.get(line.record.mobiletech_id), taken.get(line.record.external_id)
        if holder not in (None, line.record.mobiletech_id):
            told = N_("The message %(mobiletech_id)s has this id of the old system already.")
            refuse(batch, line, "external_id", "taken", told, mobiletech_id=holder)
        if row is not None:
            (known.imported if row["import_id"] is not None else known.live)[line.number] = row  # type: ignore[index]
    return known


def resolve(
    batch: Batch, lines: Sequence[Line[S]], people: Mapping[int, int], payments: Mapping[int, Row]
) -> dict[int, Resolved]:
    """Return what each line names; one that names what is not here, or breaks a rule, is refused."""
    named = _look_up(batch.session, [line.record for line in lines], payments.values())
    resolved: dict[int, Resolved] = {}
    for line in lines:
        record, payment = line.record, payments.get(line.number)
        template_id, key = named.templates.get(record.template), named.billkeys.get(record.billkey)
        if template_id is None:
            told = N_("There is no such template; import templates first.")
            refuse(batch, line, "template", "unknown_template", told)
        if key is None:
            told = N_("There is no such billing key; import billkeys first.")
            refuse(batch, line, "billkey", "unknown_billkey", told)
        for place, at in (("created_at", record.created_at), ("sent_at", record.sent_at)):
            if at is not None and at > batch.context.now:
                refuse(batch, line, place, "in_future", N_("This is yet to come: it was not sent."))
        user_id = people.get(line.number)
        if payment is not None:
            _check_payment(batch, line, payment, named, user_id)
            user_id = user_id or payment["user_id"]
            if key is not None:
                _check_price(batch, line, payment, key)
        _check_sender(batch, line, named, user_id)
        if template_id is not None and key is not None:
            resolved[line.number] = Resolved(user_id, payment, template_id, key.kind == Kind.PAID)
    return resolved


def refuse_changes(
    batch: Batch, lines: Sequence[Line[S]], known: Mapping[int, Row], resolved: Mapping[int, Resolved]
) -> None:
    """Refuse a line that would say something else of whom a message charged, and for what."""
    for line in lines:
        row, named = known.get(line.number), resolved.get(line.number)
        if row is None or named is None:
            continue
        record = line.record
        facts = {
            _first(record, "user_external_id", "user_email", "user_phone"): ("user_id", named.user_id),
            payment_column(record): ("payment_id", named.payment and named.payment["id"]),
            "rcv_msg_id": ("rcv_msg_id", record.rcv_msg_id),
            "billkey": ("billkey", record.billkey),
            "from": ("from", record.from_),
            "to": ("to", record.to),
            "operator_type": ("operator_type", record.operator_type),
            _first(record, "created_at", "sent_at"): ("created_at", record.began_at),
        }
        for column, (name, wanted) in facts.items():
            if None not in (row[name], wanted) and row[name] != wanted:
                told = N_(
                    "The message is here with another value; whom it went to, when, and what it charged is not"
                    " changed by an import. Put back what the file had, or leave the row out."
                )
                refuse(batch, line, column, "differs", told)


def payment_column(record: SentRecord) -> str:
    """Return the column by which a row names its payment."""
    return _first(record, "payment_external_id", "payment_variable_symbol")


def refuse(batch: Batch, line: Line[S], column: str, code: str, told: str, **fields: object) -> None:
    """Keep a line out for what stands in a column."""
    value = getattr(line.record, "from_" if column == "from" else column) or ""
    batch.refuse(line.number, column, code, told, value=value, **fields)


def _check_sender(batch: Batch, line: Line[S], named: _Named, user_id: int | None) -> None:
    """What was answered is here, and the reader's own: by it a renewal shows that they were asked."""
    answered = line.record.rcv_msg_id
    if answered is None:
        return
    if answered not in named.inbounds:
        told = N_("There is no such message from a reader; import inbound-messages first.")
        refuse(batch, line, "rcv_msg_id", "unknown_inbound", told)
    elif None not in (sender := named.inbounds[answered].user_id, user_id) and sender != user_id:
        told = N_("The message that it answered is another person's.")
        refuse(batch, line, "rcv_msg_id", "inbound_of_other_user", told)


def _check_payment(batch: Batch, line: Line[S], payment: Row, named: _Named, user_id: int | None) -> None:
    column = payment_column(line.record)
    billkey, count = named.metas.get(payment["id"], (None, 0))
    if payment["import_id"] is None:
        told = N_("This payment was made here, and so was its message.")
        refuse(batch, line, column, "payment_not_imported", told)
    if named.gateways[payment["payment_gateway_id"]] not in CODES:
        refuse(batch, line, column, "payment_gateway", N_("This payment was not paid by SMS."))
    if user_id not in (None, payment["user_id"]):
        refuse(batch, line, column, "payment_of_other_user", N_("This payment is another person's."))
    if count < _ALL_METAS:
        told = N_("This payment does not say by which message it was charged; import it anew.")
        refuse(batch, line, column, "payment_without_metas", told)
    elif billkey != line.record.billkey:
        told = N_("The payment was charged on the billing key %(billkey)s.")
        refuse(batch, line, "billkey", "billkey_differs", told, billkey=billkey)


def _check_price(batch: Batch, line: Line[S], payment: Row, key: Billkey) -> None:
    if (payment["amount"], payment["currency"]) != (key.price, key.currency):
        told = N_(
            "The billing key charges %(price)s %(key_currency)s, the payment is of %(amount)s %(currency)s."
        )
        places = {"price": key.price, "key_currency": key.currency}
        paid = {"amount": payment["amount"], "currency": payment["currency"]}
        refuse(batch, line, "billkey", "amount_differs", told, **places, **paid)


def _look_up(session: Session, records: Sequence[SentRecord], payments: Iterable[Row]) -> _Named:
    ids = {row["id"] for row in payments}
    answered = {each.rcv_msg_id for each in records if each.rcv_msg_id}
    metas = session.execute(_METAS, {"ids": list(ids)}) if ids else ()
    return _Named(
        templates=list_template_ids(session, {each.template for each in records}),
        billkeys=list_billkeys(session, {each.billkey for each in records}),
        inbounds=list_inbounds(session, answered),
        gateways=gateway_codes(session),
        metas={payment_id: (billkey, count) for payment_id, billkey, count in metas},
    )


def _first(record: SentRecord, *columns: str) -> str:
    """Return the first of the columns that the row fills, or the first of all."""
    return next((column for column in columns if getattr(record, column)), columns[0])
