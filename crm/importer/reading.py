"""Read and parse the rows of an import, from wherever it is; while a batch is written, the next one is read."""

from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from typing import Any, BinaryIO, NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.core.errors import N_
from crm.importer.columns import RowReader
from crm.importer.entities import get_entity
from crm.importer.errors import SourceError
from crm.importer.faults import Fault
from crm.importer.kinds import moment
from crm.importer.layouts import read_layout, read_rows
from crm.importer.models import ImportRun
from crm.importer.runs import Opener
from crm.importer.sources.rows import Row
from crm.subscriptions.newsroom import current_zone

BATCH_BYTES = 8 * 1024 * 1024  # long rows make small batches: memory stays flat
SKIPPED_AT_ONCE = 32 * 1024 * 1024


class ReadRow(NamedTuple):
    """A row, and the record that it is; without one, what is wrong with it."""

    row: Row
    record: Any
    faults: Sequence[Fault]


_Rows = tuple[Sequence[ReadRow], bool]  # and whether they are the last


class Taken(NamedTuple):
    """The next rows; whether they begin anew, and whether they are the last."""

    rows: Sequence[ReadRow]
    is_new: bool
    is_last: bool


class Reading:
    """The rows of one import in order; `ahead` reads the next ones in a thread, where nothing else is to be done."""

    def __init__(self, open_stream: Opener, *, ahead: bool) -> None:
        self._open = open_stream
        self._pool = ThreadPoolExecutor(max_workers=1) if ahead else None
        self._ahead: Future[_Rows] | None = None
        self._stream: BinaryIO | None = None
        self._rows: Iterator[Row] = iter(())
        self._reader: RowReader[Any] | None = None
        self._position = -1

    def take(self, session: Session, run: ImportRun, most: int) -> Taken:
        """Return the next rows from where the import is, up to a number of them, or of bytes.

        What was read ahead is good only if the import has come to just that place: a batch that was undone is read
        again. Raises: SourceError.
        """
        is_new = self._stream is None or self._position != run.position
        if is_new:
            self.close()
            self._begin(session, run)
        self._position = -1  # until what is read now is settled
        rows, is_last = self._ahead.result() if self._ahead else self._read(most)
        self._ahead = self._pool.submit(self._read, most) if self._pool and not is_last else None
        return Taken(rows, is_new, is_last)

    def settle(self, position: int) -> None:
        """Say where the import is now; the next rows are those that follow."""
        self._position = position

    def close(self) -> None:
        """Close the file."""
        if self._ahead is not None:
            with suppress(SourceError):
                self._ahead.result()
        if self._stream is not None:
            self._stream.close()
        self._ahead, self._stream, self._position = None, None, -1

    def _begin(self, session: Session, run: ImportRun) -> None:
        layout = read_layout(run.layout)
        self._stream = self._open()
        _go_to(session, self._stream, run.position)
        self._rows = read_rows(self._stream, layout, position=run.position, line=run.line)
        entity = get_entity(run.entity)
        self._reader = RowReader(entity, layout.places, len(layout.header), moment(current_zone()))

    def _read(self, most: int) -> _Rows:
        assert self._reader is not None
        read, rows, begin = self._reader.read, [], -1
        for row in self._rows:
            found = [row.odd] if row.odd else read(row.cells)
            rows.append(ReadRow(row, None, found) if isinstance(found, list) else ReadRow(row, found, ()))
            begin = row.end if begin < 0 else begin
            if len(rows) == most or row.end - begin > BATCH_BYTES:
                return rows, False
        return rows, True


def _go_to(session: Session, stream: BinaryIO, position: int) -> None:
    """Let a stream stand at a place; a packed one knows no places, it is read up to there."""
    if stream.seekable():
        stream.seek(position)
        return
    left = position
    while left > 0:
        piece = stream.read(min(left, SKIPPED_AT_ONCE))
        if not piece:
            raise SourceError(N_("The file is shorter than it was."))
        left -= len(piece)
        session.execute(select(1))  # a transaction in which nothing happens would be ended
