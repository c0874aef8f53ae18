"""Import a file as the command does: all its steps, each in a transaction of its own."""

from collections.abc import Mapping
from io import BytesIO

from crm.core.db import transaction
from crm.importer.error_file import faults_of, list_refusals
from crm.importer.examples import read_example
from crm.importer.faults import Fault
from crm.importer.models import ImportRun
from crm.importer.running import BATCH_ROWS, Runner
from crm.importer.runs import ENDED, Wanted, begin
from crm.importer.sources.examining import examine
from crm.users.audit_log import Actor, acting


def import_text(
    entity: str,
    content: str | bytes,
    *,
    dry: bool = False,
    confirm_due: bool = False,
    mapping: Mapping[str, str] | None = None,
    batch_rows: int = BATCH_ROWS,
) -> ImportRun:
    """Import a file with this content to its end, and return what came of it."""
    source = content.encode() if isinstance(content, str) else content
    wanted = Wanted(
        entity=entity,
        file_name=f"{entity}.csv",
        is_dry=dry,
        confirm_due=confirm_due,
        mapping=mapping or {},
    )
    with acting(Actor(name=f"crm import {entity}")):
        with transaction() as session:
            run = begin(session, wanted, examine(BytesIO(source)), lambda: BytesIO(source))
            run_id = run.id
        return run_to_end(Runner(run_id, lambda: BytesIO(source), batch_rows=batch_rows))


def take_step(runner: Runner) -> ImportRun:
    """Take an import a step forward, and return how it stands."""
    with transaction() as session:
        run = runner.step(session)
        session.flush()
        session.expunge(run)
    return run


def run_to_end(runner: Runner) -> ImportRun:
    """Take an import to its end, and return what came of it."""
    while (run := take_step(runner)).state not in ENDED:
        pass
    return run


def import_examples(*entities: str) -> None:
    """Import the sample files of these entities, in this order; every row of them must go in."""
    for entity in entities:
        run = import_text(entity, read_example(entity))
        assert run.refused == 0 and run.error is None, (entity, told_of(run), run.error)


def counts_of(run: ImportRun) -> tuple[int, int, int, int]:
    """Return how many rows were inserted, updated, unchanged and refused."""
    return run.inserted, run.updated, run.unchanged, run.refused


def faults_by_line(run: ImportRun) -> dict[int, list[Fault]]:
    """Return what was wrong with the rows that were refused."""
    with transaction() as session:
        return {refusal.line: faults_of(refusal) for refusal in list_refusals(session, run)}


def refusals_of(run: ImportRun) -> list[tuple[int, str, str]]:
    """Return the line, the column and the code of each thing that was wrong."""
    return [(line, each.column, each.code) for line, faults in faults_by_line(run).items() for each in faults]


def told_of(run: ImportRun) -> list[str]:
    """Return the sentences of what was wrong."""
    return [str(each) for faults in faults_by_line(run).values() for each in faults]


def change_cell(content: str, line: int, column: str, value: str) -> str:
    """Return a comma-separated file with one cell of a line, 2 being the first row, changed."""
    lines = content.splitlines()
    cells = lines[line - 1].split(",")
    cells[lines[0].split(",").index(column)] = value
    lines[line - 1] = ",".join(cells)
    return "\n".join(lines) + "\n"
