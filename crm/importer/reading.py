"""Read and parse the rows of an import, from wherever it is; while a batch is written, the next one is read."""

from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from itertools import islice
from typing import Any, BinaryIO, NamedTuple

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

BLOCK = 1024 * 1024


class ReadRow(NamedTuple):
    """A row, and the record that it is; without one, what is wrong with it."""

    row: Row
    record: Any
    faults: Sequence[Fault]


class Reading:
    """The rows of one import in order; `ahead` reads the next ones in a thread, where nothing else is to be done."""

    def __init__(self, open_stream: Opener, *, ahead: bool) -> None:
        self._open = open_stream
        self._pool = ThreadPoolExecutor(max_workers=1) if ahead else None
        self._ahead: Future[list[ReadRow]] | None = None
        self._stream: BinaryIO | None = None
        self._rows: Iterator[Row] = iter(())
        self._reader: RowReader[Any] | None = None
        self._position = -1

    def take(self, run: ImportRun, most: int) -> tuple[list[ReadRow], bool]:
        """Return the next rows from where the import is, and whether they begin anew; fewer than `most` are the last.

        What was read ahead is good only if the import has come to just that place: a batch that was undone is read
        again. Raises: SourceError.
        """
        is_new = self._stream is None or self._position != run.position
        if is_new:
            self.close()
            self._begin(run)
        self._position = -1  # until what is read now is settled
        rows = self._ahead.result() if self._ahead else self._read(most)
        self._ahead = self._pool.submit(self._read, most) if self._pool and len(rows) == most else None
        return rows, is_new

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

    def _begin(self, run: ImportRun) -> None:
        layout = read_layout(run.layout)
        self._stream = self._open()
        _go_to(self._stream, run.position)
        self._rows = read_rows(self._stream, layout, position=run.position, line=run.line)
        entity = get_entity(run.entity)
        self._reader = RowReader(entity, layout.places, len(layout.header), moment(current_zone()))

    def _read(self, most: int) -> list[ReadRow]:
        assert self._reader is not None
        read, rows = self._reader.read, []
        for row in islice(self._rows, most):
            found = [row.odd] if row.odd else read(row.cells)
            rows.append(ReadRow(row, None, found) if isinstance(found, list) else ReadRow(row, found, ()))
        return rows


def _go_to(stream: BinaryIO, position: int) -> None:
    with suppress(OSError, ValueError):
        if stream.seekable():
            stream.seek(position)
            return
    left = position  # a packed stream knows no places: it is read up to there
    while left > 0:
        piece = stream.read(min(left, BLOCK))
        if not piece:
            raise SourceError(N_("The file is shorter than it was."))
        left -= len(piece)
