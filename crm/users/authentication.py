"""Who may come in: a chain of links by priority, and the guards that all of them share.

Each link looks at the credentials and abstains (None) or makes a claim: whom they speak of, and how it is
proved. Signing in has three steps, so that nothing is open while a password is hashed:

    open_door   in a transaction: the claims; the try is written down, or refused by a limit
    prove       with no transaction: the links check, exactly one hash for whatever name
    enter       in a transaction: active? claimed? the outcome is written down, an outdated hash replaced

The reason told is that of the link that recognised the name. Source: behaviour.md 4.1, 4.2 with B46 mended.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import Protocol

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.users.attempts import NOBODY, AttemptStatus, Tried, begin_attempt, settle_attempt
from crm.users.client import Client
from crm.users.models import User
from crm.users.passwords import is_outdated, rehash, verify_password
from crm.users.user_meta import is_unclaimed


class Refusal(StrEnum):
    """Why somebody was not let in. Source: the exception codes of behaviour.md 4.1."""

    IDENTITY_NOT_FOUND = "identity_not_found"
    INVALID_CREDENTIAL = "invalid_credential"
    FAILURE = "failure"
    NOT_APPROVED = "not_approved"
    RATE_LIMITED = "rate_limited"


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """What somebody showed; what is not there is empty."""

    username: str = ""
    mobile_phone: str = ""
    password: str = field(default="", repr=False)
    access_token: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """Whom the credentials speak of, to one link: `tried.user_id` is None for a name that nobody has.

    `prove` is called with no transaction open. `not_found` and `not_proved` say how a refusal is written down.
    `hashed` is the password's hash where that is what is proved.
    """

    tried: Tried
    prove: Callable[[], bool]
    hashed: str | None = None
    not_found: AttemptStatus
    not_proved: AttemptStatus = AttemptStatus.WRONG_PASS
    refusal_when_not_found: Refusal = Refusal.IDENTITY_NOT_FOUND
    by_password: bool = True
    staff_may: bool = True

    @property
    def user_id(self) -> int | None:
        """Return whose name it is."""
        return self.tried.user_id


class Authenticator(Protocol):
    """One link of the chain; `name` is for the log."""

    name: str

    def claim(self, session: Session, credentials: Credentials) -> Claim | None:
        """Return whom the credentials speak of, None to abstain."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """A sign-in that was begun; with `wait` a limit has refused it."""

    credentials: Credentials
    claims: Sequence[Claim]
    attempt_id: int
    client: Client
    wait: timedelta | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """The claim that was proved, if any, and a new hash when the old one is outdated."""

    claim: Claim | None
    new_hash: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """Who is let in, or why nobody is."""

    user: User | None = None
    refusal: Refusal | None = None
    status: AttemptStatus


class AuthenticatorChain:
    """The links, asked from the highest priority down; two of one priority in the order of registration."""

    def __init__(self) -> None:
        self._links: list[tuple[int, Authenticator]] = []

    def add(self, link: Authenticator, *, priority: int) -> None:
        """Add a link."""
        self._links.append((priority, link))
        self._links.sort(key=lambda each: -each[0])

    def clear(self) -> None:
        """Forget all links, for a second application in one process."""
        self._links.clear()

    def list_names(self) -> list[tuple[int, str]]:
        """Return (priority, name) in the order of asking."""
        return [(priority, link.name) for priority, link in self._links]

    def open_door(self, session: Session, credentials: Credentials, client: Client) -> Door:
        """Write the try down and return the claims; nothing is checked yet."""
        made = [link.claim(session, credentials) for _, link in self._links]
        claims = [claim for claim in made if claim is not None] or [_nobody(credentials)]
        begun = begin_attempt(session, _told_of(claims).tried, client)
        return Door(
            credentials=credentials,
            claims=claims,
            attempt_id=begun.attempt_id,
            client=client,
            wait=begun.wait,
        )


def prove(door: Door) -> Proof:
    """Check the claims in order; call it with no transaction open: a hash takes its time.

    Only the person whose try was written down comes in: credentials with two names would otherwise try the
    password of the one under the limits of the other. The others' claims are checked for the time it takes.
    """
    if door.wait is not None:
        return Proof(claim=None)
    whose = _told_of(door.claims).user_id
    for claim in door.claims:
        if claim.prove() and claim.user_id is not None and claim.user_id == whose:
            outdated = claim.hashed is not None and is_outdated(claim.hashed)
            return Proof(claim=claim, new_hash=rehash(door.credentials.password) if outdated else None)
    return Proof(claim=None)


def enter(session: Session, door: Door, proof: Proof) -> Entry:
    """Decide, and write the outcome of the try down."""
    if door.wait is not None:
        return Entry(refusal=Refusal.RATE_LIMITED, status=AttemptStatus.RATE_LIMIT_EXCEEDED)
    entry = _decide(session, door, proof)
    told = proof.claim or _told_of(door.claims)
    settle_attempt(
        session,
        door.attempt_id,
        entry.status,
        user_id=told.user_id,
        message=entry.refusal or "",
    )
    if entry.user is not None and proof.new_hash is not None:
        entry.user.password = proof.new_hash
        session.flush()
    return entry


def admit(session: Session, user_id: int | None, *, status: AttemptStatus) -> Entry:
    """Let in who has proved to be this person, with the status, unless the account is closed or unclaimed.

    The person is locked: who closes the account or changes its password meanwhile has to wait, and then ends
    the session that is about to begin as well.
    """
    found = select(User).where(User.id == user_id).with_for_update(key_share=True)
    user = session.execute(found.execution_options(populate_existing=True)).scalar_one_or_none()
    if user is None or not user.active or user.deleted_at is not None:
        return Entry(refusal=Refusal.IDENTITY_NOT_FOUND, status=AttemptStatus.INACTIVE_USER)
    if is_unclaimed(session, user.id):
        return Entry(refusal=Refusal.NOT_APPROVED, status=AttemptStatus.UNCLAIMED_USER)
    return Entry(user=user, status=status)


def _decide(session: Session, door: Door, proof: Proof) -> Entry:
    claim = proof.claim
    if claim is None:
        told = _told_of(door.claims)
        # Also asked about nobody: who does not exist must take as long as who does.
        if is_unclaimed(session, told.user_id or NOBODY):
            return Entry(refusal=Refusal.NOT_APPROVED, status=AttemptStatus.UNCLAIMED_USER)
        if told.user_id is None:
            return Entry(refusal=told.refusal_when_not_found, status=told.not_found)
        return Entry(refusal=Refusal.INVALID_CREDENTIAL, status=told.not_proved)
    entry = admit(session, claim.user_id, status=_good(claim, door.client))
    if entry.user is None:
        return entry
    if claim.hashed is not None and entry.user.password != claim.hashed:
        # It was changed while the old one was being checked, which opens nothing any more.
        return Entry(refusal=Refusal.INVALID_CREDENTIAL, status=claim.not_proved)
    if entry.user.role != "customer" and not claim.staff_may:
        return Entry(refusal=Refusal.NOT_APPROVED, status=AttemptStatus.NOT_APPROVED)
    return entry


def _good(claim: Claim, client: Client) -> AttemptStatus:
    if not claim.by_password:
        return AttemptStatus.ACCESS_TOKEN_OK
    return AttemptStatus.API_OK if client.source.startswith("api") else AttemptStatus.OK


def _told_of(claims: Sequence[Claim]) -> Claim:
    """Return the first claim of a link that recognised the name, else the first."""
    return next((claim for claim in claims if claim.user_id is not None), claims[0])


def _nobody(credentials: Credentials) -> Claim:
    """Speak for a name that no link understands: it costs a hash like any other."""
    name = (credentials.username or credentials.mobile_phone).strip().casefold()
    return Claim(
        tried=Tried(identity=f"name:{name[:256]}", shown="***" if name else "", user_id=None),
        prove=lambda: verify_password(credentials.password, None),
        not_found=AttemptStatus.NOT_FOUND_NAME,
    )


chain = AuthenticatorChain()
