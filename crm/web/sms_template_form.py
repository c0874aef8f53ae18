"""The form of one SMS template, and what else its page sends: values to show it with, a number to try it on."""

import secrets
from collections.abc import Mapping

from flask import request
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, HiddenField, SelectChoice, SelectField, StringField, TextAreaField
from wtforms.validators import DataRequired, Length

from crm.mobiletech.editing.changes import ParameterChange
from crm.mobiletech.sms_templates import TemplatePurpose
from crm.mobiletech.template_language.literals import change_literals
from crm.mobiletech.wire.sms_costs import write_instead
from crm.mobiletech.wire.sms_folding import fold_text
from crm.web.forms import Form, storable
from crm.web.reason_form import LONGEST_REASON, at_most

LONGEST_CONTENT = 2000
LONGEST_VALUE = 500
LONGEST_KEY = 64
VALUE = "value-"  # before the name of a parameter, in the names of inputs
FOLD = "fold"
PURPOSES = [
    SelectChoice(value=TemplatePurpose.SERVICE, label=_l("Service, free")),
    SelectChoice(value=TemplatePurpose.PAID, label=_l("Paid, goes with a charge")),
]
LANGUAGES = [SelectChoice(value="sk", label=_l("Slovak")), SelectChoice(value="en", label=_l("English"))]


class SmsTemplateForm(Form):
    """Texts, what they are for, and why they were changed; `seen_version` is the one the author had before the eyes."""

    seen_version = HiddenField()
    content = TextAreaField(
        _l("Slovak text"),
        validators=[DataRequired(_l("Write the text.")), at_most(LONGEST_CONTENT), storable],
    )
    content_en = TextAreaField(_l("English text"), validators=[at_most(LONGEST_CONTENT), storable])
    purpose = SelectField(_l("Purpose"), choices=PURPOSES)
    reason = StringField(
        _l("Why this change"),
        description=_l("For the colleague who asks in a year."),
        validators=[at_most(LONGEST_REASON), storable],
    )
    has_looked = BooleanField(_l("I have seen what uses this template, and the change fits"))
    trial_number = SelectField(_l("Number"), validate_choice=False)
    trial_language = SelectField(_l("Language of the test"), choices=LANGUAGES, validate_choice=False)
    trial_key = HiddenField(validators=[Length(max=LONGEST_KEY), storable])

    @property
    def text(self) -> str:
        """The Slovak text with the line ends that an SMS has; browsers send two characters for each."""
        return self.told("content").replace("\r\n", "\n")

    @property
    def english(self) -> str:
        """The English text, in the same way; of spaces alone it is none."""
        text = self.told("content_en").replace("\r\n", "\n")
        return text if text.strip() else ""

    def has_seen(self, change: ParameterChange) -> bool:
        """Return whether the box was ticked, and beside this very change: the text may have been written on since."""
        return bool(self.has_looked.raw_data) and str(self.has_looked.raw_data[0]) == change.mark

    def write_cheaper(self, wish: str) -> None:
        """Do what a button beside a text asks: `sk:€` writes EUR in the Slovak text, `en:fold` plain letters."""
        language, _colon, what = wish.partition(":")
        field = {"sk": self.content, "en": self.content_en}.get(language)
        if field is None or not what:
            return
        text = str(field.data or "").replace("\r\n", "\n")
        if what == FOLD:
            field.data = change_literals(text, lambda literal: fold_text(literal).text)
        else:
            field.data = change_literals(text, lambda literal: write_instead(literal, what))


class NewSmsTemplateForm(SmsTemplateForm):
    """The same for a template that has no code yet."""

    code = StringField(
        _l("Code"),
        description=_l("Small letters, digits, dashes and underscores, such as renewal_failed."),
        validators=[DataRequired(_l("Give it a code.")), storable],
    )


def read_values() -> Mapping[str, str]:
    """Return the sample values that were typed, by the names of parameters."""
    return {
        name.removeprefix(VALUE): value[:LONGEST_VALUE].replace("\0", "\ufffd")
        for name, value in request.form.items()
        if name.startswith(VALUE)
    }


def make_key() -> str:
    """Return what names one showing of the page, so that a button that is pressed twice acts once."""
    return secrets.token_hex(8)
