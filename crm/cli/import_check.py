"""`crm import check`: each integrity rule, how many rows break it, how to mend them, and the first of them."""

import json
from collections.abc import Mapping
from typing import Any

import click

from crm.cli.application import needs_app
from crm.cli.output import as_json_option
from crm.cli.refusals import Refusal
from crm.core.db import transaction
from crm.importer.integrity.checking import Found, check_rule
from crm.importer.integrity.rules import RULES, Rule

PRINTED = 10


@click.command("check", short_help="Check R1 to R12 over all that is here.")
@as_json_option
@needs_app
def check(*, as_json: bool) -> None:
    """Check R1 to R12 over all that is here, imported or not; exit 1 if any is broken."""
    found: list[tuple[Rule, Found]] = []
    for rule in RULES:
        with transaction() as session:  # one each: of millions of rows all of them take minutes
            found.append((rule, check_rule(session, rule)))
        if not as_json:
            _tell(*found[-1])
    if as_json:
        click.echo(json.dumps([_as_json(*each) for each in found], ensure_ascii=False, indent=2))
    broken = sum(each.count > 0 for _, each in found)
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
