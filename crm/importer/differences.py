"""Two systems compared: what the dry run of an export would change here, and how many rows each has.

While both run, a dry run of each whole export says where they differ; it changes nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from crm.core.copying import copy_rows
from crm.importer.batches import Batch, Outcome
from crm.importer.entities import ENTITIES, get_entity
from crm.importer.faults import is_hash
from crm.importer.layouts import read_layout
from crm.importer.models import ImportDifference, ImportRun
from crm.importer.reading import ReadRow
from crm.importer.runs import State

KEPT = 100  # rows that would be new, and as many that would change: whoever compares looks at the first ones
TABLES: Mapping[str, str] = {
    "templates": "mobiletech_templates",
    "billkeys": "billkeys",
    "subscription-types": "subscription_types",
    "users": "users",
    "phone-numbers": "mobiletech_phone_numbers",
    "inbound-messages": "mobiletech_inbound_messages",
    "payments": "payments",
    "outbound-messages": "mobiletech_outbound_messages",
    "recurrent-payments": "recurrent_payments",
}
# Here may be more of these than the old system has: our own texts and keys, and our staff.
MAY_BE_MORE = frozenset({"templates", "billkeys", "subscription-types", "users"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """The newest dry run of an entity since it was imported last; None if there is none."""

    entity: str
    run: ImportRun | None

    @property
    def is_same(self) -> bool:
        """Whether the file would change nothing, and has as many rows as are here."""
        run = self.run
        if run is None or run.inserted or run.updated or run.refused:
            return False
        return self.entity in MAY_BE_MORE or run.rows_here == run.rows_total


def keep_differences(session: Session, run: ImportRun, rows: Sequence[ReadRow], batch: Batch) -> None:
    """Write down the first rows of a dry run that would be new, and the first that would change; no secrets of them.

    Called before the counts of the batch are added to those of the run.
    """
    room = {Outcome.INSERTED: KEPT - run.inserted, Outcome.UPDATED: KEPT - run.updated}
    if max(room.values()) <= 0:
        return
    secret, kept = _find_secret(run), []
    for row, _, _ in rows:
        outcome = batch.outcomes[row.line]
        if room.get(outcome, 0) > 0:
            room[outcome] -= 1
            columns = _columns(run.entity, batch.differs.get(row.line, ()))
            kept.append((run.id, row.line, str(outcome), columns, _open_cells(row.cells, secret)))
    copy_rows(session, "import_differences", ("import_id", "line", "outcome", "columns", "cells"), kept)


def list_differences(session: Session, run: ImportRun) -> Sequence[ImportDifference]:
    """Return the rows that were written down, in the order of the file."""
    found = select(ImportDifference).where(ImportDifference.import_id == run.id)
    return session.execute(found.order_by(ImportDifference.line)).scalars().all()


def count_here(session: Session, entity: str) -> int:
    """Return how many rows of an entity there are.

    All of the table is counted, 50 to 100 ms for a million rows: in the last step of a dry run, which other imports
    wait for.
    """
    count = text(f"SELECT count(*) FROM {TABLES[entity]}")  # noqa: S608 - a constant
    return int(session.execute(count).scalar_one())


def list_comparisons(session: Session) -> list[Comparison]:
    """Return, in the order of the entities, how each compared last."""
    dry = ImportRun.is_dry & (ImportRun.state == State.DONE)
    newest = select(
        ImportRun.entity, func.max(ImportRun.id).filter(dry), func.max(ImportRun.id).filter(~ImportRun.is_dry)
    )
    known = {row[0]: (row[1], row[2] or 0) for row in session.execute(newest.group_by(ImportRun.entity))}
    ids = [dry_id for dry_id, real_id in known.values() if dry_id is not None and dry_id > real_id]
    runs = {run.entity: run for run in session.scalars(select(ImportRun).where(ImportRun.id.in_(ids)))}
    return [Comparison(entity=name, run=runs.get(name)) for name in ENTITIES]


def _find_secret(run: ImportRun) -> frozenset[int]:
    """Return where the columns stand of which nothing is kept."""
    named, places = get_entity(run.entity).named, read_layout(run.layout).places
    return frozenset(place for name, place in places.items() if named[name].is_secret)


def _open_cells(cells: Sequence[str], secret: frozenset[int]) -> list[str]:
    """Return the cells, those empty that nobody may see; a hash may stand in a column that is left out."""
    return ["" if place in secret or is_hash(cell) else cell for place, cell in enumerate(cells)]


def _columns(entity: str, names: Sequence[str]) -> list[str]:
    """Return how the file calls what differs, as far as that is one of its columns."""
    ours = get_entity(entity).named
    return [name if name in ours else name.removesuffix("_id") for name in names]
