"""Run one import on a terminal: progress while it runs, what was refused, and the counts in the last line."""

import sys
from dataclasses import dataclass, field
from pathlib import Path

import click
from sqlalchemy.exc import DBAPIError, IntegrityError

from crm.cli.application import told
from crm.cli.import_progress import Progress
from crm.cli.refusals import Refusal
from crm.core.db import transaction
from crm.importer.error_file import faults_of, list_refusals, write_errors
from crm.importer.models import ImportRun
from crm.importer.running import Runner
from crm.importer.runs import ENDED, State, Wanted, begin, find_unfinished, interrupt
from crm.importer.sources.examining import Examined, examine
from crm.importer.sources.packed import open_path
from crm.payments.holding import find_hold

SHOWN = 10
HAND_OVER_SECONDS = 0.0005  # who reads ahead does not hold up who talks to the database
TRIES = 5  # of a batch whose rows somebody else wrote at the same moment


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What was asked for on the command line."""

    entity: str
    path: Path
    is_dry: bool
    errors: Path | None
    resume: bool
    confirm_due: bool
    mapping: dict[str, str] = field(default_factory=dict)


def run_import(options: Options) -> None:
    """Import the file, and exit 1 if any row was refused.

    Raises: SourceError, Refusal.
    """
    if options.errors is not None and options.errors.exists() and options.errors.samefile(options.path):
        raise Refusal("--errors names the file that is imported: it would be lost.")
    sys.setswitchinterval(HAND_OVER_SECONDS)
    with open_path(options.path) as stream:
        examined = examine(stream)
    run_id = _begin(options, examined)
    run = _work(run_id, options)
    _tell(run, options)


def _begin(options: Options, examined: Examined) -> int:
    with transaction() as session:
        unfinished = find_unfinished(session, options.entity, examined, is_dry=options.is_dry)
        if options.resume:
            if unfinished is None:
                raise Refusal(
                    "There is nothing to resume: no import of just this file was begun and not ended."
                )
            unfinished.cancel_wanted = False
            return unfinished.id
        wanted = Wanted(
            entity=options.entity,
            file_name=options.path.name,
            is_dry=options.is_dry,
            confirm_due=options.confirm_due,
            mapping=options.mapping,
        )
        run = begin(session, wanted, examined, lambda: open_path(options.path))
        layout = run.layout
        click.echo(
            f"{options.entity}: {layout['format']}, {layout['encoding']}, {len(layout['header'])} columns"
            f"{', dry run' if options.is_dry else ''}",
            err=True,
        )
        return run.id


def _work(run_id: int, options: Options) -> ImportRun:
    runner, progress, tries = Runner(run_id, lambda: open_path(options.path), ahead=True), Progress(), TRIES
    try:
        while True:
            try:
                with transaction() as session:
                    run = runner.step(session)
                    session.flush()
                    session.expunge(run)
            except IntegrityError:
                tries -= 1
                if not tries:
                    raise
                continue
            tries = TRIES
            progress.show(run)
            if run.state in ENDED:
                return run
    except KeyboardInterrupt:
        with transaction() as session:
            run = interrupt(session, run_id)
        raise Refusal(f"Interrupted after {run.rows_done:,} rows; {_how_to_go_on(options)}") from None
    except DBAPIError as error:
        sentence = told(error)
        if sentence is None:
            raise
        raise Refusal(f"{sentence} Then {_how_to_go_on(options)}") from error
    finally:
        progress.end()
        runner.close()


def _how_to_go_on(options: Options) -> str:
    dry = " --dry-run" if options.is_dry else ""
    return f"`crm import {options.entity} {options.path}{dry} --resume` goes on where it was."


def _tell(run: ImportRun, options: Options) -> None:
    if run.state == State.REFUSED and not run.refused:
        raise Refusal(str(run.error))
    if run.state == State.CANCELLED:
        raise Refusal(f"Somebody ended the import after {run.rows_done:,} rows.")
    if run.refused:
        _tell_refused(run, _errors_path(options))
    _tell_due(run)
    if run.error:
        click.echo(run.error, err=True)
    click.echo(
        f"inserted {run.inserted} updated {run.updated} unchanged {run.unchanged} refused {run.refused}"
    )
    if run.refused or run.error:
        sys.exit(1)


def _tell_refused(run: ImportRun, path: Path) -> None:
    with transaction() as session, path.open("w", encoding="utf-8", newline="") as file:
        for refusal in list_refusals(session, run, limit=SHOWN):
            for fault in faults_of(refusal):
                click.echo(f"line {refusal.line}: {fault}", err=True)
        file.writelines(write_errors(session, run))
    more = f", {run.refused - SHOWN:,} more of them" if run.refused > SHOWN else ""
    click.echo(f"Refused rows{more} are in {path}: mend them there and import that file.", err=True)


def _tell_due(run: ImportRun) -> None:
    if run.stopped:
        click.echo(
            f"{run.stopped:,} renewals break a rule and come in stopped; `crm import check` says which.",
            err=True,
        )
    if run.due_count:
        what = (
            "are due at once" if run.confirm_due else "are past their date, and refused without --confirm-due"
        )
        click.echo(f"{run.due_count:,} renewals, {run.due_amount} EUR in all, {what}.", err=True)
    if run.entity == "recurrent-payments" and not run.is_dry and run.inserted:
        with transaction() as session:
            if find_hold(session) is None:
                click.echo(
                    "Renewals are not held: what comes due is charged. If the old system still charges them,"
                    " hold ours first: `crm payments hold`.",
                    err=True,
                )


def _errors_path(options: Options) -> Path:
    """Return where the refused rows go; a file of an earlier import, which somebody may be mending, is left alone."""
    if options.errors is not None:
        return options.errors
    first = options.path.with_name(f"{options.path.name}.errors.csv")
    path, number = first, 1
    while path.exists():
        number += 1
        path = first.with_name(f"{options.path.name}.errors-{number}.csv")
    return path
