"""The form of one SMS template."""

from flask_babel import lazy_gettext as _l
from wtforms import HiddenField, SelectChoice, SelectField, StringField, TextAreaField
from wtforms.validators import DataRequired, Length

from crm.mobiletech.sms_templates import TemplatePurpose
from crm.web.forms import Form, storable

LONGEST_CONTENT = 2000
LONGEST_REASON = 200
PURPOSES = [
    SelectChoice(value=TemplatePurpose.SERVICE, label=_l("Service, free")),
    SelectChoice(value=TemplatePurpose.PAID, label=_l("Paid, goes with a charge")),
]


class SmsTemplateForm(Form):
    """A text, what it is for, and why it was changed; `seen_version` is the one the author had before the eyes."""

    seen_version = HiddenField()
    content = TextAreaField(
        _l("Text"),
        validators=[
            DataRequired(_l("Write the text.")),
            Length(max=LONGEST_CONTENT, message=_l("Write at most %(max)s characters.", max=LONGEST_CONTENT)),
            storable,
        ],
    )
    purpose = SelectField(_l("Purpose"), choices=PURPOSES)
    reason = StringField(
        _l("Why this change"),
        description=_l("For the colleague who asks in a year."),
        validators=[
            Length(max=LONGEST_REASON, message=_l("Write at most %(max)s characters.", max=LONGEST_REASON)),
            storable,
        ],
    )

    @property
    def text(self) -> str:
        """The text with the line ends that an SMS has; browsers send two characters for each."""
        return self.told("content").replace("\r\n", "\n")


class NewSmsTemplateForm(SmsTemplateForm):
    """The same for a template that has no code yet."""

    code = StringField(
        _l("Code"),
        description=_l("Small letters, digits, dashes and underscores, such as renewal_failed."),
        validators=[DataRequired(_l("Give it a code.")), storable],
    )
