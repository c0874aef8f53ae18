"""The forms about a subscription type."""

from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, RadioField, SelectChoice, SelectField, StringField, TextAreaField
from wtforms.validators import DataRequired

from crm.sms_billing.models import SmsOffer
from crm.sms_billing.offers import OfferTexts
from crm.subscriptions.details import LONGEST_DESCRIPTION, LONGEST_NAME, SubscriptionTypeDetails
from crm.subscriptions.extension import ExtensionMethod
from crm.subscriptions.models import SubscriptionType
from crm.subscriptions.periods import LengthMethod
from crm.web.forms import Form, storable
from crm.web.money import amount_typed
from crm.web.reason_form import ReasonForm, at_most
from crm.web.type_words import EXTENSIONS, LENGTHS

Choices = list[tuple[str, str]]


class TypeForm(Form):
    """What a type is, how long it lasts, what comes after it, and how it is sold."""

    user_label = StringField(
        _l("What readers call it"),
        description=_l("On their pages, such as Monthly subscription."),
        validators=[at_most(LONGEST_NAME), storable],
    )
    name = StringField(
        _l("What we call it"),
        description=_l("In lists, and on the items of payments."),
        validators=[at_most(LONGEST_NAME), storable],
    )
    short_name = StringField(
        _l("Name in SMS"),
        description=_l("Plain letters, at most 40 characters. Empty, it is made from what readers call it."),
        validators=[at_most(LONGEST_NAME), storable],
    )
    description = TextAreaField(
        _l("Description"), validators=[at_most(LONGEST_DESCRIPTION), storable], description=_l("For staff.")
    )
    price = StringField(
        _l("Price of one period"),
        description=_l("With VAT, such as 4.99."),
        validators=[at_most(40), storable],
    )
    currency = StringField(_l("Currency"), default="EUR", validators=[at_most(40), storable])
    length_method = RadioField(
        _l("How long a period is"),
        choices=[SelectChoice(value=value, label=_l(words)) for value, words in LENGTHS.items()],
        default=LengthMethod.FIX_DAYS,
        validate_choice=False,
        validators=[storable],
    )
    length = StringField(_l("Days"), default="30", validators=[at_most(40), storable])
    extending_length = StringField(
        _l("Days when it extends"),
        description=_l("As above when empty."),
        validators=[at_most(40), storable],
    )
    extension_method = RadioField(
        _l("When a paid period begins"),
        choices=[SelectChoice(value=value, label=_l(words)) for value, words in EXTENSIONS.items()],
        default=ExtensionMethod.EXTEND_ACTUAL,
        validate_choice=False,
        validators=[storable],
    )
    charge_before = StringField(
        _l("Hours before the end to charge the next"),
        description=_l("As the setting recurrent_charge_before when empty; below 0 after the end."),
        validators=[at_most(40), storable],
    )
    next_type = SelectField(_l("What comes next"), choices=[], validate_choice=False, validators=[storable])
    trial_periods = StringField(
        _l("After how many periods"),
        description=_l("Of a trial, for example 1."),
        validators=[at_most(40), storable],
    )
    billkey = SelectField(
        _l("Billing key"),
        description=_l("It must charge exactly the price."),
        choices=[],
        validate_choice=False,
        validators=[storable],
    )
    template = SelectField(
        _l("Text of a renewal"),
        description=_l("The SMS that charges it; paid templates only."),
        choices=[],
        validate_choice=False,
        validators=[storable],
    )
    first_template = SelectField(
        _l("Text of the first SMS"), choices=[], validate_choice=False, validators=[storable]
    )
    active = BooleanField(_l("May be sold"), default=True)
    visible = BooleanField(_l("Readers see it"), default=True)
    sorting = StringField(
        _l("Place in lists"),
        default="10",
        description=_l("The lowest first."),
        validators=[at_most(40), storable],
    )

    def details(self, known: SubscriptionType | None = None) -> SubscriptionTypeDetails:
        """Return what was typed; what the form does not ask for stays as it is."""
        texts = {name: self.told(name).strip() for name in _TEXTS}
        return SubscriptionTypeDetails(
            **texts,
            currency=self.told("currency").strip().upper(),
            active=bool(self.active.data),
            visible=bool(self.visible.data),
            no_subscription=known.no_subscription if known else False,
            fixed_start=known.fixed_start if known else None,
            fixed_end=known.fixed_end if known else None,
        )

    def sale(self) -> tuple[str, OfferTexts]:
        """Return the billing key that was chosen, none if it is empty, and the texts."""
        first = self.told("first_template") or None
        return self.told("billkey"), OfferTexts(renewal=self.told("template"), first=first)


class NewTypeForm(TypeForm):
    """A type that is not there yet."""

    code = StringField(
        _l("Code"),
        description=_l("How rules and imports call it, such as month. It cannot be changed later."),
        validators=[DataRequired(_l("Write the code.")), at_most(64), storable],
    )


class EditTypeForm(TypeForm, ReasonForm):
    """A type that is there, and why it is changed."""


def values_of(
    known: SubscriptionType, *, short_name: str, following: str, offer: SmsOffer | None
) -> dict[str, Any]:
    """Return what a form about the type begins with."""
    return {
        **{name: getattr(known, name) for name in _AS_THEY_ARE},
        **{name: _typed(getattr(known, name)) for name in _NUMBERS},
        "price": amount_typed(known.price),
        "charge_before": _typed(known.recurrent_charge_before),
        "short_name": short_name,
        "next_type": following,
        "billkey": offer.billkey if offer else "",
        "template": offer.template_code if offer else "",
        "first_template": (offer.first_template_code or "") if offer else "",
    }


_AS_THEY_ARE = (
    "user_label",
    "name",
    "description",
    "currency",
    "length_method",
    "extension_method",
    "active",
    "visible",
)
_NUMBERS = ("length", "extending_length", "trial_periods", "sorting")
_TEXTS = (
    "user_label",
    "name",
    "description",
    "price",
    "length_method",
    "extension_method",
    *_NUMBERS,
    "short_name",
    "next_type",
    "charge_before",
)


def _typed(number: int | None) -> str:
    return "" if number is None else str(number)
