"""The figures of today beside those of the same weekday a week ago; each leads to what it counts."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from urllib.parse import urlencode

from flask_babel import gettext as _

from crm.core.days import WEEK
from crm.core.errors import N_
from crm.mobiletech.figures.counting import Alike
from crm.mobiletech.figures.reading import Figures
from crm.mobiletech.words import STATE_WORDS, MessageState
from crm.web.count_words import compare, spell

MESSAGES = "/admin/messages"


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """What is counted: which messages, and the filters under which the list shows them."""

    name: str
    label: str
    filters: Mapping[str, str]
    holds: Callable[[Alike], bool]
    tone: str = ""

    def count(self, rows: Iterable[Alike]) -> int:
        """Return how many it counts of them."""
        return sum(row.count for row in rows if self.holds(row))


def is_in(state: MessageState) -> Callable[[Alike], bool]:
    """Return what tells whether messages of ours are in the state."""
    return lambda row: row.state == state


RECEIVED = Measure(
    name="received", label=N_("Received"), filters={"direction": "in"}, holds=lambda row: row.is_inbound
)
FOR_READERS = Measure(
    name="for-readers",
    label=N_("For readers"),
    filters={"direction": "out"},
    holds=lambda row: not row.is_inbound,
)
DELIVERED = Measure(
    name="delivered",
    label=N_("Delivered"),
    filters={"state": MessageState.BILLED},
    holds=is_in(MessageState.BILLED),
)
FAILED = Measure(
    name="failed",
    label=N_("Failed"),
    filters={"state": MessageState.FAILED},
    holds=is_in(MessageState.FAILED),
    tone="bad",
)
NOT_SENT = Measure(
    name="not-sent",
    label=N_("Not sent"),
    filters={"state": MessageState.NOT_SENT},
    holds=is_in(MessageState.NOT_SENT),
    tone="bad",
)
MEASURES = (RECEIVED, FOR_READERS, DELIVERED, FAILED, NOT_SENT)
BESIDE_FAILED = (MessageState.REJECTED, MessageState.EXPIRED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """Words that lead to a list."""

    text: str
    href: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """One figure, how it stands to last week's, that whole day, and what stands beside it."""

    label: str
    value: str
    href: str
    comparison: str
    whole_day: Link | None
    beside: tuple[Link, ...]
    tone: str


def list_cards(figures: Figures) -> list[Card]:
    """Return the figures of today."""
    return [_card(figures, measure) for measure in MEASURES]


def list_href(first: date, last: date, filters: Mapping[str, str]) -> str:
    """Return the address of the messages of some days."""
    return f"{MESSAGES}?{urlencode({**filters, 'from': first.isoformat(), 'to': last.isoformat()})}"


def _card(figures: Figures, measure: Measure) -> Card:
    today, a_week_ago = figures.today, figures.today - WEEK
    count = measure.count(figures.of_days(today, today))
    whole = measure.count(figures.of_days(a_week_ago, a_week_ago))
    return Card(
        label=_(measure.label),
        value=spell(count),
        href=list_href(today, today, measure.filters),
        comparison=compare(count, measure.count(figures.by_now), a_week_ago),
        whole_day=Link(
            text=_("%(count)s that whole day", count=spell(whole)),
            href=list_href(a_week_ago, a_week_ago, measure.filters),
        )
        if whole
        else None,
        beside=tuple(_beside(figures)) if measure is FAILED else (),
        tone=measure.tone if count else "",
    )


def _beside(figures: Figures) -> Iterable[Link]:
    """Give the other ways in which a message ends badly; each has a list of its own."""
    today = figures.today
    for state in BESIDE_FAILED:
        count = sum(row.count for row in figures.of_days(today, today) if row.state == state)
        if count:
            word = _(STATE_WORDS[state].word)
            yield Link(text=f"{word} {spell(count)}", href=list_href(today, today, {"state": state}))
