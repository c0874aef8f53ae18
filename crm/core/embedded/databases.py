"""Further databases on a server, such as one for each parallel test process."""

import re
from urllib.parse import urlsplit

from crm.core.errors import InvalidInputError

_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")


def ensure_database(url: str, name: str, *, template: str = "template1") -> str:
    """Create the database, as a copy of the template, unless it exists; return its address.

    The template must have no other connections meanwhile.
    """
    import psycopg
    from psycopg import sql

    _check_name(name)
    create = sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(template))
    with psycopg.connect(_address(url, "postgres"), autocommit=True) as connection:
        if connection.execute("SELECT FROM pg_database WHERE datname = %s", [name]).fetchone() is None:
            try:
                connection.execute(create)
            except (psycopg.errors.DuplicateDatabase, psycopg.errors.UniqueViolation):
                return _address(url, name)  # another process was faster
    return _address(url, name)


def drop_database(url: str, name: str) -> None:
    """Drop the database if it exists, ending its connections."""
    import psycopg
    from psycopg import sql

    _check_name(name)
    with psycopg.connect(_address(url, "postgres"), autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def _check_name(name: str) -> None:
    if not _NAME.fullmatch(name):
        raise InvalidInputError(f"{name!r} is no name for a database: use a-z, 0-9 and _.")


def _address(url: str, name: str) -> str:
    return urlsplit(url)._replace(path=f"/{name}").geturl()
