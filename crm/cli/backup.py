"""`crm db backup` and `crm db restore`: all of the database in a file, and back."""

from pathlib import Path

import click
from sqlalchemy.exc import DBAPIError

from crm.cli.application import current_settings, needs_app
from crm.cli.backup_file import read_backup, write_backup
from crm.cli.refusals import Refusal
from crm.core.db import transaction
from crm.events.models import EntryState
from crm.events.queries import list_depths
from crm.mobiletech.restored import doubt_waiting
from crm.payments.holding import hold

MEGABYTE = 1_000_000
FILE = click.Path(dir_okay=False, path_type=Path)


@click.command("backup", short_help="Write all of the database to a new FILE.")
@click.argument("file", type=FILE)
@needs_app
def backup(file: Path) -> None:
    """Write all of the database to a new FILE; the product may go on meanwhile.

    It holds everybody's data: keep it as safe as the database. The secret key is not in it.
    """
    write_backup(current_settings().database_url, file)
    click.echo(f"{file}: {file.stat().st_size / MEGABYTE:,.1f} MB.")


@click.command("restore", short_help="Put a backup in the place of all that is there.")
@click.argument("file", type=FILE)
@click.option("--yes", is_flag=True, help="Do not ask.")
@needs_app
def restore(file: Path, *, yes: bool) -> None:
    """Put a backup in the place of all that is in the database; stop the web server and the worker first.

    What was charged, billed and stopped since the backup is not known any more. So all renewals are held then, until
    `crm payments resume`, and an SMS that charges and waited in it is not sent: it becomes `unknown`. Other work that
    waited in it is done again when the worker runs.
    """
    if not yes:
        click.confirm("All that is in the database now is lost. Go on?", abort=True, err=True)
    read_backup(current_settings().database_url, file)
    click.echo("The database is as it was when the backup was made.")
    try:
        with transaction() as session:
            hold(session, reason=f"Restored from {file.name}")
            doubted = doubt_waiting(session)
            waiting = sum(each.count for each in list_depths(session) if each.state == EntryState.READY)
    except DBAPIError as error:
        told = "It is of another version: `crm db upgrade`, and `crm payments hold` before anything runs."
        raise Refusal(told) from error
    click.echo("All renewals are held: look what was charged since the backup, then `crm payments resume`.")
    if doubted:
        click.echo(
            f"SMS that charge and waited in it: {doubted}; whether they went out is unknown (Operations)."
        )
    if waiting:
        click.echo(f"Pieces of work that waited in it: {waiting}; the worker does them, maybe once more.")
