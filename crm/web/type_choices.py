"""What the form of a subscription type offers: keys, paid texts, types that may follow; and its name in an SMS."""

from dataclasses import dataclass

from flask_babel import gettext as _
from sqlalchemy.orm import Session

from crm.core.plain_letters import to_ascii
from crm.mobiletech.catalogue.billkeys import Kind, list_billkeys
from crm.mobiletech.catalogue.key_rules import KeyState, read_key_rules
from crm.mobiletech.sms_templates import TemplatePurpose, list_templates
from crm.subscriptions.models import SubscriptionType
from crm.subscriptions.queries import list_types
from crm.subscriptions.short_names import LONGEST, short_name_of
from crm.web.money import money
from crm.web.type_forms import Choices, TypeForm


@dataclass(frozen=True, slots=True, kw_only=True)
class NameInSms:
    """How the type is called in an SMS as the form stands: the name, and how long what was typed is."""

    name: str
    used: int
    room: int = LONGEST


def fill_choices(session: Session, form: TypeForm, known: SubscriptionType | None) -> None:
    """Offer what there is; what is chosen already stays, also if it is there no more."""
    form.billkey.choices = _with([("", _("None: not sold by SMS")), *_keys(session)], form.told("billkey"))
    texts = [
        (each.code, each.code) for each in list_templates(session) if each.purpose == TemplatePurpose.PAID
    ]
    form.template.choices = _with([("", _("None")), *texts], form.told("template"))
    form.first_template.choices = _with([("", _("The same")), *texts], form.told("first_template"))
    others = [
        (each.code, each.user_label) for each in list_types(session) if known is None or each.id != known.id
    ]
    form.next_type.choices = _with([("", _("The same again")), *others], form.told("next_type"))


def name_in_sms(form: TypeForm) -> NameInSms:
    """Return the name in an SMS that the form as it stands would give."""
    typed = to_ascii(form.told("short_name"))
    name = short_name_of(typed, form.told("user_label"))
    return NameInSms(name=name, used=len(typed) or len(name))


def _keys(session: Session) -> Choices:
    paid = [each for each in list_billkeys(session) if each.kind == Kind.PAID]
    rules = read_key_rules(session, [each.code for each in paid])
    return [
        (each.code, f"{each.code} · {money(each.price, each.currency)}")
        for each in paid
        if rules[each.code].state is not KeyState.ENDED
    ]


def _with(known: Choices, chosen: str) -> Choices:
    return known if chosen in dict(known) else [*known, (chosen, chosen)]
