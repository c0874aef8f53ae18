"""Take an import forward, a step at a time; each step is one transaction of its caller.

First all of the file is checked for what a row alone can tell, and nothing is written; then it is loaded, batch by
batch. A dry run does the same, and takes each batch back. Where the import is was committed with the rows
themselves, so whatever dies in between, the next step goes on with the next row.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from decimal import Decimal

from psycopg.types.json import Jsonb
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from crm.core.clock import db_now, monotonic
from crm.core.copying import copy_rows, planned_anew
from crm.core.errors import N_
from crm.importer.batches import Batch, Context, Outcome
from crm.importer.columns import Line
from crm.importer.differences import count_here, keep_differences
from crm.importer.due_sums import add_to_stored
from crm.importer.entities import get_entity
from crm.importer.errors import SourceError
from crm.importer.faults import Fault
from crm.importer.layouts import read_layout
from crm.importer.memory import Memory
from crm.importer.models import ImportRun
from crm.importer.overtaking import end_left
from crm.importer.reading import Reading, ReadRow, Taken
from crm.importer.runs import ENDED, Opener, State, end, get_run, look_back, looks_back, wake
from crm.subscriptions.newsroom import current_zone

BATCH_ROWS = 5000
FIRST_ROWS, LEAST_GOOD = 1000, 0.01  # if hardly one is good, the file is another one than was meant
MOST_REFUSED = 100_000  # nobody mends more than that by hand
LOCK = 8877_0022  # batches of two imports take turns


# A batch need not wait for the disk: what a crash of the server takes away, it takes with the place of the import, and
# the next step does it again. The last step waits for all of them.
_COMMIT_SOON = text("SET LOCAL synchronous_commit TO off")
_COMMIT_NOW = text("SET LOCAL synchronous_commit TO on")


class _TakenBackError(Exception):
    """A dry run has seen what would have become of a batch."""


class Runner:
    """Works on one import; keeps the file open between steps. `ahead` is for a process that does nothing else."""

    def __init__(
        self, run_id: int, open_stream: Opener, *, batch_rows: int = BATCH_ROWS, ahead: bool = False
    ) -> None:
        self._run_id, self._batch_rows = run_id, batch_rows
        self._reading = Reading(open_stream, ahead=ahead)
        self._is_alone = ahead
        self._memory = Memory()

    def step(self, session: Session) -> ImportRun:
        """Do the next step and return the import; when its state is one of ENDED there is no more to do.

        Raises: DBAPIError; an IntegrityError where somebody else wrote the same rows just now: step again.
        """
        with planned_anew(session):
            return self._step(session)

    def close(self) -> None:
        """Close the file."""
        self._reading.close()

    def _step(self, session: Session) -> ImportRun:
        began = monotonic()
        if self._is_alone:
            session.execute(_COMMIT_SOON)
        session.execute(select(func.pg_advisory_xact_lock(LOCK)))
        run = get_run(session, self._run_id, lock=True)
        look_back(session, run)
        run.beat_at = session.execute(select(db_now())).scalar_one()
        if run.cancel_wanted and run.state not in ENDED:
            _end(session, run, State.CANCELLED)
        elif run.state not in ENDED:
            try:
                self._work(session, run)
            except SourceError as error:
                _refuse(session, run, error)
        run.worked_seconds += Decimal(f"{monotonic() - began:.3f}")
        session.flush()
        if run.state in ENDED:
            session.execute(_COMMIT_NOW)
            self.close()
        return run

    def _work(self, session: Session, run: ImportRun) -> None:
        if run.state == State.WAITING:
            run.state = State.CHECKING
            end_left(session, run)
        wake(run)
        if run.state == State.LOADING and _has_too_many(run):
            raise SourceError(N_("More than %(most)s rows were refused."), most=MOST_REFUSED)
        taken = self._reading.take(session, run, self._batch_rows)
        if taken.is_new:
            self._memory = Memory()  # what a batch that was undone has noted is not
        if run.state == State.CHECKING:
            self._check(run, taken)
        else:
            self._load(session, run, taken)

    def _check(self, run: ImportRun, taken: Taken) -> None:
        faults = {each.row.line: each.faults for each in taken.rows if each.faults}
        is_first = run.rows_done == 0
        self._advance(run, taken.rows)
        run.refused += len(faults)
        if is_first:
            _refuse_hardly_good(run, len(taken.rows), faults)
        if run.refused > MOST_REFUSED:
            raise SourceError(
                N_("More than %(most)s rows cannot be imported: nothing was."), most=MOST_REFUSED
            )
        if taken.is_last:
            layout = read_layout(run.layout)
            run.state, run.rows_total = State.LOADING, run.rows_done
            run.position, run.line, run.rows_done, run.refused = layout.position, layout.line, 0, 0
            run.worked_seconds = Decimal(0)

    def _load(self, session: Session, run: ImportRun, taken: Taken) -> None:
        batch, rows = self._batch(session, run), taken.rows
        for each in rows:
            if each.faults:
                batch.faults[each.row.line] = list(each.faults)
                batch.settle(each.row.line, Outcome.REFUSED)
        lines = [Line(each.row.line, each.record, each.row.cells) for each in rows if not each.faults]
        with suppress(_TakenBackError), session.begin_nested():
            get_entity(run.entity).load(batch, lines)
            session.flush()
            if run.rows_done == 0:
                _refuse_hardly_good(run, len(rows), batch.list_bad())
            if run.is_dry:
                raise _TakenBackError
        self._keep(session, run, rows, batch)
        is_looked_at = not rows or not looks_back(run)  # else the next step ends it, when it has looked back
        if taken.is_last and is_looked_at and not _has_too_many(run):
            _end(session, run, State.DONE)

    def _batch(self, session: Session, run: ImportRun) -> Batch:
        return Batch(
            session,
            Context(
                import_id=run.id,
                is_dry=run.is_dry,
                confirm_due=run.confirm_due,
                given=frozenset(read_layout(run.layout).places),
                now=session.execute(select(db_now())).scalar_one(),
                zone=current_zone(),
            ),
            memory=Memory() if run.is_dry else self._memory,
        )

    def _keep(self, session: Session, run: ImportRun, rows: Sequence[ReadRow], batch: Batch) -> None:
        """Write down what became of a batch: in the transaction of its rows, so that it is told once."""
        batch.keep_claims()
        refused = [
            (run.id, row.line, Jsonb([fault.as_json() for fault in batch.faults[row.line]]), list(row.cells))
            for row, _, _ in rows
            if batch.outcomes[row.line] is Outcome.REFUSED
        ]
        copy_rows(session, "import_refusals", ("import_id", "line", "faults", "cells"), refused)
        if run.is_dry:
            keep_differences(session, run, rows, batch)
        outcomes = list(batch.outcomes.values())
        run.inserted += outcomes.count(Outcome.INSERTED)
        run.updated += outcomes.count(Outcome.UPDATED)
        run.unchanged += outcomes.count(Outcome.UNCHANGED)
        run.refused += outcomes.count(Outcome.REFUSED)
        run.due_count += batch.due_count
        run.due_amounts = add_to_stored(run.due_amounts, batch.due_sums)
        run.stopped += batch.stopped
        self._advance(run, rows)

    def _advance(self, run: ImportRun, rows: Sequence[ReadRow]) -> None:
        run.rows_done += len(rows)
        if rows:
            run.position, run.line = rows[-1].row.end, rows[-1].row.lines
        self._reading.settle(run.position)


def _has_too_many(run: ImportRun) -> bool:
    """Return whether more was refused than anybody mends; what is due is not mended but confirmed."""
    unconfirmed = 0 if run.confirm_due else run.due_count
    return run.refused - unconfirmed > MOST_REFUSED


def _refuse_hardly_good(run: ImportRun, count: int, faults: Mapping[int, Sequence[Fault]]) -> None:
    """Refuse a file of whose first rows hardly one is good; an error file may be mended bit by bit."""
    is_bad = count >= FIRST_ROWS and count - len(faults) < count * LEAST_GOOD
    if is_bad and not read_layout(run.layout).is_error_file:
        line = min(faults)
        raise SourceError(
            N_(
                "%(refused)s of the first %(count)s rows cannot be imported, so nothing was."
                " Line %(line)s: %(fault)s"
            ),
            refused=len(faults),
            count=count,
            line=line,
            fault=str(faults[line][0]),
        )


def _refuse(session: Session, run: ImportRun, error: SourceError) -> None:
    """End an import early, and say how far it came."""
    if run.state == State.CHECKING:
        run.refused = 0  # none is kept: nothing was imported
    run.error = str(error)
    if run.state == State.LOADING and run.rows_done and not run.is_dry:
        told = N_("%(why)s What is good up to line %(line)s is in; imported again, it stays as it is.")
        run.error = told % {"why": run.error, "line": run.line}
    _end(session, run, State.REFUSED)


def _end(session: Session, run: ImportRun, state: State) -> None:
    if run.is_dry and state is State.DONE:
        run.rows_here = count_here(session, run.entity)
    end(session, run, state, run.beat_at)
    end_left(session, run)
