"""What the forms of rules offer: short numbers, templates, extensions, places; and where a new one starts."""

from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.core.business_settings import get_setting
from crm.mobiletech.catalogue.short_numbers import list_numbers
from crm.mobiletech.conversations.models import InboxItem
from crm.mobiletech.models import InboundMessage
from crm.mobiletech.rules.action_checks import list_extensions, list_usable_templates
from crm.mobiletech.rules.checks import LONGEST_TEXT
from crm.mobiletech.rules.deciding import KeywordRule
from crm.mobiletech.rules.queries import read_rules
from crm.subscriptions.queries import list_types
from crm.web.ids import LARGEST_ID
from crm.web.rule_forms import RuleForm, TryForm

Choices = list[tuple[str, str]]


def fill_choices(session: Session, form: RuleForm, rule: KeywordRule | None) -> None:
    """Offer what there is; what is chosen already stays, also if it is there no more."""
    form.short_number.choices = [("", _("Every short number")), *_numbers(session, form.told("short_number"))]
    templates = [template.code for template in list_usable_templates(session)]
    form.template.choices = [("", _("No template")), *_with(templates, form.told("template"))]
    types = {kind.code: kind.name for kind in list_types(session)}
    chosen = form.told("subscription_type")
    types |= {chosen: chosen} if chosen and chosen not in types else {}
    form.subscription_type.choices = [("", _("No subscription named")), *types.items()]
    form.extension.choices = [("", _("No extension")), *_with(list_extensions(), form.told("extension"))]
    others = [each for each in read_rules(session) if rule is None or each.id != rule.id]
    places = [(str(each.id), _("before %(rule)s", rule=each.text)) for each in others]
    form.before.choices = [*places, ("", _("as the last"))]


def fill_try_choices(session: Session, form: TryForm) -> None:
    """Offer the short numbers, ours first chosen."""
    form.to.choices = _numbers(session, form.told("to"))
    if not form.told("to"):
        form.to.data = get_setting(session, "mobiletech_short_number")


def find_start(session: Session, item_id: str) -> dict[str, str]:
    """Return the text and the short number of an SMS that waits in the inbox; nothing for any other word."""
    if not item_id.isdecimal() or int(item_id) > LARGEST_ID:
        return {}
    found = (
        select(InboundMessage.content, InboundMessage.to)
        .join(InboxItem, InboxItem.inbound_message_id == InboundMessage.id)
        .where(InboxItem.id == int(item_id))
    )
    row = session.execute(found).one_or_none()
    return {"text": row.content.strip()[:LONGEST_TEXT], "short_number": row.to} if row else {}


def _numbers(session: Session, chosen: str) -> Choices:
    return _with(list_numbers(session), chosen)


def _with(known: list[str], chosen: str) -> Choices:
    return [(each, each) for each in dict.fromkeys([*known, *([chosen] if chosen else [])])]
