"""Who subscribes in the demo, when, and what becomes of each charge: a story as a table, the same on every machine.

The moments are told backwards from now, so that a renewal is on its way, and another just failed, whenever one looks.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from random import Random
from zoneinfo import ZoneInfo

from crm.mobiletech.outbound import OutboundState
from crm.seed.fates import (
    HELD,
    NO_ANSWER,
    NO_CREDIT,
    NO_REPORT_YET,
    PAID,
    PORTED,
    REFUSED,
    TAKEN,
    UNKNOWN,
    Fate,
)

BLOCKED = Fate(tries=(TAKEN,), codes=("A20",), paid=True)
TECHNICAL = Fate(tries=(TAKEN,), codes=("A31",), paid=True)
SILENT = Fate(tries=(TAKEN,), paid=True)
TURNED_AWAY = Fate(state=OutboundState.REJECTED, tries=(REFUSED,), reason=REFUSED.detail, paid=True)
STRANGE = Fate(tries=(TAKEN,), codes=("X1",), paid=True)  # a code that nobody knows
AFTER_ALL = Fate(state=OutboundState.ACCEPTED, tries=(NO_ANSWER, TAKEN), codes=("A0", "D1"), paid=True)

USUAL_DAYS = 88
WAVES, A_WAVE = 8, 4
BY_DAY = (7, 20)
LENGTHS = {"month": 30, "week": 7, "trial": 7}


class Wish(StrEnum):
    """What somebody does about a subscription in the end."""

    STOP_BY_SMS = "stop_by_sms"
    STOP_BY_STAFF = "stop_by_staff"
    PAUSE = "pause"
    OWN_AMOUNT = "own_amount"
    REFUND = "refund"
    CALL_OFF = "call_off"

    @property
    def text(self) -> str | None:
        """What the reader writes, if it is the reader who acts."""
        return _SAID.get(self)


_SAID = {Wish.STOP_BY_SMS: "STOP", Wish.PAUSE: "Ako sa dá zrušiť predplatné?"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """Something that a person does, so long before now."""

    ago: timedelta
    wish: Wish


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscriber:
    """One who texts START: what becomes of each SMS that charges, in order; once that is told, all is paid."""

    type: str
    starts_at: datetime
    fates: Sequence[Fate] = ()
    acts: Sequence[Act] = ()


def plan_subscribers(now: datetime, zone: ZoneInfo) -> list[Subscriber]:
    """Return all of them, in the order of the names that they are given."""
    chance = Random(1703)  # noqa: S311 - a story, no secret
    return [*_tellers(now, zone), *_crowd(chance, now, zone)]


def _crowd(chance: Random, now: datetime, zone: ZoneInfo) -> Iterator[Subscriber]:
    """The many of whom there is little to tell: a few at a time, as when a paper writes about it."""
    for wave in range(WAVES):
        day = now.astimezone(zone) - timedelta(days=USUAL_DAYS - wave * (USUAL_DAYS - 2) // (WAVES - 1))
        at = day.replace(hour=chance.randint(*BY_DAY), minute=chance.randint(0, 56), second=0, microsecond=0)
        for place in range(A_WAVE):
            kind = chance.choices(("month", "week", "trial"), (7, 1, 2))[0]
            starts_at = min(at + timedelta(seconds=3 * place), now - timedelta(hours=2))
            yield Subscriber(type=kind, starts_at=starts_at, fates=chance.choice(_USUAL))


def _tellers(now: datetime, zone: ZoneInfo) -> Iterator[Subscriber]:
    """Those that somebody will ask about: (type, periods until the moment, its hours ago, fates, acts)."""
    for kind, periods, hours_ago, fates, acts in _TOLD:
        told = now - timedelta(hours=hours_ago)
        days = periods * LENGTHS["month" if kind == "month" else "week"]
        yield Subscriber(
            type=kind,
            # by the wall's clock, as periods are counted
            starts_at=(told.astimezone(zone) - timedelta(days=days)).astimezone(now.tzinfo),
            fates=fates,
            acts=[Act(ago=timedelta(hours=ago), wish=wish) for ago, wish in acts],
        )


# Of the crowd: most pay always, some run out of credit on the way, few for good.
_USUAL: Sequence[Sequence[Fate]] = (
    *([()] * 14),
    (PAID, NO_CREDIT),
    (PAID, NO_CREDIT, NO_CREDIT),
    (PAID, PAID, NO_CREDIT),
    (PAID, TECHNICAL),
    (NO_CREDIT,),
    (PAID, AFTER_ALL),
)
_OUT_OF_CREDIT = (NO_CREDIT,) * 5
_TOLD: Sequence[tuple[str, int, float, Sequence[Fate], Sequence[tuple[float, Wish]]]] = (
    # the first reader, who can sign in
    ("month", 2, 20 * 24, (), ()),
    # on its way, and what waits for a person
    ("month", 2, 0.3, (PAID, PAID, NO_REPORT_YET), ()),
    ("month", 1, 0.2, (PAID, NO_REPORT_YET), ((0.05, Wish.STOP_BY_SMS),)),
    ("week", 3, 0.5, (PAID, PAID, PAID, NO_REPORT_YET), ()),
    ("month", 1, 26, (PAID, UNKNOWN), ()),
    ("month", 2, 5, (PAID, PAID, UNKNOWN), ()),
    ("month", 0, 3, (UNKNOWN,), ()),
    ("month", 1, 9, (PAID, STRANGE), ()),
    ("month", 1, 7, (PAID, HELD), ()),
    ("month", 0, 4, (HELD,), ()),
    ("month", 1, 31, (PAID, PORTED), ()),
    # failed, of each kind, and tried again or given up
    ("month", 1, 0.1, (PAID, NO_CREDIT), ()),
    ("month", 2, 11, (PAID, PAID, NO_CREDIT, NO_CREDIT), ()),
    ("month", 1, 60, (PAID, *_OUT_OF_CREDIT), ()),
    ("month", 1, 500, (PAID, *_OUT_OF_CREDIT), ()),
    ("week", 2, 40, (PAID, PAID, *_OUT_OF_CREDIT), ()),
    ("month", 1, 52, (PAID, BLOCKED), ()),
    ("month", 1, 400, (PAID, BLOCKED, BLOCKED), ()),
    ("month", 1, 20, (PAID, TECHNICAL), ()),
    ("month", 1, 30, (PAID, SILENT), ()),
    ("month", 1, 2, (PAID, TURNED_AWAY), ()),
    ("month", 0, 6, (BLOCKED,), ()),
    ("trial", 1, 16, (PAID, NO_CREDIT), ()),
    # people who stopped, were stopped, nearly stopped, got their money back
    ("month", 2, 240, (), ((100, Wish.STOP_BY_SMS),)),
    ("month", 1, 300, (), ((290, Wish.STOP_BY_SMS),)),
    ("week", 4, 90, (), ((55, Wish.STOP_BY_SMS),)),
    ("trial", 0, 150, (), ((30, Wish.STOP_BY_SMS),)),
    ("month", 2, 350, (), ((200, Wish.STOP_BY_STAFF),)),
    ("month", 1, 620, (), ((1.5, Wish.PAUSE),)),
    ("month", 1, 130, (), ((80, Wish.REFUND),)),
    ("month", 0, 12, (HELD,), ((11, Wish.CALL_OFF),)),
    ("month", 1, 5.5, (), ((110, Wish.OWN_AMOUNT),)),
)
