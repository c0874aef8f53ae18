"""One embedded server: start it unless it runs, share it between processes, let go of it."""

import fcntl
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from signal import Signals

from crm.core.errors import CrmError

START_SECONDS = 30.0
RELEASE_SECONDS = 30.0
LOG_TAIL_LINES = 15
# sun_path holds 104 bytes on macOS and 108 on Linux; the longest name we put behind this is 17 bytes.
_SOCKET_DIR_BYTES = 86
# (var, home) -> descriptor that holds the shared lock
_held: dict[tuple[Path, Path], int] = {}


class EmbeddedServerError(CrmError):
    """An embedded server cannot be started; the sentence says where to look."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Owner:
    """The OS user a server runs as when we are root."""

    uid: int
    gid: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Server:
    name: str
    var: Path
    home: Path
    command: tuple[str, ...]
    stop_signal: Signals
    is_ready: Callable[[], bool]
    prepare: Callable[[], None]
    owner: Owner | None = None


def ensure_running(server: Server) -> None:
    """Start the server unless it runs, and keep it from being stopped while this process lives.

    Raises: EmbeddedServerError with the end of the server's log.
    """
    _hold(server.var, server.home)
    with _exclusive(server.home / "start.lock"):
        if server.is_ready():
            return
        keeper = None
        if not _is_locked(server.home / "keeper.lock"):
            server.prepare()
            keeper = _spawn_keeper(server)
        _wait_until_ready(server, keeper)


def release(var: Path) -> None:
    """Let go of the servers of `var`; return when each has stopped or still has other users.

    Raises: EmbeddedServerError if one does not stop.
    """
    homes = [home for held_for, home in _held if held_for == var.resolve()]
    for home in homes:
        # Closed, never unlocked: a forked child shares the lock and may still need the server.
        os.close(_held.pop((var.resolve(), home)))
    deadline = time.monotonic() + RELEASE_SECONDS
    for home in homes:
        while _is_locked(home / "keeper.lock") and not _is_shared(home / "users.lock"):
            if time.monotonic() > deadline:
                raise EmbeddedServerError(f"The server in {home} did not stop; see server.log there.")
            time.sleep(0.02)


def socket_dir(home: Path, owner: Owner | None) -> Path:
    """Return where the server's socket goes: its data directory, or a short private one if that is too long.

    Raises: EmbeddedServerError if somebody else has taken the short directory's name.
    """
    near = home / "data"
    if len(os.fsencode(near)) <= _SOCKET_DIR_BYTES:
        return near
    short = Path("/tmp") / f"crm-{sha256(os.fsencode(home)).hexdigest()[:16]}"  # noqa: S108 - checked below
    uid = os.geteuid() if owner is None else owner.uid
    short.mkdir(mode=0o700, exist_ok=True)
    if owner is not None and short.lstat().st_uid == 0:
        os.chown(short, owner.uid, owner.gid)
    found = short.lstat()
    if short.is_symlink() or found.st_uid != uid or found.st_mode & 0o077:
        raise EmbeddedServerError(f"{short} belongs to somebody else: remove it.")
    return short


def answers(path: Path, question: bytes, answer: bytes) -> bool:
    """Tell whether something listens on the socket and, if asked anything, answers as expected."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
        client.settimeout(2.0)
        try:
            client.connect(str(path))
            client.sendall(question)
            return not question or client.recv(len(answer)) == answer
        except OSError:
            return False


def _hold(var: Path, home: Path) -> None:
    """Hold `users.lock`, waiting first for a keeper that is just stopping the server."""
    if (var, home) in _held:
        return
    try:
        lock = os.open(home / "users.lock", os.O_RDWR | os.O_CREAT, 0o600)
    except PermissionError as error:
        raise EmbeddedServerError(
            f"{home} belongs to another user: become that user or remove it."
        ) from error
    fcntl.flock(lock, fcntl.LOCK_SH)
    _held[var, home] = lock


@contextmanager
def _exclusive(path: Path) -> Iterator[None]:
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _is_locked(path: Path) -> bool:
    return not _can_lock(path, fcntl.LOCK_EX)


def _is_shared(path: Path) -> bool:
    return _is_locked(path) and _can_lock(path, fcntl.LOCK_SH)


def _can_lock(path: Path, operation: int) -> bool:
    with path.open("a") as lock:
        try:
            fcntl.flock(lock, operation | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
    return True


def _spawn_keeper(server: Server) -> subprocess.Popen[bytes]:
    owner = "-" if server.owner is None else f"{server.owner.uid}:{server.owner.gid}"
    keeper = Path(__file__).with_name("keeper.py")
    with (server.home / "server.log").open("ab") as log:
        return subprocess.Popen(  # noqa: S603 - our own script and our own command
            [
                sys.executable,
                "-I",
                "-S",
                keeper,
                server.home,
                owner,
                str(int(server.stop_signal)),
                *server.command,
            ],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=server.home,
            start_new_session=True,
        )


def _wait_until_ready(server: Server, keeper: subprocess.Popen[bytes] | None) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not server.is_ready():
        if time.monotonic() > deadline or (keeper is not None and keeper.poll() is not None):
            log = server.home / "server.log"
            tail = "\n".join(log.read_text(errors="replace").splitlines()[-LOG_TAIL_LINES:])
            raise EmbeddedServerError(f"{server.name} did not start. The end of {log}:\n{tail}")
        time.sleep(0.02)
