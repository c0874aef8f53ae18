"""Start servers, web, worker and simulator in their order, watch over them, stop them."""

import fcntl
import http.client
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import click

from crm.core import embedded
from crm.core.config import ROOT, VAR
from crm.core.errors import CrmError
from crm.dev.addresses import HOST, Addresses, choose_addresses, make_environment
from crm.dev.children import Child, start_child, stop_children

READY_SECONDS = 60.0
_POLL_SECONDS = 0.05
_STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class DevError(CrmError):
    """The development set-up cannot be started or did not stay up."""


class _Stopped(Exception):  # noqa: N818 - no error: a person asked for it
    """Somebody pressed Ctrl-C or sent SIGTERM."""


def main() -> int:
    """Run everything until Ctrl-C. Return the exit status: 0 if a person ended it, 1 if a fault did."""
    try:
        with _only_one(VAR / "dev.lock"):
            _Run(ROOT, VAR).until_stopped()
    except CrmError as error:
        click.echo(f"\n{error}", err=True)
        return 1
    return 0


class _Run:
    """One run: the children that it started, and whether it was asked to stop."""

    def __init__(self, root: Path, var: Path) -> None:
        self.root = root
        self.var = var
        self.logs = var / "log"
        self.children: list[Child] = []
        self.stopping = threading.Event()

    def until_stopped(self) -> None:
        """Raises: DevError if a child ends by itself."""
        previous = {number: signal.signal(number, lambda *_: self.stopping.set()) for number in _STOP_SIGNALS}
        try:
            self._start()
            while True:
                self._wait_a_moment()
        except _Stopped:
            click.echo("\nStopping …")
        finally:
            stop_children(self.children)
            embedded.release(self.var)
            for number, handler in previous.items():
                signal.signal(number, handler)

    def _start(self) -> None:
        if os.environ.get("CRM_ENV") == "production":
            raise DevError("`crm dev` is for development: CRM_ENV is production.")
        self.logs.mkdir(parents=True, exist_ok=True)
        addresses = choose_addresses()
        env = make_environment(
            addresses,
            database_url=os.environ.get("DATABASE_URL") or embedded.ensure_postgres(self.var),
            redis_url=os.environ.get("REDIS_URL") or embedded.ensure_valkey(self.var),
        )
        self._run_to_the_end("migrate", _crm("db", "upgrade"), env)
        self._run_to_the_end("seed", _crm("seed", "--demo"), env)
        for name, command in _processes(addresses).items():
            self._start_child(name, command, env)
        self._wait_until_ready(addresses.web_port, "/readyz")
        self._wait_until_ready(addresses.simulator_port, "/")
        self._greet(addresses)

    def _start_child(self, name: str, command: list[str], env: Mapping[str, str]) -> Child:
        child = start_child(name, command, root=self.root, logs=self.logs, env=env)
        self.children.append(child)
        return child

    def _run_to_the_end(self, name: str, command: list[str], env: Mapping[str, str]) -> None:
        child = self._start_child(name, command, env)
        while child.is_running:
            if self.stopping.wait(_POLL_SECONDS):
                raise _Stopped
        if child.process.returncode != 0:
            raise _report(child)
        self.children.remove(child)

    def _wait_a_moment(self) -> None:
        if self.stopping.wait(_POLL_SECONDS * 4):
            raise _Stopped
        for child in self.children:
            if not child.is_running:
                raise _report(child)

    def _wait_until_ready(self, port: int, path: str) -> None:
        deadline = time.monotonic() + READY_SECONDS
        while not _answers(port, path):
            self._wait_a_moment()
            if time.monotonic() > deadline:
                raise DevError(f"http://{HOST}:{port}{path} is not ready; see {self.logs}.")

    def _greet(self, addresses: Addresses) -> None:
        logins = self.var / "demo-logins.txt"
        click.echo(f"Web        {addresses.web}")
        click.echo(f"Simulator  {addresses.simulator}  (a phone in the browser)")
        click.echo(f"Logs       {self.logs}")
        if logins.exists():
            click.echo(f"\n{logins.read_text().rstrip()}")
        click.echo("\nCtrl-C stops all of it.")


def _crm(*arguments: str) -> list[str]:
    return [sys.executable, "-c", "from crm.cli import main; main()", *arguments]


def _processes(addresses: Addresses) -> dict[str, list[str]]:
    port, webhook = str(addresses.simulator_port), addresses.webhook
    return {
        "simulator": _crm("simulator", "--port", port, "--webhook", webhook),
        "web": [sys.executable, "-m", "gunicorn", "app:app"],
        "worker": [sys.executable, "worker.py"],
    }


def _report(child: Child) -> DevError:
    status = child.process.returncode
    end = f"ended with status {status}" if status >= 0 else f"was ended by {signal.Signals(-status).name}"
    return DevError(f"{child.name} {end}. The end of {child.log}:\n{child.last_lines()}")


def _answers(port: int, path: str) -> bool:
    connection = http.client.HTTPConnection(HOST, port, timeout=5)
    try:
        connection.request("GET", path)
        return connection.getresponse().status < http.client.BAD_REQUEST
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


@contextmanager
def _only_one(path: Path) -> Iterator[None]:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise DevError("It already runs from this folder; stop the other one first.") from error
        yield
