"""Open a file that may be packed with gzip; one that grows beyond belief, or is something else, is refused."""

import gzip
import zlib
from contextlib import ExitStack
from io import BufferedReader, RawIOBase
from pathlib import Path
from typing import BinaryIO, cast

from crm.core.errors import N_
from crm.importer.errors import SourceError
from crm.importer.sources.local import BUFFER, LocalBytes, open_bytes

GZIP = b"\x1f\x8b"
MOST_GROWTH = 200  # texts shrink to a tenth, the same row over and over to a hundredth
GROWTH_FROM = 4 * 1024 * 1024  # below this nobody minds
MOST_BYTES = 64 * 1024**3

# What people pick by mistake, by how it begins.
OTHERS = (
    (b"PK\x03\x04", N_("This is a ZIP or Excel file: save the sheet as CSV.")),
    (b"\xd0\xcf\x11\xe0", N_("This is an old Excel file: save the sheet as CSV.")),
    (b"\xff\xfe", N_("This is UTF-16: save the file as UTF-8.")),
    (b"\xfe\xff", N_("This is UTF-16: save the file as UTF-8.")),
    (b"BZh", N_("This is packed with bzip2: unpack it, or pack it with gzip.")),
    (b"\xfd7zXZ", N_("This is packed with xz: unpack it, or pack it with gzip.")),
    (b"\x28\xb5\x2f\xfd", N_("This is packed with zstd: unpack it, or pack it with gzip.")),
    (b"7z\xbc\xaf", N_("This is a 7-Zip file: unpack it, or pack it with gzip.")),
    (b"%PDF", N_("This is a PDF: the rows must be CSV or JSON Lines.")),
)


class Unpacking(RawIOBase):
    """The unpacked bytes of a gzip stream, as long as they are in proportion."""

    def __init__(self, packed: BinaryIO) -> None:
        self._packed = packed
        self._unpacked = gzip.GzipFile(fileobj=packed, mode="rb")
        self._out = 0

    def readable(self) -> bool:
        """Say that it can be read."""
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        """Read some bytes. Raises: SourceError for a bomb, and for what is damaged or cut."""
        try:
            piece = self._unpacked.read(len(buffer))
        except EOFError as error:
            raise SourceError(N_("The packed file ends too early: it was cut off on its way.")) from error
        except (OSError, zlib.error) as error:
            raise SourceError(N_("The packed file is damaged.")) from error
        self._out += len(piece)
        if self._out > max(GROWTH_FROM, MOST_GROWTH * self._packed.tell()) or self._out > MOST_BYTES:
            raise SourceError(
                N_("The packed file grows to more than %(most)s times its size: this is no list of rows."),
                most=MOST_GROWTH,
            )
        buffer[: len(piece)] = piece
        return len(piece)

    def close(self) -> None:
        """Close the file under it as well."""
        if not self.closed:
            self._packed.close()
        super().close()


class LocalFile:
    """A file on this machine, opened as often as it is needed, and each time found as it was the first time."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._first: LocalBytes | None = None

    def open(self) -> BinaryIO:
        """Return the unpacked bytes.

        Raises: SourceError if it is no ordinary file, empty, something else than text, or another one by now;
        reading from it raises that too.
        """
        raw = open_bytes(self._path, self._first)
        self._first = self._first or raw
        return unpack(BufferedReader(raw, BUFFER))


def unpack(file: BinaryIO) -> BinaryIO:
    """Return the bytes of an open file, unpacked if it is gzip; it is closed if it cannot be.

    Raises: SourceError if it is empty or something else than text.
    """
    with ExitStack() as closing:
        closing.callback(file.close)
        unpacked = _unpack(file)
        closing.pop_all()
    return unpacked


def _unpack(file: BinaryIO) -> BinaryIO:
    begins = file.read(8)
    file.seek(0)
    if not begins:
        raise SourceError(N_("The file is empty."))
    if not begins.startswith(GZIP):
        _refuse_others(begins)
        return file
    unpacked = BufferedReader(Unpacking(file), BUFFER)
    inside = unpacked.peek(8)[:8]
    if not inside:
        raise SourceError(N_("The file is empty."))
    if inside.startswith(GZIP):
        raise SourceError(N_("What is packed in the file is packed once more: unpack it first."))
    _refuse_others(inside)
    return cast(BinaryIO, unpacked)


def _refuse_others(begins: bytes) -> None:
    for sign, told in OTHERS:
        if begins.startswith(sign):
            raise SourceError(told)
