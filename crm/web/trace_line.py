"""One line of the trace of an SMS, as a page shows it."""

from dataclasses import dataclass

from crm.mobiletech.words import Tone


@dataclass(frozen=True, slots=True)
class TraceLine:
    """One step; the link leads to what it speaks of."""

    words: str
    icon: str
    tone: Tone = Tone.WAIT
    href: str | None = None
    link: str = ""
