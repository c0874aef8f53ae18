"""`crm audit`: the invariants, and what breaks them."""

import click

from crm.audit import INVARIANTS, Finding, list_remarks, run_audit
from crm.cli.application import needs_app
from crm.cli.output import as_json_option, print_rows
from crm.cli.refusals import Command, Refusal
from crm.core.db import transaction


@click.command(cls=Command)
@as_json_option
@needs_app
def audit(*, as_json: bool) -> None:
    """Print each broken invariant with the rows that break it; exit 1 if there is one.

    What breaks nothing and should be known all the same, such as tests on a paid key, is listed apart.
    """
    with transaction() as session:
        findings, remarks = run_audit(session), list_remarks(session)
    if as_json:
        print_rows(
            [_row(finding) for finding in findings],
            as_json=True,
            nothing="",
        )
    else:
        for finding in findings:
            _tell(finding)
        for remark in remarks:
            _tell(remark, prefix="to know, ")
    if findings:
        raise Refusal(f"{len(findings)} of {len(INVARIANTS)} invariants are broken.")
    if not as_json:
        click.echo(f"All {len(INVARIANTS)} invariants hold.")


def _tell(finding: Finding, prefix: str = "") -> None:
    click.echo(f"{prefix}{finding.invariant.name}: {finding.invariant.meaning}")
    for row in finding.rows:
        click.echo("  " + ", ".join(f"{name}={value}" for name, value in row.items()))


def _row(finding: Finding) -> dict[str, object]:
    rows = [{name: str(value) for name, value in row.items()} for row in finding.rows]
    return {"name": finding.invariant.name, "meaning": finding.invariant.meaning, "rows": rows}
