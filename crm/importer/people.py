"""Whom a row speaks of: named by e-mail, number, or id of the old system, and by any of them only one person."""

from collections.abc import Collection, Iterable, Sequence
from operator import attrgetter
from typing import Protocol, TypeVar

from sqlalchemy import Text, func, select
from sqlalchemy.orm import Session

from crm.core.copying import among
from crm.core.errors import N_
from crm.importer import kinds
from crm.importer.batches import Batch
from crm.importer.columns import Column, Line
from crm.importer.emails import fold_emails
from crm.users.models import MobilePhone, User

EMAIL = "user_email"
UNKNOWN = 0  # no id of ours
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
    values = [_read(batch.session, open_lines, column) for column in columns]
    ids = [_find(batch, column, each) for column, each in zip(columns, values, strict=True)]
    found: dict[int, int] = {}
    for place, line in enumerate(open_lines):
        told = {each[place] for each in ids if each[place] is not None}
        if len(told) == 1 and UNKNOWN not in told:
            found[line.number] = told.pop() or UNKNOWN
        elif told or must:
            named = [
                (column, each[place], of_column[place])
                for column, each, of_column in zip(columns, values, ids, strict=True)
                if each[place] is not None
            ]
            _refuse(batch, line.number, named)
    return found


def _read(session: Session, lines: Sequence[Line[R]], column: str) -> list[str | None]:
    """Return by what each line names its person in a column, e-mails in small letters."""
    read = attrgetter(column)
    values = [read(line.record) for line in lines]
    if column != EMAIL:
        return values
    folded = fold_emails(session, values)
    return [value and folded[value] for value in values]


def _find(batch: Batch, column: str, values: Sequence[str | None]) -> list[int | None]:
    """Return the person of each value: UNKNOWN where there is none of that name, None where nobody is named."""
    known = _LOOK_UPS[column](batch.session, {value for value in values if value is not None})
    return [None if value is None else known.get(value, UNKNOWN) for value in values]


def _refuse(batch: Batch, line: int, named: Sequence[tuple[str, str | None, int | None]]) -> None:
    """Refuse a line that names nobody, somebody who is not here, or two people: by column, value and id."""
    if not named:
        told = N_("Say whose it is: user_external_id, user_email or user_phone.")
        batch.refuse(line, "user_external_id", "missing", told)
    unknown = [(column, value) for column, value, user_id in named if user_id == UNKNOWN]
    for column, value in unknown:
        told = N_("There is no such user; import users (and phone numbers) first.")
        batch.refuse(line, column, "unknown_user", told, value=value)
    if named and not unknown:
        told = N_("%(columns)s name different people.")
        columns = ", ".join(column for column, _, _ in named)
        batch.refuse(line, named[0][0], "user_differs", told, columns=columns)


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
