"""`crm import`: what is said, where refused rows go, and how the command ends."""

import gzip
import os
import pty
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import func, select, text

from crm.cli import import_run
from crm.core.db import transaction
from crm.importer.entities import ENTITIES
from crm.importer.examples import read_example
from crm.importer.kinds import DATES
from crm.importer.models import ImportRun
from crm.importer.runs import State
from crm.mobiletech.models import InboundMessage
from crm.users.audit_log import list_acts_on
from tests.cli.conftest import Run
from tests.factories.import_files import HEADER, inbound_file, inbound_line
from tests.factories.import_processes import ROOT

GOOD = [inbound_line(number) for number in range(3)]
BAD = inbound_line(9, operator_type="X")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "a.csv"
    path.write_bytes(inbound_file(GOOD))
    return path


def count_messages() -> int:
    with transaction() as session:
        return session.scalar(select(func.count()).select_from(InboundMessage)) or 0


def leave_unfinished(path: Path) -> None:
    """Let the newest import be one that died."""
    with transaction() as session:
        run = session.scalars(select(ImportRun).order_by(ImportRun.id.desc()).limit(1)).one()
        run.state, run.finished_at = State.INTERRUPTED, None


def test_the_counts_are_the_last_line(run: Run, path: Path) -> None:
    result = run("import", "inbound-messages", str(path))

    assert result.exit_code == 0
    assert result.stdout == "inserted 3 updated 0 unchanged 0 refused 0\n"
    assert result.stderr == "inbound-messages: csv, utf-8, 7 columns\n"
    assert (
        run("import", "inbound-messages", str(path)).stdout == "inserted 0 updated 0 unchanged 3 refused 0\n"
    )


def test_a_file_with_a_header_only_says_that_it_has_no_rows(run: Run, path: Path) -> None:
    path.write_bytes(inbound_file([]))

    result = run("import", "inbound-messages", str(path))

    assert result.exit_code == 0
    assert result.stderr.splitlines()[1:] == ["The file has no rows."]
    assert result.stdout == "inserted 0 updated 0 unchanged 0 refused 0\n"


def test_a_dry_run_keeps_nothing(run: Run, path: Path) -> None:
    result = run("import", "inbound-messages", str(path), "--dry-run")

    assert result.stdout == "inserted 3 updated 0 unchanged 0 refused 0\n"
    assert "dry run" in result.stderr
    assert count_messages() == 0


def test_who_imported_what_is_in_the_audit_log(run: Run, path: Path) -> None:
    run("import", "inbound-messages", str(path))

    with transaction() as session:
        run_id = session.scalar(select(ImportRun.id))
        acts = list_acts_on(session, f"import {run_id}")
        assert sorted(act.action for act in acts) == ["import.done", "import.start"]


def test_refused_rows_are_told_and_written_beside_the_file(run: Run, path: Path) -> None:
    path.write_bytes(inbound_file([*GOOD, *(inbound_line(n, to="?") for n in range(10, 25))]))

    result = run("import", "inbound-messages", str(path))

    assert result.exit_code == 1
    assert result.stdout == "inserted 3 updated 0 unchanged 0 refused 15\n"
    assert result.stderr.count("\nline ") == 10
    assert f"5 more of them, are in {path}.errors.csv: mend them" in result.stderr
    errors = path.with_name("a.csv.errors.csv")
    assert len(errors.read_text(encoding="utf-8").splitlines()) == 16
    assert stat.S_IMODE(errors.stat().st_mode) == 0o600


def test_the_value_is_told_short_and_without_what_a_terminal_obeys(run: Run, path: Path) -> None:
    lines = [inbound_line(1, receive_date="yesterday"), inbound_line(2, to="\x1b[2J" + "x" * 90)]
    path.write_bytes(inbound_file([*lines, inbound_line(3, operator_type="")]))

    told = run("import", "inbound-messages", str(path)).stderr.splitlines()

    assert told[1].endswith('[date]: "yesterday"')
    assert told[2].endswith(f'[number]: "\\x1b[2J{"x" * 53}…"')
    assert told[3] == "line 4: operator_type: This must not be empty. [missing]"


def test_after_a_dry_run_the_good_rows_are_not_in_yet(run: Run, path: Path) -> None:
    path.write_bytes(inbound_file([*GOOD, BAD]))

    told = run("import", "inbound-messages", str(path), "--dry-run").stderr

    assert told.endswith(
        f"Refused rows are in {path}.errors.csv. Mend them in your file;"
        " or import it for real first, then the mended rows of a.csv.errors.csv.\n"
    )


