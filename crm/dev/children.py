"""Child processes that end when we end: each in a session of its own, with a log file of its own."""

import ctypes
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

STOP_SECONDS = 15.0
LOG_TAIL_LINES = 20
_PR_SET_PDEATHSIG = 1


@dataclass(frozen=True, kw_only=True, slots=True)
class Child:
    """A running child: `name` is also the name of its log file."""

    name: str
    process: "subprocess.Popen[bytes]"
    log: Path

    @property
    def is_running(self) -> bool:
        return self.process.poll() is None

    def last_lines(self) -> str:
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-LOG_TAIL_LINES:])


def start_child(
    name: str, command: Sequence[str], *, root: Path, logs: Path, env: Mapping[str, str]
) -> Child:
    """Start the command; the log of the run before is kept as `NAME.log.old`."""
    log = logs / f"{name}.log"
    if log.exists():
        log.replace(log.with_suffix(".log.old"))
    log.touch(mode=0o600)  # the seed tells new passwords there
    with log.open("wb") as output:
        process = subprocess.Popen(  # noqa: S603 - our own commands
            command,
            cwd=root,
            env=dict(env),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            # Ctrl-C in the terminal reaches only us: we decide who is stopped, and in which order.
            start_new_session=True,
            preexec_fn=_end_with_parent(),
        )
    return Child(name=name, process=process, log=log)


def stop_children(children: Sequence[Child]) -> None:
    """Ask all of them to end, wait, and kill what does not."""
    for child in children:
        if child.is_running:
            child.process.terminate()
    deadline = time.monotonic() + STOP_SECONDS
    for child in children:
        with suppress(subprocess.TimeoutExpired):
            child.process.wait(max(0.0, deadline - time.monotonic()))
        # Also what the child itself started and left behind.
        with suppress(ProcessLookupError):
            os.killpg(child.process.pid, signal.SIGKILL)
        child.process.wait()


def _end_with_parent() -> Callable[[], None] | None:
    """Let Linux tell the child to end when we are killed without a chance to do so."""
    prctl = getattr(ctypes.CDLL(None), "prctl", None)
    return None if prctl is None else lambda: prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
