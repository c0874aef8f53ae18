"""An import goes forward step by step: checked first, then loaded, and counted as the dry run said."""

import gzip
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import func, select

from crm.core.db import transaction
from crm.events.models import OutboxEntry
from crm.importer import reading, running
from crm.importer.errors import ImportStateError
from crm.importer.housekeeping import end_overtaken_imports
from crm.importer.models import ImportRefusal, ImportRun
from crm.importer.run_list import list_unfinished, list_with_refusals
from crm.importer.running import Runner
from crm.importer.runs import Wanted, begin, get_run, interrupt, resume, want_cancel
from crm.importer.sources.examining import examine
from crm.importer.sources.packed import LocalFile
from crm.mobiletech.models import InboundMessage
from crm.users.audit_log import Actor, acting, list_acts_on
from tests.conftest import Clock
from tests.factories.import_files import HEADER, inbound_file, inbound_line, refusal_of, run_file
from tests.factories.imports import counts_of, run_to_end, take_step

# Every kind of error that a message can have, beside good rows, repeated ones and blank lines.
MIXED = [
    *(inbound_line(number) for number in range(1, 20)),
    inbound_line(1),  # the very same row
    inbound_line(2, content="other"),  # another one with the id
    inbound_line(20, receive_date="0000-00-00"),
    inbound_line(21, receive_date="2500-01-01"),
    inbound_line(22, operator_type=""),
    inbound_line(23, operator_type="X", to="<>"),
    inbound_line(24, serv_id="=1+1"),
    inbound_line(25, content="x" * 2001),
    inbound_line(26, mobiletech_id="../x"),
    inbound_line(27, mobiletech_id=""),
    HEADER,
    "",
    "too,few",
    inbound_line(28) + ",more",
    inbound_line(29, content='"two\nlines"'),
    inbound_line(20),  # an id that a refused row had
    *(inbound_line(number) for number in range(30, 50)),
]


def write(tmp_path: Path, content: bytes, name: str = "a.csv") -> Path:
    path = tmp_path / name
    path.write_bytes(content)
    return path


def count_messages() -> int:
    with transaction() as session:
        return session.scalar(select(func.count()).select_from(InboundMessage)) or 0


def refused_lines(run: ImportRun) -> dict[int, list[str]]:
    with transaction() as session:
        found = select(ImportRefusal).where(ImportRefusal.import_id == run.id)
        return {row.line: [fault["code"] for fault in row.faults] for row in session.scalars(found)}


def begun(path: Path, *, is_dry: bool = False) -> tuple[int, LocalFile]:
    file = LocalFile(path)
    with file.open() as stream:
        examined = examine(stream)
    wanted = Wanted(entity="inbound-messages", file_name=path.name, is_dry=is_dry)
    with transaction() as session:
        return begin(session, wanted, examined, file.open).id, file


@pytest.mark.parametrize("batch_rows", [1, 3, 7, 5000])
@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "packed"])
def test_a_dry_run_counts_as_the_real_one_whatever_the_batches(
    app: Flask, tmp_path: Path, batch_rows: int, pack: Callable[[bytes], bytes]
) -> None:
    path = write(tmp_path, pack(inbound_file(MIXED)))

    dry = run_file(path, is_dry=True, batch_rows=batch_rows)
    nothing = count_messages()
    real = run_file(path, batch_rows=batch_rows)
    again = run_file(path, batch_rows=batch_rows)

    assert nothing == 0
    assert counts_of(dry) == counts_of(real) == (41, 0, 1, 12)
    assert counts_of(again) == (0, 0, 42, 12)
    assert count_messages() == 41
    assert refused_lines(dry) == refused_lines(real) == refused_lines(again)


def test_each_refused_row_has_its_line_and_its_rules(app: Flask, tmp_path: Path) -> None:
    run = run_file(write(tmp_path, inbound_file(MIXED)))

    assert refused_lines(run) == {
        22: ["duplicate"],
        23: ["date"],
        24: ["date_range"],
        25: ["missing"],
        26: ["number", "choice"],
        27: ["formula"],
        28: ["too_long"],
        29: ["code"],
        30: ["missing"],
        31: ["number", "number", "date", "choice"],
        33: ["columns"],
        34: ["columns"],
    }


def test_an_import_makes_no_work_for_workers(app: Flask, tmp_path: Path) -> None:
    run_file(write(tmp_path, inbound_file([inbound_line(1, content="STOP"), inbound_line(2)])))

    with transaction() as session:
        assert session.scalar(select(func.count()).select_from(OutboxEntry)) == 0


def test_a_file_with_a_header_only_is_fine(app: Flask, tmp_path: Path) -> None:
    run = run_file(write(tmp_path, HEADER.encode()))

    assert (run.state, counts_of(run)) == ("done", (0, 0, 0, 0))


