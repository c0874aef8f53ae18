"""`crm simulator`: the gateway's side of the protocol, for development and tests."""

import click

from crm.cli.refusals import Command


@click.command(cls=Command)
@click.option(
    "--port", type=click.IntRange(1, 65535), default=8010, show_default=True, help="Where it listens."
)
@click.option(
    "--webhook",
    metavar="URL",
    default="http://127.0.0.1:8000/api/v1/mobiletech/webhook",
    show_default=True,
    help="Where it delivers SMS and reports.",
)
def simulator(port: int, webhook: str) -> None:
    """Accept `send`, report on it, and be a phone in the browser. Sends no real SMS."""
    from crm.simulator import run

    run(port=port, webhook=webhook)
