"""`crm dev`: what `make run` runs."""

import sys

import click

from crm import dev as development
from crm.cli.refusals import Command


@click.command(cls=Command)
def dev() -> None:
    """Start servers, web, worker and simulator; print the addresses; Ctrl-C stops all of it."""
    sys.exit(development.main())
