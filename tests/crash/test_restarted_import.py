"""The database server ends amid an import and comes back: resumed, each row is in once."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.crash.processes import ROOT
from tests.crash.servers import Servers
from tests.factories.import_processes import (
    COUNTS,
    ask,
    finish,
    held_up,
    last_line,
    start_import,
    write_history,
)

OWN_TABLES = ("import_refusals", "import_claims", "imports", "mobiletech_message_words")


@pytest.fixture
def environ(servers: Servers) -> Iterator[dict[str, str]]:
    """Return the environment of processes on a migrated server that may be ended."""
    environ = {
        "CRM_ENV": "test",
        "DATABASE_URL": servers.database_url,
        "REDIS_URL": servers.redis_url,
        "SECRET_KEY": "a key for tests that nobody else uses anywhere",
    }
    command = [sys.executable, "-c", "from crm.cli import main; main()", "db", "upgrade"]
    subprocess.run(command, env=environ, cwd=ROOT, check=True, capture_output=True)
    servers.empty()
    yield environ
    servers.sql("; ".join(f"DELETE FROM {table}" for table in OWN_TABLES))
    servers.empty()


def test_an_import_survives_the_end_of_the_server(
    servers: Servers, environ: dict[str, str], tmp_path: Path
) -> None:
    path = write_history(tmp_path / "history.csv")

    with held_up(servers.database_url, environ, path) as process:
        servers.restart_postgres()
        status, _, told = finish(process)
    resumed = finish(start_import(environ, path, "--resume"))

    assert status == 1
    assert "Traceback" not in told
    assert "--resume` goes on where it was" in told
    assert (resumed[0], resumed[1]) == (1, last_line())
    messages = "SELECT count(*), count(DISTINCT mobiletech_id) FROM mobiletech_inbound_messages"
    assert ask(servers.database_url, messages) == [(COUNTS[0], COUNTS[0])]
