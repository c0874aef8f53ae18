"""`crm sms …`: what a text costs, without a database."""

import json

import click

from crm.cli.refusals import Group
from crm.mobiletech.wire.sms_text import measure as measure_text

sms = Group("sms", help="Texts of SMS.")


@sms.command("measure")
@click.argument("text")
@click.option("--no-fold", is_flag=True, help="Keep letters that are not in the GSM alphabet.")
def measure(text: str, *, no_fold: bool) -> None:
    """Print as JSON how long a text is and how it would be sent."""
    measured = measure_text(text, fold=not no_fold)
    result = {
        "encoding": measured.encoding,
        "units": measured.units,
        "parts": measured.parts,
        "text": measured.text,
        "replaced": [{"from": before, "to": after} for before, after in measured.replaced],
    }
    click.echo(json.dumps(result, ensure_ascii=False))
