"""A person's mistake: status 1 and one line for a refusal, 2 for bad usage, never a stack trace."""

import os
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from crm.cli import COMMANDS, crm
from crm.core import embedded
from tests.cli.conftest import Run

REFUSED = {
    "nobody to create": (["user", "create"], "needs an e-mail or a phone number"),
    "foreign number": (["user", "create", "--phone", "+420602123456"], "not a Slovak mobile number"),
    "short password": (["user", "create", "--email", "a@b.sk", "--password", "short"], "10 to 256"),
    "number of no user": (["phone", "link", "0908123456", "77"], "No user has the id 77"),
    "unknown scope": (["token", "create", "a", "--scope", "everything"], "no scope 'everything'"),
    "no network": (
        ["token", "create", "a", "--scope", "mobiletech:server-proxy", "--network", "x"],
        "no network",
    ),
    "expired token": (
        ["token", "create", "a", "--scope", "mobiletech:server-proxy", "--expires", "2020-01-01"],
        "date is past",
    ),
    "nameless token": (["token", "create", "", "--scope", "mobiletech:server-proxy"], "1 to 64 characters"),
    "unknown token": (["token", "revoke", "a"], "No open token"),
    "unknown setting": (["settings", "get", "nope"], "no setting 'nope'"),
    "impossible setting": (["settings", "set", "vat_rate", "much"], "must be an amount"),
    "unknown template": (["template", "show", "nope"], "no SMS template 'nope'"),
    "impossible code": (["template", "set", "A B", "--content", "x"], "no template code"),
    "unknown user to notify": (
        ["mobiletech", "test-notification", "--user-id", "9", "--bill-key", "AZ19", "--template-code", "x"],
        "No user has the id 9",
    ),
    "work that did not fail": (["outbox", "retry", "7"], "No failed work has the id 7"),
    "text that XML cannot carry": (
        ["mobiletech", "simulate", "receive", "--from", "1", "--to", "2", "--content", "a\x07"],
        "characters that XML does not allow",
    ),
    "nobody listens": (
        ["mobiletech", "simulate", "status", "--id", "1", "--status", "D1", "--url", "http://127.0.0.1:9/"],
        "Does the web process run?",
    ),
}

BAD_USAGE = {
    "unknown command": ["bogus"],
    "unknown role": ["user", "create", "--phone", "0908123456", "--role", "boss"],
    "no number of a user": ["phone", "link", "0908123456", "x"],
    "number that no id has": ["phone", "link", "0908123456", "99999999999999999999"],
    "no scope": ["token", "create", "a"],
    "end beyond the calendar": ["token", "create", "a", "--scope", "users:create", "--expires", "9999-12-31"],
    "no such file": ["template", "set", "a", "--file", "/nowhere"],
    "unknown purpose": ["template", "set", "a", "--content", "x", "--purpose", "spam"],
    "no id": ["outbox", "discard"],
    "parameter without value": [
        *("mobiletech", "test-notification", "--user-id", "9", "--bill-key", "A", "--template-code", "x"),
        *("--param", "name"),
    ],
    "no UTF-8": ["settings", "get", "\udcff"],
}


@pytest.mark.parametrize(("arguments", "sentence"), REFUSED.values(), ids=REFUSED)
def test_refusal_is_one_line_and_status_1(run: Run, arguments: list[str], sentence: str) -> None:
    result = run(*arguments)

    assert result.exit_code == 1, result.output
    assert sentence in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert result.stdout == ""


@pytest.mark.parametrize("arguments", BAD_USAGE.values(), ids=BAD_USAGE)
def test_bad_usage_is_status_2(arguments: list[str]) -> None:
    result = CliRunner().invoke(crm, arguments, prog_name="crm")

    assert result.exit_code == 2, result.output
    assert "Usage:" in result.stderr


@pytest.mark.parametrize("contents", [[], ["--content", "x", "--file", __file__]], ids=["none", "two"])
def test_template_has_one_content(run: Run, contents: list[str]) -> None:
    assert run("template", "set", "a", *contents).exit_code == 2


def test_every_command_has_help() -> None:
    for path in list_paths(crm):
        result = CliRunner().invoke(crm, [*path, "--help"], prog_name="crm")
        assert result.exit_code == 0, result.output
        assert "Usage: crm" in result.stdout
    assert len(COMMANDS) == 17


def test_help_and_measuring_load_neither_flask_nor_the_database() -> None:
    script = (
        "import sys\nfrom crm.cli import main\n"
        "try: main()\nexcept SystemExit as end: assert end.code == 0\n"
        "assert not {'flask', 'sqlalchemy'} & set(sys.modules)"
    )

    for arguments in (["--help"], ["sms", "measure", "Ahoj"]):
        assert subprocess.run([sys.executable, "-c", script, *arguments], check=False).returncode == 0


FAULTY = {
    "database away": ({"DATABASE_URL": "postgresql://127.0.0.1:9/x"}, 1, "The database cannot be used"),
    "settings wrong": ({"CRM_ENV": "nowhere"}, 2, "CRM_ENV: is 'nowhere'"),
}


@pytest.mark.parametrize(("environ_of_fault", "status", "sentence"), FAULTY.values(), ids=FAULTY)
def test_fault_of_the_environment_is_told_without_a_stack_trace(
    environ: dict[str, str], environ_of_fault: dict[str, str], status: int, sentence: str
) -> None:
    done = crm_process(environ | environ_of_fault, "template", "list")

    assert done.returncode == status
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr


def test_database_that_is_not_migrated_is_told(environ: dict[str, str]) -> None:
    url = embedded.ensure_database(environ["DATABASE_URL"], f"crm_empty_{os.getpid()}")
    try:
        done = crm_process(environ | {"DATABASE_URL": url}, "template", "list")
    finally:
        embedded.drop_database(url, f"crm_empty_{os.getpid()}")

    assert done.returncode == 1
    assert done.stderr == "Error: The database is not migrated. Run `crm db upgrade`.\n"


def test_flask_reaches_the_same_commands(environ: dict[str, str], run: Run) -> None:
    command = [sys.executable, "-m", "flask", "--app", "app", "settings", "get", "vat_rate"]
    done = subprocess.run(command, env=os.environ | environ, capture_output=True, text=True, check=False)

    assert (done.returncode, done.stdout) == (0, "0\n")


def crm_process(environ: dict[str, str], *arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-c", "from crm.cli import main; main()", *arguments]
    root = Path(__file__).parents[2]
    return subprocess.run(
        command, env=os.environ | environ, cwd=root, capture_output=True, text=True, check=False
    )


def list_paths(group: click.Group, path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    context = click.Context(group)
    paths = [path]
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        is_ours = name != "db"  # its commands are Flask-Migrate's
        paths += (
            list_paths(command, (*path, name))
            if isinstance(command, click.Group) and is_ours
            else [(*path, name)]
        )
    return paths
