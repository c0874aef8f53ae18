"""`crm user …`: people."""

import sys

import click

from crm.cli.application import needs_app
from crm.cli.refusals import Group
from crm.core.db import transaction
from crm.users.administration import add_person
from crm.users.passwords import check_choice
from crm.users.roles import Role

user = Group("user", help="People: readers and staff.")


@user.command("create")
@click.option("--email", help="Address to sign in with.")
@click.option("--phone", help="Slovak mobile number, in any spelling.")
@click.option("--password", help="At least 10 characters; asked for on a terminal when left out.")
@click.option(
    "--role", type=click.Choice([role.value for role in Role]), default="customer", show_default=True
)
@click.option("--public-name", help="What staff see; the address or the number when left out.")
@needs_app
def create(
    email: str | None, phone: str | None, password: str | None, role: str, public_name: str | None
) -> None:
    """Add a person and print the id alone on the last line."""
    if password is None and sys.stdin.isatty():
        password = _ask_for_password()
        if password is not None:
            check_choice(password, names=(email, phone, public_name))
    with transaction() as session:
        user_id = add_person(
            session, email=email, phone=phone, password=password, role=role, public_name=public_name
        ).id
    click.echo(user_id)


def _ask_for_password() -> str | None:
    given: str = click.prompt(
        "Password (empty for none)", default="", show_default=False, hide_input=True, confirmation_prompt=True
    )
    return given or None
