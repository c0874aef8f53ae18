"""`crm seed`: first data; safe to run twice."""

from pathlib import Path

import click

from crm.cli.application import current_settings, needs_app
from crm.cli.refusals import Command, Refusal
from crm.core.config import VAR
from crm.core.db import transaction
from crm.seed import seed_demo, seed_standard
from crm.seed.demo import DemoSeeded

LOGINS = VAR / "demo-logins.txt"


@click.command(cls=Command)
@click.option("--demo", is_flag=True, help="Also settings, staff, readers and messages to look at.")
@needs_app
def seed(*, demo: bool) -> None:
    """Add the standard templates; what is there already stays as it is. Sends no SMS."""
    if demo and current_settings().is_production:
        raise Refusal("The demo is not for production: its people and messages are invented.")
    seeded = None
    with transaction() as session:
        templates = seed_standard(session)
        if demo:
            seeded = seed_demo(session, logins_file=LOGINS, zone=current_settings().timezone)
    click.echo(f"templates {templates} added")
    if seeded is not None:
        _tell(seeded, LOGINS)


def _tell(seeded: DemoSeeded, logins_file: Path) -> None:
    for name in ("settings", "readers", "messages"):
        click.echo(f"{name} {getattr(seeded, name)} added")
    click.echo(f"logins {len(seeded.logins)} added")
    for login in seeded.logins:
        click.echo(login.line)
    if not seeded.logins and not logins_file.exists():
        click.echo(
            f"The staff exists, but {logins_file} is gone and passwords cannot be read again. A new login: "
            "crm user create --role admin --email you@example.com"
        )
