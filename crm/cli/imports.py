"""`crm import …`: bring a publisher's history in from files; every row is in, or refused with the reason."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from crm.cli.application import needs_app
from crm.cli.import_check import check
from crm.cli.import_run import RENEWALS, Options, run_import
from crm.cli.refusals import Command, Group
from crm.importer.columns import Entity
from crm.importer.entities import ENTITIES, get_entity
from crm.importer.errors import UnknownEntityError
from crm.importer.examples import read_example
from crm.importer.kinds import DATES

FILE = click.Path(dir_okay=False, path_type=Path)
GAP = 2


class Imports(Group):
    """The entities in the order in which they must be imported, and what else there is."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in that order."""
        return list(self.commands)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find a command; who asks for an entity that there is not, is told which there are."""
        if args and args[0] not in self.commands and not args[0].startswith("-"):
            try:
                get_entity(args[0])
            except UnknownEntityError as error:
                raise click.UsageError(str(error), ctx) from error
        return super().resolve_command(ctx, args)


imports = Imports("import", help="Moving in: import a publisher's history from CSV or JSON Lines.")


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


@click.command("example", short_help="Print a file of ENTITY to start from.")
@click.argument("entity")
@needs_app
def example(entity: str) -> None:
    """Print a file of ENTITY that can be imported as it stands."""
    click.echo(read_example(get_entity(entity).name), nl=False)


def _add(entity: Entity[Any]) -> None:
    @needs_app
    def command(**given: Any) -> None:
        run_import(Options(entity=entity.name, mapping=_mapping(given.pop("mapping")), **given))

    imports.add_command(
        Command(
            entity.name,
            callback=command,
            params=_parameters(has_due=entity.name == RENEWALS),
            short_help=entity.summary,
            help=f"{entity.summary}\n\n\b\nColumns (* must be there):\n{_columns(entity)}{_dates(entity)}",
        )
    )


def _parameters(*, has_due: bool) -> list[click.Parameter]:
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
            hidden=not has_due,
            help="Take in renewals whose date is past: they are charged at once. A dry run goes before.",
        ),
        click.Option(
            ["--map", "mapping"],
            type=Mapping(),
            multiple=True,
            help="A column of the file is one of ours, or (THEIRS=) left out.",
        ),
    ]


def _mapping(pairs: Sequence[tuple[str, str]]) -> dict[str, str]:
    mapping: dict[str, str] = {}
    for theirs, ours in pairs:
        if mapping.setdefault(theirs, ours) != ours:
            raise click.UsageError(f"--map gives {theirs!r} two names.")
    return mapping


def _columns(entity: Entity[Any]) -> str:
    names = [f"{column.name}{'*' if column.must else ''}" for column in entity.columns]
    width = max(map(len, names)) + GAP
    return "\n".join(
        f"  {name:{width}}{column.told}" for name, column in zip(names, entity.columns, strict=True)
    )


def _dates(entity: Entity[Any]) -> str:
    return f"\n\n{DATES}" if entity.has_dates else ""


for entity in ENTITIES.values():
    _add(entity)
imports.add_command(example)
imports.add_command(check)
