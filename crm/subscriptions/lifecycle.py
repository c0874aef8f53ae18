"""Begin subscriptions, many at once, and cut them short.

Whoever does locks the reader first, so that two payments of one person take turns and each gets its own time.
"""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from crm.core.clock import db_now
from crm.subscriptions.events import tell_ends, tell_new, tell_starts
from crm.subscriptions.extension import ExtensionMethod, Held, extend
from crm.subscriptions.models import Subscription, SubscriptionType
from crm.subscriptions.newsroom import current_zone
from crm.subscriptions.periods import Period, Terms, Wish, period_of
from crm.subscriptions.statuses import InternalStatus, status_at

# Two payments of one second may be handled in the other order: the later one's period runs for the earlier one too.
SAME_MOMENT = timedelta(minutes=1)
CLOCK_MAY_GO_BACK = timedelta(hours=1)  # then a period that was begun is one to come, and still is paid for

_LOCK_READERS = text("SELECT id FROM users WHERE id = ANY(:ids) ORDER BY id FOR NO KEY UPDATE")

# Each that is not over leads to the one that begins when it ends; a link that no longer holds goes. Asked of the row
# itself: joined to what was found, all subscriptions would be read for each batch.
_NEXT = """(
        SELECT min(later.id) FROM subscriptions AS later
        WHERE later.user_id = former.user_id AND later.start_time = former.end_time
          AND later.end_time > later.start_time AND later.id <> former.id
    )"""
_LINK = text(f"""
    UPDATE subscriptions AS former
    SET next_subscription_id = {_NEXT}, updated_at = crm_now()
    WHERE former.user_id = ANY(:ids) AND former.end_time >= :since
      AND former.next_subscription_id IS DISTINCT FROM {_NEXT}
    RETURNING former.id
""")  # noqa: S608 - put together from constants


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """A subscription to begin: for whom, of what, and when it was paid, which is the "now" of the rules.

    Shape: `start_at` and `end_at` beat the type's fixed dates and its rules, and a past one is meant; who must
    not begin before the payment says so.
    """

    user_id: int
    type: SubscriptionType
    paid_at: datetime
    is_recurrent: bool = False
    is_paid: bool = True
    kind: str = "regular"
    start_at: datetime | None = None
    end_at: datetime | None = None
    note: str | None = None
    never_inside: bool = False  # what would begin inside a time that the reader has follows that one


def start_many(session: Session, starts: Sequence[Start]) -> list[Subscription | None]:
    """Begin subscriptions, in a handful of statements however many; two of one reader see each other.

    Shape: in the order of `starts`; None for a type that gives no subscription.
    """
    granted = sorted(
        (place for place, start in enumerate(starts) if not start.type.no_subscription),
        key=lambda place: starts[place].paid_at,
    )
    if not granted:
        return [None for _ in starts]
    readers = {starts[place].user_id for place in granted}
    now = lock_readers(session, readers)
    held = _list_held(session, readers, since=starts[granted[0]].paid_at)
    begun = {place: _begin(starts[place], held[starts[place].user_id], now) for place in granted}
    session.add_all(begun.values())
    session.flush()
    link_following(session, readers, since=now)
    _tell(session, list(begun.values()))
    return [begun.get(place) for place in range(len(starts))]


def lock_readers(session: Session, user_ids: Collection[int]) -> datetime:
    """Let nobody else begin or change subscriptions of these readers until the end; return what time it is."""
    session.execute(_LOCK_READERS, {"ids": list(user_ids)})
    return session.execute(select(db_now())).scalar_one()


def link_following(session: Session, user_ids: Collection[int], *, since: datetime) -> None:
    """Let each subscription of the readers that is not over lead to the one that begins when it ends."""
    changed = session.execute(_LINK, {"ids": list(user_ids), "since": since}).scalars().all()
    for subscription_id in changed:
        known = session.identity_map.get(session.identity_key(Subscription, subscription_id))
        if known is not None:
            session.expire(known, ["next_subscription_id", "updated_at"])


def _begin(start: Start, held: list[Held], now: datetime) -> Subscription:
    period = _period_of(start, held)
    held.append(Held(type_id=start.type.id, start=period.start, end=period.end))
    return Subscription(
        user_id=start.user_id,
        subscription_type_id=start.type.id,
        type=start.kind,
        is_recurrent=start.is_recurrent,
        is_paid=start.is_paid,
        start_time=period.start,
        end_time=period.end,
        length=period.days,
        internal_status=status_at(max(now, start.paid_at), period.start, period.end),
        note=start.note,
    )


def _period_of(start: Start, held: Sequence[Held]) -> Period:
    terms = Terms(
        length_method=start.type.length_method,
        length=start.type.length,
        extending_length=start.type.extending_length,
        fixed_start=start.type.fixed_start,
        fixed_end=start.type.fixed_end,
    )
    near = CLOCK_MAY_GO_BACK if start.never_inside else SAME_MOMENT
    just_begun = [each.start for each in held if timedelta(0) < each.start - start.paid_at <= near]
    extension = extend(
        start.type.extension_method, start.type.id, held, max(just_begun, default=start.paid_at)
    )
    if not extension.is_after_another:
        extension = replace(extension, start=start.paid_at)
    elif start.never_inside:
        extension = replace(extension, start=_after_all(extension.start, start.type, held))
    wish = Wish(start=start.start_at, end=start.end_at)
    return period_of(terms, wish, extension, now=start.paid_at, zone=current_zone())


def _after_all(moment: datetime, kind: SubscriptionType, held: Sequence[Held]) -> datetime:
    """Return the first moment from this one on in which nothing runs that a new period extends."""
    any_type = kind.extension_method == ExtensionMethod.EXTEND_ACTUAL
    for each in sorted(held, key=lambda each: each.start):
        if each.start <= moment < each.end and (any_type or each.type_id == kind.id):
            moment = each.end
    return moment


def _list_held(session: Session, user_ids: Collection[int], *, since: datetime) -> dict[int, list[Held]]:
    held: dict[int, list[Held]] = defaultdict(list)
    columns = (
        Subscription.user_id,
        Subscription.subscription_type_id,
        Subscription.start_time,
        Subscription.end_time,
    )
    theirs = select(*columns).where(Subscription.user_id.in_(user_ids), Subscription.end_time > since)
    for user_id, type_id, start, end in session.execute(theirs):
        held[user_id].append(Held(type_id=type_id, start=start, end=end))
    return held


def _tell(session: Session, begun: Sequence[Subscription]) -> None:
    tell_new(session, [each.id for each in begun])
    for status, tell in ((InternalStatus.ACTIVE, tell_starts), (InternalStatus.AFTER_END, tell_ends)):
        tell(session, [each.id for each in begun if each.internal_status == status])
