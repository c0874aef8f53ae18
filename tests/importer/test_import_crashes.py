"""Whatever ends an import, resumed it comes to what an undisturbed one does; the webhook is served meanwhile."""

import signal
import subprocess
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest
from flask import Flask

from tests.factories.import_files import INBOUND, inbound_line
from tests.factories.import_processes import (
    COUNTS,
    HELD,
    ask,
    finish,
    held_between,
    held_up,
    last_line,
    start_import,
    waits_for,
    write_history,
)
from tests.factories.messages import WEBHOOK, make_receive
from tests.waiting import wait_until


@pytest.fixture
def path(app: Flask, tmp_path: Path) -> Path:
    return write_history(tmp_path / "history.csv")


def kill(process: "subprocess.Popen[str]", _database_url: str) -> None:
    process.kill()


def interrupt(process: "subprocess.Popen[str]", _database_url: str) -> None:
    process.send_signal(signal.SIGINT)


def lose_database(_process: "subprocess.Popen[str]", database_url: str) -> None:
    ask(
        database_url,
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND application_name = 'crm-command'",
    )


ENDS = {
    "killed": (kill, -signal.SIGKILL, ""),
    "interrupted": (interrupt, 1, "Error: Interrupted after 5,000 rows; `crm import inbound-messages "),
    "database lost": (lose_database, 1, "Error: The database cannot be used: "),
}


@pytest.mark.parametrize(
    "hold",
    [
        pytest.param(held_up, id="amid a batch"),
        pytest.param(held_between, id="between batches", marks=pytest.mark.long),
    ],
)
@pytest.mark.parametrize(("end", "status", "told"), ENDS.values(), ids=ENDS)
def test_resumed_it_comes_to_what_an_undisturbed_one_comes_to(
    environ: dict[str, str],
    database_url: str,
    path: Path,
    hold: Callable[..., "object"],
    end: Callable[["subprocess.Popen[str]", str], None],
    status: int,
    told: str,
) -> None:
    with hold(database_url, environ, path) as process:  # type: ignore[attr-defined]
        end(process, database_url)
        ended = finish(process)
    resumed = finish(start_import(environ, path, "--resume"))

    assert ended[0] == status
    assert told in ended[2]
    assert "Traceback" not in ended[2]
    assert (resumed[0], resumed[1]) == (1, last_line())
    assert "on from row 5,001" in resumed[2]
    assert_all_is_in(database_url, path)


def assert_all_is_in(database_url: str, path: Path) -> None:
    """Each row is in once, each refusal is kept once, and the error file has all of them."""
    messages = "SELECT count(*), count(DISTINCT mobiletech_id) FROM mobiletech_inbound_messages"
    assert ask(database_url, messages) == [(COUNTS[0], COUNTS[0])]
    assert ask(database_url, "SELECT line FROM import_refusals ORDER BY line") == [(4002,), (11_002,)]
    errors = path.with_name(f"{path.name}.errors.csv").read_text(encoding="utf-8-sig").splitlines()
    assert [line.partition(",")[0] for line in errors] == ["import_line", "4002", "11002"]


def test_an_undisturbed_import_has_the_same_counts(
    environ: dict[str, str], database_url: str, path: Path
) -> None:
    status, said, _ = finish(start_import(environ, path))

    assert (status, said) == (1, last_line())
    assert_all_is_in(database_url, path)


def test_two_imports_of_the_same_file_at_once_bring_each_row_once(
    environ: dict[str, str], database_url: str, path: Path
) -> None:
    processes = [start_import(environ, path) for _ in range(2)]

    ended = [finish(process) for process in processes]

    counts = [[int(word) for word in said.split()[1::2]] for _, said, _ in ended]
    assert [sum(each) for each in counts] == [sum(COUNTS)] * 2
    assert sum(each[0] for each in counts) == COUNTS[0]
    assert [each[3] for each in counts] == [2, 2]
    assert len(list(path.parent.glob("*.errors*.csv"))) == 2


def test_the_webhook_is_served_while_a_batch_is_written(
    app: Flask, environ: dict[str, str], database_url: str, path: Path
) -> None:
    with held_up(database_url, environ, path) as process:
        answers = [post(app, make_receive(from_=number)) for number in (number_of(1), "+421908630549")]
        waits = process.poll() is None
    ended = finish(process)

    assert answers == [200, 200]
    assert waits
    assert ended[1] == last_line()
    live = "SELECT count(*) FROM mobiletech_inbound_messages WHERE raw IS NOT NULL"
    assert ask(database_url, live) == [(2,)]


def test_a_message_that_comes_while_the_import_writes_it_is_there_once(
    app: Flask, environ: dict[str, str], database_url: str, path: Path
) -> None:
    with ThreadPoolExecutor() as pool:
        with held_up(database_url, environ, path) as process:
            answer = pool.submit(post, app, make_receive(id=f"old-{HELD}", from_=number_of(HELD)))
        status, said, _ = finish(process)

        assert answer.result(30) == 200
    assert (status, said) == (1, last_line())
    row = "SELECT count(*) FROM mobiletech_inbound_messages WHERE mobiletech_id = %s"
    assert ask(database_url, row, f"old-{HELD}") == [(1,)]


def test_a_message_that_came_just_before_is_unchanged(
    app: Flask, environ: dict[str, str], database_url: str, path: Path
) -> None:
    """The import has not seen it when it looks, and finds it when it writes: it looks again."""
    with psycopg.connect(database_url) as live:
        live.execute(
            'INSERT INTO mobiletech_inbound_messages (mobiletech_id, serv_id, project_id, "from", "to", content,'
            " content_coding, receive_date, receive_date_raw, dcs, esm, operator_type, raw)"
            " VALUES (%s, '1', '', %s, '8877', 'živá', '', now(), '', '', '', 'O', '\\x00')",
            (f"old-{HELD}", number_of(HELD)),
        )
        process = start_import(environ, path)
        wait_until(lambda: waits_for(database_url, "transactionid"), seconds=60)
        live.commit()

    status, said, _ = finish(process)

    assert (status, said) == (1, last_line((COUNTS[0] - 1, 0, 2, 2)))


def number_of(row: int) -> str:
    return inbound_line(row).split(",")[INBOUND.index("from")]


def post(app: Flask, body: bytes) -> int:
    return app.test_client().post(WEBHOOK, data=body, content_type="text/xml").status_code
