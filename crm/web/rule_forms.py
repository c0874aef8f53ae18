"""The forms of rules: one rule, and a text to try."""

import hashlib

from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, HiddenField, RadioField, SelectChoice, SelectField, StringField
from wtforms.validators import DataRequired

from crm.mobiletech.rules.checks import LONGEST_TEXT, Draft
from crm.mobiletech.rules.deciding import Action
from crm.mobiletech.rules.matching import Match
from crm.web.forms import Form, storable
from crm.web.reason_form import at_most

LONGEST_TRIED = 1000
MATCHES = [
    SelectChoice(value=Match.EXACT, label=_l("The whole text is it")),
    SelectChoice(value=Match.STARTS_WITH, label=_l("The text begins with it")),
    SelectChoice(value=Match.TYPO, label=_l("The whole text is it, one typing error allowed")),
]
ACTIONS = [
    SelectChoice(value=Action.REPLY, label=_l("Reply with a template")),
    SelectChoice(value=Action.CONFIRM, label=_l("Take it as a yes: confirm the sender's account")),
    SelectChoice(value=Action.SUBSCRIBE, label=_l("Sell a subscription")),
    SelectChoice(value=Action.STOP, label=_l("Stop the subscription")),
    SelectChoice(value=Action.STATE, label=_l("Tell what the reader has and what is charged next")),
    SelectChoice(value=Action.INBOX, label=_l("Give it to a person")),
    SelectChoice(value=Action.EXTENSION, label=_l("Give it to an extension")),
]
WITH_TEMPLATE = (Action.REPLY, Action.CONFIRM)
WITH_TYPE = (Action.SUBSCRIBE, Action.STOP)


class RuleForm(Form):
    """One rule. `previewed` says for what the look at the last 30 days was taken, `seen_at` which version was read."""

    previewed = HiddenField(validators=[storable])
    seen_at = HiddenField(validators=[storable])
    text = StringField(
        _l("Text"),
        description=_l("Capitals, accents and punctuation do not matter."),
        validators=[DataRequired(_l("Write what the reader writes.")), at_most(LONGEST_TEXT), storable],
    )
    match = RadioField(_l("Fits when"), choices=MATCHES, validate_choice=False, validators=[storable])
    short_number = SelectField(_l("Written to"), choices=[], validate_choice=False, validators=[storable])
    action = RadioField(_l("What happens"), choices=ACTIONS, validate_choice=False, validators=[storable])
    template = SelectField(
        _l("Template"),
        description=_l("It goes out free of charge, as the answer to the SMS."),
        choices=[],
        validate_choice=False,
        validators=[storable],
    )
    subscription_type = SelectField(
        _l("Subscription"), choices=[], validate_choice=False, validators=[storable]
    )
    asks_first = BooleanField(_l("Ask first: charge only after the reader's ANO"))
    extension = SelectField(_l("Extension"), choices=[], validate_choice=False, validators=[storable])
    before = SelectField(
        _l("Place"),
        description=_l("Rules are asked from the first to the last; the first that fits acts."),
        choices=[],
        validate_choice=False,
        validators=[storable],
    )

    def read_draft(self) -> Draft:
        """Return what was typed; what the action has no use for is not meant."""
        action = self.told("action")
        return Draft(
            short_number=self.told("short_number") or None,
            match=self.told("match"),
            text=self.told("text"),
            action=action,
            template=self.told("template") or None if action in WITH_TEMPLATE else None,
            extension=self.told("extension") or None if action == Action.EXTENSION else None,
            subscription_type=self.told("subscription_type") or None if action in WITH_TYPE else None,
            asks_first=bool(self.asks_first.data) and action == Action.SUBSCRIBE,
        )

    def read_before(self) -> int | None:
        """Return the rule that it is to stand before."""
        typed = self.told("before")
        return int(typed) if typed.isdecimal() and len(typed) < 19 else None

    def mark(self) -> str:
        """Return what a look at the last 30 days is good for: how the rule fits, and where it stands."""
        names = ("text", "match", "short_number", "before")
        typed = "\n".join(" ".join(self.told(name).split()) for name in names)
        return hashlib.sha256(typed.encode()).hexdigest()[:16]


class TryForm(Form):
    """A text that nobody has sent."""

    content = StringField(
        _l("Try a text"),
        validators=[DataRequired(_l("Write a text.")), at_most(LONGEST_TRIED), storable],
    )
    to = SelectField(_l("Written to"), choices=[], validate_choice=False, validators=[storable])
