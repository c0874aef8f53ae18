"""The subscription types of the set-up file, with how each is sold by SMS.

What a file leaves out of a type is what a new one begins with. How it is sold is another matter: without
`billkey` that stays as it is, for renewals hang on it; an empty one takes it away.
"""

from collections.abc import Mapping
from functools import partial
from typing import Any

from sqlalchemy.orm import Session

from crm.setup_file.applying import (
    REASON,
    Applying,
    Change,
    FaultError,
    flag_of,
    moment_of,
    read_items,
    text_of,
)
from crm.sms_billing.models import SmsOffer
from crm.sms_billing.offers import OfferTexts, check_offer, read_offers, remove_offer, set_offer
from crm.subscriptions.details import SubscriptionTypeDetails
from crm.subscriptions.models import SubscriptionType
from crm.subscriptions.queries import find_type, list_types, read_written_short_names
from crm.subscriptions.type_order import list_followers_first
from crm.subscriptions.types import add_type, edit_type

PART = "subscription_types"
REQUIRED = ("code", "name", "user_label", "price", "length")
# field of the file -> of the details
TEXTS = {
    "name": "name",
    "user_label": "user_label",
    "short_name": "short_name",
    "description": "description",
    "price": "price",
    "currency": "currency",
    "length": "length",
    "extending_length": "extending_length",
    "length_method": "length_method",
    "extension_method": "extension_method",
    "next_subscription_type": "next_type",
    "trial_periods": "trial_periods",
    "recurrent_charge_before": "charge_before",
    "sorting": "sorting",
}
FLAGS = {"active": True, "visible": True, "no_subscription": False}
MOMENTS = ("fixed_start", "fixed_end")
SALE = ("billkey", "template", "first_template")
FIELDS = ("code", *TEXTS, *FLAGS, *MOMENTS, *SALE)


def apply_types(applying: Applying, content: Any) -> None:
    """Bring the types to what the part says; one may be followed by another that stands below it."""
    sound: dict[str, tuple[str, dict[str, Any]]] = {}
    for place, item in read_items(applying, PART, content, fields=FIELDS, required=REQUIRED):
        try:
            code = text_of(item, "code") or ""
            if code in sound:
                raise FaultError(f"the code {code!r} stands here twice")
            _details(item), _texts(item)
        except FaultError as error:
            applying.faults.append(f"{place}: {error}")
            continue
        sound[code] = (place, item)
    following = {code: text_of(item, "next_subscription_type") or "" for code, (_, item) in sound.items()}
    for code in list_followers_first(following):
        place, item = sound[code]
        applying.item(f"{place} {code}", partial(_type, applying.session, code, item))


def export_types(session: Session) -> list[dict[str, Any]]:
    """Return the types as the part says them; what a new one begins with is left out."""
    types = list_types(session)
    ids = [each.id for each in types]
    codes = {each.id: each.code for each in types}
    names, offers = read_written_short_names(session, ids), read_offers(session, ids)
    return [
        _exported(
            each, names.get(each.id), codes.get(each.next_subscription_type_id or 0), offers.get(each.id)
        )
        for each in types
    ]


def _type(session: Session, code: str, item: Mapping[str, Any]) -> Change:
    known = find_type(session, code)
    if known is None:
        added = add_type(session, code, _details(item), reason=REASON)
        _sell(session, added, item, is_changed=True)
        return Change.INSERTED
    is_changed = edit_type(session, known, _details(item), reason=REASON)
    is_sold_otherwise = _sell(session, known, item, is_changed=is_changed)
    return Change.UPDATED if is_changed or is_sold_otherwise else Change.UNCHANGED


def _sell(session: Session, known: SubscriptionType, item: Mapping[str, Any], *, is_changed: bool) -> bool:
    """Sell the type as the item says; where nothing changes, a key that ended since is no fault of the file."""
    if "billkey" not in item:
        if is_changed:
            check_offer(session, known)
        return False
    texts_wanted = _texts(item)
    if texts_wanted is None:
        return remove_offer(session, known, reason=REASON)
    billkey = text_of(item, "billkey") or ""
    return set_offer(session, known, billkey, texts_wanted, reason=REASON, is_checked_again=is_changed)


def _details(item: Mapping[str, Any]) -> SubscriptionTypeDetails:
    texts = {field: text_of(item, name) or "" for name, field in TEXTS.items() if name in item}
    flags = {name: flag_of(item, name, otherwise=otherwise) for name, otherwise in FLAGS.items()}
    begins, ends = (moment_of(item, name) for name in MOMENTS)
    return SubscriptionTypeDetails(**texts, **flags, fixed_start=begins, fixed_end=ends)  # type: ignore[arg-type]


def _texts(item: Mapping[str, Any]) -> OfferTexts | None:
    billkey, renewal, first = (text_of(item, name) or "" for name in SALE)
    if bool(billkey) != bool(renewal):
        raise FaultError("billkey and template go together")
    if first and not renewal:
        raise FaultError("first_template goes with billkey and template")
    return OfferTexts(renewal=renewal, first=first or None) if renewal else None


def _exported(
    known: SubscriptionType, short_name: str | None, following: str | None, offer: SmsOffer | None
) -> dict[str, Any]:
    said: dict[str, Any] = {
        "code": known.code,
        "name": known.name,
        "user_label": known.user_label,
        "short_name": short_name,
        "description": known.description,
        "price": f"{known.price:.2f}",
        "currency": known.currency,
        "length": str(known.length),
        "extending_length": _number(known.extending_length),
        "length_method": known.length_method,
        "extension_method": known.extension_method,
        "next_subscription_type": following,
        "trial_periods": _number(known.trial_periods),
        "recurrent_charge_before": _number(known.recurrent_charge_before),
        "sorting": str(known.sorting),
        **{name: _flag(getattr(known, name), otherwise) for name, otherwise in FLAGS.items()},
        **{name: at and at.isoformat() for name in MOMENTS for at in [getattr(known, name)]},
        "billkey": offer and offer.billkey,
        "template": offer and offer.template_code,
        "first_template": offer and offer.first_template_code,
    }
    return {name: value for name, value in said.items() if value}


def _number(value: int | None) -> str | None:
    return None if value is None else str(value)


def _flag(value: bool, otherwise: bool) -> str | None:
    if value is otherwise:
        return None
    return "yes" if value else "no"
