"""Count messages that are alike: of one day, direction, operator, template, billing key, state and code.

One statement reads each table once, along its index of time. It serves the page and the daily counts alike,
so both count the same; and it counts what the list of messages lists under the same filters.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import text
from sqlalchemy.orm import Session

from crm.mobiletech.message_log import Kind
from crm.mobiletech.wire.operators import Operator

# Kinds are those of message_log.Kind, states those of words.MessageState (`state_of`). A letter that is no
# operator's is left out: the gateway could make any number of them.
ALIKE = """
    SELECT CAST(created_at AT TIME ZONE :zone AS date) AS day, 1 AS kind,
           CASE WHEN operator_type = ANY(:operators) THEN operator_type ELSE '' END AS operator,
           '' AS template, '' AS billkey, '' AS state, '' AS code, count(*) AS count
    FROM mobiletech_inbound_messages
    WHERE created_at >= :since AND created_at < :until
    GROUP BY 1, 3
    UNION ALL
    SELECT CAST(message.created_at AT TIME ZONE :zone AS date), 3,
           CASE WHEN message.operator_type = ANY(:operators) THEN message.operator_type ELSE '' END,
           coalesce(template.code, ''), message.billkey,
           CASE WHEN message.state <> 'accepted' THEN message.state WHEN message.billing = 'none' THEN 'sent'
                ELSE message.billing END,
           CASE WHEN message.state = 'accepted' AND message.billing = 'failed' THEN coalesce(message.status, '')
                ELSE '' END,
           count(*)
    FROM mobiletech_outbound_messages AS message
    LEFT JOIN mobiletech_templates AS template ON template.id = message.mobiletech_template_id
    WHERE message.created_at >= :since AND message.created_at < :until
    GROUP BY 1, 3, 4, 5, 6, 7
    UNION ALL
    SELECT CAST(created_at AT TIME ZONE :zone AS date), 2, '', coalesce(template_code, ''),
           coalesce(billkey, ''), 'not_sent', reason, count(*)
    FROM mobiletech_not_sent
    WHERE created_at >= :since AND created_at < :until
    GROUP BY 1, 4, 5, 7
"""
_COUNT = text(ALIKE)


@dataclass(frozen=True, slots=True)
class Alike:
    """How many messages are alike; what does not apply to them is empty."""

    day: date
    kind: int
    operator: str
    template: str
    billkey: str
    state: str
    code: str
    count: int

    @property
    def is_inbound(self) -> bool:
        """Whether they are from readers; the others are to them, sent or not."""
        return self.kind == Kind.INBOUND


def count_alike(session: Session, since: datetime, until: datetime, zone: ZoneInfo) -> list[Alike]:
    """Return the counts of what was written from a moment on until before another."""
    return [Alike(*row) for row in session.execute(_COUNT, span_values(since, until, zone))]


def span_values(since: datetime, until: datetime, zone: ZoneInfo) -> Mapping[str, Any]:
    """Return what stands in the places of ALIKE."""
    return {"since": since, "until": until, "zone": zone.key, "operators": [str(each) for each in Operator]}
