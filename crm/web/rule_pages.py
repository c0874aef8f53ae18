"""What the pages of rules show: the list, the trial of a text, and what a rule would have done of late."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from flask_babel import gettext as _
from sqlalchemy.orm import Session

from crm.core.business_settings import get_setting
from crm.core.errors import N_, CrmError
from crm.mobiletech.rules.checks import list_faults
from crm.mobiletech.rules.deciding import Action, KeywordRule, Verdict, decide
from crm.mobiletech.rules.errors import RuleRefusedError
from crm.mobiletech.rules.past import SHOWN, Example, Past
from crm.mobiletech.rules.queries import COUNTED, count_matches
from crm.mobiletech.rules.steps import StepKind, step, tell
from crm.mobiletech.sms_templates import check_content, find_template
from crm.mobiletech.template_language import TemplateLanguageError
from crm.mobiletech.wire.sms_text import measure
from crm.mobiletech.words import Tone, Word
from crm.users.roles import Permission, may
from crm.web.languages import told
from crm.web.rule_words import action_words, match_words, no_rule_line, quoted, tell_steps
from crm.web.session import find_signed_in
from crm.web.trace_line import TraceLine

ON, OFF = Word(N_("On"), Tone.GOOD, "check"), Word(N_("Off"), Tone.WARN, "pause")
TEST_ANSWER = "test-answer:"


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleRow:
    """One rule in the list; `fault` says why it cannot act as things are."""

    id: int
    place: int
    text: str
    match: str
    short_number: str
    action: str
    template: str | None
    matches: str
    state: Word
    is_on: bool
    fault: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What would become of a text: step by step, and the answer as it would go out."""

    content: str
    lines: Sequence[TraceLine]
    answer: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PastRow:
    """A text of late: how often it came, what answers it today, and who would get it with the rule."""

    content: str
    times: int
    today: str
    then: str


def may_edit() -> bool:
    """Return whether who looks may write rules."""
    person = find_signed_in()
    return person is not None and may(person.role, Permission.EDIT_RULES)


def list_rows(session: Session, rules: Sequence[KeywordRule]) -> list[RuleRow]:
    """Return the rules as the list shows them."""
    counts, faults = count_matches(session), list_faults(session, rules)
    return [_row(place, rule, counts, faults) for place, rule in enumerate(rules, start=1)]


def try_text(session: Session, content: str, to: str, rules: Sequence[KeywordRule]) -> Trial:
    """Return what would become of the text; nothing is stored."""
    verdict = decide(content, to, rules)
    lines = [*tell_steps([*tell(verdict), *_ends(verdict.rule)]), *_does(verdict.rule)]
    if verdict.rule is None:
        lines += [_stops(verdict)] if verdict.is_stop else _without_rule(session)
        return Trial(content=content, lines=lines, answer=None)
    fault = list_faults(session, [verdict.rule]).get(verdict.rule.id)
    try:
        answer = _answer(session, verdict.rule, content, to)
    except TemplateLanguageError as error:
        return Trial(content=content, lines=[*lines, _no_answer(fault or error)], answer=None)
    return Trial(content=content, lines=[*lines, _no_answer(fault)] if fault else lines, answer=answer)


def list_past(past: Past) -> list[PastRow]:
    """Return the examples as the look at the last 30 days shows them."""
    return [
        PastRow(
            content=each.content if len(each.content) < SHOWN else f"{each.content} …",
            times=each.times,
            today=_today(each),
            then=_("this rule") if each.taken_by is None else _before(each.taken_by),
        )
        for each in past.examples
    ]


def _row(
    place: int, rule: KeywordRule, counts: Mapping[int, int], faults: Mapping[int, RuleRefusedError]
) -> RuleRow:
    fault = faults.get(rule.id)
    return RuleRow(
        id=rule.id,
        place=place,
        text=rule.text,
        match=match_words(rule.match),
        short_number=rule.short_number or _("every short number"),
        action=action_words(rule),
        template=rule.template,
        matches=_counted(counts.get(rule.id, 0)),
        state=ON if rule.is_on else OFF,
        is_on=rule.is_on,
        fault=told(fault) if fault is not None and rule.is_on else "",
    )


def _counted(matches: int) -> str:
    shown = f"{min(matches, COUNTED):,}".replace(",", "\u202f")
    return f"{shown}+" if matches > COUNTED else shown


def _ends(rule: KeywordRule | None) -> list[dict[str, object]]:
    """Return the steps that the worker would add, as far as they do not depend on who writes."""
    if rule is None:
        return []
    if rule.action is Action.INBOX:
        return [step(StepKind.INBOX)]
    return [step(StepKind.GIVEN, extension=rule.extension)] if rule.action is Action.EXTENSION else []


def _does(rule: KeywordRule | None) -> list[TraceLine]:
    """Return what the rule does with who writes, whoever that is."""
    if rule is None or rule.action in (Action.INBOX, Action.EXTENSION):
        return []
    if rule.action is Action.SUBSCRIBE:
        return [
            TraceLine(
                _("It %(does)s; who has it already is charged nothing.", does=action_words(rule)),
                "send",
                Tone.WARN,
            )
        ]
    return [TraceLine(_("It %(does)s, free of charge.", does=action_words(rule)), "send", Tone.GOOD)]


def _stops(verdict: Verdict) -> TraceLine:
    """Return what a STOP does with who writes, whoever that is."""
    if verdict.stop.keyword:
        words = _("It stops what this keyword starts, and says so free of charge.")
    else:
        words = _("It stops everything that the reader has, and says so free of charge.")
    return TraceLine(words, "check", Tone.GOOD)


def _without_rule(session: Session) -> list[TraceLine]:
    lines = [no_rule_line()]
    template = get_setting(session, "mobiletech_test_template_code")
    if template and get_setting(session, "mobiletech_test_billkey"):
        words = _(
            "Until then the test answer %(template)s goes out: it is on in the settings.", template=template
        )
        lines.append(TraceLine(words, "send"))
    return lines


def _no_answer(why: CrmError) -> TraceLine:
    return TraceLine(told(why), "alert", Tone.BAD)


def _answer(session: Session, rule: KeywordRule, content: str, to: str) -> str | None:
    """Return the answer as it would go out, None where the rule sends none.

    Raises: TemplateLanguageError where the worker would not make it either.
    """
    template = find_template(session, rule.template) if rule.template else None
    if template is None:
        return None
    return measure(
        check_content(template.content).render({"original_message": content, "short_number": to})
    ).text


def _today(example: Example) -> str:
    """Return what answers such a text: what answered the newest one, else the rule that would now."""
    answer = example.answer
    if answer is not None and (answer.key or "").startswith(TEST_ANSWER):
        return _("the test answer %(template)s", template=answer.template)
    if answer is not None and not (answer.key or "").startswith("rule:"):
        return _("an extension or a person")
    return _before(example.today) if example.today is not None else _("nobody")


def _before(rule: KeywordRule) -> str:
    return _("the rule %(rule)s", rule=quoted(rule.text))
