"""The forms of acts on renewals."""

from flask_babel import lazy_gettext as _l
from wtforms import DateField, RadioField, SelectField
from wtforms.validators import InputRequired

from crm.web.reason_form import ReasonForm


class PostponeForm(ReasonForm):
    """To which day a charge is moved, and why."""

    day = DateField(
        _l("New day"),
        description=_l("The hour stays the same."),
        validators=[InputRequired(_l("Choose a day, like 2026-11-30."))],
    )


class SettleForm(ReasonForm):
    """What a person found out about a message; the choices come with the page."""

    decision = RadioField(_l("What you found out"), validators=[InputRequired(_l("Choose what is true."))])


class ReleaseForm(ReasonForm):
    """To whom a held message goes."""

    operator = SelectField(_l("Operator of the number"))
