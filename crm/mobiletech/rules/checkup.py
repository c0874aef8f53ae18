"""Is there a rule at all? Without one every SMS but STOP waits for a person."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.mobiletech.rules.models import Rule


def list_rule_faults(session: Session) -> list[str]:
    """Return what is wrong; an empty list is good news."""
    if session.execute(select(Rule.id).where(Rule.is_on).limit(1)).first():
        return []
    return [
        "No rule is on: whatever readers write, but STOP, waits in the inbox."
        " Write rules on their page, or in the set-up file."
    ]
