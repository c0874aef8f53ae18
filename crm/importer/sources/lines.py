"""Lines of a file, one at a time, each with its number and the place where it ends; none too long."""

from typing import BinaryIO

from crm.core.errors import N_
from crm.importer.errors import SourceError

LONGEST_LINE = 1024 * 1024
BOM = b"\xef\xbb\xbf"


class Lines:
    """An iterator of decoded lines that knows where it is. Units: `position` in bytes from the file's beginning."""

    def __init__(self, stream: BinaryIO, encoding: str, *, position: int = 0, line: int = 0) -> None:
        self._stream, self._encoding = stream, encoding
        self.position, self.number = position, line
        self._row_ends = -1  # the place that the row of several lines must not pass
        self._row_line = 0

    def __iter__(self) -> "Lines":
        return self

    def __next__(self) -> str:
        raw = self._stream.readline(LONGEST_LINE + 1)
        if not raw:
            raise StopIteration
        self.number += 1
        if len(raw) > LONGEST_LINE:
            raise too_long(self.number)
        self.position += len(raw)
        if 0 <= self._row_ends < self.position:
            told = N_("The row that begins in line %(line)s has no end: is a quotation mark not closed?")
            raise SourceError(told, line=self._row_line)
        if self.number == 1 and raw.startswith(BOM):
            raw = raw[len(BOM) :]
        try:
            return raw.decode(self._encoding)
        except UnicodeDecodeError as error:
            raise SourceError(
                N_("Line %(line)s is not %(encoding)s."), line=self.number, encoding=self._encoding
            ) from error

    def begin_row(self) -> int:
        """Return the number of the next line; the row that begins there must not be longer than a line."""
        self._row_ends = self.position + LONGEST_LINE
        self._row_line = self.number + 1
        return self._row_line


def too_long(line: int) -> SourceError:
    """Return the refusal of a line that no row of ours needs."""
    return SourceError(
        N_("Line %(line)s is longer than %(most)s bytes: this is no list of rows."),
        line=line,
        most=LONGEST_LINE,
    )


def old_line_ends() -> SourceError:
    """Return the refusal of lines that end with a carriage return only."""
    return SourceError(N_("The lines end as on an old Mac: save the file with the line ends of today."))
