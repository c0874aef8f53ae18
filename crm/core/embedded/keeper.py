"""Keep one server running while anybody holds its `users.lock`, then stop it.

Run as a script (`python -I -S keeper.py HOME UID:GID STOP_SIGNAL COMMAND…`), with the standard library only,
so that it costs a few milliseconds. UID:GID is who the server runs as, `-` for whoever we are.
"""

import ctypes
import fcntl
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

POLL_SECONDS = 0.05
STOP_SECONDS = 20.0
SHORT_LIFE_SECONDS = 2.0
SHORT_LIVES = 5
_PR_SET_PDEATHSIG = 1


def main(arguments: list[str]) -> int:
    home, owner, stop_signal, command = Path(arguments[0]), arguments[1], int(arguments[2]), arguments[3:]
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    # Held until we exit: says "this server has a keeper".
    keeper_lock = (home / "keeper.lock").open("w")
    fcntl.flock(keeper_lock, fcntl.LOCK_EX)
    with (home / "users.lock").open() as users_lock, (home / "server.log").open("ab") as log:
        start = partial(_start, command, owner, stop_signal, log.fileno())
        return _keep(start, users_lock.fileno(), stop_signal)


def _keep(start: Callable[[], subprocess.Popen[bytes]], users_lock: int, stop_signal: int) -> int:
    """Start the server again whenever it dies under its users; give up when it cannot stay up."""
    server, started, short_lives = start(), time.monotonic(), 0
    try:
        while not _is_unused(users_lock):
            if server.poll() is not None:
                short_lives = short_lives + 1 if time.monotonic() - started < SHORT_LIFE_SECONDS else 0
                if short_lives >= SHORT_LIVES:
                    return 1
                time.sleep(0.1 * short_lives)
                server, started = start(), time.monotonic()
            time.sleep(POLL_SECONDS)
    finally:
        _stop(server, stop_signal)
    return 0


def _is_unused(users_lock: int) -> bool:
    """Take the users' lock for ourselves if nobody holds it: newcomers then wait until we are gone."""
    try:
        fcntl.flock(users_lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _start(command: list[str], owner: str, stop_signal: int, log: int) -> subprocess.Popen[bytes]:
    uid, gid = (None, None) if owner == "-" else map(int, owner.split(":"))
    return subprocess.Popen(  # noqa: S603 - the command comes from our own `server.py`
        command,
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=log,
        user=uid,
        group=gid,
        extra_groups=None if uid is None else [],
        umask=0o077,
        env={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"},
        preexec_fn=_die_with_us(stop_signal),
    )


def _die_with_us(stop_signal: int) -> Callable[[], None] | None:
    """Let Linux stop the server when this keeper is killed: a server must never outlive its keeper."""
    prctl = getattr(ctypes.CDLL(None), "prctl", None)
    return None if prctl is None else lambda: prctl(_PR_SET_PDEATHSIG, stop_signal)


def _stop(server: subprocess.Popen[bytes], stop_signal: int) -> None:
    server.send_signal(stop_signal)
    try:
        server.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
