"""Change a business setting, with the entry in the audit log that the settings themselves know nothing of."""

from collections.abc import Callable

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.core.business_settings import BusinessSetting, reset_setting, set_setting
from crm.core.errors import N_, InvalidInputError
from crm.core.setting_definitions import DEFINITIONS
from crm.users.audit_log import record_act

Rule = Callable[[Session, str], None]
_rules: dict[str, Rule] = {}  # key -> what the rest of the database has to say about a value


def add_rule(key: str, rule: Rule) -> None:
    """Ask `rule` before the key is changed; it raises ValueError with a `Said`, as the check of the key does."""
    _rules[key] = rule


def change_setting(session: Session, key: str, value: str, *, reason: str = "") -> bool:
    """Store a value; return whether it is another one than before.

    Raises: NotFoundError, InvalidInputError with the rule.
    """
    if key in _rules:
        _ask(_rules[key], session, key, value.strip())
    before = find_stored(session, key)
    set_setting(session, key, value)
    known = DEFINITIONS[key].default if before is None else before
    if known == value.strip():
        return False
    record_act(
        session,
        "setting.change",
        f"setting {key}",
        before={"value": known},
        after={"value": value.strip()},
        reason=reason,
    )
    return True


def forget_setting(session: Session, key: str, *, reason: str = "") -> bool:
    """Let a key stand on its default again; return whether something else was stored.

    Raises: NotFoundError.
    """
    before = find_stored(session, key)
    reset_setting(session, key)
    if before is None:
        return False
    record_act(
        session,
        "setting.reset",
        f"setting {key}",
        before={"value": before},
        after={"value": DEFINITIONS[key].default},
        reason=reason,
    )
    return True


def find_stored(session: Session, key: str) -> str | None:
    """Return what is stored and lock it until the transaction ends, None when the key stands on its default."""
    if key not in DEFINITIONS:
        return None  # such a key may be anything, also what the database cannot be asked about
    stored = select(BusinessSetting.value).where(BusinessSetting.name == key).with_for_update()
    return session.execute(stored).scalar_one_or_none()


def _ask(rule: Rule, session: Session, key: str, value: str) -> None:
    try:
        rule(session, value)
    except ValueError as error:
        raise InvalidInputError(N_("%(key)s %(rule)s."), key=key, rule=error.args[0]) from error
