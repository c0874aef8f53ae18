"""`crm doctor`: one line for each thing that may be set wrongly."""

import os
from collections.abc import Iterator

import click
from flask import has_app_context

from crm.cli.application import current_settings, quiet_app
from crm.cli.output import as_json_option, print_rows
from crm.cli.refusals import Command, Refusal
from crm.core.config import Settings, SettingsError
from crm.core.errors import CrmError
from crm.doctor import Finding, Level, examine


@click.command(cls=Command)
@as_json_option
def doctor(*, as_json: bool) -> None:
    """Look at settings, database, migrations, Redis, gateway, timeouts, worker and clock."""
    findings = []
    for finding in _findings():
        findings.append(finding)
        if not as_json:
            click.echo(finding)
    if as_json:
        rows = [{"level": each.level, "name": each.name, "sentence": each.sentence} for each in findings]
        print_rows(rows, as_json=True, nothing="")
    wrong = sum(finding.level is Level.FAIL for finding in findings)
    if wrong:
        raise Refusal(f"{wrong} of {len(findings)} checks failed.")


def _findings() -> Iterator[Finding]:
    if has_app_context():
        yield from examine(current_settings())
        return
    try:
        app = quiet_app(Settings.from_env(os.environ))
    except SettingsError as error:
        yield from (Finding(Level.FAIL, "settings", fault) for fault in error.faults)
    except CrmError as error:
        yield Finding(Level.FAIL, "settings", str(error))
    else:
        with app.app_context():
            yield from examine(current_settings())
