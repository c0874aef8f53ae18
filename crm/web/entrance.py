"""The three steps of signing in, each in its own transaction, none open while a password is hashed."""

from dataclasses import dataclass
from math import ceil

from crm.core import metrics
from crm.core.db import transaction
from crm.core.log import get_logger
from crm.users.authentication import Credentials, Door, Entry, Refusal, chain, enter, prove
from crm.users.client import Client
from crm.users.roles import STAFF
from crm.users.sessions import Kind, begin_session

log = get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class LetIn:
    """Somebody was let in: `secret` opens the new session or is the new API token."""

    user_id: int
    is_staff: bool
    secret: str
    remembered: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SentAway:
    """Nobody was let in; `retry_after` in seconds where a limit has said so."""

    refusal: Refusal
    retry_after: int | None = None


def let_in(
    credentials: Credentials, client: Client, *, kind: Kind = Kind.WEB, remembered: bool = False
) -> LetIn | SentAway:
    """Sign somebody in, or say why not. Opens its own transactions."""
    with transaction() as session:
        door = chain.open_door(session, credentials, client)
    proof = prove(door)
    with transaction() as session:
        entry = enter(session, door, proof)
        metrics.count("logins_total", status=entry.status)
        if entry.user is not None:
            is_staff = entry.user.role in STAFF
            remembered = remembered and not is_staff  # a working day, whatever they ticked
            secret = begin_session(session, entry.user, kind=kind, client=client, remembered=remembered)
            log.info("login", user_id=entry.user.id, source=client.source)
            return LetIn(user_id=entry.user.id, is_staff=is_staff, secret=secret, remembered=remembered)
    return _sent_away(door, entry)


def recognise(credentials: Credentials, client: Client) -> int | SentAway:
    """Check somebody as `let_in` does, with its log and its limits, but begin nothing; return the user's id."""
    with transaction() as session:
        door = chain.open_door(session, credentials, client)
    proof = prove(door)
    with transaction() as session:
        entry = enter(session, door, proof)
        metrics.count("logins_total", status=entry.status)
        if entry.user is not None:
            return entry.user.id
    return _sent_away(door, entry)


def _sent_away(door: Door, entry: Entry) -> SentAway:
    log.warning("login_refused", status=entry.status, address=door.client.ip, source=door.client.source)
    wait = max(1, ceil(door.wait.total_seconds())) if door.wait is not None else None
    return SentAway(refusal=entry.refusal or Refusal.FAILURE, retry_after=wait)
