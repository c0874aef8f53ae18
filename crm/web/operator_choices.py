"""Operators in forms and in words: none of them chosen means all."""

from collections.abc import Iterable

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import SelectChoice, SelectMultipleField
from wtforms.widgets import CheckboxInput, ListWidget

from crm.mobiletech.wire.operators import Operator
from crm.web.message_pages import operator_label


def operators_field() -> SelectMultipleField:
    """Return the boxes of the four operators."""
    return SelectMultipleField(
        _l("Operators"),
        choices=[SelectChoice(value=each.value, label=each.label) for each in Operator],
        widget=ListWidget(prefix_label=False),
        option_widget=CheckboxInput(),
        validate_choice=False,  # the service tells its own rule
    )


def operator_names(letters: Iterable[str]) -> str:
    """Return the names, or that it is all of them."""
    return ", ".join(operator_label(letter) or letter for letter in letters) or str(_("all"))
