"""Runs `crm …` inside the test application, as `flask --app app` would."""

from collections.abc import Callable

import pytest
from click.testing import CliRunner, Result
from flask import Flask

from crm.cli import crm

Run = Callable[..., Result]


@pytest.fixture
def run(app: Flask) -> Run:
    """Return a function that runs a command and gives exit code, standard output and standard error."""

    def run(*arguments: str, stdin: str | bytes | None = None) -> Result:
        return CliRunner().invoke(crm, arguments, input=stdin, prog_name="crm")

    return run
