"""Take an import forward, a step at a time; each step is one transaction of its caller.

First all of the file is checked for what a row alone can tell, and nothing is written; then it is loaded, batch by
batch. A dry run does the same, and takes each batch back. Where the import is was committed with the rows
themselves, so whatever dies in between, the next step goes on with the next row.
"""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from decimal import Decimal
from itertools import islice
from typing import Any, BinaryIO

from psycopg.types.json import Jsonb
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from crm.core.clock import db_now, monotonic
from crm.core.copying import copy_rows, planned_anew
from crm.core.errors import N_, Said
from crm.importer.batches import Batch, Context, Outcome
from crm.importer.columns import Line, RowReader
from crm.importer.entities import get_entity
from crm.importer.errors import SourceError
from crm.importer.faults import Fault
from crm.importer.kinds import moment
from crm.importer.layouts import read_layout, read_rows
from crm.importer.models import ImportRun
from crm.importer.runs import ENDED, Opener, State, get_run, subject_of
from crm.importer.sources.rows import Row
from crm.subscriptions.newsroom import current_zone
from crm.users.audit_log import record_act

BATCH_ROWS = 5000
CHECKED_AT_ONCE = 4  # checking writes nothing: it takes as many rows as four batches
FIRST_ROWS = 1000  # if not one of them is good, the file is another one than was meant
MOST_REFUSED = 100_000  # nobody mends more than that by hand
LOCK = 8877_0022  # batches of two imports take turns


class _TakenBackError(Exception):
    """A dry run has seen what would have become of a batch."""


