"""What of imports waits for a person: rows that were left out, and imports that stand still."""

from collections.abc import Iterator

from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy.orm import Session

from crm.importer.run_list import list_unfinished, list_with_refusals
from crm.importer.standing import Standing, read_progress
from crm.mobiletech.words import Tone
from crm.users.roles import Permission, may
from crm.web.count_words import spell
from crm.web.import_words import LIST, entity_title
from crm.web.overview_task import Task, make_task
from crm.web.session import find_signed_in


def list_import_tasks(session: Session) -> Iterator[Task]:
    """Return the tasks, for those who may import."""
    person = find_signed_in()
    if person is None or not may(person.role, Permission.IMPORT):
        return
    yield from _standing_still(session)
    yield from _refused(session)


def _standing_still(session: Session) -> Iterator[Task]:
    for run in list_unfinished(session):
        if read_progress(session, run).standing in (Standing.DEAD, Standing.QUIET):
            title = _("An import stands still: %(name)s", name=entity_title(run.entity))
            detail = _("%(file)s. It can be resumed where it was, or cancelled.", file=run.file_name)
            yield make_task(title, detail, f"{LIST}/{run.id}", "pause", Tone.WARN)


def _refused(session: Session) -> Iterator[Task]:
    for run in list_with_refusals(session):
        title = ngettext(
            "%(count)s row of an import was refused: %(name)s",
            "%(count)s rows of an import were refused: %(name)s",
            run.refused,
            count=spell(run.refused),
            name=entity_title(run.entity),
        )
        detail = _("%(file)s. Mend the refused rows and import them by themselves.", file=run.file_name)
        if run.error:
            title = _("An import ended early: %(name)s", name=entity_title(run.entity))
            detail = _("%(file)s. Its page says why.", file=run.file_name)
        yield make_task(title, detail, f"{LIST}/{run.id}", "imports", Tone.WARN)
