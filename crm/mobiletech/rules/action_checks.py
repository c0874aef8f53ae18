"""Can the action of a rule be done: is the template fit for an answer, the extension installed, the type sold?"""

from collections.abc import Callable, Mapping

from sqlalchemy.orm import Session

from crm.core.errors import N_, Said
from crm.events.registry import registry
from crm.mobiletech.events import RULE
from crm.mobiletech.models import SmsTemplate
from crm.mobiletech.rules.deciding import Action, KeywordRule
from crm.mobiletech.rules.errors import Part, RuleRefusedError
from crm.mobiletech.rules.ports import money_actions
from crm.mobiletech.sms_templates import TemplatePurpose, find_template, list_templates
from crm.mobiletech.template_language import TemplateLanguageError, compile_template

GIVEN = ("original_message", "short_number")  # what a template is filled with; `name` where it is known


def check_action(session: Session, rule: KeywordRule) -> None:
    """Refuse an action that cannot be done.

    Raises: RuleRefusedError.
    """
    if rule.asks_first and rule.action is not Action.SUBSCRIBE:
        raise RuleRefusedError(Part.ASKS_FIRST, N_("Asking first goes with the action subscribe only."))
    if rule.subscription_type is not None and rule.action not in (Action.SUBSCRIBE, Action.STOP):
        raise RuleRefusedError(
            Part.SUBSCRIPTION_TYPE, N_("A subscription type goes with the actions subscribe and stop only.")
        )
    _ACTION_CHECKS[rule.action](session, rule)


def list_extensions() -> list[str]:
    """Return the extensions that a rule can give an SMS to."""
    return sorted(event.removeprefix(RULE) for event in registry.handlers if event.startswith(RULE))


def list_usable_templates(session: Session) -> list[SmsTemplate]:
    """Return the templates that a rule can answer with."""
    return [each for each in list_templates(session) if find_template_fault(each) is None]


def find_template_fault(template: SmsTemplate) -> RuleRefusedError | None:
    """Return why a rule cannot answer with the template, None if it can."""
    if template.purpose == TemplatePurpose.PAID:
        return RuleRefusedError(
            Part.TEMPLATE,
            N_("The template %(code)s is for paid messages; a rule answers free of charge."),
            code=template.code,
        )
    try:
        missing = [name for name in _required(template) if name not in GIVEN]
    except TemplateLanguageError as error:
        return RuleRefusedError(
            Part.TEMPLATE,
            N_("The template %(code)s cannot be read: %(wrong)s"),
            code=template.code,
            wrong=Said(error.message, **error.fields),
        )
    if missing:
        return RuleRefusedError(
            Part.TEMPLATE,
            N_(
                "The template %(code)s needs %(names)s. A rule can give %(given)s, and name where it is known,"
                " so name must be optional there."
            ),
            code=template.code,
            names=", ".join(missing),
            given=", ".join(GIVEN),
        )
    return None


def _required(template: SmsTemplate) -> list[str]:
    texts = [text for text in (template.content, template.content_en) if text]
    needed = [each for text in texts for each in compile_template(text).parameters if each.required]
    return list(dict.fromkeys(each.name for each in needed))


def _check_reply(session: Session, rule: KeywordRule) -> None:
    if rule.template is None:
        raise RuleRefusedError(Part.TEMPLATE, N_("Choose the template that is the answer."))
    _check_confirm(session, rule)


def _check_confirm(session: Session, rule: KeywordRule) -> None:
    _refuse_extension(rule)
    if rule.template is None:
        return
    template = find_template(session, rule.template)
    if template is None:
        raise RuleRefusedError(Part.TEMPLATE, N_("There is no SMS template %(code)s."), code=rule.template)
    fault = find_template_fault(template)
    if fault is not None:
        raise fault


def _check_inbox(_session: Session, rule: KeywordRule) -> None:
    _refuse_extension(rule)
    _refuse_template(rule)


def _check_extension(_session: Session, rule: KeywordRule) -> None:
    _refuse_template(rule)
    known = list_extensions()
    if rule.extension is None:
        raise RuleRefusedError(Part.EXTENSION, N_("Say which extension gets the SMS."))
    if rule.extension not in known:
        told = N_("No extension %(name)s is installed. Installed: %(known)s.")
        raise RuleRefusedError(
            Part.EXTENSION, told, name=rule.extension, known=", ".join(known) or Said(N_("none"))
        )


def _check_subscribe(session: Session, rule: KeywordRule) -> None:
    if rule.subscription_type is None:
        raise RuleRefusedError(Part.SUBSCRIPTION_TYPE, N_("Choose the subscription type that is sold."))
    _check_money(session, rule)


def _check_money(session: Session, rule: KeywordRule) -> None:
    _refuse_extension(rule)
    _refuse_template(rule)
    find_fault = money_actions.find_type_fault
    if rule.subscription_type is None or find_fault is None:
        return
    fault = find_fault(session, rule.subscription_type, rule.action is Action.SUBSCRIBE)
    if fault is not None:
        raise RuleRefusedError(Part.SUBSCRIPTION_TYPE, fault.message, **fault.fields)


def _refuse_template(rule: KeywordRule) -> None:
    if rule.template is not None:
        raise RuleRefusedError(Part.TEMPLATE, N_("A template goes with the actions reply and confirm only."))


def _refuse_extension(rule: KeywordRule) -> None:
    if rule.extension is not None:
        raise RuleRefusedError(Part.EXTENSION, N_("An extension goes with the action extension only."))


_ACTION_CHECKS: Mapping[Action, Callable[[Session, KeywordRule], None]] = {
    Action.REPLY: _check_reply,
    Action.CONFIRM: _check_confirm,
    Action.INBOX: _check_inbox,
    Action.EXTENSION: _check_extension,
    Action.SUBSCRIBE: _check_subscribe,
    Action.STOP: _check_money,
    Action.STATE: _check_money,
}
