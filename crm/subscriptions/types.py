"""Subscription types: adding and changing them, each change an act of staff. None is ever deleted.

What a type costs stands in its price and, for the taxes, in its items; both say the same at any time.
"""

from decimal import Decimal

from sqlalchemy import delete, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from crm.core.business_settings import get_setting
from crm.core.clock import db_now
from crm.core.errors import N_
from crm.subscriptions.details import CheckedDetails, SubscriptionTypeDetails, check_code, check_details
from crm.subscriptions.errors import InvalidTypeError, SubscriptionTypeExistsError
from crm.subscriptions.models import SubscriptionType, SubscriptionTypeItem, SubscriptionTypeMeta
from crm.subscriptions.queries import find_type, list_items, list_types, read_written_short_names
from crm.subscriptions.short_names import KEY
from crm.users.audit_log import record_act

_KEEP_VAT = text("""
    UPDATE subscription_type_items AS item SET vat = :vat, updated_at = crm_now()
    WHERE deleted_at IS NULL AND vat <> :vat AND NOT EXISTS (
        SELECT 1 FROM subscription_type_items AS other
        WHERE other.subscription_type_id = item.subscription_type_id AND other.id <> item.id
          AND other.deleted_at IS NULL
    )
""")
COLUMNS = (
    "name",
    "user_label",
    "description",
    "price",
    "currency",
    "length_method",
    "length",
    "extending_length",
    "extension_method",
    "fixed_start",
    "fixed_end",
    "trial_periods",
    "recurrent_charge_before",
    "active",
    "visible",
    "no_subscription",
    "sorting",
)


def add_type(
    session: Session, code: str, details: SubscriptionTypeDetails, *, reason: str = ""
) -> SubscriptionType:
    """Add a type.

    Raises: InvalidTypeError, SubscriptionTypeExistsError.
    """
    check_code(code)
    checked = check_details(details)
    following = _find_next(session, checked, own_id=None)
    added = SubscriptionType(
        code=code, next_subscription_type_id=following.id if following else None, **checked.columns
    )
    try:
        with session.begin_nested():
            session.add(added)
            session.flush()
    except IntegrityError as error:
        raise SubscriptionTypeExistsError(code) from error
    _keep_short_name(session, added, checked.short_name)
    _keep_items(session, added)
    record_act(
        session, "subscription_type.create", subject_of(added), after=_told(session, added), reason=reason
    )
    return added


def edit_type(
    session: Session, known: SubscriptionType, details: SubscriptionTypeDetails, *, reason: str
) -> bool:
    """Change what is said of a type; return whether anything is different now.

    Running periods keep their times. A new price counts from the next charge on, which needs a billing key
    that charges exactly that.
    Raises: InvalidTypeError.
    """
    session.refresh(known, with_for_update=True)
    before, checked = _told(session, known), check_details(details)
    following = _find_next(session, checked, own_id=known.id)
    for name, value in checked.columns.items():
        setattr(known, name, value)
    known.next_subscription_type_id = following.id if following else None
    session.flush()
    _keep_short_name(session, known, checked.short_name)
    _keep_items(session, known)
    after = _told(session, known)
    if after == before:
        return False
    record_act(
        session, "subscription_type.edit", subject_of(known), before=before, after=after, reason=reason
    )
    return True


def keep_vat(session: Session) -> None:
    """Let the only item of a type carry the VAT of the setting; several items differ by it, and keep theirs."""
    session.execute(_KEEP_VAT, {"vat": _vat(session)})


def subject_of(known: SubscriptionType) -> str:
    """Return how the audit log calls a type."""
    return f"subscription_type {known.code}"


def _find_next(session: Session, checked: CheckedDetails, own_id: int | None) -> SubscriptionType | None:
    """Return the type that follows. Raises: InvalidTypeError if it is not there, or leads back here."""
    if not checked.next_type:
        return None
    following = find_type(session, checked.next_type)
    if following is None:
        told = N_("There is no subscription type %(code)r.")
        raise InvalidTypeError(told, field="next_type", code=checked.next_type[:80])
    if own_id is not None and own_id in _list_following(session, following):
        told = N_("After %(code)s this type would come again, without an end.")
        raise InvalidTypeError(told, field="next_type", code=following.code)
    return following


def _list_following(session: Session, first: SubscriptionType) -> list[int]:
    """Return a type and those that follow it; an import may have brought a circle."""
    following = {each.id: each.next_subscription_type_id for each in list_types(session)}
    seen: list[int] = []
    place: int | None = first.id
    while place is not None and place not in seen:
        seen.append(place)
        place = following.get(place)
    return seen


def _keep_short_name(session: Session, known: SubscriptionType, name: str) -> None:
    meta = SubscriptionTypeMeta
    if not name:
        session.execute(delete(meta).where(meta.subscription_type_id == known.id, meta.key == KEY))
        return
    kept = insert(meta).values(subscription_type_id=known.id, key=KEY, value=name)
    session.execute(
        kept.on_conflict_do_update(
            index_elements=[meta.subscription_type_id, meta.key],
            set_={"value": name, "updated_at": db_now()},
            where=meta.value != name,
        )
    )


def _keep_items(session: Session, known: SubscriptionType) -> None:
    """Let the items sum up to the price: one of ours follows it, several that an import brought stay while they do."""
    items = list_items(session, [known.id])
    if len(items) > 1 and sum(item.amount for item in items) == known.price:
        return
    for item in items[1:]:
        item.deleted_at = db_now()
    item = items[0] if items else SubscriptionTypeItem(subscription_type_id=known.id)
    item.name, item.amount = known.name, known.price
    item.vat = _vat(session)
    session.add(item)
    session.flush()


def _vat(session: Session) -> Decimal:
    return Decimal(get_setting(session, "vat_rate"))


def _told(session: Session, known: SubscriptionType) -> dict[str, object]:
    following = session.get(SubscriptionType, known.next_subscription_type_id or 0)
    return {
        **{name: getattr(known, name) for name in COLUMNS},
        "short_name": read_written_short_names(session, [known.id]).get(known.id, ""),
        "next_type": following.code if following else "",
    }
