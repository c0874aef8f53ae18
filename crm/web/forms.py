"""What all forms share."""

from flask_babel import gettext as _
from flask_wtf import FlaskForm
from wtforms import Field, ValidationError


class Form(FlaskForm):  # type: ignore[misc]
    """A form with a CSRF token."""

    def told(self, name: str) -> str:
        """Return what was typed into a field, as text."""
        return str(self[name].data or "")


def storable(_form: Form, field: Field) -> None:
    """Refuse the one character that the database cannot keep.

    Raises: ValidationError.
    """
    if "\0" in str(field.data or ""):
        raise ValidationError(_("Take out the zero character; it cannot be stored."))
