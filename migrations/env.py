"""Runs migrations inside the application: its database, its tables."""

from alembic import context
from flask import current_app

from crm.models import Base, db

target_metadata = Base.metadata


def run() -> None:
    """Migrate in one transaction; a table that a long query holds is waited for 10 s, not for ever."""
    with current_app.app_context(), db.engine.connect() as connection:
        context.configure(
            connection=connection,
            target_metadata=target_metadata,
            compare_type=True,
            transaction_per_migration=True,
        )
        with context.begin_transaction():
            context.run_migrations()


run()
