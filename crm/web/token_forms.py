"""The form of an API token."""

from datetime import date

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import (
    DateField,
    Field,
    SelectChoice,
    SelectMultipleField,
    StringField,
    TextAreaField,
    ValidationError,
)
from wtforms.validators import DataRequired, Optional
from wtforms.widgets import CheckboxInput, ListWidget

from crm.core.clock import now
from crm.users.api_tokens import LONGEST_NAME, Scope
from crm.web.forms import Form, storable
from crm.web.page_tools import get_settings
from crm.web.reason_form import at_most

LAST_YEAR = 2999


class TokenForm(Form):
    """A new token: who has it, what it opens, from where, until when."""

    name = StringField(
        _l("Name"),
        description=_l("Whose key it is, such as shop. It cannot be used again."),
        validators=[DataRequired(_l("Give it a name.")), at_most(LONGEST_NAME), storable],
    )
    scopes = SelectMultipleField(
        _l("What it opens"),
        choices=[SelectChoice(value=scope.value, label=scope.value) for scope in Scope],
        widget=ListWidget(prefix_label=False),
        option_widget=CheckboxInput(),
        validators=[DataRequired(_l("Choose at least one."))],
    )
    networks = TextAreaField(
        _l("Networks"),
        description=_l(
            "Where it may come from, one network a line: 192.0.2.0/24 or 2001:db8::/32. Any when empty."
        ),
        validators=[at_most(2000), storable],
    )
    expires_on = DateField(
        _l("Last day"),
        description=_l("It does not end by itself when empty."),
        validators=[Optional()],
    )

    def list_networks(self) -> list[str]:
        """Return the networks that were typed."""
        return self.told("networks").replace(",", "\n").split()

    def validate_expires_on(self, field: Field) -> None:
        """Refuse a token that would have ended already."""
        today: date = now().astimezone(get_settings().timezone).date()
        if field.data is not None and not today <= field.data <= date(LAST_YEAR, 1, 1):
            raise ValidationError(_("The day must not be past."))
