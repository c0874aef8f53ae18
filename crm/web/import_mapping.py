"""Which column of an uploaded file is which of ours: with its first rows beside, as far as the file tells it itself."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from typing import Any

from flask import Blueprint, redirect
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy.orm import Session
from wtforms import SelectChoice, SelectField

from crm.core.db import current_session, transaction
from crm.importer.columns import Column, Entity, list_missing
from crm.importer.entities import get_entity
from crm.importer.errors import SourceError
from crm.importer.faults import HIDDEN, is_hash
from crm.importer.layouts import CSV, Layout, find_other, read_rows
from crm.importer.models import ImportFile
from crm.importer.uploads import get_upload, look_into, open_upload
from crm.importer.working import begin_dry_run
from crm.users.roles import Permission
from crm.web.forms import Form
from crm.web.guards import staff
from crm.web.ids import LARGEST_ID
from crm.web.import_entities import list_columns
from crm.web.import_words import LIST, entity_title, layout_words
from crm.web.languages import told
from crm.web.page_tools import render_staff_page

import_mapping = Blueprint("import_mapping", __name__)

SAMPLES = 5
LONGEST_SAMPLE = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class TheirColumn:
    """One column of the file: its field of the form, and its first values."""

    field: SelectField
    name: str
    samples: Sequence[str]


@import_mapping.get("/<int:file_id>")
@staff(Permission.IMPORT)
def show(file_id: int) -> str:
    """Show the columns of the file, each beside the one of ours that it looks like."""
    session = current_session()
    file, layout = _read_file(session, file_id)
    return _page(session, file, layout, _make_form(get_entity(file.entity), layout))


@import_mapping.post("/<int:file_id>")
@staff(Permission.IMPORT)
def choose(file_id: int) -> ResponseReturnValue:
    """Begin the dry run with what was chosen."""
    session = current_session()
    file, layout = _read_file(session, file_id)
    entity = get_entity(file.entity)
    form = _make_form(entity, layout)
    if not form.validate() or not _is_sound(form, entity, layout):
        return _page(session, file, layout, form), 422
    try:
        with transaction() as session:
            run_id = begin_dry_run(session, get_upload(session, file_id), _chosen(form, layout)).id
    except SourceError as error:
        file, layout = _read_file(current_session(), file_id)
        return _page(current_session(), file, layout, form, [told(error)]), 422
    return redirect(f"{LIST}/{run_id}")


def _read_file(session: Session, file_id: int) -> tuple[ImportFile, Layout]:
    """Return a file and what it tells of itself. Raises: UnknownImportError."""
    file = get_upload(session, min(file_id, LARGEST_ID))
    return file, look_into(session, file)


def _make_form(entity: Entity[Any], layout: Layout) -> Form:
    """Return a form with a field for each column of the file."""
    options = [
        SelectChoice(value="", label=_("Leave it out")),
        *(SelectChoice(value=column.name, label=_label(column)) for column in entity.columns),
    ]
    fields = {
        _field_name(place): SelectField(name or _("(no name)"), choices=options, default=ours)
        for place, (name, ours) in enumerate(zip(layout.header, layout.columns, strict=True))
    }
    made: Form = type("MappingForm", (Form,), fields)()
    return made


def _label(column: Column) -> str:
    return _("%(name)s (required)", name=column.name) if column.must else column.name


def _field_name(place: int) -> str:
    return f"column_{place}"


def _chosen(form: Form, layout: Layout) -> list[str]:
    return [form.told(_field_name(place)) for place in range(len(layout.header))]


def _is_sound(form: Form, entity: Entity[Any], layout: Layout) -> bool:
    """Say beside the fields what cannot be; return whether nothing was said."""
    seen: dict[str, str] = {}
    for place, ours in enumerate(_chosen(form, layout)):
        if ours and ours in seen:
            told = _("%(name)s is this already: choose it once.", name=seen[ours] or _("(no name)"))
            form[_field_name(place)].errors = [told]
        elif ours:
            seen[ours] = layout.header[place]
    missing = list_missing(entity, seen)
    form.form_errors = _missing_words(missing)
    return not missing and not any(field.errors for field in form)


def _missing_words(missing: Sequence[str]) -> list[str]:
    if not missing:
        return []
    return [
        ngettext(
            "No column of the file is %(names)s, which must be there.",
            "No columns of the file are %(names)s, which must be there.",
            len(missing),
            names=", ".join(missing),
        )
    ]


def _page(
    session: Session, file: ImportFile, layout: Layout, form: Form, problems: Sequence[str] = ()
) -> str:
    entity = get_entity(file.entity)
    other = find_other(layout, entity)
    return render_staff_page(
        "imports/mapping.html",
        file=file,
        title=entity_title(file.entity),
        written=layout_words(layout.as_json()),
        has_names=layout.format == CSV,
        form=form,
        other=None if other is None else entity_title(other),
        problems=[*form.form_errors, *problems],
        their_columns=_list_theirs(session, file, layout, entity, form),
        columns=list_columns(entity),
    )


def _list_theirs(
    session: Session, file: ImportFile, layout: Layout, entity: Entity[Any], form: Form
) -> list[TheirColumn]:
    samples = _read_samples(session, file, layout)
    hidden = {column.name for column in entity.columns if column.is_secret}
    return [
        TheirColumn(
            field=form[_field_name(place)],
            name=name or _("(no name)"),
            samples=[
                _shown(cells[place], is_secret=ours in hidden) for cells in samples if place < len(cells)
            ],
        )
        for place, (name, ours) in enumerate(zip(layout.header, layout.columns, strict=True))
    ]


def _read_samples(session: Session, file: ImportFile, layout: Layout) -> list[Sequence[str]]:
    """Return the first rows; one that cannot be read ends them, and is told by the dry run."""
    found: list[Sequence[str]] = []
    with open_upload(session, file.id) as stream:
        stream.seek(layout.position)
        with suppress(SourceError):
            rows = read_rows(stream, layout, position=layout.position, line=layout.line)
            found.extend(row.cells for row in islice(rows, SAMPLES))
    return found


def _shown(cell: str, *, is_secret: bool) -> str:
    if cell and (is_secret or is_hash(cell)):
        return str(_(HIDDEN))
    return cell if len(cell) <= LONGEST_SAMPLE else f"{cell[:LONGEST_SAMPLE]}…"
