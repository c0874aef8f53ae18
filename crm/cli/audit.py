"""`crm audit`: the invariants, and what breaks them."""

import click

from crm.audit import INVARIANTS, Finding, run_audit
from crm.cli.application import needs_app
from crm.cli.output import as_json_option, print_rows
from crm.cli.refusals import Command, Refusal
from crm.core.db import transaction


@click.command(cls=Command)
@as_json_option
@needs_app
def audit(*, as_json: bool) -> None:
    """Print each broken invariant with the rows that break it; exit 1 if there is one."""
    with transaction() as session:
        findings = run_audit(session)
    if as_json:
        print_rows(
            [_row(finding) for finding in findings],
            as_json=True,
            nothing="",
        )
    for finding in () if as_json else findings:
        click.echo(f"{finding.invariant.name}: {finding.invariant.meaning}")
        for row in finding.rows:
            click.echo("  " + ", ".join(f"{name}={value}" for name, value in row.items()))
    if findings:
        raise Refusal(f"{len(findings)} of {len(INVARIANTS)} invariants are broken.")
    if not as_json:
        click.echo(f"All {len(INVARIANTS)} invariants hold.")


def _row(finding: Finding) -> dict[str, object]:
    rows = [{name: str(value) for name, value in row.items()} for row in finding.rows]
    return {"name": finding.invariant.name, "meaning": finding.invariant.meaning, "rows": rows}
