"""Migrations from an empty database make what the models say: columns, defaults, indexes, constraints, all of it."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from alembic.script import ScriptDirectory
from flask import Flask
from flask_migrate import downgrade, upgrade
from sqlalchemy import Connection, text

from crm.core import embedded
from crm.core.config import ROOT, Settings
from crm.core.db import Base, db
from crm.factory import create_app

CATALOGUE = {
    "columns": """
        SELECT table_name || '.' || column_name, data_type || ' ' || udt_name, is_nullable, is_identity,
               replace(coalesce(column_default, ''), :schema || '.', '')
        FROM information_schema.columns WHERE table_schema = :schema AND table_name <> 'alembic_version'""",
    "indexes": """
        SELECT tablename || '.' || indexname, replace(indexdef, :schema || '.', '')
        FROM pg_indexes WHERE schemaname = :schema AND tablename <> 'alembic_version'""",
    "constraints": """
        SELECT table_.relname || '.' || rule.conname, replace(pg_get_constraintdef(rule.oid), :schema || '.', '')
        FROM pg_constraint AS rule JOIN pg_class AS table_ ON table_.oid = rule.conrelid
        WHERE rule.connamespace = to_regnamespace(:schema) AND table_.relname <> 'alembic_version'
          AND rule.contype <> 'n'""",
}


@pytest.mark.parametrize("what", CATALOGUE)
def test_migrations_from_empty_equal_the_models(app: Flask, models_schema: str, what: str) -> None:
    with db.engine.connect() as connection:
        migrated, modelled = (look_up(connection, what, schema) for schema in ("public", models_schema))

    assert migrated.keys() == modelled.keys()
    assert {
        name: (migrated[name], modelled[name]) for name in modelled if migrated[name] != modelled[name]
    } == {}


def test_revisions_are_numbered_in_one_line_and_named_as_their_files() -> None:
    revisions = list(ScriptDirectory(str(ROOT / "migrations")).walk_revisions())

    assert [revision.revision for revision in revisions] == [
        Path(revision.path).stem for revision in revisions
    ]
    assert [int(revision.revision[:4]) for revision in revisions] == list(range(len(revisions), 0, -1))


def test_migrations_can_be_taken_back_and_made_again(migrations_app: Flask) -> None:
    with migrations_app.app_context():
        upgrade()
        downgrade(revision="base")
        with db.engine.connect() as connection:
            left = connection.execute(
                text(
                    "SELECT relname FROM pg_class WHERE relnamespace = to_regnamespace('public')"
                    " AND relname NOT LIKE 'alembic%'"
                )
            ).all()
            functions = connection.execute(
                text("SELECT proname FROM pg_proc WHERE pronamespace = to_regnamespace('public')")
            ).all()
        upgrade()

    assert (left, functions) == ([], [])


def look_up(connection: Connection, what: str, schema: str) -> dict[str, tuple[str, ...]]:
    rows = connection.execute(text(CATALOGUE[what]), {"schema": schema})
    return {name: tuple(rest) for name, *rest in rows}


@pytest.fixture
def models_schema(app: Flask) -> Iterator[str]:
    """Make the models' tables in a schema beside the migrated ones."""
    with db.engine.begin() as connection:
        connection.execute(text("CREATE SCHEMA modelled"))
        Base.metadata.create_all(connection.execution_options(schema_translate_map={None: "modelled"}))
    yield "modelled"
    with db.engine.begin() as connection:
        connection.execute(text("DROP SCHEMA modelled CASCADE"))


@pytest.fixture
def migrations_app(settings: Settings) -> Iterator[Flask]:
    """Return an application on an empty database of its own."""
    name = f"{urlsplit(settings.database_url).path[1:]}_migrations"
    server = settings.database_url
    embedded.drop_database(server, name)
    app = create_app(replace(settings, database_url=embedded.ensure_database(server, name)))
    yield app
    with app.app_context():
        for engine in db.engines.values():
            engine.dispose()
    embedded.drop_database(server, name)
