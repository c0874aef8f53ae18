"""`crm token …`: keys of other systems, shown once."""

from datetime import UTC, datetime, timedelta
from typing import Any

import click

from crm.cli.application import current_settings, needs_app
from crm.cli.output import as_json_option, print_rows
from crm.cli.refusals import Group
from crm.core.clock import now
from crm.core.db import transaction
from crm.core.errors import InvalidInputError
from crm.users.api_tokens import Scope, create_token, list_tokens, revoke_token

LAST_YEAR = 2999

token = Group("token", help="API tokens: keys of other systems.")


class _End(click.DateTime):
    """The minute that is given, or the first one after the day that is given."""

    def __init__(self) -> None:
        super().__init__(["%Y-%m-%d", "%Y-%m-%dT%H:%M"])

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        moment: datetime = super().convert(value, param, ctx)
        if moment.year > LAST_YEAR:
            self.fail(f"{value!r} is too far away; leave it out for a token that does not end.", param, ctx)
        return moment if "T" in str(value) else moment + timedelta(days=1)


@token.command("create")
@click.argument("name")
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    required=True,
    help=f"What it opens: {', '.join(Scope)}. May be repeated.",
)
@click.option(
    "--network", "networks", multiple=True, metavar="CIDR", help="Where it may come from; any if left out."
)
@click.option(
    "--expires",
    type=_End(),
    help="Last day (2027-01-31), or the minute it ends (2027-01-31T18:00).",
)
@needs_app
def create(name: str, scopes: tuple[str, ...], networks: tuple[str, ...], expires: datetime | None) -> None:
    """Make a token and print it, once, alone on the last line."""
    expires_at = _end(expires)
    with transaction() as session:
        secret = create_token(session, name, scopes=scopes, networks=networks, expires_at=expires_at)
    click.echo(secret)


@token.command("list")
@as_json_option
@needs_app
def list_(*, as_json: bool) -> None:
    """Show all tokens, never the secrets."""
    with transaction() as session:
        rows = [
            {
                "name": each.name,
                "scopes": each.scopes,
                "networks": each.networks,
                "expires_at": each.expires_at,
                "revoked_at": each.revoked_at,
                "last_used_at": each.last_used_at,
            }
            for each in list_tokens(session)
        ]
    print_rows(rows, as_json=as_json, nothing="There are no tokens.")


@token.command("revoke")
@click.argument("name")
@needs_app
def revoke(name: str) -> None:
    """Close a token at once."""
    with transaction() as session:
        revoke_token(session, name)
    click.echo(f"The token {name} is revoked.")


def _end(expires: datetime | None) -> datetime | None:
    if expires is None:
        return None
    local = expires.replace(tzinfo=current_settings().timezone)
    if local <= now():
        raise InvalidInputError("The token would have expired already: the date is past.")
    return local.astimezone(UTC)
