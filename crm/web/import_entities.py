"""What a file of each sort holds: its columns, in words, and a small file that imports as it stands."""

from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from crm.importer.columns import Entity
from crm.importer.entities import get_entity
from crm.importer.examples import read_example
from crm.importer.kinds import DATES
from crm.users.roles import Permission
from crm.web.guards import staff
from crm.web.import_words import entity_title
from crm.web.page_tools import render_staff_page

import_entities = Blueprint("import_entities", __name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnWords:
    """One column of ours, in words."""

    name: str
    told: str
    must: bool
    other_names: str


@import_entities.get("/<entity>")
@staff(Permission.IMPORT)
def show(entity: str) -> str:
    """Show the columns."""
    found = get_entity(entity)
    return render_staff_page(
        "imports/entity.html",
        entity=found.name,
        title=entity_title(entity),
        summary=_(found.summary),
        columns=list_columns(found),
        dates=_(DATES) if found.has_dates else "",
    )


@import_entities.get("/<entity>/example.csv")
@staff(Permission.IMPORT)
def download_example(entity: str) -> ResponseReturnValue:
    """Send the example."""
    name = get_entity(entity).name
    return Response(
        read_example(name),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}.csv"'},
    )


def list_columns(entity: Entity[Any]) -> list[ColumnWords]:
    """Return the columns in words, those that must be there marked."""
    return [
        ColumnWords(
            name=column.name,
            told=_(column.told),
            must=column.must,
            other_names=", ".join(column.other_names),
        )
        for column in entity.columns
    ]
