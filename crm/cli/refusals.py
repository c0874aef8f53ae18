"""What a person did wrong becomes one line on standard error and an exit status, never a stack trace.

Statuses: 0 success, 1 refused, 2 bad usage or settings that cannot be used.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click

from crm.core.errors import CrmError


class Refusal(click.ClickException):
    """Ends the command with a sentence and the status 1."""


class SettingsRefusal(click.ClickException):
    """The environment cannot be used: the status is 2, as that of every process of ours."""

    exit_code = 2


class _Refusing(click.Command):
    """Mixed into a command or a group: everything below it refuses politely."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        try:
            "".join(args).encode()
        except UnicodeEncodeError as error:
            raise click.UsageError("An argument is not valid UTF-8.", ctx) from error
        return super().parse_args(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        with refusals():
            return super().invoke(ctx)


class Command(_Refusing):
    """A command that stands directly under `crm`."""


class Group(_Refusing, click.Group):
    """A group that stands directly under `crm`."""


@contextmanager
def refusals() -> Iterator[None]:
    """Turn our own errors into refusals; errors of the database are turned in `application`."""
    try:
        yield
    except CrmError as error:
        raise Refusal(str(error)) from error
