"""Import billing keys: what each charges, which is what every payment and renewal is held against."""

import re
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import Any, NamedTuple

from sqlalchemy.orm import Session

from crm.core.errors import N_, CrmError
from crm.importer import kinds
from crm.importer.batches import Batch, Outcome
from crm.importer.columns import Column, Entity, Line
from crm.importer.doors import go_through, list_changed_here, place_by_field
from crm.importer.errors import CellError
from crm.mobiletech.catalogue.billkeys import (
    BillkeyDetails,
    Kind,
    add_billkey,
    check_not_named_free,
    edit_billkey,
    find_billkey,
)
from crm.mobiletech.catalogue.errors import InvalidEntryError, UsedBillkeyError
from crm.mobiletech.catalogue.models import Billkey
from crm.mobiletech.catalogue.places import checked_operators, checked_short_number
from crm.users.phone_history import IMPORTED

_LEFT_OUT = ("currency", "short_number", "operators", "valid_from", "valid_until", "note")
_OPERATOR = re.compile(r'[^\s+/,;|"\[\]]+')


class BillkeyRecord(NamedTuple):
    """One row of the file; what it does not say is None."""

    code: str
    kind: str
    price: Decimal
    currency: str | None
    short_number: str | None
    operators: list[str] | None
    valid_from: datetime | None
    valid_until: datetime | None
    note: str | None


def _operators(value: str) -> list[str]:
    try:
        return checked_operators(_OPERATOR.findall(value))
    except InvalidEntryError as error:
        raise CellError("operators", error.message, **error.fields) from error


def _short_number(value: str) -> str:
    try:
        return checked_short_number("short_number", value)
    except InvalidEntryError as error:
        raise CellError("short_number", error.message, **error.fields) from error


COLUMNS = (
    Column(name="code", read=kinds.code, must=True, told=N_("The gateway's code of it, as AA99.")),
    Column(name="kind", read=kinds.one_of(*Kind), must=True, told=N_("free or paid.")),
    Column(name="price", read=kinds.price, must=True, told=N_("What it charges, as 4.99; a free one 0.")),
    Column(name="currency", read=kinds.currency, told=N_("EUR if left out.")),
    Column(
        name="short_number", read=_short_number, told=N_("The short number it goes with; any if left out.")
    ),
    Column(
        name="operators", read=_operators, told=N_("Operators it goes with, as T O 2 S; all if left out.")
    ),
    Column(name="valid_from", told=N_("When it begins to be valid.")),
    Column(name="valid_until", told=N_("The first moment when it is valid no more.")),
    Column(name="note", read=kinds.note, told=N_("A remark.")),
)


def load(batch: Batch, lines: Sequence[Line[BillkeyRecord]]) -> None:
    """Write the keys of a batch."""
    subjects = [f"billkey {line.record.code}" for line in batch.open(lines)]
    kept = list_changed_here(batch.session, subjects, ["billkey.create", "billkey.edit"])
    go_through(
        batch, batch.open(lines), partial(_bring_in, batch.session, kept), place=_place, keys=("code",)
    )


def _bring_in(session: Session, kept: set[str], record: BillkeyRecord) -> Outcome:
    known = find_billkey(session, record.code)
    if known is not None and f"billkey {record.code}" in kept:
        return Outcome.UNCHANGED
    details = _details(record, known)
    check_not_named_free(session, record.code, details)
    if known is None:
        add_billkey(session, record.code, details, reason=IMPORTED)
        return Outcome.INSERTED
    is_changed = edit_billkey(session, known, details, reason=IMPORTED)
    return Outcome.UPDATED if is_changed else Outcome.UNCHANGED


def _details(record: BillkeyRecord, known: Billkey | None) -> BillkeyDetails:
    """Return what is said of a key; what the file says nothing of is as it was."""
    said: dict[str, Any] = record._asdict()
    kept = {name: getattr(known, name) for name in _LEFT_OUT} if known is not None else {}
    values = {name: kept.get(name) if said[name] is None else said[name] for name in _LEFT_OUT}
    return BillkeyDetails(
        kind=record.kind,
        price=str(record.price),
        **{name: value for name, value in values.items() if value is not None},
    )


def _place(error: CrmError, _: BillkeyRecord) -> tuple[str, str]:
    return ("price", "used") if isinstance(error, UsedBillkeyError) else place_by_field(error, "code", {})


BILLKEYS = Entity(
    name="billkeys",
    title=N_("Billing keys"),
    summary=N_("What each billing key of the gateway charges, by code."),
    columns=COLUMNS,
    record=BillkeyRecord,
    load=load,
)
