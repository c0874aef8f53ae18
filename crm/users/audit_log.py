"""The audit log: every act of staff, with what was before and after; written by the services, never changed.

Who acts is said once, at the edge (`acting`): the page's guard, the command, the API token. Where nobody is
named (a worker, an import of history), nothing is written: it is no act of staff.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from crm.core.errors import N_
from crm.users.models import AuditEntry

COMMAND_LINE = N_("command line")  # the name of who acts by a command; pages translate it


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Who acts: a person (`user_id`), a command or a token (by `name` alone)."""

    name: str
    user_id: int | None = None
    ip: str = ""
    request_id: str = ""


_actor: ContextVar[Actor | None] = ContextVar("actor", default=None)


@contextmanager
def acting(actor: Actor | None) -> Iterator[None]:
    """Say who acts within the block."""
    token = _actor.set(actor)
    try:
        yield
    finally:
        _actor.reset(token)


def find_actor() -> Actor | None:
    """Return who acts now."""
    return _actor.get()


def record_act(
    session: Session,
    action: str,
    subject: str,
    *,
    before: Mapping[str, object] | None = None,
    after: Mapping[str, object] | None = None,
    reason: str = "",
) -> None:
    """Write an act down in the caller's transaction; of `before` and `after` only what differs is kept.

    Shape: `action` as noun.verb (`user.edit`), `subject` as noun and id (`user 17`). Secrets never come here.
    """
    actor = _actor.get()
    if actor is None:
        return
    old, new = _difference(before, after)
    entry = AuditEntry(
        actor_id=actor.user_id,
        actor=actor.name,
        action=action,
        subject=subject,
        before=old,
        after=new,
        reason=reason,
        ip=actor.ip,
        request_id=actor.request_id,
    )
    session.add(entry)
    session.flush()


def list_acts_on(session: Session, subject: str, *, limit: int = 50) -> Sequence[AuditEntry]:
    """Return what was done to a subject, newest first."""
    found = select(AuditEntry).where(AuditEntry.subject == subject).order_by(AuditEntry.id.desc())
    return session.execute(found.limit(limit)).scalars().all()


def find_doer(session: Session, action: str, subject: str) -> Actor | None:
    """Return who did this to a subject last."""
    found = select(AuditEntry).where(AuditEntry.subject == subject, AuditEntry.action == action)
    entry = session.scalars(found.order_by(AuditEntry.id.desc()).limit(1)).first()
    return Actor(name=entry.actor, user_id=entry.actor_id) if entry else None


def find_latest_acts(session: Session, subjects: Sequence[str]) -> Mapping[str, AuditEntry]:
    """Return the newest act on each of a few subjects, by subject."""
    latest = (
        select(func.max(AuditEntry.id)).where(AuditEntry.subject.in_(subjects)).group_by(AuditEntry.subject)
    )
    found = session.execute(select(AuditEntry).where(AuditEntry.id.in_(latest))).scalars()
    return {entry.subject: entry for entry in found}


def _difference(
    before: Mapping[str, object] | None, after: Mapping[str, object] | None
) -> tuple[dict[str, Any] | None, dict[str, Any] | None]:
    if before is None or after is None:
        return _plain(before), _plain(after)
    changed = {key for key in (*before, *after) if before.get(key) != after.get(key)}
    return _plain({key: before.get(key) for key in before if key in changed}), _plain(
        {key: after.get(key) for key in after if key in changed}
    )


def _plain(values: Mapping[str, object] | None) -> dict[str, Any] | None:
    """Return the values as JSON can keep them."""
    if values is None:
        return None
    return {key: _as_json(value) for key, value in values.items()}


def _as_json(value: object) -> Any:
    match value:
        case None | bool() | int() | float():
            return value
        case date() | datetime():
            return value.isoformat()
        case list() | tuple() | set() | frozenset():
            return [_as_json(each) for each in value]
        case Mapping():
            return {str(key): _as_json(each) for key, each in value.items()}
        case _:
            return str(value)
