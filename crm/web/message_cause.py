"""Why an SMS of ours was wanted: the cause that its key, its context or its payment names, in words."""

from collections.abc import Callable
from dataclasses import dataclass

from flask_babel import gettext as _
from sqlalchemy.orm import Session

from crm.core.errors import N_
from crm.mobiletech.conversations.answers import find_author
from crm.mobiletech.editing.trials import CONTEXT as TEMPLATE_TEST
from crm.mobiletech.models import NotSent, OutboundMessage
from crm.mobiletech.operator_change import KEY as ONCE_MORE
from crm.mobiletech.rules.models import Rule
from crm.users.queries import read_names


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """The cause, and the page of what it names; `told` is what asked for the SMS, as it said so itself."""

    words: str
    href: str | None = None
    told: str | None = None


def cause_of(session: Session, message: OutboundMessage) -> Cause:
    """Return why the SMS was made."""
    if message.payment_id is not None:
        words = _("It charges for payment %(id)s.", id=message.payment_id)
        return Cause(words=words, href=f"/admin/payments/{message.payment_id}")
    prefix, colon, name = (message.key or "").partition(":")
    if colon and prefix in _BY_KEY:
        return _BY_KEY[prefix](session, message, name)
    if (message.context or "") in _BY_CONTEXT:
        return _by_context(message.context or "")
    answers = message.rcv_msg_id is not None
    words = _("A program answered the reader.") if answers else _("A program wanted it sent.")
    return Cause(words=words, told=message.context or message.key)


def cause_of_refusal(session: Session, refusal: NotSent) -> Cause:
    """Return why an SMS that was not made was wanted."""
    rule, author = _id_after("rule", refusal.context), find_author(None, refusal.context)
    if rule is not None:
        return _by_rule(session, rule)
    if author is not None:
        return _by_person(session, author)
    if (refusal.context or "") in _BY_CONTEXT:
        return _by_context(refusal.context or "")
    if refusal.inbound_message_id is not None:
        return Cause(words=_("It would have answered the reader."), told=refusal.context)
    return Cause(words=_("A program wanted it sent."), told=refusal.context)


def _test_answer(_session: Session, _message: OutboundMessage, _name: str) -> Cause:
    return Cause(words=_("The test answer of the settings: no rule had answered the reader."))


def _one_time_code(_session: Session, _message: OutboundMessage, _name: str) -> Cause:
    return Cause(words=_("A one-time code that was asked for, to sign in or to prove a number."))


def _once_more(_session: Session, _message: OutboundMessage, name: str) -> Cause:
    return Cause(
        words=_("Message %(id)s once more: the number is with another operator now.", id=name),
        href=f"/admin/messages/outbound/{name}" if name.isdigit() else None,
    )


def _rule(session: Session, message: OutboundMessage, _name: str) -> Cause:
    rule = _id_after("rule", message.context)
    return _by_rule(session, rule) if rule is not None else Cause(words=_("A rule answered the reader."))


def _person(session: Session, message: OutboundMessage, _name: str) -> Cause:
    return _by_person(session, find_author(message.key, message.context))


def _by_person(session: Session, author: int | None) -> Cause:
    name = read_names(session, [author]).get(author) if author is not None else None
    if name is None:
        return Cause(words=_("Somebody of the staff wrote it."))
    return Cause(words=_("%(name)s wrote it.", name=name))


def _id_after(noun: str, context: str | None) -> int | None:
    """Return the id in a context such as `rule 3`."""
    before, _space, name = (context or "").partition(" ")
    return int(name) if before == noun and name.isascii() and name.isdigit() else None


def _by_rule(session: Session, rule: int) -> Cause:
    if session.get(Rule, rule) is None:
        return Cause(words=_("Rule %(id)s answered such a text; it is deleted by now.", id=rule))
    return Cause(words=_("Rule %(id)s answers such a text.", id=rule), href=f"/admin/rules/{rule}")


def _by_context(context: str) -> Cause:
    words, is_all = _BY_CONTEXT[context]
    return Cause(words=_(words), told=None if is_all else context)


_BY_KEY: dict[str, Callable[[Session, OutboundMessage, str], Cause]] = {
    "test-answer": _test_answer,
    "one-time-code": _one_time_code,
    ONCE_MORE.rstrip(":"): _once_more,
    "rule": _rule,
    "answer": _person,
}
# context -> in words, and whether these say all of it
_BY_CONTEXT: dict[str, tuple[str, bool]] = {
    "crm mobiletech test-notification": (N_("A test, by a command."), False),
    TEMPLATE_TEST: (N_("A test of a template, from its page."), True),
}
