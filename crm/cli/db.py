"""`crm db …`: the commands of Flask-Migrate, with our application and our manners; a backup, and back."""

import logging
from typing import Any

import click
from flask.cli import ScriptInfo
from flask_migrate.cli import db as migrations

from crm.cli.application import database_refusals, make_app
from crm.cli.backup import backup, restore
from crm.cli.refusals import Group


class _Migrations(Group):
    def invoke(self, ctx: click.Context) -> Any:
        if ctx.find_object(ScriptInfo) is None:
            ctx.obj = ScriptInfo(create_app=make_app)
        _speak_plainly()
        with database_refusals():
            return super().invoke(ctx)


def _speak_plainly() -> None:
    """Flask-Migrate tells a person's mistake through its logger: here that is a line, not JSON."""
    logger = logging.getLogger("flask_migrate")
    logger.handlers[:] = [logging.StreamHandler()]
    logger.propagate = False


db = _Migrations(
    "db",
    commands={**migrations.commands, "backup": backup, "restore": restore},
    params=migrations.params,
    callback=migrations.callback,
    help="Bring the database to a version of its tables; back it up and restore it.",
)
