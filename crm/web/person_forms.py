"""The forms about one person."""

from flask_babel import lazy_gettext as _l
from wtforms import RadioField, SelectChoice, SelectField, StringField, TextAreaField
from wtforms.validators import DataRequired

from crm.users.languages import LOCALES
from crm.users.roles import Role
from crm.web.forms import Form, storable
from crm.web.reason_form import ReasonForm, at_most

LONGEST_NAME = 200
LONGEST_EMAIL = 255
LONGEST_NOTE = 2000
LANGUAGE_NAMES = {"sk": "Slovenčina", "en": "English"}  # each in itself, for whoever reads no other


class NewPersonForm(Form):
    """A person who is not there yet: an e-mail, a number, or both."""

    public_name = StringField(
        _l("Name"),
        description=_l("What staff see. The e-mail or the number when it is left out."),
        validators=[at_most(LONGEST_NAME), storable],
    )
    email = StringField(_l("E-mail"), validators=[at_most(LONGEST_EMAIL), storable])
    phone = StringField(
        _l("Phone number"),
        description=_l("A Slovak mobile number. Codes to choose a password go there."),
        validators=[at_most(40), storable],
    )


class PersonForm(Form):
    """What staff may write about a person."""

    public_name = StringField(
        _l("Name"),
        description=_l("What staff see."),
        validators=[DataRequired(_l("Write a name.")), at_most(LONGEST_NAME), storable],
    )
    first_name = StringField(_l("First name"), validators=[at_most(LONGEST_NAME), storable])
    last_name = StringField(_l("Last name"), validators=[at_most(LONGEST_NAME), storable])
    email = StringField(_l("E-mail"), validators=[at_most(LONGEST_EMAIL), storable])
    locale = SelectField(
        _l("Language"),
        choices=[
            SelectChoice(value="", label=_l("Not chosen")),
            *(SelectChoice(value=LOCALES[each], label=name) for each, name in LANGUAGE_NAMES.items()),
        ],
    )
    note = TextAreaField(_l("Note"), validators=[at_most(LONGEST_NOTE), storable])


class NumberForm(ReasonForm):
    """A number to be linked."""

    phone = StringField(
        _l("Phone number"),
        description=_l("A Slovak mobile number, in any spelling."),
        validators=[DataRequired(_l("Write the number.")), at_most(40), storable],
    )


class RoleForm(ReasonForm):
    """A role to be given."""

    role = RadioField(
        _l("Role"), choices=[SelectChoice(value=role.value, label=_l(role.value)) for role in Role]
    )
