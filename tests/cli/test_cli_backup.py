"""`crm db backup` and `crm db restore`: what they say, and that nothing is charged unseen afterwards."""

from pathlib import Path

import pytest

from crm.cli import backup
from crm.core.db import transaction
from crm.payments.holding import find_hold
from tests.cli.conftest import Run


def test_a_backup_says_where_it_is(run: Run, tmp_path: Path) -> None:
    result = run("db", "backup", str(tmp_path / "a.dump"))

    assert result.exit_code == 0, result.output
    assert result.stdout.startswith(f"{tmp_path}/a.dump: ")
    assert (tmp_path / "a.dump").read_bytes()[:5] == b"PGDMP"


def test_a_fault_is_one_sentence(run: Run, tmp_path: Path) -> None:
    result = run("db", "backup", str(tmp_path / "nowhere" / "a.dump"))

    assert result.exit_code == 1
    assert result.stderr == f"Error: {tmp_path}/nowhere/a.dump: No such file or directory.\n"


def test_after_a_restore_renewals_are_held(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    taken: list[Path] = []
    monkeypatch.setattr(backup, "read_backup", lambda _url, path: taken.append(path))

    refused = run("db", "restore", str(tmp_path / "a.dump"), stdin="n\n")
    result = run("db", "restore", str(tmp_path / "a.dump"), "--yes")

    assert refused.exit_code == 1
    assert taken == [tmp_path / "a.dump"]
    assert "All renewals are held" in result.stdout
    with transaction() as session:
        held = find_hold(session)
    assert held is not None
    assert held.reason == "Restored from a.dump"
