"""`crm settings …`: what an admin may also change in the browser."""

import click

from crm.cli.application import needs_app
from crm.cli.output import as_json_option, print_rows
from crm.cli.refusals import Group
from crm.core.business_settings import get_setting, list_settings
from crm.core.db import transaction
from crm.core.setting_definitions import DEFINITIONS
from crm.users.setting_changes import change_setting

settings = Group("settings", help="Business settings.")


@settings.command("list")
@as_json_option
@needs_app
def list_(*, as_json: bool) -> None:
    """Show every key, its value, and who said so: environment, database or default."""
    with transaction() as session:
        values = list_settings(session)
    rows = [
        {
            "key": value.key,
            "value": value.value,
            "source": value.source,
            "meaning": DEFINITIONS[value.key].meaning,
        }
        for value in values
    ]
    print_rows(rows, as_json=as_json, nothing="There are no settings.")


@settings.command("get")
@click.argument("key")
@needs_app
def get(key: str) -> None:
    """Print the value in force, alone."""
    with transaction() as session:
        click.echo(get_setting(session, key))


@settings.command("set")
@click.argument("key")
@click.argument("value")
@needs_app
def set_(key: str, value: str) -> None:
    """Store a value; an empty one ("") clears it."""
    with transaction() as session:
        change_setting(session, key, value)
        in_force = get_setting(session, key)
    click.echo(f"{key} is {in_force!r}.")
    if in_force != value.strip():
        click.echo(f"The new value is stored, but CRM_{key.upper()} in the environment beats it.", err=True)
