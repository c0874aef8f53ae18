"""What a billing key allows now: read once for a whole batch of messages, asked for each of them.

Source: interface.md 8: a key is paid unless it is known as free, by the setting or by its kind here.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from sqlalchemy import case, or_, select
from sqlalchemy.orm import Session

from crm.core.business_settings import get_setting
from crm.core.clock import db_now
from crm.core.errors import N_, Said
from crm.mobiletech.catalogue.billkey_use import FREE_SETTING
from crm.mobiletech.catalogue.billkeys import Kind, find_billkey
from crm.mobiletech.catalogue.models import Billkey
from crm.mobiletech.catalogue.short_numbers import SENDER_SETTING
from crm.mobiletech.wire.operators import Operator
from crm.mobiletech.wishes import Reason

_FREE_IS_PAID = N_(
    "%(setting)s names %(billkey)s, which is a paid key: every message that is meant to be free charges a reader."
    " Name the free key there now."
)
_FREE_IS_NOT_VALID = N_(
    "%(setting)s names %(billkey)s, which is not valid now: no free message is made. Name a valid key there."
)
_FREE_IS_ELSEWHERE = N_(
    "The free key %(billkey)s is for %(number)s only, and messages that answer nothing go from %(sender)s:"
    " none of them is made."
)


class KeyState(StrEnum):
    """Where a key stands in time."""

    NOT_YET = "not_yet"
    IN_FORCE = "in_force"
    ENDED = "ended"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRule:
    """A key that is listed; empty `operators` and no `short_number` mean any."""

    code: str
    is_free: bool
    state: KeyState
    operators: frozenset[str]
    short_number: str | None


@dataclass(frozen=True, slots=True)
class KeyRefusal:
    """Why a message may not go out on a key: the reason, and the sentence with its places."""

    reason: Reason
    message: str
    fields: Mapping[str, object] = field(default_factory=dict)


def read_key_rules(session: Session, codes: Collection[str]) -> Mapping[str, KeyRule]:
    """Return the rules of those of the keys that are listed, in one statement."""
    if not codes:
        return {}
    state = case(
        (Billkey.valid_from > db_now(), KeyState.NOT_YET),
        (or_(Billkey.valid_until.is_(None), Billkey.valid_until > db_now()), KeyState.IN_FORCE),
        else_=KeyState.ENDED,
    )
    wanted = select(Billkey.code, Billkey.kind, state, Billkey.operators, Billkey.short_number)
    rows = session.execute(wanted.where(Billkey.code.in_(codes)))
    return {
        code: KeyRule(
            code=code,
            is_free=kind == Kind.FREE,
            state=KeyState(known_state),
            operators=frozenset(operators),
            short_number=short_number,
        )
        for code, kind, known_state, operators, short_number in rows
    }


def is_free(session: Session, code: str, rule: KeyRule | None) -> bool:
    """Return whether the key is known as free."""
    return code == get_setting(session, FREE_SETTING) or (rule is not None and rule.is_free)


def find_refusal(rule: KeyRule | None, *, operator: Operator, sender: str) -> KeyRefusal | None:
    """Return why no message may go out on the key; a key that is not listed allows everything."""
    if rule is None:
        return None
    known = {"billkey": rule.code}
    if rule.state is KeyState.NOT_YET:
        told = N_("The billing key %(billkey)s is not valid yet: use another, or change its first day.")
        return KeyRefusal(Reason.BILLKEY_NOT_VALID, told, known)
    if rule.state is KeyState.ENDED:
        told = N_("The billing key %(billkey)s is valid no more: use another, or change its last day.")
        return KeyRefusal(Reason.BILLKEY_NOT_VALID, told, known)
    if rule.operators and operator not in rule.operators:
        told = N_(
            "The billing key %(billkey)s is not for %(operator)s: use another, or add the operator to it."
        )
        return KeyRefusal(Reason.BILLKEY_OTHER_OPERATOR, told, {**known, "operator": operator.label})
    if rule.short_number and sender != rule.short_number:
        told = N_("The billing key %(billkey)s is for %(number)s, and this SMS would go from %(sender)s.")
        numbers = {"number": rule.short_number, "sender": sender}
        return KeyRefusal(Reason.BILLKEY_OTHER_NUMBER, told, {**known, **numbers})
    return None


def find_free_trouble(session: Session) -> Said | None:
    """Return what is wrong with the key that the setting names as free: nothing free goes out, or it charges."""
    code = get_setting(session, FREE_SETTING)
    rule = read_key_rules(session, [code]).get(code) if code else None
    if rule is None:
        return None
    sender = get_setting(session, SENDER_SETTING)
    if not rule.is_free:
        return Said(_FREE_IS_PAID, setting=FREE_SETTING, billkey=code)
    if rule.state is not KeyState.IN_FORCE:
        return Said(_FREE_IS_NOT_VALID, setting=FREE_SETTING, billkey=code)
    if rule.short_number and sender and sender != rule.short_number:
        return Said(_FREE_IS_ELSEWHERE, billkey=code, number=rule.short_number, sender=sender)
    return None


def refuse_paid_as_free(session: Session, code: str) -> None:
    """Refuse a paid key where the free one is named: nobody would be asked before readers are charged.

    Raises: ValueError with a `Said`, as the rules of settings do.
    """
    billkey = find_billkey(session, code) if code else None
    if billkey is not None and billkey.kind == Kind.PAID:
        told = N_("must not name %(billkey)s, which is a paid key: messages meant to be free would charge")
        raise ValueError(Said(told, billkey=code))
