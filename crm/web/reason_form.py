"""The form of an act that somebody will ask about: its reason, and the rule for the length of a field."""

from flask_babel import lazy_gettext as _l
from wtforms import StringField
from wtforms.validators import DataRequired, Length

from crm.web.forms import Form, storable

LONGEST_REASON = 200


def at_most(most: int) -> Length:
    """Return the rule for the length of a field."""
    return Length(max=most, message=_l("Write at most %(most)s characters.", most=most))


class ReasonForm(Form):
    """Why it is done."""

    reason = StringField(
        _l("Reason"),
        description=_l("For the colleague who asks in a year."),
        validators=[DataRequired(_l("Write why.")), at_most(LONGEST_REASON), storable],
    )
