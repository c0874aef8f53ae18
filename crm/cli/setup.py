"""`crm setup …`: the publisher's set-up as one YAML file."""

from pathlib import Path

import click

from crm.cli.application import needs_app
from crm.cli.refusals import Group, Refusal
from crm.core.db import transaction
from crm.setup_file import apply_setup, export_setup
from crm.setup_yaml import MAX_BYTES, SetupFileError

setup = Group("setup", help="The publisher's set-up as one YAML file.")


@setup.command("apply")
@click.argument(
    "path", metavar="FILE", type=click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path)
)
@needs_app
def apply(path: Path) -> None:
    """Bring the set-up to what FILE says; all of it or nothing. What it does not name stays.

    Its parts are settings, templates, billkeys, subscription_types and rules.
    """
    with click.open_file(str(path), "rb") as file:
        source = file.read(MAX_BYTES + 1)
    try:
        with transaction() as session:
            changes = apply_setup(session, source)
    except SetupFileError as error:
        for fault in error.faults if len(error.faults) > 1 else ():
            click.echo(fault)
        told = error.faults[0] if len(error.faults) == 1 else f"{len(error.faults)} faults, listed above"
        raise Refusal(f"Nothing was applied: {told}") from error
    click.echo(" ".join(f"{change} {count}" for change, count in changes.items()))


@setup.command("export")
@needs_app
def export() -> None:
    """Print the set-up; `crm setup apply` reads it."""
    with transaction() as session:
        click.echo(export_setup(session), nl=False)