def test_a_step_that_was_taken_back_is_done_again(app: Flask, tmp_path: Path) -> None:
    run_id, file = begun(write(tmp_path, inbound_file(MIXED)))
    runner = Runner(run_id, file.open, batch_rows=4)

    while True:  # every other step is lost
        with pytest.raises(ZeroDivisionError), transaction() as session:
            runner.step(session)
            raise ZeroDivisionError
        run = take_step(runner)
        if run.state == "done":
            break

    assert counts_of(run) == (41, 0, 1, 12)
    assert count_messages() == 41
    assert len(refused_lines(run)) == 12


def test_another_process_goes_on_where_the_first_one_was(app: Flask, tmp_path: Path) -> None:
    run_id, file = begun(write(tmp_path, gzip.compress(inbound_file(MIXED))))

    while True:  # a new process for each step
        runner = Runner(run_id, file.open, batch_rows=5)
        run = take_step(runner)
        runner.close()
        if run.state == "done":
            break

    assert counts_of(run) == (41, 0, 1, 12)
    assert count_messages() == 41


def test_two_that_work_on_the_same_import_share_it(app: Flask, tmp_path: Path) -> None:
    run_id, file = begun(write(tmp_path, inbound_file(MIXED)))
    runners = [Runner(run_id, file.open, batch_rows=3) for _ in range(2)]

    while not all(take_step(runner).state == "done" for runner in runners):
        pass

    with transaction() as session:
        assert counts_of(get_run(session, run_id)) == (41, 0, 1, 12)
    assert count_messages() == 41


def test_a_cancelled_import_ends_between_batches_and_keeps_what_is_in(app: Flask, tmp_path: Path) -> None:
    run_id, file = begun(write(tmp_path, inbound_file(MIXED)))
    runner = Runner(run_id, file.open, batch_rows=5)
    while take_step(runner).rows_done != 10 or count_messages() == 0:
        pass
    with transaction() as session:
        want_cancel(session, get_run(session, run_id))

    run = run_to_end(runner)

    assert (run.state, run.inserted, count_messages()) == ("cancelled", 10, 10)


def left_over(path: Path, *, is_dry: bool = False) -> int:
    """Begin an import, take its first batches, and interrupt it."""
    run_id, file = begun(path, is_dry=is_dry)
    runner = Runner(run_id, file.open, batch_rows=10)
    while take_step(runner).state != "loading" or take_step(runner).rows_done == 0:
        pass
    runner.close()
    with transaction() as session:
        interrupt(session, run_id)
    return run_id


def states_of(*run_ids: int) -> list[str]:
    with transaction() as session:
        return [get_run(session, run_id).state for run_id in run_ids]


def told_on_the_overview() -> list[int]:
    with transaction() as session:
        return [run.id for run in (*list_unfinished(session), *list_with_refusals(session))]


def test_who_begins_anew_ends_what_was_left_of_the_file(app: Flask, tmp_path: Path) -> None:
    path = write(tmp_path, inbound_file(MIXED[:19]))
    left, of_dry_run = left_over(path), left_over(path, is_dry=True)

    with acting(Actor(name="anna@example.sk")):
        run = run_file(path)

    assert states_of(left, of_dry_run, run.id) == ["cancelled", "interrupted", "done"]
    assert told_on_the_overview() == [of_dry_run]
    with transaction() as session:
        assert "import.cancelled" in {act.action for act in list_acts_on(session, f"import {left}")}
        assert get_run(session, left).finished_at is not None


@pytest.mark.parametrize(("minutes", "state"), [(0, "loading"), (2, "cancelled")])
def test_what_somebody_works_on_is_left_alone(
    app: Flask, clock: Clock, tmp_path: Path, minutes: int, state: str
) -> None:
    path = write(tmp_path, inbound_file(MIXED))
    run_id, file = begun(path)
    runner = Runner(run_id, file.open, batch_rows=10)
    while take_step(runner).state != "loading":
        pass
    clock.advance(timedelta(minutes=minutes))

    another, file = begun(path)
    take_step(Runner(another, file.open))

    assert states_of(run_id) == [state]


def test_what_was_done_anew_is_neither_resumed_nor_spoken_of(app: Flask, tmp_path: Path) -> None:
    path = write(tmp_path, inbound_file(MIXED[:19]))
    killed, file = begun(path)
    take_step(Runner(killed, file.open, batch_rows=10))
    run_file(path)

    with file.open() as stream:
        examined = examine(stream)

    assert states_of(killed) == ["checking"]  # a moment ago somebody worked on it
    assert told_on_the_overview() == []
    wanted = Wanted(entity="inbound-messages", file_name=path.name, is_dry=False)
    with transaction() as session, pytest.raises(ImportStateError, match=r"has ended [(]done[)]"):
        resume(session, wanted, examined, file.open)


@pytest.mark.parametrize(("minutes", "state"), [(0, "checking"), (2, "cancelled")])
def test_what_was_killed_a_moment_before_ends_by_itself_when_it_has_been_quiet(
    app: Flask, clock: Clock, tmp_path: Path, minutes: int, state: str
) -> None:
    path = write(tmp_path, inbound_file(MIXED[:19]))
    killed, file = begun(path)
    take_step(Runner(killed, file.open, batch_rows=10))
    run_file(path)
    other = left_over(write(tmp_path, inbound_file(MIXED[:18])))
    clock.advance(timedelta(minutes=minutes))

    end_overtaken_imports()

    assert states_of(killed, other) == [state, "interrupted"]


