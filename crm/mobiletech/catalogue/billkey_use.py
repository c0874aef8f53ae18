"""Which billing keys messages went out on, and when: asked of the index by key, never of the whole table."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from crm.core.business_settings import get_setting

COUNTED = 1000
RECENT_DAYS = 30
FREE_SETTING = "mobiletech_billkey_free"
NAMING_SETTINGS = (FREE_SETTING, "mobiletech_test_billkey")
MOST_UNLISTED = 20

# A key is asked for as a range, in the order of the index by key: so only that index can answer. With a plain
# equality the planner may walk the newest messages to the end of the table, for a key that nobody used.
_USE = text("""
    SELECT wanted.code, last.created_at, (
        SELECT count(*) FROM (
            SELECT 1 FROM mobiletech_outbound_messages AS message
            WHERE (message.billkey, message.created_at) > (wanted.code, crm_now() - make_interval(days => :days))
              AND (message.billkey, message.created_at) <= (wanted.code, 'infinity')
            ORDER BY message.billkey, message.created_at LIMIT :counted
        ) AS recent
    )
    FROM unnest(CAST(:codes AS text[])) AS wanted (code)
    LEFT JOIN LATERAL (
        SELECT billkey, created_at FROM mobiletech_outbound_messages
        WHERE (billkey, created_at) <= (wanted.code, 'infinity')
        ORDER BY billkey DESC, created_at DESC LIMIT 1
    ) AS last ON last.billkey = wanted.code
""")
# From one key to the next, so that a million messages on one of them are one step.
_UNLISTED = text("""
    WITH RECURSIVE used AS (
        (SELECT billkey FROM mobiletech_outbound_messages ORDER BY billkey LIMIT 1)
        UNION ALL
        SELECT (
            SELECT message.billkey FROM mobiletech_outbound_messages AS message
            WHERE message.billkey > used.billkey ORDER BY message.billkey LIMIT 1
        ) FROM used WHERE used.billkey IS NOT NULL
    )
    SELECT used.billkey FROM used
    WHERE used.billkey IS NOT NULL AND NOT EXISTS (SELECT 1 FROM billkeys WHERE code = used.billkey)
    LIMIT :most
""")


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """When a key was used last, and how often within RECENT_DAYS; more than COUNTED are COUNTED + 1."""

    last_at: datetime | None
    recent: int


def read_use(session: Session, codes: Collection[str]) -> Mapping[str, Use]:
    """Return the use of each key."""
    values = {"codes": sorted(codes), "days": RECENT_DAYS, "counted": COUNTED + 1}
    return {row[0]: Use(last_at=row[1], recent=row[2]) for row in session.execute(_USE, values)}


def is_used(session: Session, code: str) -> bool:
    """Return whether any message was ever made on the key."""
    return read_use(session, [code])[code].last_at is not None


def list_unlisted(session: Session) -> Sequence[str]:
    """Return the keys that messages or settings use and nobody has described, by code."""
    used = session.execute(_UNLISTED, {"most": MOST_UNLISTED}).scalars().all()
    named = [code for key in NAMING_SETTINGS if (code := get_setting(session, key))]
    listed = text("SELECT code FROM billkeys WHERE code = ANY(:codes)")
    known = set(session.execute(listed, {"codes": named}).scalars()) if named else set()
    return sorted({*used, *named} - known)
