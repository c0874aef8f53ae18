"""Imports in words: their states, what a file holds, what was wrong with a row."""

from collections.abc import Mapping
from typing import Any

from flask_babel import gettext as _

from crm.core.errors import N_, Said
from crm.importer.columns import Entity
from crm.importer.entities import ENTITIES
from crm.importer.faults import HIDDEN, Fault
from crm.importer.models import ImportRun
from crm.importer.runs import State
from crm.importer.working import would_bring_nothing
from crm.mobiletech.words import Tone, Word
from crm.web.count_words import spell
from crm.web.languages import told

LIST = "/admin/imports"

STATE_WORDS: Mapping[State, Word] = {
    State.WAITING: Word(N_("Waits"), Tone.WAIT, "clock"),
    State.CHECKING: Word(N_("Checking"), Tone.WAIT, "retry"),
    State.LOADING: Word(N_("Running"), Tone.WAIT, "retry"),
    State.INTERRUPTED: Word(N_("Interrupted"), Tone.WARN, "pause"),
    State.CANCELLED: Word(N_("Cancelled"), Tone.WARN, "minus"),
    State.REFUSED: Word(N_("Refused"), Tone.BAD, "cross"),
    State.DONE: Word(N_("Done"), Tone.GOOD, "check"),
}
DONE_IN_PART = Word(N_("Done in part"), Tone.WARN, "alert")
DONE_ANEW = Word(N_("Done anew"), Tone.WARN, "minus")
SOME_REFUSED = Word(N_("Some refused"), Tone.WARN, "alert")
FORMATS = {"csv": "CSV", "jsonl": "JSON Lines"}
DELIMITERS = {",": N_("comma"), ";": N_("semicolon"), "\t": N_("tab"), "|": N_("vertical bar")}
ENCODINGS = {"utf-8": "UTF-8", "cp1250": "Windows-1250"}


def state_word(run: ImportRun, overtaker: ImportRun | None) -> Word:
    """Return the state of an import; one that is done and left rows out needs somebody, one that was left nobody."""
    if overtaker is not None:
        return DONE_ANEW
    if run.state == State.DONE and run.refused:
        return SOME_REFUSED if run.is_dry else DONE_IN_PART
    return STATE_WORDS[State(run.state)]


def ending_words(run: ImportRun) -> str:
    """Return how an import that has ended did, in a sentence for those who only hear of it."""
    if run.state == State.DONE:
        return _(
            "It has ended: rows %(rows)s, refused %(refused)s.",
            rows=spell(run.rows_done),
            refused=spell(run.refused),
        )
    if run.state == State.REFUSED:
        return str(_("It ended before its end; why stands below."))
    if run.rows_total is None:
        return str(_("It has ended while its rows were checked: nothing had gone in yet."))
    return str(_("It has ended and kept nothing.") if run.is_dry else _("It has ended; what is in stays in."))


def nothing_words(dry: ImportRun) -> str:
    """Say why there is nothing to import after a dry run; nothing if there is something."""
    if not would_bring_nothing(dry):
        return ""
    if not dry.rows_done:
        return str(_("The file has no rows: there is nothing to import."))
    if dry.refused == dry.rows_done:
        return str(_("Every row would be refused: there is nothing to import until some are mended."))
    return str(_("No row would be new or change: there is nothing to import."))


def rows_words(run: ImportRun) -> str:
    """Return how many rows were read; they were only checked while it is not known how many there are."""
    count = spell(run.rows_done)
    return _("%(count)s checked", count=count) if run.rows_total is None else count


def entity_title(name: str) -> str:
    """Return what the rows of a file are; what is imported no more is called as it was."""
    entity: Entity[Any] | None = ENTITIES.get(name)
    return str(_(entity.title)) if entity else name


def run_kind(run: ImportRun) -> str:
    """Return whether an import keeps what it does."""
    return str(_("Dry run") if run.is_dry else _("Import"))


def fault_words(fault: Fault) -> str:
    """Return the sentence about a value, in the language of the page."""
    return told(Said(fault.message, **fault.fields))


def value_words(fault: Fault) -> str:
    """Return the value as it stood in the file; what is not shown says so."""
    return str(_(HIDDEN)) if fault.value == HIDDEN else fault.value


def layout_words(layout: Mapping[str, Any]) -> str:
    """Return what a file is written in."""
    words = [FORMATS[layout["format"]], ENCODINGS[layout["encoding"]]]
    if layout["delimiter"]:
        words.append(_("parted by %(sign)s", sign=_(DELIMITERS[layout["delimiter"]])))
    return ", ".join(words)
