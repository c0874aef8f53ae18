"""`crm dev`: everything starts, everything ends, and a fault is told."""

import os
import select
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from crm.dev import addresses, children, command
from crm.dev.addresses import Addresses, find_free_port, make_environment
from crm.dev.children import start_child, stop_children

LISTENER = """
import http.server, sys
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), http.server.SimpleHTTPRequestHandler).serve_forever()
"""
STUBBORN = """
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("up", flush=True)
time.sleep(60)
"""
PARENT = """
import os, sys
from pathlib import Path
from crm.dev.children import start_child
child = start_child("child", ["sleep", "60"], root=Path("."), logs=Path(sys.argv[1]), env=os.environ)
print(child.process.pid, flush=True)
sys.stdin.read()
"""


def test_port_that_is_taken_is_passed_over() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        assert find_free_port(port) != port


def test_processes_are_told_about_each_other_but_what_was_set_stays() -> None:
    ports = Addresses(web_port=8001, simulator_port=8011)
    given = {"CRM_MOBILETECH_CLIENT": "mock", "PORT": "1"}

    env = make_environment(ports, database_url="postgresql://a", redis_url="unix://b", given=given)

    assert env["CRM_MOBILETECH_CLIENT"] == "mock"
    assert env["CRM_BASE_URL"] == "http://127.0.0.1:8001"
    assert env["CRM_MOBILETECH_GATEWAY_URL_PRODUCTION"] == "http://127.0.0.1:8011/send"
    assert (env["DATABASE_URL"], env["REDIS_URL"], env["PORT"]) == ("postgresql://a", "unix://b", "8001")


def test_addresses_are_printed_the_webs_first_with_the_demo_logins(run: "Run") -> None:
    status, output = run.until("Ctrl-C")

    assert status == 0
    assert output.index(f"http://127.0.0.1:{run.web_port}") < output.index(f"127.0.0.1:{run.simulator_port}")
    assert "admin@example.com" in output


def test_after_ctrl_c_no_child_is_left(run: "Run") -> None:
    run.until("Ctrl-C")

    for port in (run.web_port, run.simulator_port):
        with socket.socket() as probe:
            assert probe.connect_ex(("127.0.0.1", port)) != 0


def test_child_that_dies_stops_everything_and_shows_its_last_lines(run: "Run") -> None:
    run.worker = [sys.executable, "-c", "print('no table called work'); raise SystemExit(3)"]

    status, output = run.until(None)

    assert status == 1
    assert "worker ended with status 3" in output
    assert "no table called work" in output


def test_failed_migration_is_shown_and_nothing_else_is_started(run: "Run") -> None:
    run.migration = "print('relation exists'); raise SystemExit(1)"

    status, output = run.until(None)

    assert status == 1
    assert "migrate ended with status 1" in output
    assert not (run.var / "log" / "web.log").exists()


def test_second_start_from_the_same_folder_is_refused(run: "Run") -> None:
    with command._only_one(run.var / "dev.lock"):
        status, output = run.until(None)

    assert status == 1
    assert "already runs" in output


def test_child_that_ignores_sigterm_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(children, "STOP_SECONDS", 0.1)
    child = start_child("c", [sys.executable, "-c", STUBBORN], root=tmp_path, logs=tmp_path, env=os.environ)
    while "up" not in child.last_lines():
        assert child.is_running

    stop_children([child])

    assert child.process.returncode == -signal.SIGKILL


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells children of a parent's death")
def test_child_ends_when_its_parent_is_killed(tmp_path: Path) -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, os.fspath(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert parent.stdout is not None
    handle = os.pidfd_open(int(parent.stdout.readline()))

    parent.kill()
    parent.communicate()

    assert has_ended(handle)
    os.close(handle)


def has_ended(handle: int) -> bool:
    return select.select([handle], [], [], 10)[0] == [handle]


class Run:
    """`crm dev` with stand-ins for our own programs, in a folder of its own."""

    def __init__(self, root: Path) -> None:
        self.var = root / "var"
        self.web_port = find_free_port(18000)
        self.simulator_port = find_free_port(self.web_port + 1)
        self.migration = "pass"
        self.worker = ["sleep", "60"]

    def crm(self, *arguments: str) -> list[str]:
        logins = f"open('{self.var}/demo-logins.txt', 'w').write('admin@example.com secret')"
        program = {"db": self.migration, "seed": logins}[arguments[0]]
        return [sys.executable, "-c", program]

    def processes(self, ports: Addresses) -> dict[str, list[str]]:
        return {
            "simulator": [sys.executable, "-c", LISTENER, str(ports.simulator_port)],
            "web": [sys.executable, "-c", LISTENER, str(ports.web_port)],
            "worker": self.worker,
        }

    def until(self, text: str | None) -> tuple[int, str]:
        """Run until it prints the text, then press Ctrl-C; with None until it ends by itself."""
        printed: list[str] = []

        def echo(line: str, err: bool = False) -> None:
            printed.append(line)
            if text is not None and text in line:
                signal.raise_signal(signal.SIGINT)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("click.echo", echo)
            status = command.main()
        return status, "\n".join(printed)


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    stand_in = Run(tmp_path)
    (tmp_path / "readyz").touch()
    monkeypatch.setenv("DATABASE_URL", "postgresql://nowhere/crm")
    monkeypatch.setenv("REDIS_URL", "unix:///nowhere")
    monkeypatch.delenv("CRM_ENV", raising=False)
    monkeypatch.setattr(command, "ROOT", tmp_path)
    monkeypatch.setattr(command, "VAR", stand_in.var)
    monkeypatch.setattr(addresses, "WEB_PORT", stand_in.web_port)
    monkeypatch.setattr(addresses, "SIMULATOR_PORT", stand_in.simulator_port)
    monkeypatch.setattr(command, "_crm", stand_in.crm)
    monkeypatch.setattr(command, "_processes", stand_in.processes)
    return stand_in
