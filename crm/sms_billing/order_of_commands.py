"""Which of two commands did the reader write last? The operator may turn them around; the moment of writing decides.

A command that is older than one that was applied already is recorded and not applied. Source: reliability.md C3.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import text
from sqlalchemy.orm import Session

from crm.mobiletech.models import InboundMessage

LATEST = timedelta(days=3)  # an SMS that is under way for longer comes no more
SAME_MOMENT = timedelta(seconds=1)  # the gateway writes tenths, our own clock everything

_STOPS = text("""
    SELECT inbound.id, inbound."from" AS number, inbound.receive_date,
           decision.steps -> 0 ->> 'keyword' AS keyword
    FROM mobiletech_inbound_messages AS inbound
    JOIN mobiletech_decisions AS decision ON decision.inbound_message_id = inbound.id
    WHERE inbound."from" = ANY(:numbers) AND inbound.created_at > crm_now() - CAST(:latest AS interval)
      AND decision.outcome = 'stop'
""")


@dataclass(frozen=True, slots=True)
class WrittenStop:
    """A STOP that was heeded: when it was written, and which keyword it named."""

    at: datetime
    keyword: str | None


class WrittenStops:
    """The STOPs of late from some numbers."""

    def __init__(self, session: Session, messages: Sequence[InboundMessage]) -> None:
        self._stops: defaultdict[str, list[WrittenStop]] = defaultdict(list)
        numbers = sorted({message.from_ for message in messages})
        if numbers:
            for row in session.execute(_STOPS, {"numbers": numbers, "latest": LATEST}):
                self._stops[row.number].append(WrittenStop(row.receive_date, row.keyword))

    def are_after(self, message: InboundMessage, keywords: Collection[str]) -> bool:
        """Return whether the sender wrote STOP later than this order: to everything, or to one of its keywords."""
        return any(
            stop.at > message.receive_date and (stop.keyword is None or stop.keyword in keywords)
            for stop in self._stops[message.from_]
        )


def ordered_after(stop: InboundMessage, orders: Mapping[str, InboundMessage]) -> set[str]:
    """Return which of the things ordered, each by its SMS, the reader wrote for only after that STOP.

    Of one moment both are one command, and STOP wins: a reader who is not charged can order again.
    """
    return {name for name, order in orders.items() if order.receive_date > stop.receive_date + SAME_MOMENT}
