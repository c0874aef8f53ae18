"""People of a file who are here already: who they are, and what of them a file may still tell.

Live data wins. What a person or a colleague has changed here since stands in the audit log, and stays. `emails` are
those of the file in the small letters by which they are compared (emails.py).
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol, TypeVar
from uuid import UUID

from sqlalchemy import Row, Text, func, select, update
from sqlalchemy.orm import Session

from crm.core.copying import among
from crm.core.errors import N_
from crm.core.phone import find_slovak_mobile
from crm.importer.batches import Batch
from crm.importer.columns import Line
from crm.users.codes import end_codes_of
from crm.users.models import NO_PASSWORD, AuditEntry, User
from crm.users.roles import Role
from crm.users.sessions import EndReason, end_all

# What describes a person: the file may change it, but for what was changed here since.
DESCRIBING = ("public_name", "first_name", "last_name", "locale", "note", "institution_name")
# Where a person came from: of who was here before, live data tells it.
ORIGIN = ("source", "registration_channel", "created_at", "ext_id")
# Filled where nothing is, and never changed.
FILLED = ("external_id", "email", "confirmed_at")
EDITS = (
    "user.edit", "user.activate", "user.deactivate", "user.claim",
    "account.name", "account.email", "account.language",
)  # fmt: skip


class Telling(Protocol):
    """What a row tells of a person; other names of columns are asked for as they come."""

    @property
    def external_id(self) -> str | None: ...
    @property
    def email(self) -> str | None: ...
    @property
    def uuid(self) -> UUID | None: ...


T = TypeVar("T", bound=Telling)

_FOLDED = func.lower(User.email, type_=Text())
HERE = (
    User.id,
    User.external_id,
    User.email,
    _FOLDED.label("folded_email"),
    User.uuid,
    User.password,
    User.role,
    User.active,
    User.confirmed_at,
    User.email_validated_at,
    User.deleted_at,
    User.import_id,
    *(getattr(User, name) for name in (*DESCRIBING, *ORIGIN)),
)
Here = Row[Any]


def find_here(batch: Batch, lines: Iterable[Line[T]], emails: Mapping[str, str]) -> dict[int, Here]:
    """Return the people who are here already, by line; a row that names two of them is refused."""
    open_lines = batch.open(lines)
    known = _look_up(batch.session, [line.record for line in open_lines], emails)
    found: dict[int, Here] = {}
    for line in open_lines:
        keys = _keys(line.record, emails.get(line.record.email or ""))
        named = {column: known[key] for column, key in keys if key in known}
        if not named:
            continue
        column, person = next(iter(named.items()))
        if len({each.id for each in named.values()}) > 1:
            told = N_("%(columns)s name different people who are here.")
            batch.refuse(line.number, column, "user_differs", told, columns=", ".join(named))
        elif person.external_id in (None, line.record.external_id) or line.record.external_id is None:
            found[line.number] = person
        elif batch.is_of_this_file(person.import_id):
            batch.refuse_double(line.number, column, getattr(line.record, column))
        else:
            told = N_("The person with this %(column)s has another id of the old system here.")
            batch.refuse(
                line.number, "external_id", "taken", told, value=line.record.external_id, column=column
            )
    return found


def update_here(batch: Batch, pairs: Sequence[tuple[Line[T], Here]], emails: Mapping[str, str]) -> None:
    """Write what a file may still tell of these people."""
    edited = _read_edits(batch.session, [person.id for _, person in pairs])
    changes = []
    for line, person in pairs:
        wanted = _wanted(line.record, person, emails)
        own = {name: wanted[name] for name in wanted if name not in edited.get(person.id, ())}
        changed = {name: value for name, value in own.items() if getattr(person, name) != value}
        batch.settle_here(line.number, changed)
        if changed:
            changes.append({"id": person.id, **_with_kind(changed)})
    if changes:
        batch.session.execute(update(User), changes)
    for each in changes:
        if each.get("active") is False:
            end_all(batch.session, each["id"], reason=EndReason.DEACTIVATED)
            end_codes_of(batch.session, each["id"])


def _keys(record: Telling, email: str | None) -> list[tuple[str, object]]:
    keys: list[tuple[str, object]] = [
        ("external_id", record.external_id),
        ("email", email and ("email", email)),
        ("uuid", record.uuid),
    ]
    return [(column, key) for column, key in keys if key]


def _look_up(session: Session, records: Sequence[Telling], emails: Mapping[str, str]) -> dict[object, Here]:
    """Return the people by each key that a record may name them by."""
    ids = [each.external_id for each in records if each.external_id]
    folded = [emails[each.email] for each in records if each.email]
    uuids = [each.uuid for each in records if each.uuid]
    conditions = [  # each by its own index; one question with all of them would read every person
        among(User.external_id, ids),
        among(_FOLDED, folded),
        among(User.uuid, uuids),
    ]
    known: dict[object, Here] = {}
    for values, condition in zip((ids, folded, uuids), conditions, strict=True):
        for person in session.execute(select(*HERE).where(condition)) if values else ():
            known |= {key: person for _, key in _keys(person, person.folded_email)}
    return known


def _wanted(record: Any, person: Here, emails: Mapping[str, str]) -> dict[str, Any]:
    """Return what the file says of a person, as far as live data does not win over it."""
    if person.deleted_at is not None:
        return {}
    wanted = {name: getattr(record, name) for name in DESCRIBING}
    if find_slovak_mobile(record.public_name):
        del wanted["public_name"]  # called by a number, which may be somebody else's by now
    if person.import_id is not None:
        wanted |= {name: getattr(record, name) for name in ORIGIN}
        if person.role == Role.CUSTOMER:
            wanted["active"] = record.active
    wanted |= {name: getattr(record, name) for name in FILLED if getattr(person, name) is None}
    if person.email_validated_at is None and _is_same_email(record, person, emails):
        wanted["email_validated_at"] = record.email_validated_at
    if person.password == NO_PASSWORD and person.role == Role.CUSTOMER:
        wanted["password"] = record.password
    return {name: value for name, value in wanted.items() if value is not None}


def _is_same_email(record: Telling, person: Here, emails: Mapping[str, str]) -> bool:
    if record.email is None:
        return False
    return person.email is None or emails[record.email] == person.folded_email


def _with_kind(changed: dict[str, Any]) -> dict[str, Any]:
    return changed | ({"is_institution": True} if "institution_name" in changed else {})


def _read_edits(session: Session, user_ids: Sequence[int]) -> dict[int, set[str]]:
    """Return what was changed here of people, by their ids: the names of the columns."""
    subjects = {f"user {user_id}": user_id for user_id in user_ids}
    found = select(AuditEntry.subject, AuditEntry.after).where(
        among(AuditEntry.subject, subjects), AuditEntry.action.in_(EDITS)
    )
    edits: dict[int, set[str]] = {}
    for subject, after in session.execute(found) if subjects else ():
        edits.setdefault(subjects[subject], set()).update(after or ())
    return edits
