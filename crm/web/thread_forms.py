"""The forms of a conversation: the answer to the reader, and the note for colleagues."""

import secrets

from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, HiddenField, TextAreaField
from wtforms.validators import DataRequired, Regexp

from crm.web.forms import Form, storable
from crm.web.reason_form import at_most

LONGEST_ANSWER = 1530  # ten parts of plain letters
LONGEST_NOTE = 2000


class AnswerForm(Form):
    """A person's words to a reader.

    `nonce` names this form, so that it sends once. `seen` is the newest SMS of ours that was before the eyes, `waiting`
    the last of those that wait, `parts` in how many parts the text goes, as far as the page has told it.
    """

    content = TextAreaField(
        _l("Your answer"),
        validators=[DataRequired(_l("Write the answer.")), at_most(LONGEST_ANSWER), storable],
    )
    nonce = HiddenField(validators=[Regexp(r"[A-Za-z0-9_-]{16,64}\Z", message=_l("Load the page again."))])
    seen = HiddenField()
    waiting = HiddenField()
    parts = HiddenField()
    finish = BooleanField(_l("and mark as done"), default=True)

    @property
    def text(self) -> str:
        """The text with the line ends that an SMS has; browsers send two characters for each."""
        return self.told("content").replace("\r\n", "\n")

    @property
    def seen_id(self) -> int:
        """The newest SMS of ours that was seen, 0 for none."""
        return _count(self.told("seen"))

    @property
    def waiting_id(self) -> int:
        """The last of what waited when the page was shown, 0 for none: what came later was not answered."""
        return _count(self.told("waiting"))

    @property
    def told_parts(self) -> int:
        """In how many parts the text goes, as far as that was told; one need not be."""
        return max(_count(self.told("parts")), 1)

    def renew(self, *, seen_id: int, waiting_id: int, parts: int) -> None:
        """Make it a form of its own that says what is known now; what was typed stays."""
        self.nonce.data = secrets.token_urlsafe(16)
        self.seen.data = str(seen_id)
        self.waiting.data = str(waiting_id)
        self.parts.data = str(parts)


class NoteForm(Form):
    """What colleagues should know."""

    note = TextAreaField(
        _l("Note"),
        description=_l("Only staff read it."),
        validators=[DataRequired(_l("Write the note.")), at_most(LONGEST_NOTE), storable],
    )


def _count(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 18 else 0
