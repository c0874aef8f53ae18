"""The rows that an import refused, as a CSV file that can be mended and imported again by itself."""

import csv
from collections.abc import Iterator, Sequence
from io import StringIO

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.importer.faults import Fault, read_fault
from crm.importer.layouts import ERROR_COLUMNS, escape, read_layout
from crm.importer.models import ImportRefusal, ImportRun

PAGE = 1000
BOM = "\ufeff"


def list_refusals(
    session: Session, run: ImportRun, *, after: int = 0, limit: int = PAGE
) -> Sequence[ImportRefusal]:
    """Return refused rows after a line, in the order of the file."""
    found = select(ImportRefusal).where(ImportRefusal.import_id == run.id, ImportRefusal.line > after)
    return session.execute(found.order_by(ImportRefusal.line).limit(limit)).scalars().all()


def faults_of(refusal: ImportRefusal) -> list[Fault]:
    """Return what is wrong with a refused row."""
    return [read_fault(each) for each in refusal.faults]


def write_errors(session: Session, run: ImportRun) -> Iterator[str]:
    """Give the file piece by piece: the columns of the source, then the line and what was wrong with it."""
    layout = read_layout(run.layout)
    own = [place for place, name in enumerate(layout.header) if name not in ERROR_COLUMNS]
    delimiter = layout.delimiter or ","
    yield BOM + _line([*(layout.header[place] for place in own), *ERROR_COLUMNS], delimiter)
    after = 0
    while refusals := list_refusals(session, run, after=after):
        after = refusals[-1].line
        for refusal in refusals:
            told = "; ".join(map(str, faults_of(refusal)))
            cells = [refusal.cells[place] if place < len(refusal.cells) else "" for place in own]
            extra = refusal.cells[
                len(layout.header) :
            ]  # more than the header has: kept at the end, to be mended
            yield _line(
                [*map(escape, cells), str(refusal.line), escape(told), *map(escape, extra)], delimiter
            )
        session.expunge_all()


def _line(cells: Sequence[str], delimiter: str) -> str:
    written = StringIO()
    csv.writer(written, delimiter=delimiter, lineterminator="\r\n").writerow(cells)
    return written.getvalue()
