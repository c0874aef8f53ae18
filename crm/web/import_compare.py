"""Ours and the old system compared: what the newest dry run of each export would change here."""

from dataclasses import dataclass
from datetime import datetime

from flask import Blueprint
from flask_babel import ngettext

from crm.core.db import current_session
from crm.core.errors import N_
from crm.importer.differences import MAY_BE_MORE, Comparison, list_comparisons
from crm.importer.models import ImportRun
from crm.mobiletech.words import Tone, Word
from crm.users.roles import Permission
from crm.web.count_words import spell
from crm.web.guards import staff
from crm.web.import_words import LIST, entity_title
from crm.web.page_tools import render_staff_page

import_compare = Blueprint("import_compare", __name__)

SAME = Word(N_("Same"), Tone.GOOD, "check")
DIFFERENT = Word(N_("Differs"), Tone.BAD, "alert")
NOT_COMPARED = Word(N_("Not compared"), Tone.WAIT, "question")


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedEntity:
    """What the newest dry run of an entity has found; `differs` says it in words."""

    title: str
    name: str
    href: str
    state: Word
    at: datetime | None
    in_file: str
    here: str
    differs: list[str]


@import_compare.get("")
@staff(Permission.IMPORT)
def show() -> str:
    """Show each entity, in the order in which they are imported."""
    return render_staff_page(
        "imports/compare.html", entities=[_compared(each) for each in list_comparisons(current_session())]
    )


def _compared(each: Comparison) -> ComparedEntity:
    run = each.run
    state = NOT_COMPARED if run is None else SAME if each.is_same else DIFFERENT
    return ComparedEntity(
        title=entity_title(each.entity),
        name=each.entity,
        href="" if run is None else f"{LIST}/{run.id}",
        state=state,
        at=None if run is None else run.finished_at,
        in_file="" if run is None else spell(run.rows_total or 0),
        here="" if run is None or run.rows_here is None else spell(run.rows_here),
        differs=[] if run is None else _differs(run),
    )


def _differs(run: ImportRun) -> list[str]:
    more = (run.rows_here or 0) - (run.rows_total or 0) + run.inserted
    told = [
        (run.inserted, ngettext("%(num)s is not here", "%(num)s are not here", run.inserted)),
        (
            run.updated,
            ngettext("%(num)s has other values here", "%(num)s have other values here", run.updated),
        ),
        (run.refused, ngettext("%(num)s would be refused", "%(num)s would be refused", run.refused)),
        (
            0 if run.entity in MAY_BE_MORE or run.refused else max(more, 0),
            ngettext("%(num)s is here alone", "%(num)s are here alone", more),
        ),
    ]
    return [words for count, words in told if count]
