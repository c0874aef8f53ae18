"""`crm phone …`: whose number it is."""

import click

from crm.cli.application import needs_app
from crm.cli.refusals import Group
from crm.core.db import transaction
from crm.users.accounts import get_user
from crm.users.administration import link_number
from crm.users.roles import Role

phone = Group("phone", help="Phone numbers of people.")


@phone.command("link")
@click.argument("phone_number", metavar="PHONE")
@click.argument("user_id", metavar="USER_ID", type=click.IntRange(1, 2**63 - 1))
@needs_app
def link(phone_number: str, user_id: int) -> None:
    """Bind a Slovak mobile number to a person; the same pair again changes nothing."""
    with transaction() as session:
        local = link_number(session, get_user(session, user_id), phone_number, by_role=Role.ADMIN)
    click.echo(f"{local} belongs to user {user_id}.")
