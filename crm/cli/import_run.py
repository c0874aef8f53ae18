"""Run one import on a terminal: progress while it runs, what was refused, and the counts in the last line."""

import shlex
import sys
from dataclasses import dataclass, field, replace
from pathlib import Path

import click
from sqlalchemy.exc import DBAPIError

from crm.cli.application import told
from crm.cli.import_errors import check_place, open_errors
from crm.cli.import_progress import Progress
from crm.cli.refusals import Refusal
from crm.core.db import transaction
from crm.importer.batches import Outcome
from crm.importer.differences import list_differences
from crm.importer.due_sums import read_sums
from crm.importer.entities.recurrent_payments import RECURRENT_PAYMENTS
from crm.importer.error_file import faults_of, list_refusals, write_errors
from crm.importer.models import ImportRun
from crm.importer.running import Runner
from crm.importer.runs import ENDED, State, Wanted, begin, get_run, interrupt, resume, was_tried
from crm.importer.sources.examining import Examined, examine
from crm.importer.sources.packed import LocalFile
from crm.importer.working import would_bring_nothing
from crm.payments.holding import are_held

RENEWALS = RECURRENT_PAYMENTS.name
SHOWN = 10
LONGEST_SHOWN = 60  # of a value
HAND_OVER_SECONDS = 0.0005  # who reads ahead does not hold up who talks to the database
TRIES = 5  # of a batch that somebody else was in the way of
# Rows that were written by somebody else at the same moment, deadlocks, and locks that were not had in time.
PASSING = frozenset({"23503", "23505", "40001", "40P01", "55P03"})


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

    Raises: SourceError, ImportStateError, Refusal.
    """
    file = LocalFile(options.path)
    with file.open() as stream:
        check_place(options.errors, options.path)
        sys.setswitchinterval(HAND_OVER_SECONDS)
        examined = examine(stream)
    if options.entity == RENEWALS and options.confirm_due and not (options.is_dry or options.resume):
        _show_due(options, examined, file)
    run_id = _begin(options, examined, file)
    _remind(run_id)
    run = _work(run_id, options, file)
    _tell(run, options)


def _show_due(options: Options, examined: Examined, file: LocalFile) -> None:
    """Confirm nothing that nobody was told: without a dry run of just this file of late, make one and tell."""
    with transaction() as session:
        if was_tried(session, options.entity, examined):
            return
    dry = replace(options, is_dry=True)
    run = _work(_begin(dry, examined, file), dry, file)
    if run.state != State.DONE:
        raise Refusal(run.error or "Somebody ended the dry run: nothing was imported.")
    click.echo(
        f"dry run: would insert {run.inserted}, update {run.updated}, leave {run.unchanged} as they are,"
        f" refuse {run.refused}",
        err=True,
    )
    _tell_stopped(run)
    _tell_due(run)
    if run.due_count and _is_attended():
        when = " when renewals go on" if _are_held() else ""
        click.confirm(f"Import them, so that they are charged{when}?", abort=True, err=True)


def _is_attended() -> bool:
    """Return whether somebody is there to answer; a script has confirmed all by --confirm-due."""
    return sys.stdin.isatty()


def _begin(options: Options, examined: Examined, file: LocalFile) -> int:
    wanted = Wanted(
        entity=options.entity,
        file_name=options.path.name,
        is_dry=options.is_dry,
        confirm_due=options.confirm_due,
        mapping=options.mapping,
    )
    with transaction() as session:
        start = resume if options.resume else begin
        run = start(session, wanted, examined, file.open)
        layout = run.layout
        click.echo(
            f"{options.entity}: {layout['format']}, {layout['encoding']}, {len(layout['header'])} columns"
            f"{', dry run' if options.is_dry else ''}"
            f"{f', on from row {run.rows_done + 1:,}' if options.resume else ''}",
            err=True,
        )
        return run.id


def _remind(run_id: int) -> None:
    """Say before anything comes in that it may be charged twice."""
    with transaction() as session:
        run = get_run(session, run_id)
        if run.entity != RENEWALS or are_held(session):
            return
        due = ", and with --confirm-due what is due already is charged at once" if run.confirm_due else ""
    click.echo(
        f"Renewals are not held: what comes due is charged{due}. If the old system still charges them,"
        " hold ours first: `crm payments hold`.",
        err=True,
    )


def _work(run_id: int, options: Options, file: LocalFile) -> ImportRun:
    runner, progress = Runner(run_id, file.open, ahead=True), Progress()
    try:
        while True:
            run = _step(runner)
            progress.show(run)
            if run.state in ENDED:
                return run
    except KeyboardInterrupt:
        with transaction() as session:
            run = interrupt(session, run_id)
        raise Refusal(f"Interrupted after {run.rows_done:,} rows; {_how_to_go_on(options)}") from None
    except DBAPIError as error:
        raise Refusal(f"{_sentence(error)} Then {_how_to_go_on(options)}") from error
    finally:
        progress.end()
        runner.close()


def _step(runner: Runner) -> ImportRun:
    """Do one step, again if somebody else was in its way."""
    for tries_left in reversed(range(TRIES)):
        try:
            with transaction() as session:
                run = runner.step(session)
                session.flush()
                session.expunge(run)
        except DBAPIError as error:
            if not tries_left or getattr(error.orig, "sqlstate", None) not in PASSING:
                raise
        else:
            return run
    raise AssertionError("the last try returns or raises")


def _sentence(error: DBAPIError) -> str:
    """Return what the database said, without the values of the row that it did not take."""
    diagnosis = getattr(error.orig, "diag", None)
    why = getattr(diagnosis, "message_primary", None) or type(error.orig).__name__
    return told(error) or f"The database did not take a batch of rows: {why}."


def _how_to_go_on(options: Options) -> str:
    dry = " --dry-run" if options.is_dry else ""
    path = shlex.quote(str(options.path))
    return f"`crm import {options.entity} {path}{dry} --resume` goes on where it was."


def _tell(run: ImportRun, options: Options) -> None:
    if (run.state == State.REFUSED and not run.rows_done) or run.rows_total is None:
        raise Refusal(run.error or "Somebody ended the import before anything was in.")
    if run.refused:
        _tell_refused(run, options)
    if not run.rows_total:
        click.echo("The file has no rows.", err=True)
    _tell_changed(run)
    _tell_stopped(run)
    _tell_due(run)
    if run.state == State.CANCELLED:
        click.echo(f"Somebody ended the import after {run.rows_done:,} rows.", err=True)
    if run.error:
        click.echo(run.error, err=True)
    click.echo(
        f"inserted {run.inserted} updated {run.updated} unchanged {run.unchanged} refused {run.refused}"
    )
    if run.refused or run.state != State.DONE:
        sys.exit(1)


def _tell_refused(run: ImportRun, options: Options) -> None:
    with transaction() as session:
        for refusal in list_refusals(session, run, limit=SHOWN):
            for fault in faults_of(refusal):
                value = f": {_shown(fault.value)}" if fault.value else ""
                click.echo(f"line {refusal.line}: {fault}{value}", err=True)
        more = f", {run.refused - SHOWN:,} more of them," if run.refused > SHOWN else ""
        try:
            with open_errors(options.errors, options.path) as (path, file):
                file.writelines(write_errors(session, run))
        except OSError as error:
            told = f"Refused rows{more} could not be written: {error.strerror or type(error).__name__}."
            click.echo(f"{told} Import the file again with --errors elsewhere; what is in stays.", err=True)
        else:
            click.echo(f"Refused rows{more} are in {path}{_how_to_mend(run, path)}", err=True)


def _how_to_mend(run: ImportRun, path: Path) -> str:
    """Return how to go on; after a dry run the good rows are not in yet."""
    if run.is_dry and would_bring_nothing(run):
        return ". Mend them in your file: nothing of it would go in."
    if run.is_dry:
        return f". Mend them in your file; or import it for real first, then the mended rows of {path.name}."
    return ": mend them there and import that file."


def _shown(value: str) -> str:
    """Return a value as a terminal may show it: quoted, short, and without signs that it would obey."""
    signs = (sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in value)
    written = "".join(signs)
    return f'"{written[:LONGEST_SHOWN]}…"' if len(written) > LONGEST_SHOWN else f'"{written}"'


def _tell_changed(run: ImportRun) -> None:
    """Say of a dry run which rows are others here: so two systems are compared while both run."""
    if not run.is_dry or not run.updated:
        return
    with transaction() as session:
        kept = [each for each in list_differences(session, run) if each.outcome == Outcome.UPDATED]
        for each in kept[:SHOWN]:
            columns = f": {', '.join(each.columns)}" if each.columns else ""
            click.echo(f"line {each.line} would change what is here{columns}", err=True)
    if run.updated > SHOWN:
        click.echo(f"{run.updated - SHOWN:,} more rows would change what is here.", err=True)


def _tell_stopped(run: ImportRun) -> None:
    if run.stopped:
        what = "renewal breaks a rule and comes" if run.stopped == 1 else "renewals break a rule and come"
        click.echo(f"{run.stopped:,} {what} in stopped; `crm import check` says which.", err=True)


def _tell_due(run: ImportRun) -> None:
    if run.due_count:
        renewals, be = ("renewal", "is") if run.due_count == 1 else ("renewals", "are")
        sums = " + ".join(f"{amount} {currency}" for currency, amount in read_sums(run.due_amounts).items())
        click.echo(f"{run.due_count:,} {renewals}, {sums} in all, {be} {_what_of_due(run)}.", err=True)


def _what_of_due(run: ImportRun) -> str:
    if not run.confirm_due:
        return "past the date, and refused without --confirm-due"
    if _are_held():
        return "due, and charged only after `crm payments resume`: all renewals are held"
    return "due at once"


def _are_held() -> bool:
    with transaction() as session:
        return are_held(session)
