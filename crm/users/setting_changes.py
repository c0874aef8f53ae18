"""Change a business setting, with the entry in the audit log that the settings themselves know nothing of."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.core.business_settings import DEFINITIONS, BusinessSetting, set_setting
from crm.users.audit_log import record_act


def change_setting(session: Session, key: str, value: str, *, reason: str = "") -> bool:
    """Store a value; return whether it is another one than before.

    Raises: NotFoundError, InvalidInputError with the rule.
    """
    stored = select(BusinessSetting.value).where(BusinessSetting.name == key).with_for_update()
    # A key that does not exist may be anything, also what the database cannot be asked about.
    before = session.execute(stored).scalar_one_or_none() if key in DEFINITIONS else None
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