class Runner:
    """Works on one import; keeps the file open between steps."""

    def __init__(self, run_id: int, open_stream: Opener, *, batch_rows: int = BATCH_ROWS) -> None:
        self._run_id, self._open, self._batch_rows = run_id, open_stream, batch_rows
        self._stream: BinaryIO | None = None
        self._rows: Iterator[Row] = iter(())
        self._position = -1
        self._reader: RowReader[Any] | None = None

    def step(self, session: Session) -> ImportRun:
        """Do the next step and return the import; when its state is one of ENDED there is no more to do.

        Raises: SourceError only where the file has become another one while it was read.
        """
        with planned_anew(session):
            return self._step(session)

    def close(self) -> None:
        """Close the file."""
        if self._stream is not None:
            self._stream.close()
        self._stream, self._position = None, -1

    def _step(self, session: Session) -> ImportRun:
        began = monotonic()
        session.execute(select(func.pg_advisory_xact_lock(LOCK)))
        run = get_run(session, self._run_id, lock=True)
        run.beat_at = session.execute(select(db_now())).scalar_one()
        if run.cancel_wanted:
            _end(session, run, State.CANCELLED)
        elif run.state not in ENDED:
            try:
                self._work(session, run)
            except SourceError as error:
                _refuse(session, run, error)
        run.worked_seconds += Decimal(f"{monotonic() - began:.3f}")
        session.flush()
        if run.state in ENDED:
            self.close()
        return run

    def _work(self, session: Session, run: ImportRun) -> None:
        is_first = run.state == State.WAITING
        if is_first:
            run.state = State.CHECKING
        if run.state == State.INTERRUPTED:
            run.state = State.CHECKING if run.rows_total is None else State.LOADING
        checking = run.state == State.CHECKING
        most = self._batch_rows * (CHECKED_AT_ONCE if checking else 1)
        rows = list(islice(self._rows_from(run), most))
        is_at_start = run.rows_done == 0
        if checking:
            self._check(run, rows, is_last=len(rows) < most, is_at_start=is_at_start)
        else:
            self._load(session, run, rows, is_last=len(rows) < most, is_at_start=is_at_start)

    def _rows_from(self, run: ImportRun) -> Iterator[Row]:
        """Return the rows from where the import is; the open file is used as long as it stands there."""
        if self._stream is None or self._position != run.position:
            self.close()
            layout = read_layout(run.layout)
            self._stream = self._open()
            _go_to(self._stream, run.position)
            self._rows = read_rows(self._stream, layout, position=run.position, line=run.line)
        self._position = -1  # until what is read now is settled
        return self._rows

    def _check(self, run: ImportRun, rows: Sequence[Row], *, is_last: bool, is_at_start: bool) -> None:
        reader = self._reader_of(run)
        faults = [row.odd or reader.read(row.cells) for row in rows]
        refused = sum(isinstance(each, (list, Fault)) for each in faults)
        self._advance(run, rows)
        run.refused += refused
        if is_at_start and len(rows) >= FIRST_ROWS and refused == len(rows):
            raise _nothing_good(faults)
        if run.refused > MOST_REFUSED:
            raise SourceError(
                N_("More than %(most)s rows cannot be imported: nothing was."), most=MOST_REFUSED
            )
        if is_last:
            layout = read_layout(run.layout)
            run.state, run.rows_total = State.LOADING, run.rows_done
            run.position, run.line, run.rows_done, run.refused = layout.position, layout.line, 0, 0
            run.worked_seconds = Decimal(0)

    def _load(
        self, session: Session, run: ImportRun, rows: Sequence[Row], *, is_last: bool, is_at_start: bool
    ) -> None:
        batch = self._batch(session, run)
        lines = self._read_lines(run, rows, batch)
        with suppress(_TakenBackError), session.begin_nested():
            get_entity(run.entity).load(batch, lines)
            session.flush()
            refused = list(batch.outcomes.values()).count(Outcome.REFUSED)
            if is_at_start and len(rows) >= FIRST_ROWS and refused == len(rows):
                raise _nothing_good([batch.faults[row.line] for row in rows])
            if run.is_dry:
                raise _TakenBackError
        self._keep(session, run, rows, batch)
        if run.refused > MOST_REFUSED:
            told = N_(
                "Ended after line %(line)s: more than %(most)s rows were refused. The good ones before are in."
            )
            _refuse(session, run, SourceError(told, line=run.line, most=MOST_REFUSED))
        elif is_last:
            _end(session, run, State.DONE)

    def _read_lines(self, run: ImportRun, rows: Sequence[Row], batch: Batch) -> list[Line[Any]]:
        reader = self._reader_of(run)
        lines = []
        for row in rows:
            read = [row.odd] if row.odd else reader.read(row.cells)
            if isinstance(read, list):
                batch.faults[row.line] = read
                batch.settle(row.line, Outcome.REFUSED)
            else:
                lines.append(Line(row.line, read, row.cells))
        return lines

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
        )

    def _keep(self, session: Session, run: ImportRun, rows: Sequence[Row], batch: Batch) -> None:
        """Write down what became of a batch: in the transaction of its rows, so that it is told once."""
        batch.keep_claims()
        refused = [
            (run.id, row.line, Jsonb([fault.as_json() for fault in batch.faults[row.line]]), list(row.cells))
            for row in rows
            if batch.outcomes[row.line] is Outcome.REFUSED
        ]
        copy_rows(session, "import_refusals", ("import_id", "line", "faults", "cells"), refused)
        outcomes = list(batch.outcomes.values())
        run.inserted += outcomes.count(Outcome.INSERTED)
        run.updated += outcomes.count(Outcome.UPDATED)
        run.unchanged += outcomes.count(Outcome.UNCHANGED)
        run.refused += outcomes.count(Outcome.REFUSED)
        run.due_count += batch.due_count
        run.due_amount += batch.due_amount
        run.stopped += batch.stopped
        self._advance(run, rows)

    def _advance(self, run: ImportRun, rows: Sequence[Row]) -> None:
        run.rows_done += len(rows)
        if rows:
            run.position, run.line = rows[-1].end, rows[-1].lines
        self._position = run.position

    def _reader_of(self, run: ImportRun) -> RowReader[Any]:
        if self._reader is None:
            layout = read_layout(run.layout)
            entity = get_entity(run.entity)
            self._reader = RowReader(entity, layout.places, len(layout.header), moment(current_zone()))
        return self._reader


def _go_to(stream: BinaryIO, position: int) -> None:
    with suppress(OSError, ValueError):
        if stream.seekable():
            stream.seek(position)
            return
    left = position  # a packed stream knows no places: it is read up to there
    while left > 0:
        piece = stream.read(min(left, 1024 * 1024))
        if not piece:
            raise SourceError(N_("The file is shorter than it was."))
        left -= len(piece)


def _nothing_good(faults: Sequence[Any]) -> SourceError:
    first = next(each[0] if isinstance(each, list) else each for each in faults)
    told = N_("Not one of the first %(count)s rows can be imported, so nothing was. The first: %(fault)s")
    return SourceError(told, count=len(faults), fault=Said(str(first).replace("%", "%%")))


def _refuse(session: Session, run: ImportRun, error: SourceError) -> None:
    run.error = str(error)
    _end(session, run, State.REFUSED)


def _end(session: Session, run: ImportRun, state: State) -> None:
    run.state, run.finished_at = state, run.beat_at
    if not run.is_dry:
        counts = {name: getattr(run, name) for name in ("inserted", "updated", "unchanged", "refused")}
        record_act(session, f"import.{state}", subject_of(run), after=counts)
