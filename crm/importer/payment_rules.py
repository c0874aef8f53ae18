"""What must hold of an imported payment: whose it is, what it names, and that it costs what its key charges.

Source: behaviour.md 8.5 and R6 of 8.8.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Protocol, TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.core.copying import among, by_indexes
from crm.core.errors import N_
from crm.importer.batches import Batch
from crm.importer.columns import Line
from crm.importer.named import Inbound, list_billkeys, list_inbounds, list_template_ids
from crm.importer.people import NamesUser
from crm.mobiletech.catalogue.billkeys import Kind
from crm.mobiletech.catalogue.models import Billkey
from crm.payments.gateways import gateway_id, gateways
from crm.payments.models import Payment
from crm.sms_billing.gateways import MobiletechGateway, MobiletechRecurrentGateway
from crm.sms_billing.metas import SmsMetas, read_metas
from crm.subscriptions.models import SubscriptionType

SINGLE = MobiletechGateway.code
CODES = (MobiletechRecurrentGateway.code, SINGLE)


class PaidRecord(NamesUser, Protocol):
    """A record of a payment."""

    @property
    def external_id(self) -> str | None: ...
    @property
    def variable_symbol(self) -> str: ...
    @property
    def amount(self) -> Decimal: ...
    @property
    def currency(self) -> str: ...
    @property
    def payment_gateway(self) -> str: ...
    @property
    def subscription_type(self) -> str: ...
    @property
    def subscription_start_at(self) -> datetime | None: ...
    @property
    def subscription_end_at(self) -> datetime | None: ...
    @property
    def paid_at(self) -> datetime: ...
    @property
    def created_at(self) -> datetime | None: ...
    @property
    def cid(self) -> str: ...
    @property
    def billkey(self) -> str: ...
    @property
    def template(self) -> str: ...
    @property
    def template_params(self) -> Mapping[str, Any]: ...
    @property
    def recurrent_charge(self) -> bool: ...


P = TypeVar("P", bound=PaidRecord)


@dataclass(frozen=True, slots=True)
class Resolved:
    """What a row names, as we know it."""

    user_id: int
    gateway_id: int
    is_recurrent: bool
    type: SubscriptionType
    metas: SmsMetas


@dataclass(frozen=True, slots=True)
class _Named:
    """What the rows of a batch name, by its name."""

    gateways: Mapping[str, tuple[int, bool]]
    types: Mapping[str, SubscriptionType]
    billkeys: Mapping[str, Billkey]
    templates: Mapping[str, int]
    inbounds: Mapping[str, Inbound]


def resolve(batch: Batch, lines: Sequence[Line[P]], people: Mapping[int, int]) -> dict[int, Resolved]:
    """Return what each line names; one that names what is not here, or breaks a rule, is refused."""
    named = _look_up(batch.session, [line.record for line in lines])
    resolved: dict[int, Resolved] = {}
    for line in lines:
        record, user_id = line.record, people.get(line.number)
        kind, (inbound_id, sender) = (
            named.types.get(record.subscription_type),
            named.inbounds.get(record.cid, (None, None)),
        )
        if kind is None:
            told = N_("There is no such subscription type; import subscription-types first.")
            _refuse(batch, line, "subscription_type", "unknown_subscription_type", told)
        if record.template not in named.templates:
            told = N_("There is no such template; import templates first.")
            _refuse(batch, line, "template", "unknown_template", told)
        if inbound_id is None:
            told = N_("There is no such message from a reader; import inbound-messages first.")
            _refuse(batch, line, "cid", "unknown_inbound", told)
        elif None not in (sender, user_id) and sender != user_id:
            told = N_("The message that began it is another person's.")
            _refuse(batch, line, "cid", "cid_of_other_user", told)
        refuse_price(batch, line.number, named.billkeys.get(record.billkey), record)
        for place, at in (("paid_at", record.paid_at), ("created_at", record.created_at)):
            if at is not None and at > batch.context.now:
                _refuse(batch, line, place, "in_future", N_("This is yet to come: it was not paid."))
        if kind is not None and inbound_id is not None and user_id is not None:
            metas = SmsMetas(
                billkey=record.billkey,
                inbound_message_id=inbound_id,
                template_code=record.template,
                params=record.template_params,
            )
            resolved[line.number] = Resolved(user_id, *named.gateways[record.payment_gateway], kind, metas)
    return resolved


def refuse_price(batch: Batch, number: int, key: Billkey | None, record: PaidRecord) -> None:
    """Refuse a payment of another amount than its key charges."""
    if key is None:
        told = N_("There is no such billing key; import billkeys first.")
        batch.refuse(number, "billkey", "unknown_billkey", told, value=record.billkey)
    elif key.kind != Kind.PAID:
        told = N_("The billing key %(billkey)s is free of charge: nobody paid by it.")
        batch.refuse(number, "billkey", "billkey_free", told, value=key.code, billkey=key.code)
    else:
        told = N_("The billing key %(billkey)s charges %(price)s %(currency)s.")
        places = {"billkey": key.code, "price": key.price, "currency": key.currency}
        if key.price != record.amount:
            batch.refuse(number, "amount", "amount_differs", told, value=record.amount, **places)
        if key.currency != record.currency:
            batch.refuse(number, "currency", "currency_differs", told, value=record.currency, **places)


def find_known(batch: Batch, lines: Sequence[Line[P]]) -> dict[int, Mapping[str, Any]]:
    """Return the payments that are here already, by line; a line whose keys belong to another one is refused.

    What this import itself has brought does not count: its claims tell of that, in a dry run as well.
    """
    by_symbol, by_id = _read_stored(batch, [line.record for line in lines])
    known: dict[int, Mapping[str, Any]] = {}
    for line in lines:
        record = line.record
        same_symbol = by_symbol.get(record.variable_symbol)
        same_id = by_id.get(record.external_id) if record.external_id else None
        if same_symbol is None and same_id is None:
            continue
        if same_symbol is None:
            told = N_("Another payment has this id of the old system: %(variable_symbol)s.")
            symbol = same_id and same_id["variable_symbol"]
            _refuse(batch, line, "external_id", "taken", told, variable_symbol=symbol)
        elif same_symbol["import_id"] is None:
            told = N_("A payment that was made here has this variable symbol.")
            _refuse(batch, line, "variable_symbol", "taken", told)
        elif same_id is not same_symbol and None not in (record.external_id, same_symbol["external_id"]):
            told = N_("Another payment has this variable symbol: %(external_id)s of the old system.")
            external_id = same_symbol["external_id"]
            _refuse(batch, line, "variable_symbol", "taken", told, external_id=external_id)
        elif same_id is not None and same_id is not same_symbol:
            told = N_("Another payment has this id of the old system: %(variable_symbol)s.")
            symbol = same_id["variable_symbol"]
            _refuse(batch, line, "external_id", "taken", told, variable_symbol=symbol)
        else:
            known[line.number] = same_symbol
    return known


def refuse_changes(
    batch: Batch,
    lines: Sequence[Line[P]],
    known: Mapping[int, Mapping[str, Any]],
    resolved: Mapping[int, Resolved],
) -> None:
    """Refuse a line that would change what was paid, by whom, or for what."""
    metas = read_metas(batch.session, {row["id"] for row in known.values()}) if known else {}
    for line in lines:
        row, named = known.get(line.number), resolved.get(line.number)
        if row is None or named is None:
            continue
        for column in _differing(line.record, row, named, metas.get(row["id"])):
            if column in batch.context.given or column == "user":
                told = N_(
                    "The payment is here with another value; what was paid, by whom and for what is not changed"
                    " by an import. Put back what the file had, or leave the row out."
                )
                place = _first_given(line.record) if column == "user" else column
                _refuse(batch, line, place, "differs", told)


def _differing(
    record: PaidRecord, row: Mapping[str, Any], named: Resolved, metas: SmsMetas | None
) -> Iterable[str]:
    pairs = {
        "user": (row["user_id"], named.user_id),
        "amount": (row["amount"], record.amount),
        "currency": (row["currency"], record.currency),
        "payment_gateway": (row["payment_gateway_id"], named.gateway_id),
        "subscription_type": (row["subscription_type_id"], named.type.id),
        "subscription_start_at": (row["subscription_start_at"], record.subscription_start_at),
        "subscription_end_at": (row["subscription_end_at"], record.subscription_end_at),
        "paid_at": (row["paid_at"], record.paid_at),
        "created_at": (row["created_at"], record.created_at),
        "recurrent_charge": (row["recurrent_charge"], record.recurrent_charge),
    }
    if metas is not None:
        pairs |= {
            "cid": (metas.inbound_message_id, named.metas.inbound_message_id),
            "billkey": (metas.billkey, record.billkey),
            "template": (metas.template_code, record.template),
            "template_params": (dict(metas.params), dict(record.template_params)),
        }
    return [column for column, (stored, wanted) in pairs.items() if wanted is not None and stored != wanted]


def _refuse(batch: Batch, line: Line[P], column: str, code: str, told: str, **fields: object) -> None:
    batch.refuse(line.number, column, code, told, value=getattr(line.record, column) or "", **fields)


def _first_given(record: PaidRecord) -> str:
    named = ("user_external_id", "user_email", "user_phone")
    return next(column for column in named if getattr(record, column))


def _look_up(session: Session, records: Sequence[PaidRecord]) -> _Named:
    types = select(SubscriptionType).where(
        SubscriptionType.code.in_({each.subscription_type for each in records})
    )
    return _Named(
        gateways={code: (gateway_id(session, code), gateways.get(code).is_recurrent) for code in CODES},
        types={each.code: each for each in session.execute(types).scalars()},
        billkeys=list_billkeys(session, {each.billkey for each in records}),
        templates=list_template_ids(session, {each.template for each in records}),
        inbounds=list_inbounds(session, {each.cid for each in records}),
    )


def _read_stored(
    batch: Batch, records: Sequence[PaidRecord]
) -> tuple[Mapping[str, Mapping[str, Any]], Mapping[str, Mapping[str, Any]]]:
    """Return the payments by variable symbol and by old id; each is looked up by its own index, so apart."""
    columns = Payment.__table__.columns
    names = {
        columns.variable_symbol: {each.variable_symbol for each in records},
        columns.external_id: {each.external_id for each in records if each.external_id},
    }
    rows: dict[int, Mapping[str, Any]] = {}  # what is found by both of its names is one row
    with by_indexes(batch.session):
        for column, wanted in names.items():
            others = columns.import_id.is_distinct_from(batch.context.import_id)
            found = select(*columns).where(among(column, wanted), others)
            for row in batch.session.execute(found).mappings() if wanted else ():
                rows.setdefault(row["id"], dict(row))
    by_id = {row["external_id"]: row for row in rows.values() if row["external_id"]}
    return {row["variable_symbol"]: row for row in rows.values()}, by_id
