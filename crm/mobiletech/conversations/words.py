"""Why a reader's message waits for a person, in words: what to call it, and what to know about it."""

from collections.abc import Mapping
from enum import StrEnum

from crm.core.errors import N_
from crm.mobiletech.words import Tone, Word


class InboxReason(StrEnum):
    """Why a message is in the inbox."""

    UNMATCHED = "unmatched"
    RULE = "rule"
    STOP = "stop"
    NEAR_STOP = "near_stop"
    LOOPED = "looped"
    REFUSED = "refused"


INBOX_WORDS: Mapping[InboxReason, Word] = {
    InboxReason.UNMATCHED: Word(N_("No rule matched"), Tone.WAIT, "question"),
    InboxReason.RULE: Word(N_("A rule gave it to a person"), Tone.WAIT, "in"),
    InboxReason.STOP: Word(N_("STOP"), Tone.WARN, "stop"),
    InboxReason.NEAR_STOP: Word(N_("Perhaps STOP"), Tone.WARN, "stop"),
    InboxReason.LOOPED: Word(N_("Too many answers"), Tone.WARN, "retry"),
    InboxReason.REFUSED: Word(N_("The answer was not sent"), Tone.BAD, "minus"),
}
# What is not said by the word alone.
INBOX_MEANINGS: Mapping[InboxReason, str] = {
    InboxReason.STOP: N_(
        "The reader wants to stop, and not all of it could be done by itself. See to it, then mark it as done."
    ),
    InboxReason.NEAR_STOP: N_(
        "The reader may want to stop. Ask what was meant; nothing is charged meanwhile."
    ),
    InboxReason.LOOPED: N_(
        "Rules have answered this number often within minutes, as if a machine wrote. They are silent now."
    ),
    InboxReason.REFUSED: N_("A rule or an extension had an answer, and it could not be sent."),
}
