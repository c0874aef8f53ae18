"""Import whose number is whose: a number belongs to one person, and a person has one number.

A pair that was here and was parted since stays parted: the operator may have given the number to another
customer, and who has it in hand can sign in by a code. Source: behaviour.md 8.2.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import select, union
from sqlalchemy.orm import Session

from crm.core.copying import among, copy_rows
from crm.core.errors import N_
from crm.core.phone import to_international
from crm.importer import kinds
from crm.importer.batches import Batch, Outcome
from crm.importer.claims import Key
from crm.importer.columns import Column, Entity, Line
from crm.importer.faults import Fault
from crm.importer.findable import keep_findable
from crm.importer.people import USER_COLUMNS, find_people
from crm.users.models import MobilePhone, PhoneLink
from crm.users.phone_history import IMPORTED

Pair = tuple[str, int]  # the number, and whose it is
Pairs = dict[int, Pair]  # by line
OWNERS = tuple(column for column in USER_COLUMNS if column.name != "user_phone")


class PhoneRecord(NamedTuple):
    """One row of the file."""

    phone_number: str
    user_external_id: str | None
    user_email: str | None
    created_at: datetime | None

    @property
    def user_phone(self) -> None:
        """Nobody is named by the number that is to be theirs."""

    @property
    def owner_column(self) -> str:
        """The column that names the person."""
        return "user_external_id" if self.user_external_id else "user_email"


COLUMNS = (
    Column(
        name="phone_number",
        read=kinds.number_of_people,
        must=True,
        told=N_("A Slovak mobile number, as 0908123456; no two people have the same."),
    ),
    *OWNERS,
    Column(name="created_at", told=N_("Since when it is theirs; now if left out.")),
)


def check(record: PhoneRecord) -> Sequence[Fault]:
    """Say what is wrong with a row as a whole."""
    if record.user_external_id or record.user_email:
        return ()
    told = N_("Say whose number it is: user_external_id or user_email.")
    return [Fault(column="user_external_id", value="", code="missing", message=told)]


def load(batch: Batch, lines: Sequence[Line[PhoneRecord]]) -> None:
    """Bind the numbers of a batch."""
    people = find_people(batch, lines, must=True)
    pairs = {line.number: (line.record.phone_number, people[line.number]) for line in batch.open(lines)}
    _leave_parted(batch, pairs)
    bound = _refuse_taken(batch, lines, pairs)
    _claim(batch, lines, pairs, bound)
    fresh = []
    for line in batch.open(lines):
        is_bound = pairs[line.number] in bound
        batch.settle(line.number, Outcome.UNCHANGED if is_bound else Outcome.INSERTED)
        if not is_bound:
            fresh.append((*pairs[line.number], line.record.created_at or batch.context.now))
    _insert(batch, fresh)


def _leave_parted(batch: Batch, pairs: Pairs) -> None:
    """Leave those as they are now who had the number here once."""
    numbers = [number for number, _ in pairs.values()]
    ended = select(PhoneLink.phone_number, PhoneLink.user_id).where(
        among(PhoneLink.phone_number, numbers), PhoneLink.until.is_not(None)
    )
    parted = {(row[0], row[1]) for row in batch.session.execute(ended)}
    for line, pair in pairs.items():
        if pair in parted:
            batch.settle(line, Outcome.UNCHANGED)


def _refuse_taken(batch: Batch, lines: Sequence[Line[PhoneRecord]], pairs: Pairs) -> set[Pair]:
    """Refuse a number that is somebody else's, and a person who has another one; return the pairs that are bound."""
    bound = _read_bound(batch.session, list(pairs.values()))
    owners, numbers = dict(bound), {user_id: number for number, user_id in bound}
    for line in batch.open(lines):
        number, user_id = pairs[line.number]
        if owners.get(number, user_id) != user_id:
            told = N_("This number belongs to another person here.")
            batch.refuse(line.number, "phone_number", "number_taken", told, value=number)
        if numbers.get(user_id, number) != number:
            told = N_("This person has another number here; a person has one.")
            column = line.record.owner_column
            batch.refuse(line.number, column, "user_has_number", told, value=getattr(line.record, column))
    return bound


def _read_bound(session: Session, pairs: Sequence[Pair]) -> set[Pair]:
    number, user_id = MobilePhone.phone_number, MobilePhone.user_id
    found = select(number, user_id).where(among(number, [pair[0] for pair in pairs]))
    more = select(number, user_id).where(among(user_id, [pair[1] for pair in pairs]))
    return {(row[0], row[1]) for row in session.execute(union(found, more))}


def _claim(batch: Batch, lines: Sequence[Line[PhoneRecord]], pairs: Pairs, bound: set[Pair]) -> None:
    """Let a number and a person stand in the file once; the same pair again is the same row, whatever its date."""

    def row(line: Line[PhoneRecord]) -> str:
        return repr(pairs[line.number])

    def is_fresh(line: Line[PhoneRecord]) -> bool:
        return pairs[line.number] not in bound

    batch.claim(
        lines,
        Key("phone_number", lambda line: line.record.phone_number),
        Key("user_external_id", lambda line: pairs[line.number][1]),
        row=row,
        is_row=is_fresh,
    )


def _insert(batch: Batch, rows: Sequence[tuple[str, int, datetime]]) -> None:
    if not rows:
        return
    copy_rows(
        batch.session,
        "mobiletech_phone_numbers",
        ("phone_number", "user_id", "created_at", "updated_at"),
        ((*row, batch.context.now) for row in rows),
    )
    copy_rows(
        batch.session,
        "phone_number_links",
        ("phone_number", "user_id", "since", "linked_by", "link_reason"),
        ((*row, "", IMPORTED) for row in rows),
    )
    keep_findable(batch, numbers={to_international(number) for number, _, _ in rows})


PHONE_NUMBERS = Entity(
    name="phone-numbers",
    title=N_("Phone numbers"),
    summary=N_("Whose number is whose."),
    columns=COLUMNS,
    record=PhoneRecord,
    load=load,
    check=check,
)
