"""The form of one SMS template."""

from wtforms import HiddenField, SelectChoice, SelectField, StringField, TextAreaField
from wtforms.validators import DataRequired, Length

from crm.mobiletech.sms_templates import TemplatePurpose
from crm.web.forms import Form, storable

LONGEST_CONTENT = 2000
LONGEST_REASON = 200
PURPOSES = [
    SelectChoice(value=TemplatePurpose.SERVICE, label="Service, free"),
    SelectChoice(value=TemplatePurpose.PAID, label="Paid, goes with a charge"),
]


class SmsTemplateForm(Form):
    """A text, what it is for, and why it was changed; `seen_version` is the one the author had before the eyes."""

    seen_version = HiddenField()
    content = TextAreaField(
        "Text",
        validators=[
            DataRequired("Write the text."),
            Length(max=LONGEST_CONTENT, message=f"Write at most {LONGEST_CONTENT} characters."),
            storable,
        ],
    )
    purpose = SelectField("Purpose", choices=PURPOSES)
    reason = StringField(
        "Why this change",
        description="For the colleague who asks in a year.",
        validators=[
            Length(max=LONGEST_REASON, message=f"Write at most {LONGEST_REASON} characters."),
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
        "Code",
        description="Small letters, digits, dashes and underscores, such as renewal_failed.",
        validators=[DataRequired("Give it a code."), storable],
    )
