"""The forms about a billing key. Days are those of the newsroom, the last one included."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import DateField, Field, RadioField, SelectChoice, StringField, TextAreaField, ValidationError
from wtforms.validators import DataRequired, Optional

from crm.mobiletech.catalogue.billkeys import BillkeyDetails, Kind
from crm.mobiletech.catalogue.models import Billkey
from crm.mobiletech.catalogue.places import LONGEST_NOTE
from crm.web.forms import Form, storable
from crm.web.money import amount_typed
from crm.web.operator_choices import operators_field
from crm.web.page_tools import get_settings
from crm.web.reason_form import ReasonForm, at_most

YEARS = range(2000, 2100)
TICK = timedelta(microseconds=1)


class BillkeyForm(Form):
    """What a key charges, and where and when it may be used."""

    kind = RadioField(
        _l("Kind"),
        choices=[
            SelectChoice(value=Kind.FREE.value, label=_l("Free: the reader pays nothing")),
            SelectChoice(value=Kind.PAID.value, label=_l("Paid: each message charges the reader")),
        ],
        validators=[DataRequired(_l("Choose free or paid."))],
    )
    price = StringField(
        _l("Price of one message"),
        description=_l("With VAT, such as 4.99. A free key costs 0."),
        validators=[at_most(40), storable],
    )
    currency = StringField(_l("Currency"), default="EUR", validators=[at_most(40), storable])
    short_number = StringField(
        _l("Short number"),
        description=_l("From which messages go out on it. Any when empty."),
        validators=[at_most(40), storable],
    )
    operators = operators_field()
    valid_from = DateField(
        _l("First day"), description=_l("Valid since ever when empty."), validators=[Optional()]
    )
    valid_until = DateField(
        _l("Last day"), description=_l("It does not end when empty."), validators=[Optional()]
    )
    note = TextAreaField(
        _l("Note"), description=_l("What it is for."), validators=[at_most(LONGEST_NOTE), storable]
    )

    def validate_valid_from(self, field: Field) -> None:
        """Refuse a year that is a slip of the finger."""
        _check_year(field)

    def validate_valid_until(self, field: Field) -> None:
        """Refuse a year that is a slip of the finger."""
        _check_year(field)

    def details(self, known: Billkey | None = None) -> BillkeyDetails:
        """Return what was typed; a day that stands as it stood keeps its moment."""
        begins, ends = _begin_of(self.valid_from.data), _begin_of(_day_after(self.valid_until.data))
        if known is not None and self.valid_from.data == _first_day(known):
            begins = known.valid_from
        if known is not None and self.valid_until.data == _last_day(known):
            ends = known.valid_until
        is_free = self.told("kind") == Kind.FREE
        return BillkeyDetails(
            kind=self.told("kind"),
            price=self.told("price").strip() or ("0" if is_free else ""),
            currency=self.told("currency").strip().upper(),
            short_number=self.told("short_number"),
            operators=list(self.operators.data or ()),
            valid_from=begins,
            valid_until=ends,
            note=self.told("note"),
        )


class NewBillkeyForm(BillkeyForm):
    """A key that is not listed yet."""

    code = StringField(
        _l("Code"),
        description=_l("As Mobiletech has given it to us, such as AZ19. It cannot be changed later."),
        validators=[DataRequired(_l("Write the code.")), at_most(64), storable],
    )


class EditBillkeyForm(BillkeyForm, ReasonForm):
    """A key that is listed, and why it is changed."""


def values_of(billkey: Billkey) -> dict[str, Any]:
    """Return what a form about the key begins with."""
    return {
        "kind": billkey.kind,
        "price": amount_typed(billkey.price),
        "currency": billkey.currency,
        "short_number": billkey.short_number or "",
        "operators": list(billkey.operators),
        "valid_from": _first_day(billkey),
        "valid_until": _last_day(billkey),
        "note": billkey.note,
    }


def _check_year(field: Field) -> None:
    if field.data is not None and field.data.year not in YEARS:
        raise ValidationError(_("Look at the year again."))


def _first_day(billkey: Billkey) -> date | None:
    return billkey.valid_from and billkey.valid_from.astimezone(get_settings().timezone).date()


def _last_day(billkey: Billkey) -> date | None:
    """Return the last day with a valid moment in it."""
    return billkey.valid_until and (billkey.valid_until - TICK).astimezone(get_settings().timezone).date()


def _day_after(day: date | None) -> date | None:
    return day + timedelta(days=1) if day else None


def _begin_of(day: date | None) -> datetime | None:
    return datetime.combine(day, time.min, get_settings().timezone).astimezone(UTC) if day else None
