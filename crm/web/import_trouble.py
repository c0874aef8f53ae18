"""Why an import does not go on, and what helps."""

from dataclasses import dataclass
from datetime import datetime

from flask_babel import gettext as _

from crm.core.phone import mask_in_text
from crm.importer.models import ImportRun
from crm.importer.standing import Progress, Standing


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """Why an import does not go on, and what helps."""

    title: str
    words: str
    reason: str = ""
    next_at: datetime | None = None
    may_resume: bool = False


def find_trouble(run: ImportRun, progress: Progress, overtaker: ImportRun | None) -> Trouble | None:
    """Say why an import does not go on; None while it does."""
    if overtaker is not None:
        return Trouble(title=_("Its file was imported anew"), words=_overtaken_words(overtaker))
    told = {
        Standing.RETRIED: (_("A step failed and is tried again"), _("Nothing of that step went in.")),
        Standing.DEAD: (
            _("A step failed too often"),
            _("Nothing of that step went in. When the reason is gone, resume: it goes on where it was."),
        ),
        Standing.QUIET: (
            _("Nobody works on it"),
            _("Resume: it goes on where it was.")
            if run.file_id
            else _("It was begun on the server: the same command goes on where it was, with --resume."),
        ),
    }
    if progress.standing not in told:
        return None
    title, words = told[progress.standing]
    return Trouble(
        title=title,
        words=words,
        reason=mask_in_text(progress.reason),
        next_at=progress.next_at,
        may_resume=run.file_id is not None,
    )


def _overtaken_words(overtaker: ImportRun) -> str:
    told = (
        _("Dry run %(id)s of the same file is done: there is nothing to resume.", id=overtaker.id)
        if overtaker.is_dry
        else _("Import %(id)s of the same file is done: there is nothing to resume.", id=overtaker.id)
    )
    return f"{told} {_('This one ends by itself.')}"
