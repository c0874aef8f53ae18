"""Import people. Who is here already, by the id of the old system, e-mail or UUID, is the same person.

Such a person keeps what they have had since: role, password, UUID, an account that was closed, a name or a
language that somebody has chosen here. An empty cell says nothing: it takes nothing away.
Source: behaviour.md 8.1, 3.5 and 4.4.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID, uuid4

from sqlalchemy.orm import Session

from crm.core.copying import copy_rows, take_ids
from crm.core.errors import N_
from crm.importer import kinds
from crm.importer.batches import Batch, Outcome
from crm.importer.claims import Key
from crm.importer.columns import Column, Entity, Line
from crm.importer.emails import fold_emails
from crm.importer.entities.users_here import find_here, update_here
from crm.importer.faults import Fault
from crm.importer.password_hashes import password_hash
from crm.users.audit_log import record_act
from crm.users.languages import LOCALES
from crm.users.models import NO_PASSWORD
from crm.users.phone_history import IMPORTED
from crm.users.roles import Role


class UserRecord(NamedTuple):
    """One row of the file; what it does not say is None."""

    external_id: str | None
    email: str | None
    public_name: str
    first_name: str | None
    last_name: str | None
    password: str | None
    role: str | None
    active: bool | None
    locale: str | None
    source: str | None
    registration_channel: str | None
    uuid: UUID | None
    ext_id: int | None
    confirmed_at: datetime | None
    email_validated_at: datetime | None
    created_at: datetime | None
    institution_name: str | None
    note: str | None


COLUMNS = (
    Column(
        name="external_id",
        read=kinds.external_id,
        other_names=("id",),
        told=N_("The person's id in the old system, by which the other files name them."),
    ),
    Column(name="email", read=kinds.email, told=N_("May be empty for who has a number only.")),
    Column(
        name="public_name",
        read=kinds.text,
        must=True,
        told=N_("What staff see; the number, for who has no e-mail."),
    ),
    Column(name="first_name", read=kinds.text, told=N_("First name.")),
    Column(name="last_name", read=kinds.text, told=N_("Last name.")),
    Column(
        name="password",
        read=password_hash,
        is_secret=True,
        told=N_("The hash, as $2y$10$…; never the password. Without one a person signs in by a code."),
    ),
    Column(
        name="role",
        read=kinds.one_of(*Role, also={"user": Role.CUSTOMER}),
        told=N_("user, or a role of staff; only for who is not here yet. user if left out."),
    ),
    Column(name="active", read=kinds.flag, told=N_("Whether the account is open; 1 if left out.")),
    Column(
        name="locale",
        read=kinds.one_of(*LOCALES.values(), also=LOCALES),
        told=N_("The language, as sk_SK; the person has not chosen one if left out."),
    ),
    Column(name="source", read=kinds.text, told=N_("Where the person came from; unknown if left out.")),
    Column(name="registration_channel", read=kinds.text, told=N_("How; crm if left out.")),
    Column(name="uuid", read=kinds.uuid, told=N_("The person's UUID; a new one if left out.")),
    Column(name="ext_id", read=kinds.whole, told=N_("The person's number in a third system.")),
    Column(name="confirmed_at", told=N_("When the account was confirmed.")),
    Column(name="email_validated_at", told=N_("When the e-mail was proved to be theirs.")),
    Column(name="created_at", told=N_("When the account was made; now if left out.")),
    Column(name="institution_name", read=kinds.text, told=N_("The institution, if it is one.")),
    Column(name="note", read=kinds.note, told=N_("A remark for staff.")),
)


def check(record: UserRecord) -> Sequence[Fault]:
    """Say what is wrong with a row as a whole."""
    if record.external_id is not None or record.email is not None:
        return ()
    told = N_("Give the person an id of the old system or an e-mail, or nothing can be told of them.")
    return [Fault(column="external_id", value="", code="no_key", message=told)]


def load(batch: Batch, lines: Sequence[Line[UserRecord]]) -> None:
    """Write the people of a batch."""
    emails = fold_emails(batch.session, (line.record.email for line in lines))
    here = find_here(batch, lines, emails)
    batch.claim(
        lines,
        Key("external_id", lambda line: line.record.external_id),
        Key("email", lambda line: emails.get(line.record.email or "")),
        Key("uuid", lambda line: line.record.uuid),
        Key("user", lambda line: here[line.number].id if line.number in here else None, "external_id"),
    )
    open_lines = batch.open(lines)
    update_here(batch, [(line, here[line.number]) for line in open_lines if line.number in here], emails)
    _insert(batch, [line for line in open_lines if line.number not in here])


def _insert(batch: Batch, lines: Sequence[Line[UserRecord]]) -> None:
    rows = [
        {"id": user_id, **_row(line.record, batch.context.now)}
        for user_id, line in zip(take_ids(batch.session, "users", len(lines)), lines, strict=True)
    ]
    if rows:
        stored = ((*row.values(), batch.context.import_id) for row in rows)
        copy_rows(batch.session, "users", (*rows[0], "import_id"), stored)
    for line in lines:
        batch.settle(line.number, Outcome.INSERTED)
    _record_staff(batch.session, rows)


def _row(record: UserRecord, now: datetime) -> dict[str, object]:
    return {
        "external_id": record.external_id,
        "email": record.email,
        "public_name": record.public_name,
        "first_name": record.first_name,
        "last_name": record.last_name,
        "password": record.password or NO_PASSWORD,
        "role": record.role or Role.CUSTOMER.value,
        "active": record.active is not False,
        "locale": record.locale,
        "source": record.source or "unknown",
        "registration_channel": record.registration_channel or "crm",
        "uuid": record.uuid or uuid4(),
        "ext_id": record.ext_id,
        "confirmed_at": record.confirmed_at,
        "email_validated_at": record.email_validated_at if record.email else None,
        "created_at": record.created_at or now,
        "modified_at": now,
        "is_institution": record.institution_name is not None,
        "institution_name": record.institution_name,
        "note": record.note,
    }


def _record_staff(session: Session, rows: Sequence[Mapping[str, object]]) -> None:
    """Write down who may do more than a reader from now on."""
    for row in rows:
        if row["role"] != Role.CUSTOMER:
            after = {name: row[name] for name in ("public_name", "email", "role")}
            record_act(session, "user.create", f"user {row['id']}", after=after, reason=IMPORTED)


USERS = Entity(
    name="users",
    title=N_("People"),
    summary=N_("People with their names, passwords and roles."),
    columns=COLUMNS,
    record=UserRecord,
    load=load,
    check=check,
)
