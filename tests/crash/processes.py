"""Start processes from the warm server, order them about, and see when they die."""

import os
import subprocess
import sys
import threading
from collections.abc import Mapping
from multiprocessing.connection import Client, Connection
from pathlib import Path
from typing import Any

from tests.crash.orders import Order, Plan

ROOT = Path(__file__).resolve().parents[2]


class DiedError(Exception):
    """The process ended before it answered."""


class Child:
    """One forked process; it ends when it is hung up on."""

    def __init__(self, connection: Connection, plan: Plan) -> None:
        self._connection, self.role = connection, plan.role
        self._lock = threading.Lock()  # the gateway's threads give orders too
        self.is_alive = True
        connection.send(plan)

    def do(self, verb: str, value: Any = None) -> Any:
        """Return what the process answers.

        Raises: DiedError; AssertionError with its traceback if it failed but lives.
        """
        with self._lock:
            try:
                self._connection.send(Order(verb=verb, value=value))
                worked, answer = self._connection.recv()
            except (EOFError, OSError) as error:
                self.is_alive = False
                raise DiedError(self.role) from error
        assert worked, answer
        return answer

    def hang_up(self) -> None:
        """Let the process end."""
        self.is_alive = False
        self._connection.close()


class WarmServer:
    """A Python that has imported everything and forks a process within milliseconds."""

    def __init__(self, folder: Path, environ: Mapping[str, str]) -> None:
        self._address = str(folder / "warm.sock")
        self.log = folder / "processes.log"
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.crash.child", self._address],
                cwd=ROOT,
                env={**os.environ, **environ},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
            )
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == b"ready\n", self.log.read_text()

    def fork(self, plan: Plan) -> Child:
        """Return a new process."""
        return Child(Client(self._address, "AF_UNIX"), plan)

    def stop(self) -> None:
        """End the server; its children end with their connections."""
        self._process.kill()
        self._process.communicate()
