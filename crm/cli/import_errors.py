"""Where the refused rows of an import are written: never over the imported file, nor over one that is being mended."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path
from typing import TextIO

from crm.cli.refusals import Refusal

LONGEST_NAME = 200  # of the imported file's, with room for what is added
PRIVATE = 0o600  # people's numbers, and hashes of their passwords


def check_place(errors: Path | None, imported: Path) -> None:
    """See before the import that its refused rows can be written where they were asked for.

    Raises: Refusal.
    """
    if errors is None:
        return
    try:
        if errors.exists() and errors.samefile(imported):
            raise Refusal("--errors names the file that is imported: it would be lost.")
        if not errors.parent.is_dir():
            raise Refusal(f"--errors: there is no folder {errors.parent}.")
        if not os.access(errors if errors.exists() else errors.parent, os.W_OK):
            raise Refusal(f"--errors: {errors} cannot be written.")
    except OSError as error:
        raise Refusal(f"--errors: {error.strerror or type(error).__name__}.") from error


@contextmanager
def open_errors(errors: Path | None, imported: Path) -> Iterator[tuple[Path, TextIO]]:
    """Open a new file beside the imported one, or the one that was asked for. Raises: OSError."""
    path, descriptor = (errors, _create(errors, os.O_TRUNC)) if errors else _create_beside(imported)
    with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as file:
        yield path, file


def _create_beside(imported: Path) -> tuple[Path, int]:
    for number in count(1):
        path = imported.with_name(f"{_cut(imported.name)}.errors{f'-{number}' if number > 1 else ''}.csv")
        with suppress(FileExistsError):
            return path, _create(path, os.O_EXCL)
    raise AssertionError("numbers do not end")


def _create(path: Path, how: int) -> int:
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | how, PRIVATE)


def _cut(name: str) -> str:
    return name.encode()[:LONGEST_NAME].decode(errors="ignore")
