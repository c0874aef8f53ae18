"""Signing in by a one-time code: who is let in, and what is written down of it.

The browser that asked for a code knows the asking, whose five tries are limit enough. A code that staff sent
is typed with one's name, in any browser: such a try counts like one with a password.
"""

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy.orm import Session

from crm.core.phone import find_slovak_mobile, mask
from crm.users.accounts import confirm_many
from crm.users.attempts import AttemptStatus, Tried, begin_attempt, note_attempt, settle_attempt
from crm.users.authentication import Entry, Refusal, admit
from crm.users.client import Client
from crm.users.codes import CodePurpose, find_open_code, find_owner, identity_of, use_code
from crm.users.masking import mask_email
from crm.users.models import OneTimeCode


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeEntry:
    """Who is let in, or why nobody is; with `wait` a limit has refused it."""

    entry: Entry
    wait: timedelta | None = None


def enter_by_code(session: Session, code_id: int, typed: str, client: Client) -> CodeEntry:
    """Check the code that this browser asked for."""
    asked = session.get(OneTimeCode, code_id)
    entry = _check(session, code_id, typed)
    tried = Tried(
        identity="",
        shown=mask(asked.phone_number or "") if asked else "***",
        user_id=asked.user_id if asked else None,
    )
    note_attempt(session, tried, client, entry.status)
    return CodeEntry(entry=entry)


def enter_by_name_and_code(session: Session, name: str, typed: str, client: Client) -> CodeEntry:
    """Check the newest code that was sent to whoever has the name."""
    owner = find_owner(session, name)
    shown = mask(name) if find_slovak_mobile(name) else mask_email(name)
    user_id = owner.id if owner else None
    begun = begin_attempt(session, Tried(identity=identity_of(name), shown=shown, user_id=user_id), client)
    if begun.wait is not None:
        refused = Entry(refusal=Refusal.RATE_LIMITED, status=AttemptStatus.RATE_LIMIT_EXCEEDED)
        return CodeEntry(entry=refused, wait=begun.wait)
    entry = _check(session, find_open_code(session, user_id or 0), typed)
    settle_attempt(session, begun.attempt_id, entry.status, user_id=user_id, message=entry.refusal or "")
    return CodeEntry(entry=entry)


def _check(session: Session, code_id: int | None, typed: str) -> Entry:
    used = use_code(session, code_id or 0, typed, purpose=CodePurpose.SIGN_IN)
    if used is None or used.user_id is None:
        return Entry(refusal=Refusal.INVALID_CREDENTIAL, status=AttemptStatus.WRONG_CODE)
    entry = admit(session, used.user_id, status=AttemptStatus.CODE_OK)
    if entry.user is not None:
        confirm_many(session, [entry.user.id])  # whoever reads the SMS has the number in hand
    return entry
