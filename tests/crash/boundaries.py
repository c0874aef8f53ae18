"""Find the boundaries of a process by wrapping what it speaks through, and strike at one of them.

A boundary is a commit, a Redis call, a step of the HTTP call, or an answer that is handed over; each has two
sides. The product knows nothing of this: only the libraries it uses are wrapped, in the child alone.
"""

import json
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from functools import wraps
from pathlib import Path
from typing import Any

import psycopg
import redis
from psycopg.pq import TransactionStatus
from redis.client import Pipeline, PubSub
from urllib3.connection import HTTPConnection

from crm.mobiletech.client_http import HttpGatewayClient


class Side(StrEnum):
    """Of a boundary: what it does has not begun, or is done and answered."""

    BEFORE = "before"
    AFTER = "after"


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One side of one boundary: the `number`th of its kind in that thread of that process."""

    role: str
    thread: str
    kind: str
    number: int
    side: Side
    note: str = ""

    @property
    def place(self) -> tuple[str, str, str, int, str]:
        """Return what names the place; the note is for people."""
        return (self.role, self.thread, self.kind, self.number, self.side)

    def __str__(self) -> str:
        return f"{self.side} {self.role} {self.thread} {self.kind} {self.number} ({self.note})"


class Watch:
    """Counts the boundaries that this process passes; writes each down, or strikes at the chosen one."""

    def __init__(self, role: str, log: Path | None, target: Point | None, strike: Callable[[], None]) -> None:
        self._role, self._target, self._strike = role, target, strike
        self._log = None if log is None else log.open("a", buffering=1)
        self._lock = threading.Lock()
        self._counts: Counter[tuple[str, str]] = Counter()

    @contextmanager
    def passage(self, kind: str, note: str = "") -> Iterator[None]:
        """Pass one boundary: the block is what is done there."""
        thread = _thread_name()
        with self._lock:
            self._counts[kind, thread] += 1
            number = self._counts[kind, thread]
        point = Point(role=self._role, thread=thread, kind=kind, number=number, side=Side.BEFORE, note=note)
        self._reach(point)
        yield
        self._reach(replace(point, side=Side.AFTER))

    def _reach(self, point: Point) -> None:
        if self._log is None or (self._target is not None and self._target.place != point.place):
            return
        self._log.write(json.dumps(asdict(point)) + "\n")
        if self._target is not None:
            self._strike()


def read_points(log: Path) -> list[Point]:
    """Return what a watch wrote down, in order."""
    rows = map(json.loads, log.read_text().splitlines()) if log.exists() else ()
    return [Point(**row | {"side": Side(row["side"])}) for row in rows]


def install(watch: Watch) -> None:
    """Wrap every seam in this process."""
    for owner, name, kind, note in SEAMS:
        setattr(owner, name, _wrapped(watch, getattr(owner, name), kind, note))


def _wrapped(
    watch: Watch, original: Callable[..., Any], kind: str, note: Callable[..., str | None]
) -> Callable[..., Any]:
    @wraps(original)
    def passing(self: Any, *args: Any, **kwargs: Any) -> Any:
        told = note(self, *args)
        if told is None:
            return original(self, *args, **kwargs)
        with watch.passage(kind, told):
            return original(self, *args, **kwargs)

    return passing


def _open_transaction(connection: psycopg.Connection[Any]) -> str | None:
    is_open = connection.info.transaction_status is not TransactionStatus.IDLE
    return "COMMIT" if is_open else None


def _statement_of_its_own(cursor: psycopg.Cursor[Any], query: object, *_: Any) -> str | None:
    """With autocommit each statement is a commit."""
    return " ".join(str(query).split())[:40] if cursor.connection.autocommit else None


def _commands(pipeline: Any, *_: Any) -> str | None:
    names = [str(command[0][0]) for command in pipeline.command_stack]
    return "+".join(names)[:40] if names else None


def _command(_client: Any, *args: Any) -> str:
    return " ".join(map(str, args[:2]))[:40]


def _step(*_: Any) -> str:
    return ""


# owner, method, kind, what to note of a call (None: it is no boundary)
SEAMS: tuple[tuple[type[Any], str, str, Callable[..., str | None]], ...] = (
    (psycopg.Connection, "commit", "commit", _open_transaction),
    (psycopg.Cursor, "execute", "commit", _statement_of_its_own),
    (redis.Redis, "execute_command", "redis", _command),
    (Pipeline, "immediate_execute_command", "redis", _command),
    (Pipeline, "execute", "redis", _commands),
    (PubSub, "execute_command", "redis", _command),
    (HttpGatewayClient, "send", "http-call", _step),
    (HTTPConnection, "connect", "http-connect", _step),
    (HTTPConnection, "request", "http-request", _step),
    (HTTPConnection, "getresponse", "http-reply", _step),
)


def _thread_name() -> str:
    if threading.current_thread() is threading.main_thread():
        return "main"
    return "".join(letter for letter in threading.current_thread().name if letter.isalpha())
