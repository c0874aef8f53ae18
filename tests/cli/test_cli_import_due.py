"""`crm import recurrent-payments --confirm-due`: nothing is confirmed that a dry run has not told."""

from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import text

from crm.cli import import_run
from crm.core.db import transaction
from crm.importer import running
from crm.importer.models import ImportRun
from tests.cli.conftest import Run
from tests.factories.money import make_type, renewal_states, set_up_sale
from tests.importer.renewal_files import PAST, make_charged_reader, renewal_file
from tests.stored import read

DUE = "1 renewal, 4.99 EUR in all, is due at once."
WAITS = (
    "1 renewal, 4.99 EUR in all, is due, and charged only after `crm payments resume`: all renewals are held."
)
GO_ON = "when renewals go on"


@pytest.fixture
def path(app: Flask, tmp_path: Path) -> Path:
    """Return a file with a renewal that is due."""
    set_up_sale()
    make_type()
    path = tmp_path / "renewals.csv"
    path.write_text(renewal_file(make_charged_reader().line(charge_at=PAST)))
    return path


def bring_in(run: Run, path: Path, *options: str, stdin: str | None = None) -> tuple[int, list[str]]:
    result = run("import", "recurrent-payments", str(path), *options, stdin=stdin)
    return result.exit_code, result.stderr.splitlines()


def test_without_a_dry_run_one_is_made_first_and_tells_count_and_sum(run: Run, path: Path) -> None:
    code, told = bring_in(run, path, "--confirm-due")

    assert code == 0
    assert [line.endswith("dry run") for line in told].index(True) < told.index(DUE)
    assert told.count(DUE) == 2  # of the dry run, and of the real one
    assert renewal_states() == ["active"]


def test_that_dry_run_tells_the_counts_too_and_what_comes_in_stopped(run: Run, path: Path) -> None:
    unpaid = make_charged_reader("0905111222")
    with transaction() as session:
        bill = "UPDATE mobiletech_outbound_messages SET billing = 'failed' WHERE payment_id = :id"
        session.execute(text(bill), {"id": unpaid.payment_id})
    path.write_text(path.read_text() + renewal_file(unpaid.line()).split("\n", 1)[1])

    told = bring_in(run, path, "--confirm-due")[1]

    before = told[: told.index(DUE)]
    assert before[-2:] == [
        "dry run: would insert 2, update 0, leave 0 as they are, refuse 0",
        "1 renewal breaks a rule and comes in stopped; `crm import check` says which.",
    ]


def test_a_dry_run_that_refuses_the_file_ends_it(
    run: Run, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "FIRST_ROWS", 1)
    path.write_text(renewal_file(make_charged_reader().line(charge_at="soon")))

    code, told = bring_in(run, path, "--confirm-due")

    assert code == 1
    assert sum("of the first 1 rows cannot be imported" in line for line in told) == 1
    assert read(ImportRun.is_dry) == [(True,)]


def test_after_a_dry_run_of_just_this_file_none_is_made(run: Run, path: Path) -> None:
    bring_in(run, path, "--dry-run")

    code, told = bring_in(run, path, "--confirm-due")

    assert code == 0
    assert told.count(DUE) == 1
    assert renewal_states() == ["active"]


def test_a_dry_run_of_another_day_tells_nothing_of_today(run: Run, path: Path) -> None:
    bring_in(run, path, "--dry-run")
    with transaction() as session:
        session.execute(text("UPDATE imports SET finished_at = finished_at - interval '25 hours'"))

    assert bring_in(run, path, "--confirm-due")[1].count(DUE) == 2


@pytest.mark.parametrize(("answer", "code", "states"), [("n\n", 1, []), ("y\n", 0, ["active"])])
def test_who_sits_at_a_terminal_is_asked(
    run: Run, path: Path, monkeypatch: pytest.MonkeyPatch, answer: str, code: int, states: list[str]
) -> None:
    monkeypatch.setattr(import_run, "_is_attended", lambda: True)

    ended, told = bring_in(run, path, "--confirm-due", stdin=answer)

    assert ended == code
    assert any(line.startswith("Import them, so that they are charged? [y/N]") for line in told)
    assert renewal_states() == states


def test_while_all_renewals_are_held_what_is_due_is_said_to_wait(
    run: Run, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(import_run, "_is_attended", lambda: True)
    run("payments", "hold", "--reason", "moving in")

    told = bring_in(run, path, "--confirm-due", stdin="y\n")[1]

    assert any(line.startswith(f"Import them, so that they are charged {GO_ON}? [y/N]") for line in told)
    assert told.count(WAITS) == 2
    assert DUE not in told
