"""`crm import check`: each integrity rule, how many rows break it, how to mend them, and the first of them."""

import json
from collections.abc import Mapping
from typing import Any

import click

from crm.cli.application import needs_app
from crm.cli.output import as_json_option
from crm.cli.refusals import Refusal
from crm.core.db import transaction
from crm.importer.integrity.checking import Found, check_all
from crm.importer.integrity.rules import RULES, Rule

PRINTED = 10


@click.command("check")
@as_json_option
@needs_app
def check(*, as_json: bool) -> None:
    """Check R1 to R12 over all that is here, imported or not; exit 1 if any is broken."""
    with transaction() as session:
        found = check_all(session)
    if as_json:
        rows = [_as_json(rule, found[rule.name]) for rule in RULES]
        click.echo(json.dumps(rows, ensure_ascii=False, indent=2))
    else:
        for rule in RULES:
            _tell(rule, found[rule.name])
    broken = sum(each.count > 0 for each in found.values())
    if broken:
        raise Refusal(f"{broken} of {len(RULES)} rules are broken.")
    if not as_json:
        click.echo(f"All {len(RULES)} rules hold.")


def _tell(rule: Rule, found: Found) -> None:
    click.echo(f"{rule.name:<4} {found.count:>7,}  {rule.meaning}")
    if not found.count:
        return
    click.echo(f"{'':14}{rule.mend}")
    for row in found.rows[:PRINTED]:
        click.echo(f"{'':14}{_line(row)}")
    if found.count > PRINTED:
        click.echo(f"{'':14}and {found.count - PRINTED:,} more")


def _line(row: Mapping[str, Any]) -> str:
    rest = ", ".join(f"{name}={value}" for name, value in row.items() if name not in ("kind", "id"))
    return f"{row['kind']} {row['id']}: {rest}"


def _as_json(rule: Rule, found: Found) -> dict[str, Any]:
    return {
        "rule": rule.name,
        "count": found.count,
        "meaning": rule.meaning,
        "mend": rule.mend,
        "rows": [dict(row) for row in found.rows],
    }
