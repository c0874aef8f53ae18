"""The billing keys of the set-up file.

What a file leaves out of a key is nothing: any operator, any short number, no end. Days are moments with their
zone, `valid_until` the first one when the key is valid no more.
"""

from collections.abc import Mapping
from functools import partial
from typing import Any

from sqlalchemy.orm import Session

from crm.mobiletech.catalogue.billkeys import (
    BillkeyDetails,
    add_billkey,
    check_not_named_free,
    edit_billkey,
    find_billkey,
    list_billkeys,
)
from crm.mobiletech.catalogue.models import Billkey
from crm.setup_file.applying import REASON, Applying, Change, FaultError, moment_of, read_items, text_of

REQUIRED = ("code", "kind", "price")
TEXTS = ("kind", "price", "currency", "short_number", "note")
MOMENTS = ("valid_from", "valid_until")
FIELDS = ("code", *TEXTS, "operators", *MOMENTS)


def apply_billkeys(applying: Applying, content: Any) -> None:
    """Bring the billing keys to what the part says."""
    seen: set[str] = set()
    for place, item in read_items(applying, "billkeys", content, fields=FIELDS, required=REQUIRED):
        try:
            code = text_of(item, "code") or ""
            if code in seen:
                raise FaultError(f"the code {code!r} stands here twice")
            details = _details(item)
        except FaultError as error:
            applying.faults.append(f"{place}: {error}")
            continue
        seen.add(code)
        applying.item(f"{place} {code}", partial(_billkey, applying.session, code, details))


def export_billkeys(session: Session) -> list[dict[str, Any]]:
    """Return the billing keys as the part says them; what is nothing is left out."""
    return [_exported(billkey) for billkey in list_billkeys(session)]


def _billkey(session: Session, code: str, details: BillkeyDetails) -> Change:
    check_not_named_free(session, code, details)
    known = find_billkey(session, code)
    if known is None:
        add_billkey(session, code, details, reason=REASON)
        return Change.INSERTED
    is_changed = edit_billkey(session, known, details, reason=REASON)
    return Change.UPDATED if is_changed else Change.UNCHANGED


def _details(item: Mapping[str, Any]) -> BillkeyDetails:
    texts = {name: text_of(item, name) or "" for name in TEXTS if name in item}
    operators = item.get("operators", [])
    if not isinstance(operators, list) or not all(isinstance(each, str) for each in operators):
        raise FaultError("operators must be a list of T, O, 2 and S")
    begins, ends = (moment_of(item, name) for name in MOMENTS)
    return BillkeyDetails(**texts, operators=operators, valid_from=begins, valid_until=ends)


def _exported(billkey: Billkey) -> dict[str, Any]:
    said = {
        "code": billkey.code,
        "kind": billkey.kind,
        "price": f"{billkey.price:.2f}",
        "currency": billkey.currency,
        "short_number": billkey.short_number,
        "operators": list(billkey.operators),
        "valid_from": billkey.valid_from and billkey.valid_from.isoformat(),
        "valid_until": billkey.valid_until and billkey.valid_until.isoformat(),
        "note": billkey.note,
    }
    return {name: value for name, value in said.items() if value}
