"""One thing that was looked at, as a person reads it: how it is, what that means, where to go."""

from dataclasses import dataclass

from crm.core.errors import N_
from crm.mobiletech.words import Tone, Word

VERDICTS = {
    Tone.BAD: Word(N_("Act now"), Tone.BAD, "alert"),
    Tone.WARN: Word(N_("Look at it"), Tone.WARN, "alert"),
    Tone.WAIT: Word(N_("To know"), Tone.WAIT, "info"),
    Tone.GOOD: Word(N_("Well"), Tone.GOOD, "check"),
}
WORST_FIRST = tuple(VERDICTS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One thing that was looked at; the link leads to where something can be done."""

    tone: Tone
    title: str
    detail: str
    href: str | None = None

    @property
    def verdict(self) -> Word:
        """Return the word that stands before it."""
        return VERDICTS[self.tone]
