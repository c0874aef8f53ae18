"""The bytes of a file on this machine, as long as it stays the same: nobody may write to it while it is imported."""

import os
import stat
from io import RawIOBase
from pathlib import Path

from crm.core.errors import N_
from crm.importer.errors import SourceError

BUFFER = 256 * 1024


class LocalBytes(RawIOBase):
    """Reads an open file, and looks each time whether it still is what it was."""

    def __init__(self, descriptor: int) -> None:
        self._file = os.fdopen(descriptor, "rb", buffering=0)
        self.marks = self._look()

    def readable(self) -> bool:
        """Say that it can be read."""
        return True

    def seekable(self) -> bool:
        """Say that it knows places."""
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Go to a place."""
        return self._file.seek(offset, whence)

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        """Read some bytes. Raises: SourceError if the file was changed, or cannot be read."""
        if self._look() != self.marks:
            raise changed()
        try:
            return self._file.readinto(buffer) or 0
        except OSError as error:
            raise SourceError(N_("The file cannot be read: %(why)s."), why=_why(error)) from error

    def close(self) -> None:
        """Close the file."""
        self._file.close()
        super().close()

    def _look(self) -> tuple[int, int, int, int]:
        found = os.fstat(self._file.fileno())
        return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns


def open_bytes(path: Path, first: LocalBytes | None = None) -> LocalBytes:
    """Open a file, which must be the one that was opened first.

    Raises: SourceError if there is none, it is no ordinary one, or another one.
    """
    try:
        # Whoever opens a pipe would wait for its other end.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except (OSError, ValueError) as error:
        raise SourceError(N_("The file cannot be opened: %(why)s."), why=_why(error)) from error
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise SourceError(N_("This is no ordinary file."))
    opened = LocalBytes(descriptor)
    if first is not None and first.marks != opened.marks:
        opened.close()
        raise changed()
    return opened


def changed() -> SourceError:
    """Return the refusal of a file that somebody wrote to."""
    return SourceError(N_("Somebody has changed the file since the import began: import it again."))


def _why(error: Exception) -> str:
    return getattr(error, "strerror", None) or type(error).__name__
