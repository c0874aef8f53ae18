"""Rules and their decisions in sentences: what a rule does, and step by step what became of an SMS."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy.orm import Session

from crm.core.errors import N_
from crm.mobiletech.rules.checks import MATCH_WORDS
from crm.mobiletech.rules.deciding import Action, KeywordRule, Outcome
from crm.mobiletech.rules.matching import Match
from crm.mobiletech.rules.queries import find_decision, list_ids
from crm.mobiletech.rules.steps import Step, StepKind
from crm.mobiletech.wishes import Reason
from crm.mobiletech.words import REASON_WORDS, Tone
from crm.web.languages import told
from crm.web.money_lines import MONEY_LINES
from crm.web.stop_lines import tell_near_stop, tell_stop
from crm.web.trace_line import TraceLine

INBOUND, OUTBOUND = "/admin/messages/inbound/", "/admin/messages/outbound/"
RULES = "/admin/rules/"


def read_trace(session: Session, inbound_message_id: int) -> list[TraceLine]:
    """Return what was decided about an SMS, step by step; nothing while nobody has decided."""
    decision = find_decision(session, inbound_message_id)
    if decision is None:
        return []
    lines = tell_steps(decision.steps)
    if decision.outcome == Outcome.UNMATCHED and decision.rule_id is None:
        lines.append(no_rule_line())
    return _without_dead_links(session, lines)


def tell_steps(steps: Sequence[Step]) -> list[TraceLine]:
    """Return the steps in sentences; one that this version does not know is left out."""
    lines, has_miss = [], False
    for step in steps:
        if step["kind"] == StepKind.OTHERS:
            lines.append(_others(step["count"], more=has_miss))
        elif step["kind"] in _LINES:
            lines.append(_LINES[step["kind"]](step))
        has_miss = has_miss or step["kind"] == StepKind.MISS
    return lines


def no_rule_line() -> TraceLine:
    """Return the end of the way of an SMS that no rule takes."""
    return TraceLine(_("No rule takes it: it waits in the inbox for a person."), "user", Tone.WARN)


def match_words(match: Match) -> str:
    """Return how the text must fit."""
    return told(MATCH_WORDS[match])


def action_words(rule: KeywordRule) -> str:
    """Return what the rule does."""
    match rule.action:
        case Action.REPLY:
            return _("replies with %(template)s", template=rule.template)
        case Action.CONFIRM if rule.template:
            return _("confirms the account, replies with %(template)s", template=rule.template)
        case Action.CONFIRM:
            return _("confirms the account")
        case Action.EXTENSION:
            return _("gives it to the extension %(name)s", name=rule.extension)
        case Action.INBOX:
            return _("gives it to a person")
        case Action.SUBSCRIBE if rule.asks_first:
            return _("sells %(type)s after the reader's ANO", type=rule.subscription_type)
        case Action.SUBSCRIBE:
            return _("sells %(type)s and charges it at once", type=rule.subscription_type)
        case Action.STOP if rule.subscription_type:
            return _("stops %(type)s", type=rule.subscription_type)
        case Action.STOP:
            return _("stops everything that the reader has")
        case Action.STATE:
            return _("tells what the reader has, what is charged next, and how to stop")


def quoted(text: str) -> str:
    """Return the text of a rule as a sentence quotes it."""
    return _("“%(text)s”", text=text)


def _without_dead_links(session: Session, lines: Sequence[TraceLine]) -> list[TraceLine]:
    """Take the links to rules away that are deleted by now; what they said stays."""
    known = {f"{RULES}{rule_id}" for rule_id in list_ids(session)}
    return [
        replace(line, href=None, link="")
        if (line.href or "").startswith(RULES) and line.href not in known
        else line
        for line in lines
    ]


def _no_stop(_step: Step) -> TraceLine:
    return TraceLine(_("It does not ask us to stop."), "minus")


_MISSES: Mapping[str, str] = {
    "other": N_("The rule %(rule)s does not fit."),
    "inside": N_("The rule %(rule)s does not fit: its words are only a part of the text."),
    "one_error": N_("The rule %(rule)s does not fit: one letter is wrong, and it allows no typing error."),
    "short_number": N_("The rule %(rule)s fits, but listens to %(number)s only."),
    "off": N_("The rule %(rule)s fits, but is switched off."),
}


def _miss(step: Step) -> TraceLine:
    sentence = _MISSES.get(step["because"], _MISSES["other"])
    words = _(sentence, rule=quoted(step["text"]), number=step.get("short_number", ""))
    return TraceLine(words, "minus", href=_rule_href(step), link=_("Open the rule"))


def _others(count: int, *, more: bool) -> TraceLine:
    if more:
        words = ngettext("%(num)s other rule does not fit.", "%(num)s other rules do not fit.", count)
    else:
        words = ngettext("%(num)s rule does not fit.", "%(num)s rules do not fit.", count)
    return TraceLine(words, "minus")


def _no_rules(_step: Step) -> TraceLine:
    return TraceLine(_("There is no rule."), "minus")


def _match(step: Step) -> TraceLine:
    words = _(
        "The rule %(rule)s fits: %(match)s.",
        rule=quoted(step["text"]),
        match=match_words(Match(step["match"])),
    )
    return TraceLine(words, "check", Tone.GOOD, _rule_href(step), _("Open the rule"))


def _repeated(step: Step) -> TraceLine:
    words = _("The operator sent the same SMS again: no rule is asked a second time.")
    return TraceLine(words, "retry", Tone.WARN, f"{INBOUND}{step['of']}", _("Open the first one"))


def _answered(_step: Step) -> TraceLine:
    return TraceLine(_("An extension answered it, so no rule was asked."), "check", Tone.GOOD)


def _sent(step: Step) -> TraceLine:
    return TraceLine(
        _("The answer was made."), "send", Tone.GOOD, f"{OUTBOUND}{step['outbound']}", _("Open the answer")
    )


def _not_sent(step: Step) -> TraceLine:
    reason = step["reason"]
    why = _(REASON_WORDS[Reason(reason)]) if reason in set(Reason) else reason
    return TraceLine(_("The answer could not be made: %(reason)s.", reason=why), "cross", Tone.BAD)


def _confirmed(_step: Step) -> TraceLine:
    return TraceLine(_("The account of the sender is confirmed."), "check", Tone.GOOD)


def _nobody(_step: Step) -> TraceLine:
    words = _("The number belongs to nobody, so there is no account to confirm: a person gets it.")
    return TraceLine(words, "user", Tone.WARN)


def _given(step: Step) -> TraceLine:
    return TraceLine(_("The extension %(name)s got it.", name=step["extension"]), "send", Tone.GOOD)


def _inbox(_step: Step) -> TraceLine:
    return TraceLine(_("It waits in the inbox for a person."), "user", Tone.GOOD)


def _looped(step: Step) -> TraceLine:
    words = _(
        "No answer: the rules had answered this number %(answers)s times within %(minutes)s minutes. A machine may"
        " be on the other side, so a person gets it.",
        answers=step["answers"],
        minutes=step["minutes"],
    )
    return TraceLine(words, "stop", Tone.BAD)


def _held(step: Step) -> TraceLine:
    words = _(
        "No answer from the rule: %(failed)s failed and is tried again; it may still answer.",
        failed=", ".join(step["failed"]),
    )
    return TraceLine(words, "pause", Tone.WARN)


_LINES: Mapping[str, Callable[[Step], TraceLine]] = {
    StepKind.STOP: tell_stop,
    StepKind.NEAR_STOP: tell_near_stop,
    StepKind.NO_STOP: _no_stop,
    StepKind.MISS: _miss,
    StepKind.NO_RULES: _no_rules,
    StepKind.MATCH: _match,
    StepKind.REPEATED: _repeated,
    StepKind.ANSWERED: _answered,
    StepKind.SENT: _sent,
    StepKind.NOT_SENT: _not_sent,
    StepKind.CONFIRMED: _confirmed,
    StepKind.NOBODY: _nobody,
    StepKind.GIVEN: _given,
    StepKind.INBOX: _inbox,
    StepKind.LOOPED: _looped,
    StepKind.HELD: _held,
    **MONEY_LINES,
}


def _rule_href(step: Step) -> str:
    return f"{RULES}{step['rule']}"
