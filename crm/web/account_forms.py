"""The forms of My account."""

from typing import ClassVar

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import Field, HiddenField, PasswordField, RadioField, SelectChoice, StringField, ValidationError
from wtforms.validators import DataRequired, Length

from crm.users.own_account import LONGEST_NAME
from crm.web.forms import Form, storable
from crm.web.languages import LANGUAGE_NAMES


class AccountForm(Form):
    """A form whose `main_field` is where a refusal of the service is told."""

    main_field: ClassVar[str] = ""


class NameForm(AccountForm):
    """How a person is called."""

    main_field = "first"
    first = StringField(_l("First name"), validators=[Length(max=LONGEST_NAME), storable])
    last = StringField(_l("Last name"), validators=[Length(max=LONGEST_NAME), storable])


class EmailForm(AccountForm):
    """Where a person gets mail, and signs in by."""

    main_field = "email"
    asks_password = False
    email = StringField(_l("E-mail"), validators=[DataRequired(_l("Write your e-mail.")), storable])
    password = PasswordField(_l("Your password"))

    def validate_password(self, field: Field) -> None:
        """Ask for it only where there is one. Raises: ValidationError."""
        if self.asks_password and not field.data:
            raise ValidationError(_("Write your password."))


class LanguageForm(AccountForm):
    """The language of pages and SMS."""

    main_field = "language"
    language = RadioField(
        _l("Language"),
        choices=[SelectChoice(value=code, label=name) for code, name in LANGUAGE_NAMES.items()],
        validators=[DataRequired(_l("Choose a language."))],
    )


class PasswordForm(Form):
    """A new password, and the old one where it is asked for."""

    asks_old = False
    old = PasswordField(_l("Your password until now"))
    new = PasswordField(
        _l("New password"),
        description=_l("At least 10 characters. A few words in a row are easy to keep in mind."),
        validators=[DataRequired(_l("Write a new password."))],
    )
    next = HiddenField()

    def validate_old(self, field: Field) -> None:
        """Ask for it only where it is needed. Raises: ValidationError."""
        if self.asks_old and not field.data:
            raise ValidationError(_("Write your password."))


class PhoneForm(Form):
    """A number that the person says is theirs."""

    phone = StringField(
        _l("Phone number"),
        description=_l("A Slovak mobile number, such as 0908 123 456."),
        validators=[DataRequired(_l("Write your number.")), storable],
    )
