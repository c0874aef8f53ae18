"""Whoever changes the money of a reader does it in the reader's lane: one after the other, the worker included."""

from collections.abc import Collection, Mapping

from sqlalchemy import bindparam, text
from sqlalchemy.orm import Session

from crm.subscriptions.lifecycle import lock_readers
from crm.users.phones import find_phones_of

# The same key as events/claim.py takes for the work of a number.
_TAKE = text("""
    SELECT pg_advisory_xact_lock(key) FROM (
        SELECT DISTINCT hashtextextended(lane, 8877) AS key
        FROM unnest(CAST(:lanes AS text[])) AS lane ORDER BY key
    ) AS keys
""").bindparams(bindparam("lanes"))
_TRY = text("""
    SELECT lane FROM unnest(CAST(:lanes AS text[])) AS lane
    WHERE pg_try_advisory_xact_lock(hashtextextended(lane, 8877))
""").bindparams(bindparam("lanes"))


def lanes_of(session: Session, user_ids: Collection[int]) -> Mapping[int, str]:
    """Return each person's lane: the number, local form, as for their SMS."""
    phones = find_phones_of(session, user_ids)
    return {user_id: phones.get(user_id, f"user {user_id}") for user_id in user_ids}


def take_lanes(session: Session, user_ids: Collection[int]) -> None:
    """Wait for the persons' lanes and hold them until the transaction ends; call it before the first look."""
    take_named(session, set(lanes_of(session, user_ids).values()))


def take_reader(session: Session, user_id: int) -> None:
    """Take a person's lane, and lock them: an import, which writes of too many for their lanes, waits as well."""
    take_lanes(session, [user_id])
    lock_readers(session, [user_id])


def take_named(session: Session, lanes: Collection[str]) -> None:
    """Wait for lanes that the caller knows by name, and hold them until the transaction ends."""
    if lanes:
        session.execute(_TAKE, {"lanes": sorted(lanes)})


def try_lanes(session: Session, user_ids: Collection[int]) -> set[int]:
    """Hold the lanes that are free now; return whose they are."""
    lanes = lanes_of(session, user_ids)
    free = set(session.execute(_TRY, {"lanes": sorted(set(lanes.values()))}).scalars()) if lanes else set()
    return {user_id for user_id, lane in lanes.items() if lane in free}