def test_a_dry_run_tells_which_rows_are_others_here(run: Run, path: Path) -> None:
    run("import", "inbound-messages", str(path))
    path.write_bytes(
        inbound_file([GOOD[0], inbound_line(1, content="Iné", operator_type="T"), inbound_line(7)])
    )

    told = run("import", "inbound-messages", str(path), "--dry-run").stderr.splitlines()

    assert told[1:] == ["line 3 would change what is here: content, operator_type"]


NOT_HELD = "Renewals are not held: what comes due is charged"
AT_ONCE = f"{NOT_HELD}, and with --confirm-due what is due already is charged at once."


@pytest.mark.parametrize(
    ("options", "told"),
    [([], f"{NOT_HELD}."), (["--dry-run"], f"{NOT_HELD}."), (["--confirm-due"], AT_ONCE)],
    ids=["real", "dry", "confirmed"],
)
def test_that_renewals_are_not_held_is_told_before_a_row_comes_in(
    run: Run, path: Path, options: list[str], told: str
) -> None:
    path.write_text(read_example("recurrent-payments"))

    free = run("import", "recurrent-payments", str(path), *options).stderr.splitlines()
    run("payments", "hold", "--reason", "moving in")
    held = run("import", "recurrent-payments", str(path), *options).stderr

    headings = [place for place, line in enumerate(free) if "columns" in line]
    assert free[headings[-1] + 1].startswith(told)
    assert sum("not held" in line for line in free) == 1
    assert "not held" not in held


@pytest.mark.parametrize(
    ("count", "told"),
    [
        (1, ["1 renewal breaks a rule and comes in stopped", "1 renewal, 4.90 EUR in all, is past the date"]),
        (
            2,
            ["2 renewals break a rule and come in stopped", "2 renewals, 4.90 EUR in all, are past the date"],
        ),
    ],
)
def test_one_renewal_is_told_as_one(capsys: pytest.CaptureFixture[str], count: int, told: list[str]) -> None:
    run = ImportRun(stopped=count, due_count=count, due_amounts={"EUR": "4.90"}, confirm_due=False)
    import_run._tell_stopped(run)
    import_run._tell_due(run)

    said = capsys.readouterr().err.splitlines()
    assert [line.startswith(each) for line, each in zip(said, told, strict=True)] == [True, True]


def test_each_currency_of_what_is_due_has_its_own_sum(app: Flask, capsys: pytest.CaptureFixture[str]) -> None:
    run = ImportRun(due_count=12, due_amounts={"EUR": "58.80", "CZK": "99.00"}, confirm_due=True)

    import_run._tell_due(run)

    assert capsys.readouterr().err == "12 renewals, 99.00 CZK + 58.80 EUR in all, are due at once.\n"


def test_an_error_file_that_is_there_is_left_alone(run: Run, path: Path, tmp_path: Path) -> None:
    path.write_bytes(inbound_file([BAD]))
    (tmp_path / "a.csv.errors.csv").write_text("being mended")
    (tmp_path / "a.csv.errors-2.csv").symlink_to(tmp_path / "elsewhere")

    result = run("import", "inbound-messages", str(path))

    assert "a.csv.errors-3.csv" in result.stderr
    assert (tmp_path / "a.csv.errors.csv").read_text() == "being mended"
    assert not (tmp_path / "elsewhere").exists()


def test_refused_rows_go_where_they_were_asked_for(run: Run, path: Path, tmp_path: Path) -> None:
    path.write_bytes(inbound_file([BAD]))
    (tmp_path / "there.csv").write_text("an older one, and longer " * 99)

    run("import", "inbound-messages", str(path), "--errors", str(tmp_path / "there.csv"))

    assert len((tmp_path / "there.csv").read_text().splitlines()) == 2
    assert not (tmp_path / "a.csv.errors.csv").exists()


