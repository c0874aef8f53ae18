"""What subscriptions tell those who want to know: extensions, for now.

Each has the payload `subscription_id`. One that nobody listens to is not written: a renewal costs no row of the
outbox for it.
"""

from collections.abc import Collection

from sqlalchemy.orm import Session

from crm.events.publish import Work, publish_many
from crm.events.registry import registry

NEW = "new-subscription"
STARTS = "subscription-starts"
ENDS = "subscription-ends"


def tell_new(session: Session, ids: Collection[int]) -> None:
    """Say that these subscriptions are there."""
    publish_many(session, NEW, _work(NEW, ids))


def tell_starts(session: Session, ids: Collection[int]) -> None:
    """Say that these subscriptions run from now on."""
    publish_many(session, STARTS, _work(STARTS, ids))


def tell_ends(session: Session, ids: Collection[int]) -> None:
    """Say that these subscriptions are over."""
    publish_many(session, ENDS, _work(ENDS, ids))


def _work(event: str, ids: Collection[int]) -> list[Work]:
    if event not in registry.handlers:
        return []
    return [Work(key=f"{event}:{each}", payload={"subscription_id": each}, lane=None) for each in ids]
