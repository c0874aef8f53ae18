"""`crm import …`: bring a publisher's history in from files; every row is in, or refused with the reason."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import click

from crm.cli.application import needs_app
from crm.cli.import_run import Options, run_import
from crm.cli.refusals import Command, Group
from crm.importer.columns import Entity
from crm.importer.entities import ENTITIES, get_entity
from crm.importer.examples import read_example

imports = Group("import", help="Moving in: import a publisher's history from CSV or JSON Lines.")

FILE = click.Path(dir_okay=False, path_type=Path)


class Mapping(click.ParamType[tuple[str, str]]):
    """`THEIRS=OURS`, or `THEIRS=` to leave a column out."""

    name = "THEIRS=OURS"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, str]:
        """Read one pair."""
        theirs, sign, ours = str(value).rpartition("=")
        if not sign or not theirs:
            self.fail(f"{value!r} is no THEIRS=OURS", param, ctx)
        return theirs, ours


@imports.command("example")
@click.argument("entity")
@needs_app
def example(entity: str) -> None:
    """Print a file of ENTITY that can be imported as it stands."""
    click.echo(read_example(get_entity(entity).name), nl=False)


def _add(entity: Entity[Any]) -> None:
    @needs_app
    def command(**given: Any) -> None:
        run_import(Options(entity=entity.name, mapping=dict(given.pop("mapping")), **given))

    imports.add_command(
        Command(
            entity.name,
            callback=command,
            params=_parameters(),
            short_help=entity.summary,
            help=f"{entity.summary}\n\n\b\nColumns (* must be there):\n{_columns(entity)}",
        )
    )


def _parameters() -> list[click.Parameter]:
    return [
        click.Argument(["path"], metavar="FILE", type=FILE),
        click.Option(["--dry-run", "is_dry"], is_flag=True, help="Do everything but keep it; same counts."),
        click.Option(
            ["--errors"], type=FILE, metavar="FILE", help="Where refused rows go; beside FILE if left out."
        ),
        click.Option(["--resume"], is_flag=True, help="Go on where an earlier run of this file ended."),
        click.Option(
            ["--confirm-due"],
            is_flag=True,
            help="Take in renewals whose date is past: they are charged at once.",
        ),
        click.Option(
            ["--map", "mapping"],
            type=Mapping(),
            multiple=True,
            help="A column of the file is one of ours, or (THEIRS=) left out.",
        ),
    ]


def _columns(entity: Entity[Any]) -> str:
    return "\n".join(
        f"  {column.name}{'*' if column.must else ''}  {column.told}" for column in entity.columns
    )


_adders: list[Callable[[], None]] = [partial(_add, entity) for entity in ENTITIES.values()]
for add in _adders:
    add()
