"""`crm simulator`: the gateway's side of the protocol, for development and tests."""

import click

from crm.cli.refusals import Command
from crm.simulator import run

WEBHOOK = "http://127.0.0.1:8000/api/v1/mobiletech/webhook"


@click.command(cls=Command)
@click.option(
    "--port", type=click.IntRange(1, 65535), default=8010, show_default=True, help="Where it listens."
)
@click.option(
    "--webhook", metavar="URL", default=WEBHOOK, show_default=True, help="Where it delivers SMS and reports."
)
@click.option(
    "--password",
    envvar="CRM_MOBILETECH_WEBHOOK_PASSWORD",
    default="",
    help="The webhook's password; CRM_MOBILETECH_WEBHOOK_PASSWORD when left out.",
)
def simulator(port: int, webhook: str, password: str) -> None:
    """Accept `send`, report on it, and be a phone in the browser. Sends no real SMS."""
    run(port, webhook, webhook_password=password.split(",")[0].strip())
