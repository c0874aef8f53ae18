"""A web server and workers as in production, to be killed while they run."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import requests

from tests.crash.processes import ROOT
from tests.crash.servers import wait_until

WEB_ADDRESS = "127.0.0.1"
TRIES = 50


class Running:
    """gunicorn with two processes and two workers; whoever is killed is followed by another."""

    def __init__(self, folder: Path, environ: Mapping[str, str]) -> None:
        port = _free_port()
        self._url = f"http://{WEB_ADDRESS}:{port}"
        self._log = folder / "running.log"
        self._environ = {
            **os.environ,
            **environ,
            "PORT": f"{WEB_ADDRESS}:{port}",
            "WEB_CONCURRENCY": "2",
            "CRM_BASE_URL": self._url,
        }
        self._web = self._start("-m", "gunicorn", "app:app")
        self._workers = [self._start("worker.py") for _ in range(2)]
        self.kills = 0

    def wait_until_it_answers(self) -> None:
        """Wait for the first answer of the web server."""
        wait_until(self._answers)

    def post(self, session: requests.Session, body: bytes) -> int:
        """Call the webhook until it answers something else than 503, as the gateway does; return the status."""
        for _ in range(TRIES):
            try:
                status = session.post(
                    f"{self._url}/api/v1/mobiletech/webhook", data=body, timeout=10
                ).status_code
            except requests.RequestException:
                continue
            if status != 503:
                return status
        raise AssertionError(f"no answer after {TRIES} tries:\n{self._log.read_text()[-4000:]}")

    def kill_worker(self, number: int) -> None:
        """End a worker at once and start another in its place."""
        self.kills += 1
        self._workers[number].kill()
        self._workers[number].wait()
        self._workers[number] = self._start("worker.py")

    def kill_web_process(self, number: int) -> None:
        """End one of gunicorn's processes at once; gunicorn starts another."""
        children = Path(f"/proc/{self._web.pid}/task/{self._web.pid}/children").read_text().split()
        if len(children) > number:
            os.kill(int(children[number]), signal.SIGKILL)

    def stop_workers(self) -> None:
        """Stop the workers as a new release does: they finish what they have in hand."""
        for worker in self._workers:
            worker.terminate()
        for worker in self._workers:
            worker.wait(30)

    def start_workers(self) -> None:
        """Start others in their place."""
        self._workers = [self._start("worker.py") for _ in self._workers]

    def stop(self) -> None:
        """End everything."""
        for process in (self._web, *self._workers):
            process.terminate()
        for process in (self._web, *self._workers):
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def _start(self, *arguments: str) -> subprocess.Popen[bytes]:
        with self._log.open("ab") as log:
            return subprocess.Popen(
                [sys.executable, *arguments], cwd=ROOT, env=self._environ, stdout=log, stderr=log
            )

    def _answers(self) -> bool:
        try:
            return requests.get(f"{self._url}/healthz", timeout=5).ok
        except requests.RequestException:
            return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((WEB_ADDRESS, 0))
        return int(probe.getsockname()[1])