def test_what_was_left_is_not_spoken_of_while_the_new_one_runs(app: Flask, tmp_path: Path) -> None:
    path = write(tmp_path, inbound_file([inbound_line(1, to="?"), *MIXED[1:]]))
    left = left_over(path)
    before = told_on_the_overview()

    another, file = begun(path)
    take_step(Runner(another, file.open, batch_rows=10))

    assert before == [left]
    assert states_of(left) == ["cancelled"]
    assert told_on_the_overview() == [another]


def test_a_resumed_import_is_worked_on_from_the_first_moment(app: Flask, tmp_path: Path) -> None:
    path = write(tmp_path, inbound_file(MIXED))
    left, file = left_over(path), LocalFile(path)
    with file.open() as stream:
        examined = examine(stream)
    wanted = Wanted(entity="inbound-messages", file_name=path.name, is_dry=False)
    with transaction() as session:
        resume(session, wanted, examined, file.open)

    run_file(path)

    assert states_of(left) == ["loading"]


def test_a_million_errors_are_refused_before_anything_is_written(
    app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "MOST_REFUSED", 50)
    lines = [inbound_line(number, **({"to": "?"} if number % 2 else {})) for number in range(200)]

    told = refusal_of(write(tmp_path, inbound_file(lines)))

    assert told == "More than 50 rows cannot be imported: nothing was."
    assert count_messages() == 0


def test_a_file_of_another_kind_is_refused_with_its_first_fault(app: Flask, tmp_path: Path) -> None:
    lines = [inbound_line(0), *(inbound_line(number, receive_date="13/13/2026") for number in range(1, 2000))]

    told = refusal_of(write(tmp_path, inbound_file(lines)))

    assert told.startswith(
        "1999 of the first 2000 rows cannot be imported, so nothing was. Line 3: receive_date"
    )
    assert count_messages() == 0


def test_an_error_file_may_be_mended_bit_by_bit(app: Flask, tmp_path: Path) -> None:
    lines = [f"{number},,{inbound_line(number, to='?' if number else '8877')}" for number in range(2000)]
    content = f"import_line,import_errors,{HEADER}\n" + "\n".join(lines)

    run = run_file(write(tmp_path, content.encode()))

    assert counts_of(run) == (1, 0, 0, 1999)


def test_what_only_the_database_knows_ends_an_import_too(
    app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "MOST_REFUSED", 5)
    header = f"{HEADER},user_id\n"
    lines = [f"{inbound_line(number)},{'999' if number > 9 else ''}" for number in range(40)]

    run = run_file(write(tmp_path, (header + "\n".join(lines)).encode()), batch_rows=10)

    assert (run.state, counts_of(run)) == ("refused", (10, 0, 0, 10))
    assert run.error == (
        "More than 5 rows were refused. What is good up to line 21 is in; imported again, it stays as it is."
    )


def test_a_file_that_changes_on_the_way_ends_the_import_where_it_is(app: Flask, tmp_path: Path) -> None:
    path = write(tmp_path, inbound_file(MIXED))
    run_id, file = begun(path)
    take_step(Runner(run_id, file.open, batch_rows=1000))  # all of it is checked
    path.write_bytes(inbound_file([*MIXED, inbound_line(99)]))

    run = run_to_end(Runner(run_id, file.open))

    assert (run.state, counts_of(run)) == ("refused", (0, 0, 0, 0))
    assert "changed the file" in (run.error or "")


def test_a_file_that_disappears_ends_the_import(app: Flask, tmp_path: Path) -> None:
    path = write(tmp_path, inbound_file(MIXED))
    run_id, file = begun(path)
    path.unlink()

    run = run_to_end(Runner(run_id, file.open))

    assert (run.state, run.error) == ("refused", "The file cannot be opened: No such file or directory.")


def test_long_rows_make_small_batches(app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "BATCH_BYTES", 5000)
    run_id, file = begun(write(tmp_path, inbound_file([inbound_line(1, content="x" * 1900)] * 20)))
    runner = Runner(run_id, file.open)

    assert take_step(runner).rows_done == 4


@pytest.mark.parametrize("count", [9, 10, 11])
def test_the_last_batch_may_be_full_empty_or_in_between(app: Flask, tmp_path: Path, count: int) -> None:
    path = write(tmp_path, inbound_file([inbound_line(number) for number in range(count)]))

    run = run_file(path, batch_rows=5)

    assert (run.state, run.rows_total, run.rows_done, run.inserted) == ("done", count, count, count)


def test_a_refused_row_holds_nothing_back(app: Flask, tmp_path: Path) -> None:
    lines = [inbound_line(1, to="?"), inbound_line(1)]

    run = run_file(write(tmp_path, inbound_file(lines)), batch_rows=1)

    assert counts_of(run) == (1, 0, 0, 1)
