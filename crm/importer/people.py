"""Whom a row speaks of: named by e-mail, number, or id of the old system, and by any of them only one person."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from crm.core.errors import N_
from crm.importer import kinds
from crm.importer.batches import Batch
from crm.importer.columns import Column, Line
from crm.users.models import MobilePhone, User

USER_COLUMNS = (
    Column(
        name="user_external_id",
        read=kinds.external_id,
        told=N_("Whose it is, by the person's id in the old system."),
        other_names=("user_id",),
    ),
    Column(name="user_email", read=kinds.email, told=N_("Whose it is, by e-mail.")),
    Column(name="user_phone", read=kinds.number_of_people, told=N_("Whose it is, by mobile number.")),
)


class NamesUser(Protocol):
    """A record that speaks of a person."""

    @property
    def user_external_id(self) -> str | None: ...
    @property
    def user_email(self) -> str | None: ...
    @property
    def user_phone(self) -> str | None: ...


R = TypeVar("R", bound=NamesUser)


@dataclass(frozen=True, slots=True)
class _Known:
    user_external_id: Mapping[str, int]
    user_email: Mapping[str, int]
    user_phone: Mapping[str, int]


def find_people(batch: Batch, lines: Iterable[Line[R]], *, must: bool) -> dict[int, int]:
    """Return the ids of the people by line; a line whose person is unknown, or two, is refused.

    Without `must` a line may speak of nobody.
    """
    open_lines = batch.open(lines)
    known = _look_up(batch.session, [line.record for line in open_lines])
    found: dict[int, int] = {}
    for line in open_lines:
        named = _named(line.record)
        ids = {column: getattr(known, column).get(value) for column, value in named.items()}
        for column, user_id in ids.items():
            if user_id is None:
                told = N_("There is no such user; import users (and phone numbers) first.")
                batch.refuse(line.number, column, "unknown_user", told, value=named[column])
        if None in ids.values():
            continue
        if len(set(ids.values())) > 1:
            told = N_("%(columns)s name different people.")
            batch.refuse(line.number, next(iter(ids)), "user_differs", told, columns=", ".join(ids))
        elif ids:
            found[line.number] = next(each for each in ids.values() if each is not None)
        elif must:
            told = N_("Say whose it is: user_external_id, user_email or user_phone.")
            batch.refuse(line.number, "user_external_id", "missing", told)
    return found


def _named(record: NamesUser) -> dict[str, str]:
    named: dict[str, Any] = {
        "user_external_id": record.user_external_id,
        "user_email": record.user_email and record.user_email.lower(),
        "user_phone": record.user_phone,
    }
    return {column: value for column, value in named.items() if value}


def _look_up(session: Session, records: Sequence[NamesUser]) -> _Known:
    return _Known(
        find_by_external_ids(session, {each.user_external_id for each in records if each.user_external_id}),
        find_by_emails(session, {each.user_email.lower() for each in records if each.user_email}),
        _find_by_phones(session, {each.user_phone for each in records if each.user_phone}),
    )


def find_by_external_ids(session: Session, wanted: Collection[str]) -> dict[str, int]:
    """Return the ids of people by their ids in the old system."""
    if not wanted:
        return {}
    found = select(User.external_id, User.id).where(User.external_id.in_(wanted))
    return {external_id: user_id for external_id, user_id in session.execute(found) if external_id}


def find_by_emails(session: Session, wanted: Collection[str]) -> dict[str, int]:
    """Return the ids of people by their e-mails, in small letters."""
    if not wanted:
        return {}
    lowered = func.lower(User.email)
    found = select(lowered, User.id).where(lowered.in_(wanted))
    return {row[0]: row[1] for row in session.execute(found)}


def _find_by_phones(session: Session, wanted: Collection[str]) -> dict[str, int]:
    if not wanted:
        return {}
    found = select(MobilePhone.phone_number, MobilePhone.user_id).where(MobilePhone.phone_number.in_(wanted))
    return {row[0]: row[1] for row in session.execute(found)}
