"""Strike a running process: it dies at a commit or between two statements, or something in it goes wrong once."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from typing import Any

from sqlalchemy import event

from crm.core.db import db


class Boundary(StrEnum):
    """Where it strikes."""

    BEFORE_COMMIT = "before a commit"
    AFTER_COMMIT = "after a commit"
    STATEMENT = "before a statement"
    ERROR = "instead of a statement"  # an ordinary error: the process lives on


class DeathError(BaseException):
    """The process is gone; nobody catches this but the story."""


class HiccupError(RuntimeError):
    """Something went wrong; whoever runs it has to go on."""


@contextmanager
def striking(boundary: Boundary, number: int) -> Iterator[None]:
    """Strike once, at the `number`th such boundary of the block, if it comes that far; death ends the block."""
    watch = _Watch(boundary, number)
    engine = db.engine
    original = engine.dialect.do_commit
    engine.dialect.do_commit = watch.commit(original)  # type: ignore[method-assign]
    event.listen(engine, "before_cursor_execute", watch.statement)
    try:
        yield
    except (DeathError, HiccupError):
        pass
    finally:
        event.remove(engine, "before_cursor_execute", watch.statement)
        engine.dialect.do_commit = original  # type: ignore[method-assign]
        db.session.remove()


class _Watch:
    def __init__(self, boundary: Boundary, number: int) -> None:
        self._boundary, self._left = boundary, number

    def commit(self, original: Callable[[Any], None]) -> Callable[[Any], None]:
        def do_commit(connection: Any) -> None:
            if self._is_at(Boundary.BEFORE_COMMIT):
                connection.rollback()  # what the server does when the process dies
                raise DeathError
            original(connection)
            if self._is_at(Boundary.AFTER_COMMIT):
                raise DeathError

        return do_commit

    def statement(self, *_: Any) -> None:
        if self._is_at(Boundary.STATEMENT):
            raise DeathError
        if self._is_at(Boundary.ERROR):
            raise HiccupError("it went wrong")

    def _is_at(self, boundary: Boundary) -> bool:
        if boundary is not self._boundary or self._left <= 0:
            return False
        self._left -= 1
        return self._left == 0
