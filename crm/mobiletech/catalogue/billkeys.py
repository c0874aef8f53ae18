"""Billing keys as data: what each charges, where and when it may be used; every change is an act.

The gateway's key is the price. So a key that messages used keeps its kind and price unless somebody means it,
and is never removed: its validity ends. Source: domain.md 3.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from crm.core.business_settings import get_setting
from crm.core.errors import N_
from crm.core.money import CURRENCY
from crm.mobiletech.catalogue.billkey_use import FREE_SETTING, NAMING_SETTINGS, is_used
from crm.mobiletech.catalogue.errors import (
    BillkeyExistsError,
    BillkeyNotFoundError,
    InvalidEntryError,
    KeptBillkeyError,
    UsedBillkeyError,
)
from crm.mobiletech.catalogue.models import Billkey
from crm.mobiletech.catalogue.places import checked_note, checked_operators, checked_short_number
from crm.mobiletech.catalogue.prices import check_price, parse_price
from crm.users.audit_log import record_act

NEW = "new"  # the page where keys are made has this address
CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", re.ASCII)
COLUMNS = (
    "kind",
    "price",
    "currency",
    "short_number",
    "operators",
    "valid_from",
    "valid_until",
    "note",
)


class Kind(StrEnum):
    """Whether a message on the key charges the reader."""

    FREE = "free"
    PAID = "paid"


@dataclass(frozen=True, slots=True, kw_only=True)
class BillkeyDetails:
    """What is said of a key; an empty text is nothing, no operators are all of them.

    Shape: `price` as it is written; `valid_until` is the first moment when it is valid no more.
    """

    kind: str
    price: str
    currency: str = "EUR"
    short_number: str = ""
    operators: Sequence[str] = ()
    valid_from: datetime | None = None
    valid_until: datetime | None = None
    note: str = ""


def list_billkeys(session: Session) -> Sequence[Billkey]:
    """Return all keys by code."""
    return session.execute(select(Billkey).order_by(Billkey.code)).scalars().all()


def find_billkey(session: Session, code: str) -> Billkey | None:
    """Return the key with that code."""
    return session.execute(select(Billkey).where(Billkey.code == code)).scalar_one_or_none()


def get_billkey(session: Session, code: str) -> Billkey:
    """Return the key with that code.

    Raises: BillkeyNotFoundError.
    """
    billkey = find_billkey(session, code) if CODE.fullmatch(code) else None
    if billkey is None:
        raise BillkeyNotFoundError(code)
    return billkey


def check_not_named_free(session: Session, code: str, details: BillkeyDetails) -> None:
    """Refuse a paid key that the settings take for the free one: a file has read either of them wrongly.

    Raises: InvalidEntryError.
    """
    if details.kind == Kind.PAID and code == get_setting(session, FREE_SETTING):
        told = N_("It is paid, and %(setting)s names it as the free one.")
        raise InvalidEntryError(told, setting=FREE_SETTING, field="kind")


def add_billkey(session: Session, code: str, details: BillkeyDetails, *, reason: str = "") -> Billkey:
    """List a key of the gateway's.

    Raises: InvalidEntryError, BillkeyExistsError.
    """
    if not CODE.fullmatch(code) or code == NEW:
        raise InvalidEntryError(
            N_("A code has up to 64 letters, digits, dots, dashes and underscores, as in AZ19."), field="code"
        )
    billkey = Billkey(code=code, **_checked(details))
    try:
        with session.begin_nested():
            session.add(billkey)
            session.flush()
    except IntegrityError as error:
        raise BillkeyExistsError(code) from error
    record_act(session, "billkey.create", _subject(billkey), after=_told(billkey), reason=reason)
    return billkey


def edit_billkey(
    session: Session, billkey: Billkey, details: BillkeyDetails, *, reason: str, is_meant: bool = False
) -> bool:
    """Change what is said of a key; return whether anything is different now.

    Raises: InvalidEntryError; UsedBillkeyError if the kind or the price of a key that messages used would be
    another one, unless that `is_meant`.
    """
    session.refresh(billkey, with_for_update=True)
    before, values = _told(billkey), _checked(details)
    changed = {name for name in COLUMNS if getattr(billkey, name) != values[name]}
    if not changed:
        return False
    if changed & {"kind", "price", "currency"} and not is_meant and is_used(session, billkey.code):
        raise UsedBillkeyError(billkey.code)
    for name in changed:
        setattr(billkey, name, values[name])
    session.flush()
    record_act(session, "billkey.edit", _subject(billkey), before=before, after=_told(billkey), reason=reason)
    return True


def remove_billkey(session: Session, billkey: Billkey, *, reason: str) -> None:
    """Take a key off the list that was written down by mistake.

    Raises: KeptBillkeyError if messages used it or a setting names it.
    """
    session.refresh(billkey, with_for_update=True)
    for key in NAMING_SETTINGS:
        if get_setting(session, key) == billkey.code:
            raise KeptBillkeyError(N_("The setting %(key)s names it: change that first."), key=key)
    if is_used(session, billkey.code):
        raise KeptBillkeyError(N_("Messages went out on it. It stays on the list; end its validity instead."))
    before = _told(billkey)
    session.delete(billkey)
    session.flush()
    record_act(session, "billkey.remove", _subject(billkey), before=before, reason=reason)


def _checked(details: BillkeyDetails) -> dict[str, object]:
    """Return the columns. Raises: InvalidEntryError."""
    if details.kind not in set(Kind):
        raise InvalidEntryError(N_("A key is free or paid."), field="kind")
    price: Decimal = parse_price(details.price)
    check_price(is_free=details.kind == Kind.FREE, price=price)
    if not CURRENCY.fullmatch(details.currency):
        raise InvalidEntryError(N_("A currency has three capital letters, such as EUR."), field="currency")
    number = details.short_number.strip()
    begins, ends = details.valid_from, details.valid_until
    if begins is not None and ends is not None and begins >= ends:
        raise InvalidEntryError(N_("It must not end before it begins."), field="valid_until")
    return {
        "kind": details.kind,
        "price": price,
        "currency": details.currency,
        "short_number": checked_short_number("short_number", number) if number else None,
        "operators": checked_operators(details.operators),
        "valid_from": begins,
        "valid_until": ends,
        "note": checked_note("note", details.note),
    }


def _told(billkey: Billkey) -> dict[str, object]:
    return {name: getattr(billkey, name) for name in COLUMNS}


def _subject(billkey: Billkey) -> str:
    return f"billkey {billkey.code}"
