"""Imports: a file to upload, what files can hold, and the history of what was imported, filtered by its address."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from flask import Blueprint, redirect, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf.file import FileField, FileRequired
from wtforms import SelectChoice, SelectField
from wtforms.validators import DataRequired

from crm.core.db import current_session, transaction
from crm.core.errors import N_, InvalidInputError
from crm.core.keyset import KeysetPage
from crm.importer.entities import ENTITIES
from crm.importer.errors import SourceError
from crm.importer.models import ImportRun
from crm.importer.overtaking import find_overtaker
from crm.importer.run_list import RunFilter, list_runs
from crm.importer.runs import State
from crm.importer.uploads import LARGEST_FILE, MEGABYTE, store_upload
from crm.mobiletech.words import Word
from crm.users.roles import Permission
from crm.web.act_words import actor_word
from crm.web.count_words import spell
from crm.web.filters import Chip, Choice, Reader, one_of
from crm.web.forms import Form
from crm.web.guards import staff
from crm.web.import_words import LIST, STATE_WORDS, entity_title, run_kind, state_word
from crm.web.languages import told
from crm.web.list_query import ListQuery, make_pager, read_query
from crm.web.page_tools import render_staff_page

imports = Blueprint("imports", __name__)

PAGE = 50
LABELS = {"entity": N_("What"), "state": N_("State"), "kind": N_("Kind")}


class RunKind(StrEnum):
    """Whether an import keeps what it does, as the address says it."""

    DRY = "dry"
    REAL = "real"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRow:
    """One import in the history."""

    href: str
    at: datetime
    title: str
    file_name: str
    who: str
    kind: str
    is_dry: bool
    counts: Sequence[str]  # inserted, updated, unchanged, refused
    state: Word


class UploadForm(Form):
    """A file, and what it holds."""

    entity = SelectField(
        _l("What the file holds"),
        validators=[DataRequired(_l("Choose what the file holds."))],
    )
    file = FileField(
        _l("File"),
        description=_l(
            "CSV or JSON Lines in UTF-8 or Windows-1250, packed with gzip or not; up to %(most)s MB unpacked.",
            most=LARGEST_FILE // MEGABYTE,
        ),
        validators=[FileRequired(_l("Choose a file."))],
    )

    def offer(self) -> None:
        """Offer what can be imported, in its order."""
        named = [
            SelectChoice(value=name, label=f"{place}. {entity_title(name)} ({name})")
            for place, name in enumerate(ENTITIES, start=1)
        ]
        self.entity.choices = [SelectChoice(value="", label=_("Choose …")), *named]


@imports.get("")
@staff(Permission.IMPORT)
def show_list() -> ResponseReturnValue:
    """Show the form, what can be imported, and the imports that the address asks for."""
    form = UploadForm()
    form.offer()
    return _page(form)


@imports.post("")
@staff(Permission.IMPORT)
def upload() -> ResponseReturnValue:
    """Keep a file, and go on to its columns."""
    form = UploadForm()
    form.offer()
    if not form.validate():
        return _page(form, status=422)
    file = request.files["file"]
    try:
        with transaction() as session:
            row = store_upload(
                session, entity=form.told("entity"), name=file.filename or "", file=file.stream
            )
            file_id = row.id
    except SourceError as error:
        form.file.errors = [told(error)]
        return _page(form, status=422)
    return redirect(f"{LIST}/files/{file_id}")


def _page(form: UploadForm, status: int = 200) -> ResponseReturnValue:
    query = _read()
    page: KeysetPage[ImportRun] = KeysetPage(rows=(), newer=None, older=None)
    if not query.problems:
        page = list_runs(
            current_session(), _wanted(query), limit=PAGE, after=query.after, before=query.before
        )
    shown = render_staff_page(
        "imports/list.html",
        form=form,
        entities=[(name, entity_title(name), _(entity.summary)) for name, entity in ENTITIES.items()],
        rows=[_row(run) for run in page.rows],
        filters=_choices(query),
        active_filters=_chips(query),
        pager=make_pager(query, page),
        problems=query.problems,
    )
    return shown, 400 if query.problems and status == 200 else status


def _row(run: ImportRun) -> RunRow:
    counts = (run.inserted, run.updated, run.unchanged, run.refused)
    return RunRow(
        href=f"{LIST}/{run.id}",
        at=run.created_at,
        title=entity_title(run.entity),
        file_name=run.file_name,
        who=actor_word(run.started_by) or _("A command"),
        kind=run_kind(run),
        is_dry=run.is_dry,
        counts=[spell(count) for count in counts],
        state=state_word(run, find_overtaker(current_session(), run)),
    )


def _read() -> ListQuery:
    readers: dict[str, Reader] = {"entity": _entity, "state": one_of(State), "kind": one_of(RunKind)}
    return read_query({name: (LABELS[name], read) for name, read in readers.items()})


def _wanted(query: ListQuery) -> RunFilter:
    kind = query.wanted.get("kind")
    return RunFilter(
        entity=query.wanted.get("entity"),
        state=query.wanted.get("state"),
        is_dry=None if kind is None else kind == RunKind.DRY,
    )


def _entity(text: str) -> str:
    if text not in ENTITIES:
        raise InvalidInputError(
            N_("%(given)r is none of %(known)s."), given=text[:40], known=", ".join(ENTITIES)
        )
    return text


def _options() -> dict[str, dict[str, str]]:
    return {
        "entity": {name: entity_title(name) for name in ENTITIES},
        "state": {state.value: _(word.word) for state, word in STATE_WORDS.items()},
        "kind": {RunKind.DRY.value: _("Dry run"), RunKind.REAL.value: _("Import")},
    }


def _choices(query: ListQuery) -> list[Choice]:
    return [
        Choice(
            name=name,
            label=_(LABELS[name]),
            value=query.values.get(name, ""),
            options=list(options.items()),
        )
        for name, options in _options().items()
    ]


def _chips(query: ListQuery) -> list[Chip]:
    options = _options()
    return [
        query.chip(name, f"{_(LABELS[name])}: {options[name].get(value, value)[:40]}")
        for name, value in query.values.items()
    ]
