"""Lists for people, as aligned columns, and for scripts, as JSON."""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import click

from crm.cli.application import current_settings

F = TypeVar("F", bound=Callable[..., Any])

Row = Mapping[str, Any]

as_json_option: Callable[[F], F] = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


def print_rows(rows: Sequence[Row], *, as_json: bool, nothing: str) -> None:
    """Print rows of equal keys; `nothing` is what a person reads when there are none."""
    if as_json:
        click.echo(json.dumps([_plain(row) for row in rows], ensure_ascii=False, indent=2))
    elif rows:
        _print_table(rows)
    else:
        click.echo(nothing)


def _plain(row: Row) -> dict[str, Any]:
    return {key: value.isoformat() if isinstance(value, datetime) else value for key, value in row.items()}


def _print_table(rows: Sequence[Row]) -> None:
    zone = current_settings().timezone
    cells = [[_shown(value, zone) for value in row.values()] for row in rows]
    lines = [[key.upper().replace("_", " ") for key in rows[0]], *cells]
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    for line in lines:
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


def _shown(value: object, zone: ZoneInfo) -> str:
    if isinstance(value, datetime):
        return f"{value.astimezone(zone):%Y-%m-%d %H:%M:%S}"
    if isinstance(value, (list, tuple)):
        return ", ".join(map(str, value)) or "-"
    return "-" if value is None or value == "" else " ".join(str(value).split())
