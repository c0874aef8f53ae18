"""What rules do, for a whole batch at once: answer, confirm, give to a person, to an extension, or to the money."""

from collections.abc import Callable, Iterable, Mapping, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.core.errors import N_, Said
from crm.core.phone import find_slovak_mobile
from crm.events.publish import Work, publish_many
from crm.mobiletech.events import lane_of, rule_event
from crm.mobiletech.models import NotSent
from crm.mobiletech.notifications import notify_many, refuse, refuse_for_failed
from crm.mobiletech.rules.cases import Case
from crm.mobiletech.rules.deciding import OF_THE_MONEY, Action, KeywordRule, Outcome
from crm.mobiletech.rules.loop_guard import MOST_ANSWERS, WITHIN, count_answers
from crm.mobiletech.rules.ports import money_actions
from crm.mobiletech.rules.steps import StepKind
from crm.mobiletech.wishes import Envelope, Reason, Wish
from crm.users.accounts import confirm_many
from crm.users.models import User

MINUTES = int(WITHIN.total_seconds() // 60)


def act(session: Session, cases: Sequence[Case]) -> None:
    """Do for each case what its rule says, unless the loop guard stands in the way or something failed before."""
    free = _hold_back(session, _guard(session, cases))
    for action, do in {**_ACTIONS, **_actions_of_the_money()}.items():
        chosen = [case for case in free if _rule_of(case).action is action]
        if chosen:
            do(session, chosen)


def _guard(session: Session, cases: Sequence[Case]) -> list[Case]:
    """Return the cases that the loop guard lets pass; the others are told, and nothing is done for them."""
    answering = [case for case in cases if _answers(_rule_of(case))]
    answers = count_answers(session, {case.number for case in answering})
    looped = [case for case in answering if answers.get(case.number, 0) >= MOST_ANSWERS]
    for case in looped:
        told = Said(
            N_(
                "The rules answered this number %(answers)s times within %(minutes)s minutes: a machine may be"
                " on the other side."
            ),
            answers=MOST_ANSWERS,
            minutes=MINUTES,
        )
        refuse(session, Reason.LOOP_GUARD, str(told), _wish(case))
        case.outcome = Outcome.LOOPED
        case.add(StepKind.LOOPED, answers=MOST_ANSWERS, minutes=MINUTES)
    return [case for case in cases if case.outcome is not Outcome.LOOPED]


def _hold_back(session: Session, cases: Sequence[Case]) -> list[Case]:
    """Return the cases whose answer cannot be a second one: what failed before us may answer when tried again."""
    held = [
        case for case in cases if case.failed and _answers(_rule_of(case)) and not _is_for_extension(case)
    ]
    for case in held:
        refuse_for_failed(session, case.failed, _wish(case))
        case.add(StepKind.HELD, failed=list(case.failed))
    return [case for case in cases if all(case is not each for each in held)]


def _reply(session: Session, cases: Sequence[Case]) -> None:
    names = _read_names(session, cases)
    made = notify_many(session, [_wish(case, names) for case in cases])
    for case, result in zip(cases, made, strict=True):
        if isinstance(result, NotSent):
            case.add(StepKind.NOT_SENT, reason=result.reason)
        else:
            case.add(StepKind.SENT, outbound=result.id)
            case.answered_number = case.number


def _confirm(session: Session, cases: Sequence[Case]) -> None:
    """Confirm the accounts of the senders; where the number is nobody's, a person must find out whose it is."""
    users = {case.message.user_id for case in cases} - {None}
    if users:
        confirm_many(session, [user_id for user_id in users if user_id is not None])
    for case in cases:
        if case.message.user_id is None:
            case.outcome = Outcome.UNMATCHED
            case.add(StepKind.NOBODY)
        else:
            case.add(StepKind.CONFIRMED, user=case.message.user_id)
    known = [case for case in cases if case.message.user_id is not None and _rule_of(case).template]
    if known:
        _reply(session, known)


def _give_to_person(_session: Session, cases: Sequence[Case]) -> None:
    for case in cases:
        case.add(StepKind.INBOX)


def _give_to_extension(session: Session, cases: Sequence[Case]) -> None:
    for name in dict.fromkeys(_rule_of(case).extension or "" for case in cases):
        work = [_work(case) for case in cases if _rule_of(case).extension == name]
        publish_many(session, rule_event(name), work)
    for case in cases:
        case.add(StepKind.GIVEN, extension=_rule_of(case).extension)
        case.answered_number = case.number  # it may answer, so it counts


_ANSWERING = (Action.EXTENSION, Action.SUBSCRIBE, Action.STATE)
_ACTIONS: Mapping[Action, Callable[[Session, Sequence[Case]], None]] = {
    Action.REPLY: _reply,
    Action.CONFIRM: _confirm,
    Action.INBOX: _give_to_person,
    Action.EXTENSION: _give_to_extension,
}


def _actions_of_the_money() -> dict[Action, Callable[[Session, Sequence[Case]], None]]:
    """Return what is done about charges; where nobody is there to do it, a person gets the SMS."""
    return {action: money_actions.actions.get(action, _give_to_person) for action in OF_THE_MONEY}


def _answers(rule: KeywordRule) -> bool:
    """Return whether the rule sends an SMS by itself, or has somebody else do it; a STOP is always answered."""
    return rule.template is not None or rule.action in _ANSWERING


def _is_for_extension(case: Case) -> bool:
    return _rule_of(case).action is Action.EXTENSION


def _work(case: Case) -> Work:
    message, rule = case.message, _rule_of(case)
    return Work(
        key=f"rule:{message.id}",
        payload={"mobiletech_inbound_message_id": message.id, "rule_id": rule.id},
        lane=lane_of(message.from_),
    )


def _wish(case: Case, names: Mapping[int, str] | None = None) -> Wish:
    message, rule = case.message, _rule_of(case)
    name = (names or {}).get(message.user_id or 0)
    return Wish(
        Envelope(message),
        message.user_id,
        rule.template,
        {"original_message": message.content, "short_number": message.to, **({"name": name} if name else {})},
        key=f"rule:{message.id}",
        context=f"rule {rule.id}",
    )


def _read_names(session: Session, cases: Iterable[Case]) -> dict[int, str]:
    """Return how the senders are called, those whose name is known; an e-mail or a number is no name."""
    users = {case.message.user_id for case in cases} - {None}
    if not users:
        return {}
    found = select(User.id, User.first_name, User.public_name).where(User.id.in_(users))
    return {
        row.id: name for row in session.execute(found) if (name := _name(row.first_name, row.public_name))
    }


def _name(first_name: str | None, public_name: str) -> str:
    if first_name:
        return first_name
    is_a_name = "@" not in public_name and find_slovak_mobile(public_name) is None
    return public_name if is_a_name else ""


def _rule_of(case: Case) -> KeywordRule:
    assert case.rule is not None
    return case.rule
