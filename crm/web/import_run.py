"""One import: how far it is, what became of its rows, what was refused and why; and the refused rows as a file."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from tempfile import SpooledTemporaryFile
from typing import Any

from flask import Blueprint, Response
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.core.clock import db_now
from crm.core.db import current_session, transaction
from crm.importer.batches import Outcome
from crm.importer.differences import KEPT, list_differences
from crm.importer.error_file import faults_of, list_refusals, write_errors
from crm.importer.models import ImportRun
from crm.importer.overtaking import find_overtaker
from crm.importer.runs import ENDED, State, get_run, subject_of
from crm.importer.standing import read_progress
from crm.importer.working import find_real_run
from crm.users.audit_log import list_acts_on, record_act
from crm.users.roles import Permission
from crm.web.act_words import actor_word, as_line
from crm.web.count_words import spell, spell_share
from crm.web.duration_words import roughly
from crm.web.guards import staff
from crm.web.ids import LARGEST_ID
from crm.web.import_due import due_words
from crm.web.import_trouble import find_trouble
from crm.web.import_words import (
    ending_words,
    entity_title,
    fault_words,
    layout_words,
    nothing_words,
    rows_words,
    run_kind,
    state_word,
    value_words,
)
from crm.web.page_tools import render_staff_page
from crm.web.retelling import retell

import_run = Blueprint("import_run", __name__)

SHOWN_REFUSALS = 100
SHOWN_CELLS = 3
SHOWN_ACTS = 20
IN_MEMORY = 1024 * 1024
PIECE = 64 * 1024
FEWEST_SECONDS = 1  # before that a rate says nothing
FROZEN_AFTER = timedelta(seconds=10)  # a step takes a fraction of one: longer than that nobody works


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """How far a phase is; `rate` and `left` are empty while nobody can say."""

    label: str
    value: int
    most: int
    share: str
    rate: str
    left: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusalRow:
    """One thing that was wrong with a row."""

    line: int
    column: str
    value: str
    code: str
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DifferenceRow:
    """A row by which a dry run would change what is here: its first values, and what would be another."""

    line: int
    row: str
    words: str
    columns: str


@import_run.get("/<int:run_id>")
@staff(Permission.IMPORT)
def show(run_id: int) -> str:
    """Show the import; while it runs the page looks again by itself."""
    session = current_session()
    run = get_run(session, min(run_id, LARGEST_ID))
    is_tried = run.is_dry and run.state == State.DONE
    refusals = _list_refusals(session, run)
    real = find_real_run(session, run) if run.is_dry and run.file_id else None
    return render_staff_page(
        "imports/show.html",
        run=run,
        who=actor_word(run.started_by),
        title=entity_title(run.entity),
        kind=run_kind(run),
        written=layout_words(run.layout),
        size=_size(run.size),
        counts=_counts(run),
        rows=rows_words(run),
        error=retell(run.error) if run.error else "",
        due=due_words(session, run),
        refusals=refusals,
        more_refused=_more_refused(run, refusals),
        differences=_list_differences(session, run),
        most_differences=KEPT,
        differing=run.inserted + run.updated if run.is_dry else 0,
        may_import=is_tried and run.file_id is not None,
        why_not=nothing_words(run) if is_tried else "",
        real=real,
        acts=[as_line(act) for act in list_acts_on(session, subject_of(run), limit=SHOWN_ACTS)],
        **(_ended(run) if run.state in ENDED else _unfinished(session, run)),
    )


@import_run.get("/<int:run_id>/errors.csv")
@staff(Permission.IMPORT)
def download_errors(run_id: int) -> ResponseReturnValue:
    """Send the refused rows, to be mended and uploaded by themselves; that somebody did is an act."""
    with transaction() as session:
        run = get_run(session, min(run_id, LARGEST_ID))
        record_act(session, "import.errors", subject_of(run))
        # Written down first: no transaction is open while somebody takes it slowly.
        file = SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115 - closed when all of it is sent
        for line in write_errors(session, run):
            file.write(line.encode())
    file.seek(0)
    return Response(
        _pieces(file),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="import-{run_id}-refused.csv"'},
    )


def _pieces(file: "SpooledTemporaryFile[bytes]") -> Iterator[bytes]:
    with file:
        while piece := file.read(PIECE):
            yield piece


def _ended(run: ImportRun) -> dict[str, Any]:
    """Return how an import ended."""
    is_told = run.worked_seconds >= FEWEST_SECONDS
    return {
        "state": state_word(run, None),
        "is_running": False,
        "ending": ending_words(run),
        "bar": None,
        "quiet_since": None,
        "trouble": None,
        "took": roughly(timedelta(seconds=float(run.worked_seconds))) if is_told else "",
    }


def _unfinished(session: Session, run: ImportRun) -> dict[str, Any]:
    """Return how far an import is, and why it does not go on."""
    overtaker, quiet_since = find_overtaker(session, run), _find_quiet(session, run)
    return {
        "state": state_word(run, overtaker),
        "is_running": True,
        "ending": "",
        "bar": _bar(run, is_quiet=quiet_since is not None),
        "quiet_since": quiet_since,
        "trouble": find_trouble(run, read_progress(session, run), overtaker),
        "took": "",
    }


def _find_quiet(session: Session, run: ImportRun) -> datetime | None:
    """Return since when nothing has happened, if that is too long: a worker that is frozen tells nobody itself."""
    last = run.beat_at or run.created_at
    return last if session.execute(select(db_now())).scalar_one() - last > FROZEN_AFTER else None


def _bar(run: ImportRun, *, is_quiet: bool) -> Bar:
    """Return the bar: by bytes while the rows are only counted, else by rows."""
    is_told = run.worked_seconds >= FEWEST_SECONDS and not is_quiet
    rate = float(run.rows_done / run.worked_seconds) if is_told else 0
    if run.rows_total is None:
        label, value, most = _("All rows are checked first"), run.position, run.size
    else:
        label, value, most = _("Rows go in"), run.rows_done, run.rows_total
        if run.is_dry:
            label = _("What would become of the rows")
    return Bar(
        label=label,
        value=value,
        most=max(most, 1),
        share=spell_share(value, max(most, 1)),
        rate=_("%(count)s rows a second", count=spell(round(rate))) if rate else "",
        left=_left(run, rate),
    )


def _left(run: ImportRun, rate: float) -> str:
    if not rate or run.rows_total is None or run.rows_done >= run.rows_total:
        return ""
    seconds = max(1, round((run.rows_total - run.rows_done) / rate))
    return _("about %(span)s left", span=roughly(timedelta(seconds=seconds)))


def _counts(run: ImportRun) -> list[tuple[str, str, str]]:
    """Return label, count and tone of what became of the rows, in the words of the run's kind."""
    labels = (
        (_("would be new"), _("would change"), _("are as they are"), _("would be refused"))
        if run.is_dry
        else (_("new"), _("changed"), _("were as they are"), _("refused"))
    )
    counts = (run.inserted, run.updated, run.unchanged, run.refused)
    tones = ("good" if run.inserted else "", "", "", "bad" if run.refused else "")
    return [(label, spell(count), tone) for label, count, tone in zip(labels, counts, tones, strict=True)]


