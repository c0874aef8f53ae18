"""The field of a one-time code, wherever one is typed."""

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import Field, StringField, ValidationError
from wtforms.validators import DataRequired

from crm.users.codes import DIGITS

# One sentence for a code that is wrong, too old, used, or nobody's.
WRONG_CODE = _l(
    "This code is not right, or not valid any more. Look at the newest SMS, or ask for another code."
)


def code_field() -> StringField:
    """Return the field: six digits, with spaces and dashes as they were pasted."""
    return StringField(
        _l("Code from the SMS"),
        description=_l("Six digits. It is valid for 10 minutes."),
        validators=[DataRequired(_l("Write the code.")), _six_digits],
        render_kw={"autocomplete": "one-time-code", "inputmode": "numeric", "spellcheck": "false"},
    )


def _six_digits(_form: object, field: Field) -> None:
    digits = [sign for sign in str(field.data or "") if sign.isascii() and sign.isdigit()]
    if len(digits) != DIGITS:
        raise ValidationError(_("The code has six digits."))
