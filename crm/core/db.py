"""The database: one declarative base, one door to commit, one rule for constraint names."""

import select
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import Engine, Executable, MetaData, Row, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.orm import DeclarativeBase, Session

# Names by rule, so that a migration can drop what it has not named itself.
NAMING = {
    "pk": "pk_%(table_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
}


COMMITTED = "committed"  # the bind whose every statement commits by itself


class Base(DeclarativeBase):
    """Root of all tables."""

    metadata = MetaData(naming_convention=NAMING)


db = SQLAlchemy(model_class=Base)


class NestedTransactionError(RuntimeError):
    """A transaction was opened inside another: somebody below an edge tries to commit."""


def current_session() -> Session:
    """Return the session of this request, job or command: for code that is called without one."""
    session: Session = db.session()
    return session


@contextmanager
def transaction() -> Iterator[Session]:
    """Commit what the block did, all of it or nothing; the only place of the product that commits.

    Raises: NestedTransactionError inside another transaction() of the same session.
    """
    session = current_session()
    if session.info.get("in_transaction_block"):
        raise NestedTransactionError("transaction() does not nest: let the edge open it")
    session.info["in_transaction_block"] = True
    try:
        yield session
        session.commit()
    except BaseException:
        session.rollback()
        raise
    finally:
        for note in ("in_transaction_block", "business_settings", "after_commit"):
            session.info.pop(note, None)


def execute_committed(statement: Executable, values: Mapping[str, Any]) -> Row[Any] | None:
    """Run one statement, which PostgreSQL commits by itself, and return its first row.

    For the one path where BEGIN and COMMIT, two round trips, cost more than the work between them.
    """
    with db.engines[COMMITTED].connect() as connection:
        return connection.execute(statement, values).first()


def watch_connections(engine: Engine) -> None:
    """Give out no connection whose server has gone; asks the socket, not the server, so it costs nothing."""

    @event.listens_for(engine, "checkout")
    def drop_dead(connection: Any, _record: Any, _proxy: Any) -> None:
        waiting = select.poll()
        waiting.register(connection.fileno())
        if any(happened & ~select.POLLOUT for _, happened in waiting.poll(0)):
            raise DisconnectionError("the server closed this connection")


def engine_url(database_url: str) -> URL:
    """Return the address for SQLAlchemy, with the driver we use, from a plain `postgresql://` one."""
    return make_url(database_url).set(drivername="postgresql+psycopg")


def binds(url: URL, **options: Any) -> dict[str, dict[str, Any]]:
    """Return the second way to the same database, without transactions."""
    return {COMMITTED: {"url": url, "isolation_level": "AUTOCOMMIT", **options}}


def engine_options(*, application_name: str, statement_timeout_s: int) -> dict[str, Any]:
    """Return pool and session options; a transaction that forgets itself is ended, not waited for.

    Units: seconds in, milliseconds to PostgreSQL.
    """
    options = (
        f"-c timezone=UTC -c statement_timeout={statement_timeout_s * 1000} "
        f"-c idle_in_transaction_session_timeout=60000 -c lock_timeout=10000"
    )
    return {
        "hide_parameters": True,  # an error must not carry the text of an SMS into the log
        "pool_size": 10,
        "max_overflow": 10,
        "pool_timeout": 5,
        "connect_args": {"application_name": application_name, "options": options, "connect_timeout": 5},
    }


def end_inherited_connections(engine: Any) -> None:
    """Forget, in a forked child, connections that belong to the parent; two users of a socket mix up answers."""
    engine.dispose(close=False)


@event.listens_for(Session, "after_rollback")
def _forget_hooks(session: Session) -> None:
    session.info.pop("after_commit", None)


@event.listens_for(Session, "after_commit")
def _run_hooks(session: Session) -> None:
    for hook in session.info.pop("after_commit", []):
        hook()


def after_commit(session: Session, hook: Any) -> None:
    """Call `hook()` once the session's transaction is committed; forget it when it is rolled back."""
    hooks = session.info.setdefault("after_commit", [])
    if hook not in hooks:
        hooks.append(hook)
