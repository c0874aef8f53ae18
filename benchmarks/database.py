"""A migrated database, set up for the test answer, and a mark that says what it is filled with."""

import psycopg
from flask import Flask
from flask_migrate import upgrade
from psycopg import sql

from benchmarks.errors import BenchmarkError
from crm.core.business_settings import set_setting
from crm.core.db import db, transaction
from crm.mobiletech.sms_templates import create_template, find_template

TEMPLATE = "bench"
SETTINGS = {
    "mobiletech_billkey_free": "AZ19",
    "mobiletech_serv_id": "1703",
    "mobiletech_short_number": "8877",
    "mobiletech_test_billkey": "AZ19",
    "mobiletech_test_template_code": TEMPLATE,
}


def prepare(app: Flask) -> None:
    """Migrate the application's database and turn the test answer on.

    Raises: BenchmarkError if a migration fails.
    """
    with app.app_context():
        try:
            upgrade()
        except SystemExit as error:  # Flask-Migrate's word for a fault; it has logged the reason
            raise BenchmarkError("The migrations failed; see var/bench/log/benchmark.log.") from error
        with transaction() as session:
            for key, value in SETTINGS.items():
                set_setting(session, key, value)
            if find_template(session, TEMPLATE) is None:
                create_template(session, TEMPLATE, "Prijali sme: {{ original_message }}")
        db.session.remove()
        db.engine.dispose()


def find_mark(server_url: str, name: str) -> str | None:
    """Return what `set_mark` has written on the database of that name, if there is one."""
    with psycopg.connect(server_url, autocommit=True) as connection:
        found = connection.execute(
            "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = %s", [name]
        ).fetchone()
    return found[0] if found else None


def set_mark(server_url: str, name: str, mark: str) -> None:
    """Say what the database is filled with, so that the next run may use it again."""
    comment = sql.SQL("COMMENT ON DATABASE {} IS {}").format(sql.Identifier(name), sql.Literal(mark))
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(comment)
