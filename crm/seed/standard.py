"""What every publisher starts with: the ways to pay and the standard templates."""

from sqlalchemy.orm import Session

from crm.mobiletech.sms_templates import create_template, find_template
from crm.payments.gateways import keep_gateway_rows
from crm.seed.files import read_data

REASON = "Standard text"


def seed_standard(session: Session) -> int:
    """Add the gateways and the standard templates that are missing; return how many templates.

    What people changed stays.
    """
    keep_gateway_rows(session)
    missing = [each for each in read_data("templates") if find_template(session, each["code"]) is None]
    for each in missing:
        create_template(
            session, each["code"], each["content"], content_en=each.get("content_en"), reason=REASON
        )
    return len(missing)
