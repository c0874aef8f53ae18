"""What the form of a type says of its sale by SMS, kept with the type; and the form of a type that is there."""

from sqlalchemy.orm import Session

from crm.core.errors import N_
from crm.sms_billing.errors import InvalidOfferError
from crm.sms_billing.offers import find_offer, remove_offer, set_offer
from crm.subscriptions.models import SubscriptionType
from crm.subscriptions.queries import read_types, read_written_short_names
from crm.web.type_forms import EditTypeForm, TypeForm, values_of

NO_TEXT = N_("Choose the text that goes with the charge.")
NO_KEY = N_("Choose the key that charges it, or no text.")


def sell(session: Session, known: SubscriptionType, form: TypeForm, *, reason: str = "") -> bool:
    """Sell the type as the form says; return whether anything is different.

    Raises: InvalidOfferError.
    """
    billkey, texts = form.sale()
    if not billkey and (texts.renewal or texts.first):
        raise InvalidOfferError(NO_KEY, field="billkey")
    if not billkey:
        return remove_offer(session, known, reason=reason)
    if not texts.renewal:
        raise InvalidOfferError(NO_TEXT, field="template")
    return set_offer(session, known, billkey, texts, reason=reason)


def form_of(session: Session, known: SubscriptionType) -> EditTypeForm:
    """Return the form that says what the type is now."""
    following = read_types(session, [known.next_subscription_type_id])
    values = values_of(
        known,
        short_name=read_written_short_names(session, [known.id]).get(known.id, ""),
        following=next((each.code for each in following.values()), ""),
        offer=find_offer(session, known.id),
    )
    return EditTypeForm(formdata=None, data=values)
