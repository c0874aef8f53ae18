"""Reading the audit log: by who, what, on what and when; and the words for what was done."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, func, or_, select
from sqlalchemy.orm import Session

from crm.core.errors import N_
from crm.core.keyset import KeysetPage, Place, read_page
from crm.users.models import AuditEntry

NOBODY = 0  # stands for the actors that are no persons: commands and API tokens

# What a log entry says happened. An act that is not here is shown by its code.
ACTS: Mapping[str, str] = {
    "user.sign_in": N_("Signed in"),
    "user.create": N_("Created a person"),
    "user.edit": N_("Changed a person's details"),
    "user.role": N_("Changed a role"),
    "user.link_number": N_("Linked a number"),
    "user.unlink_number": N_("Unlinked a number"),
    "user.deactivate": N_("Deactivated an account"),
    "user.activate": N_("Activated an account"),
    "user.confirm": N_("Confirmed an account"),
    "user.send_code": N_("Sent a code by SMS"),
    "user.end_sign_in": N_("Ended a sign-in"),
    "user.end_sign_ins": N_("Ended all sign-ins"),
    "user.claim": N_("Registered an account that waited"),
    "account.name": N_("Changed the own name"),
    "account.email": N_("Changed the own e-mail"),
    "account.language": N_("Chose a language"),
    "account.password": N_("Chose a password"),
    "account.phone": N_("Proved a number by a code"),
    "account.phone_lost": N_("Lost the number to another person"),
    "account.end_sign_in": N_("Ended an own sign-in"),
    "account.end_sign_ins": N_("Ended all other own sign-ins"),
    "token.create": N_("Created an API token"),
    "token.revoke": N_("Revoked an API token"),
    "setting.change": N_("Changed a setting"),
    "setting.reset": N_("Put a setting back to its default"),
    "billkey.create": N_("Listed a billing key"),
    "billkey.edit": N_("Changed a billing key"),
    "billkey.remove": N_("Removed a billing key"),
    "subscription_type.create": N_("Added a subscription type"),
    "subscription_type.edit": N_("Changed a subscription type"),
    "subscription_type.sale": N_("Changed how a subscription type is sold by SMS"),
    "payment.refund": N_("Gave a payment back"),
    "payment.call_off": N_("Called a payment off"),
    "payments.export": N_("Exported payments"),
    "short_number.create": N_("Described a short number"),
    "short_number.edit": N_("Changed a short number"),
    "short_number.remove": N_("Removed a short number"),
    "prefix.set": N_("Changed the operator of a prefix"),
    "prefix.restore": N_("Restored the operator of a prefix"),
    "status_code.describe": N_("Described a status code"),
    "status_code.restore": N_("Restored the words of a status code"),
    "template.create": N_("Created a template"),
    "template.save": N_("Saved a template"),
    "rule.create": N_("Wrote a rule"),
    "rule.edit": N_("Changed a rule"),
    "rule.move": N_("Moved a rule"),
    "rule.switch": N_("Switched a rule"),
    "rule.delete": N_("Deleted a rule"),
    "answer.send": N_("Answered a reader"),
    "note.add": N_("Wrote a note on a conversation"),
    "note.withdraw": N_("Took an own note back"),
    "note.restore": N_("Put an own note back"),
    "inbox.done": N_("Marked a reader's message as done"),
    "inbox.reopen": N_("Opened a reader's message again"),
    "inbox.take": N_("Took a reader's message over"),
    "inbox.give_back": N_("Gave a reader's message back"),
    "renewal.stop": N_("Stopped a renewal"),
    "renewal.reactivate": N_("Let a stopped renewal go on"),
    "renewal.pause": N_("Paused a renewal"),
    "renewal.go_on": N_("Let a paused renewal go on"),
    "renewal.try_now": N_("Had a renewal charged now"),
    "renewal.postpone": N_("Postponed a renewal"),
    "renewals.hold": N_("Held all renewals"),
    "renewals.resume": N_("Resumed all renewals"),
    "renewals.export": N_("Exported renewals"),
    "outcome.settle": N_("Settled an unknown outcome"),
    "message.bind": N_("Bound a message to the gateway's id"),
    "message.release": N_("Let a held message go"),
    "message.cancel": N_("Cancelled a held message"),
    "message.send_again": N_("Sent a free message again"),
    "message.drop": N_("Dropped a free message of unknown fate"),
    "messages.export": N_("Exported messages"),
    "subscribers.export": N_("Exported subscribers"),
    "subscriptions.export": N_("Exported subscriptions"),
    "template.test": N_("Sent a template as a test"),
    "import.start": N_("Began an import"),
    "import.done": N_("An import was done"),
    "import.refused": N_("An import ended before its end"),
    "import.cancel": N_("Asked for an import to end"),
    "import.cancelled": N_("An import was cancelled"),
    "import.resume": N_("Resumed an import"),
    "import.errors": N_("Downloaded the refused rows of an import"),
    "import.mend": N_("Let renewals go on that an import had stopped"),
    "work.retry": N_("Had failed work done again"),
    "work.discard": N_("Gave failed work up"),
    "audit.export": N_("Exported the audit log"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ActFilter:
    """What to list; None is "any". `since` is the first moment, `until` the first one after."""

    actor_id: int | None = None
    action: str | None = None
    subject: str | None = None
    since: datetime | None = None
    until: datetime | None = None


def list_acts(
    session: Session,
    wanted: ActFilter,
    *,
    limit: int,
    after: Place | None = None,
    before: Place | None = None,
) -> KeysetPage[AuditEntry]:
    """Return one page of the log, newest first."""
    key = (AuditEntry.created_at, AuditEntry.id)
    return read_page(session, _found(wanted), key, limit=limit, after=after, before=before)


def list_acts_on_number(
    session: Session, local: str, user_ids: Collection[int], *, limit: int
) -> Sequence[AuditEntry]:
    """Return what was done with a number to those who have or had it, the newest first."""
    was, became = (column["phone"].as_string() == local for column in (AuditEntry.before, AuditEntry.after))
    found = select(AuditEntry).where(
        AuditEntry.subject.in_([f"user {user_id}" for user_id in user_ids]), or_(was, became)
    )
    return session.execute(found.order_by(AuditEntry.id.desc()).limit(limit)).scalars().all()


def list_actors(session: Session) -> Sequence[tuple[int, str]]:
    """Return who stands in the log: the ids of people with their latest name there, by name."""
    latest = (
        select(func.max(AuditEntry.id)).where(AuditEntry.actor_id.is_not(None)).group_by(AuditEntry.actor_id)
    )
    named = select(AuditEntry.actor_id, AuditEntry.actor).where(AuditEntry.id.in_(latest))
    rows = session.execute(named.order_by(func.lower(AuditEntry.actor)))
    return [(row.actor_id, row.actor) for row in rows]


def _found(wanted: ActFilter) -> Select[AuditEntry]:
    found = select(AuditEntry)
    if wanted.actor_id == NOBODY:
        found = found.where(AuditEntry.actor_id.is_(None))
    elif wanted.actor_id is not None:
        found = found.where(AuditEntry.actor_id == wanted.actor_id)
    if wanted.action is not None:
        found = found.where(AuditEntry.action == wanted.action)
    if wanted.subject is not None:
        found = found.where(AuditEntry.subject == wanted.subject)
    if wanted.since is not None:
        found = found.where(AuditEntry.created_at >= wanted.since)
    if wanted.until is not None:
        found = found.where(AuditEntry.created_at < wanted.until)
    return found
