"""Who uses a template: rules, settings, code of ours, and the messages of late with the values they were given."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from crm.core.business_settings import get_setting
from crm.core.clock import db_now
from crm.core.errors import N_
from crm.mobiletech.handlers import CODE_TEMPLATE
from crm.mobiletech.models import OutboundMessage, SmsTemplate
from crm.mobiletech.rules.models import Rule

DAYS = 30
MOST_COUNTED = 1_000
LATEST = 200
TEMPLATE_SETTINGS = ("mobiletech_test_template_code",)
OUR_CODES: Mapping[str, str] = {CODE_TEMPLATE: N_("One-time codes are sent with it")}

# A range and not an equality, as in longest.py: the index by template is walked then.
_GIVEN = text("""
    WITH newest AS MATERIALIZED (
        SELECT params FROM mobiletech_outbound_messages
        WHERE (mobiletech_template_id, created_at) <= (:template_id, 'infinity')
          AND (mobiletech_template_id, created_at) >= (:template_id, '-infinity')
        ORDER BY mobiletech_template_id DESC, created_at DESC, id DESC LIMIT :latest
    ), latest AS MATERIALIZED (SELECT params FROM newest WHERE jsonb_typeof(params) = 'object')
    SELECT (SELECT count(*) FROM latest) AS messages, name, count(name) AS given
    FROM (SELECT 1) AS one LEFT JOIN (SELECT jsonb_object_keys(params) AS name FROM latest) AS names ON true
    GROUP BY name
""")


@dataclass(frozen=True, slots=True, kw_only=True)
class Uses:
    """Who uses a template; `messages` of the last 30 days, counted up to a thousand and one."""

    rules: Sequence[Rule]
    settings: Sequence[str]
    ours: str | None
    messages: int
    latest: int
    """How many of the latest messages were looked at for their values."""
    given: Mapping[str, int]
    """Parameter -> how many of them had a value for it."""


def read_uses(session: Session, template: SmsTemplate) -> Uses:
    """Return who uses the template."""
    rules = select(Rule).where(Rule.template_id == template.id).order_by(Rule.position, Rule.id)
    rows = session.execute(_GIVEN, {"template_id": template.id, "latest": LATEST}).all()
    return Uses(
        rules=session.execute(rules).scalars().all(),
        settings=[key for key in TEMPLATE_SETTINGS if get_setting(session, key) == template.code],
        ours=OUR_CODES.get(template.code),
        messages=_count_messages(session, template.id),
        latest=rows[0].messages if rows else 0,
        given={row.name: row.given for row in rows if row.name is not None},
    )


def _count_messages(session: Session, template_id: int) -> int:
    since = db_now() - timedelta(days=DAYS)
    found = select(OutboundMessage.id).where(
        OutboundMessage.mobiletech_template_id == template_id, OutboundMessage.created_at >= since
    )
    return len(session.execute(found.limit(MOST_COUNTED + 1)).all())
