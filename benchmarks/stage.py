"""The stage of a benchmark: PostgreSQL and Valkey as shipped (fsync on), a database, processes as in production."""

import logging
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any

import psycopg
from flask import Flask
from redis import Redis

from benchmarks.database import find_mark, prepare, set_mark
from benchmarks.errors import BenchmarkError
from crm.core import embedded, metrics
from crm.core.config import ROOT, VAR, Settings
from crm.dev.addresses import HOST, find_free_port
from crm.dev.children import Child, start_child, stop_children
from crm.events import doorbell
from crm.factory import create_app

BENCH_VAR = VAR / "bench"
LOGS = BENCH_VAR / "log"
HOST_NAME = "sms.example.sk"
FIRST_PORT = 8100
READY_SECONDS = 60.0
POLL_SECONDS = 0.05


@dataclass(frozen=True, kw_only=True, slots=True)
class Stage:
    """One database, and the processes that work on it."""

    name: str
    database_url: str
    redis_url: str
    children: list[Child] = field(default_factory=list)

    def environment(self, **more: str) -> dict[str, str]:
        """Return what a process in production is told; nothing of the caller's environment."""
        return {
            "PATH": "/usr/local/bin:/usr/bin:/bin",
            "CRM_ENV": "production",
            "DATABASE_URL": self.database_url,
            "REDIS_URL": self.redis_url,
            "SECRET_KEY": "a key for the benchmarks, long enough for production",
            "CRM_BASE_URL": f"https://{HOST_NAME}",
            "CRM_MOBILETECH_ALLOWED_NETWORKS": "127.0.0.0/8",
            **more,
        }

    def start_web(self, **more: str) -> int:
        """Start gunicorn as shipped, wait until it is ready, return its port."""
        port = find_free_port(FIRST_PORT)
        child = self.start("web", ["-m", "gunicorn", "app:app"], PORT=str(port), **more)
        _wait_for(child, lambda: _is_ready(port))
        return port

    def start_worker(self, **more: str) -> None:
        """Start one worker process and wait until it listens."""
        redis = Redis.from_url(self.redis_url)
        redis.flushdb()
        child = self.start("worker", ["worker.py"], **more)
        _wait_for(child, lambda: bool(redis.smembers("rq:workers")))

    def stop_processes(self) -> None:
        """Stop what was started, the last one first."""
        stop_children(self.children[::-1])
        self.children.clear()

    def connect(self) -> "psycopg.Connection[tuple[Any, ...]]":
        """Return a connection that commits each statement by itself."""
        return psycopg.connect(self.database_url, autocommit=True)

    def find_mark(self) -> str | None:
        """Return what the database is filled with, if that was said."""
        return find_mark(self.database_url, self.name)

    def set_mark(self, mark: str) -> None:
        """Say what the database is filled with."""
        set_mark(self.database_url, self.name, mark)

    def make_app(self) -> Flask:
        """Return the application on the stage's database, in this process; it counts and rings nowhere.

        Its log goes to `benchmark.log`.
        """
        app = create_app(Settings.from_env(self.environment()), role="benchmark")
        metrics.configure(None)
        doorbell.configure("")
        _log_to(LOGS / "benchmark.log")
        return app

    def start(self, name: str, arguments: list[str], **more: str) -> Child:
        """Start a process of ours."""
        LOGS.mkdir(parents=True, exist_ok=True)
        env = self.environment(**more)
        child = start_child(name, [sys.executable, *arguments], root=ROOT, logs=LOGS, env=env)
        self.children.append(child)
        return child


def server_version() -> str:
    """Return the version of the PostgreSQL that everything is measured on."""
    with psycopg.connect(embedded.ensure_postgres(BENCH_VAR)) as connection:
        return str(connection.info.parameter_status("server_version"))


@contextmanager
def open_stage(name: str, *, mark: str = "") -> Iterator[Stage]:
    """Give a migrated database with everything set for the test answer: a new one, or the one with that mark.

    Its processes are stopped at the end, whatever happens; the servers stop with this process.
    """
    url = embedded.ensure_postgres(BENCH_VAR)
    if not mark or find_mark(url, name) != mark:
        embedded.drop_database(url, name)
    stage = Stage(
        name=name,
        database_url=embedded.ensure_database(url, name),
        redis_url=embedded.ensure_valkey(BENCH_VAR),
    )
    prepare(stage.make_app())
    try:
        yield stage
    finally:
        stage.stop_processes()


def _log_to(path: Path) -> None:
    """Write this process's log there; the terminal is for the figures."""
    path.parent.mkdir(parents=True, exist_ok=True)
    for handler in logging.getLogger().handlers:
        if isinstance(handler, logging.StreamHandler):
            handler.setStream(path.open("a"))


def _wait_for(child: Child, is_ready: Callable[[], bool]) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while not is_ready():
        if not child.is_running or time.monotonic() > deadline:
            raise BenchmarkError(f"{child.name} is not ready. The end of its log:\n{child.last_lines()}")
        time.sleep(POLL_SECONDS)


def _is_ready(port: int) -> bool:
    connection = HTTPConnection(HOST, port, timeout=5)
    try:
        connection.request("GET", "/readyz", headers={"Host": HOST_NAME})
        return connection.getresponse().status == 200
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()