def _list_refusals(session: Session, run: ImportRun) -> list[RefusalRow]:
    if not run.refused:
        return []
    return [
        RefusalRow(
            line=refusal.line,
            column=fault.column,
            value=value_words(fault),
            code=fault.code,
            sentence=fault_words(fault),
        )
        for refusal in list_refusals(session, run, limit=SHOWN_REFUSALS)
        for fault in faults_of(refusal)
    ]


def _list_differences(session: Session, run: ImportRun) -> list[DifferenceRow]:
    if not run.is_dry:
        return []
    words = {Outcome.INSERTED: _("Not here"), Outcome.UPDATED: _("Has other values here")}
    return [
        DifferenceRow(
            line=each.line,
            row=", ".join([cell for cell in each.cells if cell][:SHOWN_CELLS]),
            words=words[Outcome(each.outcome)],
            columns=", ".join(each.columns),
        )
        for each in list_differences(session, run)
    ]


def _more_refused(run: ImportRun, shown: list[RefusalRow]) -> int:
    return run.refused - len({row.line for row in shown})


def _size(size: int) -> str:
    if size < 1000:
        return _("%(count)s bytes", count=size)
    return f"{spell(round(size / 1000))} kB" if size < 1_000_000 else f"{spell(round(size / 1_000_000))} MB"
