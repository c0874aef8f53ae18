"""What staff could as well write by hand comes in through the same doors: line by line, each with its act.

What a door refuses is a refusal of the line. What staff have changed since it was imported stays as it is: the
file is history by then.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from operator import attrgetter
from typing import Any, TypeVar

from sqlalchemy import func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from crm.core.errors import N_, ConflictError, CrmError, InvalidFieldError
from crm.importer.batches import Batch, Outcome
from crm.importer.claims import Key
from crm.importer.columns import Line
from crm.users.models import AuditEntry
from crm.users.phone_history import IMPORTED

R = TypeVar("R")
# What a door refuses: the column and the rule's code.
Place = Callable[[CrmError, R], tuple[str, str]]


def go_through(
    batch: Batch,
    lines: Iterable[Line[R]],
    door: Callable[[R], Outcome],
    *,
    place: Place[R],
    keys: Sequence[str] = ("code", "external_id"),
) -> None:
    """Bring in each line, or refuse it with what the door says; no two may have the same in one of the `keys`.

    Each line claims when its turn comes, and lets go when it does not come in: it must not hold back a good one.
    """
    for line in lines:
        batch.claim([line], *(Key(key, attrgetter(f"record.{key}")) for key in keys))
        if not batch.open([line]):
            continue
        try:
            with batch.session.begin_nested():
                outcome = door(line.record)
        except CrmError as error:
            column, code = place(error, line.record)
            value = getattr(line.record, column, "")
            batch.refuse(
                line.number, column, code, error.message, value="" if value is None else value, **error.fields
            )
            batch.let_go(line)
        else:
            batch.settle(line.number, outcome)


def place_by_field(error: CrmError, otherwise: str, names: Mapping[str, str]) -> tuple[str, str]:
    """Return the column that a refusal speaks of, by its field, and the code."""
    field = error.field if isinstance(error, InvalidFieldError) else otherwise
    return names.get(field, field), "conflict" if isinstance(error, ConflictError) else "invalid"


def refuse_taken_ids(
    batch: Batch,
    lines: Iterable[Line[Any]],
    external_id: InstrumentedAttribute[str | None],
    code: InstrumentedAttribute[str],
) -> None:
    """Refuse lines whose id of the old system something else here has, or that would exchange one for another.

    One thing has one code and one id: an id that a file set free would be another line's the next time.
    """
    named = [line for line in batch.open(lines) if line.record.external_id is not None]
    wanted, codes = {line.record.external_id for line in named}, {line.record.code for line in named}
    found = select(external_id, code).where(external_id.in_(wanted) | code.in_(codes))
    known = [(row[0], row[1]) for row in batch.session.execute(found)] if named else []
    holders, ids = dict(known), {each: own for own, each in known}
    for line in named:
        own_id, own_code = line.record.external_id, line.record.code
        if holders.get(own_id, own_code) != own_code:
            told = N_("%(holder)s has this id of the old system already.")
            batch.refuse(line.number, "external_id", "taken", told, value=own_id, holder=holders[own_id])
        elif ids.get(own_code) not in (None, own_id):
            told = N_("It has another id of the old system already: %(other)s.")
            batch.refuse(line.number, "external_id", "taken", told, value=own_id, other=ids[own_code])


def list_changed_here(session: Session, subjects: Collection[str], acts: Collection[str]) -> set[str]:
    """Return those of the subjects that an import brought and that somebody has changed since."""
    last = func.max(AuditEntry.id)
    imported = last.filter(AuditEntry.reason == IMPORTED)
    found = (
        select(AuditEntry.subject)
        .where(AuditEntry.subject.in_(subjects), AuditEntry.action.in_(acts))
        .group_by(AuditEntry.subject)
        .having(last > imported)
    )
    return set(session.execute(found).scalars())
