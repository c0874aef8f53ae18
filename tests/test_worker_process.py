"""The worker as a process: it stops when asked, finishes what it has in hand, and works without Redis."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from crm.core.config import ROOT
from crm.core.db import transaction
from crm.mobiletech.models import OutboundMessage
from tests.factories.messages import WEBHOOK, make_receive, turn_on_test_answer

PATIENCE = 30
NO_REGISTER = "It must be a module with register(registry)."
EXTENSIONS_TOLD = (
    "The settings cannot be used:\n"
    f"  CRM_EXTENSIONS: no_such_module cannot be used: No module named 'no_such_module'. {NO_REGISTER}\n"
    f"  CRM_EXTENSIONS: tests cannot be used: module 'tests' has no attribute 'register'. {NO_REGISTER}\n"
    "  CRM_EXTENSIONS: .tests cannot be used: "
)


class Worker:
    """A worker process of the test; `environ` is what it is told."""

    def __init__(self, environ: dict[str, str], *arguments: str) -> None:
        command = [sys.executable, "worker.py", *arguments]
        inherited = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        self.process = subprocess.Popen(
            command, cwd=ROOT, env=inherited | environ, stderr=subprocess.PIPE, text=True
        )

    def wait_for_line(self, word: str) -> None:
        """Read the log until a line has the word."""
        assert self.process.stderr is not None
        for line in self.process.stderr:
            if word in line:
                return
        raise AssertionError(f"the worker ended without saying {word}")

    def stop(self) -> int:
        """Ask it to stop; return its status."""
        self.process.send_signal(signal.SIGTERM)
        self.process.communicate(timeout=PATIENCE)
        return self.process.returncode

    def kill(self) -> None:
        """End it whatever happened."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.communicate()


@pytest.fixture
def workers() -> Iterator[list[Worker]]:
    started: list[Worker] = []
    yield started
    for worker in started:
        worker.kill()


def test_a_worker_answers_what_comes_and_stops_when_asked(
    client: FlaskClient, environ: dict[str, str], workers: list[Worker]
) -> None:
    turn_on_test_answer()
    workers.append(Worker(environ))
    workers[0].wait_for_line("worker_started")

    client.post(WEBHOOK, data=make_receive())

    assert _eventually_answered(1)
    assert workers[0].stop() == 0


def test_several_workers_are_one_command_and_stop_together(
    client: FlaskClient, environ: dict[str, str], workers: list[Worker]
) -> None:
    turn_on_test_answer()
    workers.append(Worker(environ, "--workers", "2"))
    workers[0].wait_for_line("worker_started")
    workers[0].wait_for_line("worker_started")

    client.post(WEBHOOK, data=make_receive())

    assert _eventually_answered(1)
    assert workers[0].stop() == 0


def test_a_burst_runs_all_that_is_due_and_ends_even_without_redis(
    client: FlaskClient, environ: dict[str, str], workers: list[Worker]
) -> None:
    turn_on_test_answer()
    for number in range(3):
        client.post(WEBHOOK, data=make_receive(from_=f"+42190863054{number}"))

    workers.append(Worker(environ | {"REDIS_URL": "redis://127.0.0.1:1/0"}, "--burst"))
    workers[0].process.communicate(timeout=PATIENCE)

    assert workers[0].process.returncode == 0
    assert _count_answered() == 3


def test_a_worker_works_and_stops_without_redis(
    client: FlaskClient, environ: dict[str, str], workers: list[Worker]
) -> None:
    turn_on_test_answer()
    client.post(WEBHOOK, data=make_receive())

    workers.append(Worker(environ | {"REDIS_URL": "redis://127.0.0.1:1/0"}))
    workers[0].wait_for_line("redis_unreachable")

    assert _eventually_answered(1)
    assert workers[0].stop() == 0


@pytest.mark.parametrize(
    ("arguments", "environ_changes", "status", "told"),
    [
        (("--workers", "0"), {}, 2, "write 1 or more"),
        ((), {"CRM_ENV": "staging"}, 2, "CRM_ENV"),
        (("--workers", "2"), {"CRM_ENV": "staging"}, 2, "CRM_ENV"),
        ((), {"CRM_EXTENSIONS": "no_such_module, tests, .tests"}, 2, EXTENSIONS_TOLD),
        ((), {"CRM_EXTENSIONS": "tests.crash.witness, tests.crash.witness"}, 2, "is registered already"),
        (("--burst",), {"DATABASE_URL": "postgresql://127.0.0.1:1/crm"}, 1, "The database cannot be used"),
    ],
    ids=[
        "no workers",
        "impossible setting",
        "the same of several",
        "no extensions",
        "extension twice",
        "no database",
    ],
)
def test_a_worker_that_cannot_start_says_why(
    environ: dict[str, str],
    workers: list[Worker],
    arguments: tuple[str, ...],
    environ_changes: dict[str, str],
    status: int,
    told: str,
) -> None:
    workers.append(Worker(environ | environ_changes, *arguments))

    _, errors = workers[0].process.communicate(timeout=PATIENCE)

    assert workers[0].process.returncode == status
    assert told in errors
    assert "Traceback" not in errors


def _eventually_answered(count: int) -> bool:
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        if _count_answered() == count:
            return True
    return False


def _count_answered() -> int:
    with transaction() as session:
        done = select(OutboundMessage.id).where(OutboundMessage.state == "accepted")
        return len(session.execute(done).all())
