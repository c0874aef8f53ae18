"""A group whose commands are imported when they are called: `crm --help` must not load the product."""

import importlib
from collections.abc import Mapping
from typing import Any, NamedTuple

import click


class Entry(NamedTuple):
    """Where a command is (`module:name`) and the line that `--help` of the group shows."""

    place: str
    summary: str


class LazyGroup(click.Group):
    """Knows its commands from a table."""

    def __init__(self, name: str | None, *, table: Mapping[str, Entry], **options: Any) -> None:
        super().__init__(name, **options)
        self.table = table

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [*self.table, *super().list_commands(ctx)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        entry = self.table.get(cmd_name)
        if entry is None:
            return super().get_command(ctx, cmd_name)
        module, _, attribute = entry.place.partition(":")
        command: click.Command = getattr(importlib.import_module(module), attribute)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, entry.summary) for name, entry in self.table.items()])
