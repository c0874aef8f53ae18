"""`crm mobiletech …`: send one message to see that it works, and play the gateway."""

import click

from crm.cli.application import needs_app
from crm.cli.refusals import Group, Refusal
from crm.cli.simulate import simulate
from crm.core.db import transaction
from crm.mobiletech.inbound import get_inbound_message
from crm.mobiletech.models import NotSent
from crm.mobiletech.notifications import notify
from crm.mobiletech.outbound import OutboundPurpose
from crm.mobiletech.wishes import Envelope
from crm.users.accounts import get_user

mobiletech = Group("mobiletech", help="The SMS gateway.")
mobiletech.add_command(simulate)

ID = click.IntRange(1, 2**63 - 1)


def _read_params(_ctx: click.Context, _option: click.Parameter, given: tuple[str, ...]) -> dict[str, str]:
    params = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise click.BadParameter(f"{text!r} is not NAME=VALUE.")
        params[name] = value
    return params


@mobiletech.command("test-notification")
@click.option("--user-id", type=ID, required=True, help="Who gets it.")
@click.option("--bill-key", required=True, help="Billing key; a paid one charges the reader.")
@click.option("--template-code", required=True)
@click.option(
    "--inbound-message-id", type=ID, help="The SMS that it answers; its text is `original_message`."
)
@click.option(
    "--param", "params", multiple=True, metavar="NAME=VALUE", callback=_read_params, help="May be repeated."
)
@needs_app
def test_notification(
    user_id: int,
    bill_key: str,
    template_code: str,
    inbound_message_id: int | None,
    params: dict[str, str],
) -> None:
    """Queue one SMS of the purpose `test`; print its id alone on the last line. A worker sends it."""
    with transaction() as session:
        user = get_user(session, user_id)
        inbound = None if inbound_message_id is None else get_inbound_message(session, inbound_message_id)
        original = {"original_message": inbound.content} if inbound else {}
        result = notify(
            Envelope(inbound, billkey=bill_key),
            user,
            template_code,
            original | params,
            purpose=OutboundPurpose.TEST,
            context="crm mobiletech test-notification",
            session=session,
        )
        refused = result.detail if isinstance(result, NotSent) else None
        message_id = result.id
    # The refusal is committed first: people find it beside the messages.
    if refused is not None:
        raise Refusal(refused)
    click.echo(message_id)
