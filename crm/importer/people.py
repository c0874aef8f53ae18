"""Whom a row speaks of: named by e-mail, number, or id of the old system, and by any of them only one person."""

from collections.abc import Collection, Iterable, Sequence
from typing import Protocol, TypeVar

from sqlalchemy import Text, func, select
from sqlalchemy.orm import Session

from crm.core.copying import among
from crm.core.errors import N_
from crm.importer import kinds
from crm.importer.batches import Batch
from crm.importer.columns import Column, Line
from crm.users.models import MobilePhone, User

EMAIL = "user_email"
USER_COLUMNS = (
    Column(
        name="user_external_id",
        read=kinds.external_id,
        told=N_("Whose it is, by the person's id in the old system."),
        other_names=("user_id",),
    ),
    Column(name=EMAIL, read=kinds.email, told=N_("Whose it is, by e-mail.")),
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


def find_people(batch: Batch, lines: Iterable[Line[R]], *, must: bool) -> dict[int, int]:
    """Return the ids of the people by line; a line whose person is unknown, or two, is refused.

    Without `must` a line may speak of nobody.
    """
    open_lines = batch.open(lines)
    columns = [each.name for each in USER_COLUMNS if each.name in batch.context.given]
    known = {column: _LOOK_UPS[column](batch.session, _wanted(open_lines, column)) for column in columns}
    found: dict[int, int] = {}
    for line in open_lines:
        named = _named(line.record, columns)
        ids = [known[column].get(value) for column, value in named]
        if None in ids:
            _refuse_unknown(batch, line.number, named, ids)
        elif len(set(ids)) > 1:
            told = N_("%(columns)s name different people.")
            names = ", ".join(column for column, _ in named)
            batch.refuse(line.number, named[0][0], "user_differs", told, columns=names)
        elif ids:
            found[line.number] = ids[0] or 0
        elif must:
            told = N_("Say whose it is: user_external_id, user_email or user_phone.")
            batch.refuse(line.number, "user_external_id", "missing", told)
    return found


def _wanted(lines: Iterable[Line[R]], column: str) -> set[str]:
    return {value for line in lines for _, value in _named(line.record, (column,))}


def _named(record: NamesUser, columns: Sequence[str]) -> list[tuple[str, str]]:
    """Return by what a record names its person, e-mails in small letters."""
    named = [(column, getattr(record, column)) for column in columns]
    return [
        (column, value.lower() if column == EMAIL else value) for column, value in named if value is not None
    ]


def _refuse_unknown(
    batch: Batch, line: int, named: Sequence[tuple[str, str]], ids: Sequence[int | None]
) -> None:
    told = N_("There is no such user; import users (and phone numbers) first.")
    for (column, value), user_id in zip(named, ids, strict=True):
        if user_id is None:
            batch.refuse(line, column, "unknown_user", told, value=value)


def find_by_external_ids(session: Session, wanted: Collection[str]) -> dict[str, int]:
    """Return the ids of people by their ids in the old system."""
    if not wanted:
        return {}
    found = select(User.external_id, User.id).where(among(User.external_id, wanted))
    return {external_id: user_id for external_id, user_id in session.execute(found) if external_id}


def find_by_emails(session: Session, wanted: Collection[str]) -> dict[str, int]:
    """Return the ids of people by their e-mails, in small letters."""
    if not wanted:
        return {}
    lowered = func.lower(User.email, type_=Text())
    found = select(lowered, User.id).where(among(lowered, wanted))
    return {row[0]: row[1] for row in session.execute(found)}


def _find_by_phones(session: Session, wanted: Collection[str]) -> dict[str, int]:
    if not wanted:
        return {}
    found = select(MobilePhone.phone_number, MobilePhone.user_id).where(
        among(MobilePhone.phone_number, wanted)
    )
    return {row[0]: row[1] for row in session.execute(found)}


_LOOK_UPS = {
    "user_external_id": find_by_external_ids,
    EMAIL: find_by_emails,
    "user_phone": _find_by_phones,
}
