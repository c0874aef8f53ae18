"""One thing that waits for a person, as the overview names it."""

from dataclasses import dataclass

from crm.mobiletech.words import Tone
from crm.web.count_words import spell


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """What it is, what it means, and the way to it."""

    title: str
    detail: str
    href: str
    icon: str
    tone: Tone


def make_task(title: str, detail: str, href: str, icon: str, tone: Tone) -> Task:
    """Return the task."""
    return Task(title=title, detail=detail, href=href, icon=icon, tone=tone)


def told(number: int, most: int) -> str:
    """Return a figure; what was not counted to its end says so."""
    return spell(number) + ("+" if number >= most else "")