@pytest.mark.parametrize("other", ["a.csv", "./x/../a.csv", "link.csv", "hard.csv"])
def test_the_imported_file_is_never_written_over(run: Run, path: Path, tmp_path: Path, other: str) -> None:
    path.write_bytes(inbound_file([BAD]))
    (tmp_path / "x").mkdir()
    (tmp_path / "link.csv").symlink_to(path)
    (tmp_path / "hard.csv").hardlink_to(path)

    result = run("import", "inbound-messages", str(path), "--errors", str(tmp_path / other))

    assert (result.exit_code, result.stderr) == (
        1,
        "Error: --errors names the file that is imported: it would be lost.\n",
    )
    assert path.read_bytes() == inbound_file([BAD])


def test_an_impossible_place_is_told_before_the_import(run: Run, path: Path) -> None:
    result = run("import", "inbound-messages", str(path), "--errors", "/nowhere/errors.csv")

    assert (result.exit_code, result.stderr) == (1, "Error: --errors: there is no folder /nowhere.\n")
    assert count_messages() == 0


def test_if_refused_rows_cannot_be_written_the_counts_are_told_all_the_same(run: Run, path: Path) -> None:
    path.write_bytes(inbound_file([*GOOD, BAD]))

    result = run("import", "inbound-messages", str(path), "--errors", "/dev/full")

    assert result.stdout == "inserted 3 updated 0 unchanged 0 refused 1\n"
    assert "Refused rows could not be written: No space left on device." in result.stderr
    assert result.exit_code == 1


def test_the_longest_name_of_a_file_has_an_error_file(run: Run, tmp_path: Path) -> None:
    path = tmp_path / ("č" * 125 + ".csv")
    path.write_bytes(inbound_file([BAD]))

    assert "č.errors.csv: mend them" in run("import", "inbound-messages", str(path)).stderr


HOSTILE = {
    "nothing": (b"", "The file is empty."),
    "a NUL at the end": (inbound_file(GOOD) + b"\0", "Line 5 has a NUL byte"),
    "UTF-16": (inbound_file(GOOD).decode().encode("utf-16"), "This is UTF-16"),
    "a bomb": (gzip.compress(inbound_file([*GOOD] * 100_000)), "grows to more than 200 times"),
    "cut": (gzip.compress(inbound_file(GOOD))[:-9], "ends too early"),
    "a quotation mark that is not closed": (inbound_file([*GOOD, 'x,"y']), "line 5 is never closed"),
    "a line without end": (inbound_file(GOOD) + b"x" * 2_000_000, "Line 5 is longer than"),
    "a row without end": (inbound_file(GOOD) + b'"' + b'\n","' * 500_000, "begins in line 5 has no end"),
    "a million columns": (b"c," * 500_000, "more than 200 columns"),
    "a million values": (inbound_file([*GOOD, "," * 1_000_000]), "Line 5 has 1000001 values"),
    "another table": (b"name,age\nEva,7\n", "The first line must name the columns"),
    "a misspelled column": (inbound_file(GOOD).replace(b"serv_id", b"servid"), "do you mean serv_id?"),
    "a name that moves the cursor": (
        inbound_file(GOOD).replace(b"serv_id", b"\x1b]0;x\a"),
        "]0;x : is unknown",
    ),
    "not a good row": (inbound_file([BAD] * 1500), "1500 of the first 1500 rows cannot be imported"),
}


