"""The forms about short numbers, prefixes and status codes."""

from flask_babel import lazy_gettext as _l
from wtforms import RadioField, SelectChoice, StringField, TextAreaField
from wtforms.validators import DataRequired

from crm.mobiletech.catalogue.places import LONGEST_NOTE
from crm.mobiletech.catalogue.short_numbers import LONGEST_NAME
from crm.mobiletech.catalogue.status_codes import CLASSES, LONGEST_WORDS, ReasonClass
from crm.mobiletech.wire.operators import Operator
from crm.web.forms import Form, storable
from crm.web.operator_choices import operators_field
from crm.web.reason_form import at_most

NOTHING = "none"  # the prefix tells nothing
WORDS = (at_most(LONGEST_WORDS), storable)


class ShortNumberForm(Form):
    """What a number is for, and whose readers reach it."""

    name = StringField(
        _l("What it is for"),
        validators=[DataRequired(_l("Say what it is for.")), at_most(LONGEST_NAME), storable],
    )
    operators = operators_field()


class NewShortNumberForm(ShortNumberForm):
    """A number that nobody has described."""

    number = StringField(
        _l("Short number"),
        description=_l("3 to 6 digits, such as 8877."),
        validators=[DataRequired(_l("Write the number.")), at_most(40), storable],
    )


class PrefixForm(Form):
    """Whose a prefix is, and how we know."""

    operator = RadioField(
        _l("Operator"),
        choices=[
            *(SelectChoice(value=each.value, label=each.label) for each in Operator),
            SelectChoice(value=NOTHING, label=_l("It tells nothing")),
        ],
        validators=[DataRequired(_l("Choose one."))],
    )
    note = StringField(
        _l("How we know"),
        description=_l("For the colleague who asks in a year."),
        validators=[DataRequired(_l("Write how we know.")), at_most(LONGEST_NOTE), storable],
    )


class NewPrefixForm(PrefixForm):
    """A prefix that nobody has said anything of."""

    prefix = StringField(
        _l("Prefix"),
        description=_l("3 to 5 digits, such as 0908 or 943; the longest that fits a number counts."),
        validators=[DataRequired(_l("Write the prefix.")), at_most(40), storable],
    )


class StatusCodeForm(Form):
    """What a code means and what to do about it, in both languages."""

    kind = RadioField(
        _l("Kind"),
        choices=[SelectChoice(value=each.value, label=_l(CLASSES[each].name)) for each in ReasonClass],
        validators=[DataRequired(_l("Choose one of the kinds."))],
    )
    meaning_sk = StringField(
        _l("Meaning, in Slovak"),
        description=_l("A few words that stand after the code, as in: A12: no credit."),
        validators=[DataRequired(_l("Say what it means.")), *WORDS],
    )
    meaning_en = StringField(
        _l("Meaning, in English"), validators=[DataRequired(_l("Say what it means.")), *WORDS]
    )
    advice_sk = TextAreaField(
        _l("What to do, in Slovak"),
        description=_l("That of its kind when empty."),
        validators=WORDS,
    )
    advice_en = TextAreaField(_l("What to do, in English"), validators=WORDS)


class NewStatusCodeForm(StatusCodeForm):
    """A code that nobody has described."""

    code = StringField(
        _l("Code"),
        description=_l("As the gateway reports it, such as A12."),
        validators=[DataRequired(_l("Write the code.")), at_most(40), storable],
    )
