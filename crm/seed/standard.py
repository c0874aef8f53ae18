"""What every publisher starts with: the standard templates."""

from sqlalchemy.orm import Session

from crm.mobiletech.sms_templates import create_template, find_template
from crm.seed.files import read_data

REASON = "Standard text"


def seed_standard(session: Session) -> int:
    """Add the standard templates that are missing; return how many. What people changed stays."""
    missing = [each for each in read_data("templates") if find_template(session, each["code"]) is None]
    for each in missing:
        create_template(
            session, each["code"], each["content"], content_en=each.get("content_en"), reason=REASON
        )
    return len(missing)