@pytest.mark.parametrize(("content", "sentence"), HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_file_is_one_sentence_and_changes_nothing(
    run: Run, path: Path, content: bytes, sentence: str
) -> None:
    path.write_bytes(content)

    result = run("import", "inbound-messages", str(path))

    told = result.stderr.removeprefix("inbound-messages: csv, utf-8, 7 columns\n")
    assert result.exit_code == 1
    assert sentence in told
    assert len(told.splitlines()) == 1
    assert result.stdout == ""
    assert "\x1b" not in result.output
    assert count_messages() == 0
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("place", ["/dev/zero", "/nowhere/a.csv", "/proc/self/mem", "../" * 3000])
def test_what_is_no_file_is_one_sentence(run: Run, place: str) -> None:
    result = run("import", "inbound-messages", place)

    assert result.exit_code in (1, 2)
    assert "Traceback" not in result.stderr


def test_a_folder_is_bad_usage(run: Run, tmp_path: Path) -> None:
    assert run("import", "inbound-messages", str(tmp_path)).exit_code == 2


def test_a_pipe_is_not_waited_for(run: Run, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")

    assert "no ordinary file" in run("import", "inbound-messages", str(tmp_path / "pipe")).stderr


def test_columns_are_mapped_and_left_out(run: Run, path: Path) -> None:
    path.write_bytes(inbound_file([f"{line},x" for line in GOOD]).replace(b"to,", b"number,", 1))
    path.write_text(path.read_text().replace("operator_type\n", "operator_type,mood=\n", 1))

    result = run("import", "inbound-messages", str(path), "--map", "number=to", "--map", "mood==")

    assert result.stdout == "inserted 3 updated 0 unchanged 0 refused 0\n"


@pytest.mark.parametrize("pairs", [["x"], ["=to"], ["a=to", "a=from"]])
def test_a_map_that_says_nothing_is_bad_usage(run: Run, path: Path, pairs: list[str]) -> None:
    options = [each for pair in pairs for each in ("--map", pair)]

    assert run("import", "inbound-messages", str(path), *options).exit_code == 2


def test_a_resumed_import_goes_on_as_it_began(run: Run, path: Path) -> None:
    path.write_text(path.read_text().replace("to,", "number,", 1))
    run("import", "inbound-messages", str(path), "--map", "number=to")
    leave_unfinished(path)

    other = run(
        "import", "inbound-messages", str(path), "--resume", "--map", "number=to", "--map", "content="
    )
    due = run("import", "inbound-messages", str(path), "--resume", "--confirm-due")
    result = run("import", "inbound-messages", str(path), "--resume")

    assert "content: is missing" in other.stderr
    assert due.stderr.startswith("Error: The import was begun without --confirm-due")
    assert result.stdout == "inserted 3 updated 0 unchanged 0 refused 0\n"
    assert "on from row 4" in result.stderr


def test_who_resumes_an_import_is_written_down(run: Run, path: Path) -> None:
    run("import", "inbound-messages", str(path))
    leave_unfinished(path)

    run("import", "inbound-messages", str(path), "--resume")

    with transaction() as session:
        acts = [act.action for act in list_acts_on(session, "import 1")]
    assert sorted(acts) == ["import.done", "import.done", "import.resume", "import.start"]


def test_resuming_with_other_columns_is_refused(run: Run, path: Path) -> None:
    path.write_text(path.read_text().replace("\n", ",1\n").replace("operator_type,1", "operator_type,a"))
    run("import", "inbound-messages", str(path), "--map", "a=dcs")
    leave_unfinished(path)

    result = run("import", "inbound-messages", str(path), "--resume", "--map", "a=esm")

    assert result.stderr == "Error: The import was begun with other columns: resume it without --map.\n"


def test_there_may_be_nothing_to_resume(run: Run, path: Path) -> None:
    result = run("import", "inbound-messages", str(path), "--resume")

    assert result.exit_code == 1
    assert "There is nothing to resume" in result.stderr


def test_an_import_that_has_ended_is_not_resumed(run: Run, path: Path) -> None:
    run("import", "inbound-messages", str(path))

    result = run("import", "inbound-messages", str(path), "--resume")

    assert "The import of this file has ended (done)." in result.stderr
    assert result.exit_code == 1


def test_a_file_that_was_changed_since_is_not_resumed(run: Run, path: Path) -> None:
    run("import", "inbound-messages", str(path))
    leave_unfinished(path)
    path.write_bytes(inbound_file([*GOOD, inbound_line(5)]))

    result = run("import", "inbound-messages", str(path), "--resume")

    assert "The file is another one than when its import began." in result.stderr


def test_a_dry_run_is_resumed_as_one(run: Run, path: Path) -> None:
    run("import", "inbound-messages", str(path), "--dry-run")
    leave_unfinished(path)

    assert run("import", "inbound-messages", str(path), "--resume").exit_code == 1
    assert run("import", "inbound-messages", str(path), "--resume", "--dry-run").exit_code == 0


def test_a_batch_that_the_database_does_not_take_is_told(
    run: Run, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def step(_runner: object, session: object) -> None:
        session.execute(text("SELECT 1 / 0"))  # type: ignore[attr-defined]

    monkeypatch.setattr(import_run.Runner, "step", step)

    result = run("import", "inbound-messages", str(path))

    assert result.exit_code == 1
    assert result.stderr.splitlines()[1].startswith(
        "Error: The database did not take a batch of rows: division by zero."
    )
    assert "--resume` goes on where it was" in result.stderr


def test_the_entities_stand_in_their_order(run: Run) -> None:
    told = run("import", "--help").stdout

    places = [told.index(f"\n  {name} ") for name in ENTITIES]
    assert places == sorted(places)


def test_an_unknown_entity_is_answered_with_those_there_are(run: Run) -> None:
    result = run("import", "planets", "a.csv")

    assert result.exit_code == 2
    assert "There is no planets to import. In their order: " in result.stderr
    assert run("import", "example", "planets").exit_code == 1


@pytest.mark.parametrize("name", ENTITIES)
def test_the_columns_are_in_the_help(run: Run, name: str) -> None:
    told = run("import", name, "--help").stdout

    lines = {line.split()[0].rstrip("*"): line for line in told.splitlines() if line.strip()}
    columns = ENTITIES[name].columns
    assert len({lines[column.name].index(column.told[:20]) for column in columns}) == 1


def test_only_renewals_have_what_is_due_in_their_help(run: Run) -> None:
    told = {name for name in ENTITIES if "--confirm-due" in run("import", name, "--help").stdout}

    assert told == {"recurrent-payments"}


def test_it_is_taken_with_any_other_entity_too(run: Run, path: Path) -> None:
    assert run("import", "inbound-messages", str(path), "--confirm-due").exit_code == 0


def test_no_sentence_of_the_overview_is_cut(run: Run) -> None:
    assert "..." not in run("import", "--help").stdout.partition("Commands:")[2]


def test_how_dates_are_written_is_in_the_help(run: Run) -> None:
    told = {name: " ".join(run("import", name, "--help").stdout.split()) for name in ENTITIES}

    assert all((DATES in told[name]) == entity.has_dates for name, entity in ENTITIES.items())
    assert DATES in told["payments"]
    assert DATES not in told["templates"]


def test_each_example_is_imported_as_it_stands(run: Run, tmp_path: Path) -> None:
    run("seed")
    for name in ENTITIES:
        (tmp_path / name).write_text(run("import", "example", name).stdout)
        result = run("import", name, str(tmp_path / name))
        assert result.exit_code == 0, result.output

        again = run("import", name, str(tmp_path / name))
        assert again.stdout.startswith("inserted 0 updated 0 unchanged "), again.output


def test_a_terminal_sees_one_line_that_moves(app: Flask, environ: dict[str, str], tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(inbound_file([inbound_line(number) for number in range(15_000)]))
    ours, theirs = pty.openpty()
    command = ["-c", "from crm.cli import main; main()", "import", "inbound-messages", str(path)]
    process = subprocess.Popen(
        [sys.executable, *command],
        env=os.environ | environ,
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=theirs,
    )
    os.close(theirs)

    told = read_terminal(ours)
    said, _ = process.communicate(timeout=60)

    assert said == b"inserted 15000 updated 0 unchanged 0 refused 0\n"
    assert b"of 15,000 rows (" in told
    assert b" a second, " in told
    assert told.endswith(b"\r\x1b[K")
    assert told.count(b"\n") == 1  # of the line that tells the format


def read_terminal(descriptor: int) -> bytes:
    told = b""
    try:
        while piece := os.read(descriptor, 4096):
            told += piece
    except OSError:  # the other side has hung up
        pass
    os.close(descriptor)
    return told


@pytest.mark.long
def test_memory_is_flat_whatever_the_file_s_size(app: Flask, environ: dict[str, str], tmp_path: Path) -> None:
    peaks = [measure_peak(environ, tmp_path, count) for count in (30_000, 300_000)]

    assert peaks[1] < peaks[0] + 20_000, peaks
    assert peaks[1] < 200_000, peaks


def measure_peak(environ: dict[str, str], tmp_path: Path, count: int) -> int:
    """Return the most memory, in kilobytes, that an import of so many rows has taken."""
    path = tmp_path / f"{count}.csv"
    with path.open("w") as file:
        file.write(f"{HEADER}\n")
        file.writelines(f"{inbound_line(number)}\n" for number in range(count))
    told = tmp_path / "status"  # getrusage would tell the peak of who started the process
    script = (
        "import shutil\nfrom crm.cli import main\n"
        f"try: main()\nfinally: shutil.copyfile('/proc/self/status', {str(told)!r})"
    )
    command = [sys.executable, "-c", script, "import", "inbound-messages", str(path)]
    done = subprocess.run(command, env=os.environ | environ, cwd=ROOT, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    return int(told.read_text().partition("VmHWM:")[2].split()[0])
