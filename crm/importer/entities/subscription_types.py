"""Import subscription types, and how each is sold by SMS; one may be followed by another that stands below it.

An empty cell says nothing: a new type begins with the default, one that is there keeps what it has. So an import
never takes a billing key away, for renewals hang on it.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import Any, NamedTuple

from sqlalchemy.orm import Session

from crm.core.errors import N_, CrmError
from crm.importer import kinds
from crm.importer.batches import Batch, Outcome
from crm.importer.columns import EXTERNAL_ID, Column, Entity, Line
from crm.importer.doors import go_through, list_changed_here, place_by_field, refuse_taken_ids
from crm.importer.errors import CellError
from crm.importer.faults import Fault
from crm.sms_billing.errors import InvalidOfferError
from crm.sms_billing.offers import OfferTexts, check_offer, find_offer, set_offer
from crm.subscriptions.details import LONGEST_LENGTH, SubscriptionTypeDetails
from crm.subscriptions.extension import ExtensionMethod
from crm.subscriptions.models import SubscriptionType
from crm.subscriptions.periods import LengthMethod
from crm.subscriptions.queries import find_type, read_written_short_names
from crm.subscriptions.type_order import list_followers_first
from crm.subscriptions.types import add_type, edit_type
from crm.users.phone_history import IMPORTED

ACTS = ("subscription_type.create", "subscription_type.edit", "subscription_type.sale")
# What the details call otherwise than the file.
NAMES = {"next_type": "next_subscription_type", "charge_before": "recurrent_charge_before"}


class TypeRecord(NamedTuple):
    """One row of the file; what it does not say is None."""

    external_id: str | None
    code: str
    name: str
    user_label: str | None
    short_name: str | None
    description: str | None
    price: Decimal
    currency: str | None
    length: int
    extending_length: int | None
    extension_method: str | None
    length_method: str | None
    fixed_start: datetime | None
    fixed_end: datetime | None
    active: bool | None
    visible: bool | None
    sorting: int | None
    next_subscription_type: str | None
    trial_periods: int | None
    no_subscription: bool | None
    recurrent_charge_before: int | None
    billkey: str | None
    template: str | None
    first_template: str | None


_read_method = kinds.one_of(*ExtensionMethod)
_days = partial(kinds.whole, least=1, most=LONGEST_LENGTH)


def _extension_method(value: str) -> str:
    if value == "extend_same_content_access":
        told = N_("There is no access to contents here, so choose another one: %(choices)s.")
        raise CellError("content_access", told, choices=", ".join(ExtensionMethod))
    return str(_read_method(value))


COLUMNS = (
    EXTERNAL_ID,
    Column(name="code", read=kinds.code, must=True, told=N_("Its code, as in month; no two have the same.")),
    Column(name="name", read=kinds.text, must=True, told=N_("What staff call it.")),
    Column(name="user_label", read=kinds.text, told=N_("What readers call it; the name if left out.")),
    Column(
        name="short_name",
        read=kinds.text,
        told=N_("What an SMS calls it: up to 40 letters without diacritics."),
    ),
    Column(name="description", read=kinds.note, told=N_("More about it.")),
    Column(name="price", read=kinds.price, must=True, told=N_("What it costs, as 4.99.")),
    Column(name="currency", read=kinds.currency, told=N_("EUR if left out.")),
    Column(name="length", read=_days, must=True, told=N_("How many days it lasts.")),
    Column(
        name="extending_length",
        read=_days,
        told=N_("How many days it lasts when it extends one of its kind."),
    ),
    Column(
        name="extension_method",
        read=_extension_method,
        told=N_("What a new period follows; extend_actual if left out."),
    ),
    Column(
        name="length_method",
        read=kinds.one_of(*LengthMethod),
        told=N_("fix_days or calendar_days; fix_days if left out."),
    ),
    Column(name="fixed_start", told=N_("When every period begins, if on a fixed day.")),
    Column(name="fixed_end", told=N_("When every period ends, if on a fixed day.")),
    Column(name="active", read=kinds.flag, told=N_("Whether it may be sold; 1 if left out.")),
    Column(name="visible", read=kinds.flag, told=N_("Whether readers see it; 1 if left out.")),
    Column(name="sorting", read=kinds.whole, told=N_("Its place in lists; 10 if left out.")),
    Column(
        name="next_subscription_type",
        read=kinds.code,
        told=N_("The code of the type that follows it; it may stand below in the file."),
    ),
    Column(
        name="trial_periods",
        read=kinds.whole,
        told=N_("After how many paid periods the next type follows; 1 if left out."),
    ),
    Column(
        name="no_subscription",
        read=kinds.flag,
        told=N_("1 for what is paid and gives no subscription; 0 if left out."),
    ),
    Column(
        name="recurrent_charge_before",
        read=partial(kinds.whole, least=-(2**31)),
        told=N_("How many hours before its end it is charged; below 0 after it."),
    ),
    Column(
        name="billkey",
        read=kinds.code,
        told=N_("The billing key that charges just its price; with template."),
    ),
    Column(name="template", read=kinds.text, told=N_("The code of the paid template of renewals.")),
    Column(
        name="first_template",
        read=kinds.text,
        told=N_("The code of the paid template of the first SMS, if that is another one."),
    ),
)


def check(record: TypeRecord) -> Sequence[Fault]:
    """Say what is wrong with a row as a whole: a key and a text go together."""
    if record.billkey and not record.template:
        told = N_("Name the paid template that goes with the billing key.")
        return [Fault(column="template", value="", code="missing", message=told)]
    if not record.billkey and (record.template or record.first_template):
        told = N_("Name the billing key that goes with the template.")
        return [Fault(column="billkey", value="", code="missing", message=told)]
    return ()


def load(batch: Batch, lines: Sequence[Line[TypeRecord]]) -> None:
    """Write the types of a batch, those that follow others first."""
    refuse_taken_ids(batch, lines, SubscriptionType.external_id, SubscriptionType.code)
    by_code: dict[str, list[Line[TypeRecord]]] = {}
    for line in batch.open(lines):
        by_code.setdefault(line.record.code, []).append(line)
    kept = list_changed_here(batch.session, [f"subscription_type {code}" for code in by_code], ACTS)
    order = list_followers_first(
        {code: same[0].record.next_subscription_type or "" for code, same in by_code.items()}
    )
    bring_in = partial(_bring_in, batch.session, kept)
    go_through(batch, [line for code in order for line in by_code[code]], bring_in, place=_place)


def _bring_in(session: Session, kept: set[str], record: TypeRecord) -> Outcome:
    known = find_type(session, record.code)
    if known is None:
        added = add_type(session, record.code, _details(record, {}), reason=IMPORTED)
        added.external_id = record.external_id
        _sell(session, added, record, is_changed=True)
        return Outcome.INSERTED
    if f"subscription_type {record.code}" in kept:
        return Outcome.UNCHANGED
    before = known.external_id
    is_changed = edit_type(session, known, _details(record, _read(session, known)), reason=IMPORTED)
    is_sold_otherwise = _sell(session, known, record, is_changed=is_changed)
    known.external_id = record.external_id or before
    is_changed |= is_sold_otherwise or known.external_id != before
    return Outcome.UPDATED if is_changed else Outcome.UNCHANGED


def _details(record: TypeRecord, kept: Mapping[str, Any]) -> SubscriptionTypeDetails:
    """Return what is said of a type; what the file says nothing of is as it was."""
    said = {name: getattr(record, NAMES.get(name, name)) for name in SubscriptionTypeDetails.__slots__}
    said["user_label"] = record.user_label or kept.get("user_label") or record.name
    values = {name: kept.get(name) if value is None else value for name, value in said.items()}
    return SubscriptionTypeDetails(
        **{name: _written(value) for name, value in values.items() if value is not None}
    )


def _read(session: Session, known: SubscriptionType) -> dict[str, Any]:
    """Return what is said of a type that is here."""
    following = session.get(SubscriptionType, known.next_subscription_type_id or 0)
    own = {name: getattr(known, NAMES.get(name, name), None) for name in SubscriptionTypeDetails.__slots__}
    return own | {
        "short_name": read_written_short_names(session, [known.id]).get(known.id),
        "next_type": following.code if following else None,
    }


def _written(value: Any) -> Any:
    """Return numbers as the details take them: as somebody would write them."""
    return str(value) if isinstance(value, (int, Decimal)) and not isinstance(value, bool) else value


def _sell(session: Session, known: SubscriptionType, record: TypeRecord, *, is_changed: bool) -> bool:
    """Sell the type as the file says; where nothing changes, a key that has ended since is no fault of the file."""
    if record.billkey and record.template:
        offer = find_offer(session, known.id)
        first = record.first_template or (offer.first_template_code if offer else None)
        texts = OfferTexts(renewal=record.template, first=first)
        return set_offer(session, known, record.billkey, texts, reason=IMPORTED, is_checked_again=is_changed)
    if is_changed:
        check_offer(session, known)
    return False


def _place(error: CrmError, _: TypeRecord) -> tuple[str, str]:
    column, code = place_by_field(error, "code", NAMES)
    return column, "sale" if isinstance(error, InvalidOfferError) else code


SUBSCRIPTION_TYPES = Entity(
    name="subscription-types",
    title=N_("Subscription types"),
    summary=N_("What readers can have, for how long and for how much, by code."),
    columns=COLUMNS,
    record=TypeRecord,
    load=load,
    check=check,
)
