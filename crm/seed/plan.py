"""Who writes what, when, and what becomes of the answer: the demo's story, the same on every machine.

Only the clock differs: the story ends now and begins twenty days ago.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

from crm.seed.fates import DELIVERED, RECENT, USUAL, Fate

DAYS = 20
EXCHANGES = 110
QUIET_HOURS = 8  # before now, but for what is planned to the minute
REPEATED_AFTER = timedelta(seconds=4)
FOREIGN_NUMBER = "+420602000101"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """Somebody who writes; `user_id` is None for a number that belongs to nobody."""

    number: str
    operator: str
    user_id: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """An SMS of a reader and what becomes of our answer; without a fate there is none."""

    at: datetime
    sender: Sender
    text: str
    fate: Fate | None
    repeats: bool = False  # the operator sent the SMS before this one again
    date_raw: str | None = None


def plan_exchanges(
    senders: Sequence[Sender],
    texts: Sequence[str],
    long_texts: Sequence[str],
    *,
    now: datetime,
    zone: ZoneInfo,
) -> list[Exchange]:
    """Return the whole story in order of time."""
    chance = Random(8877)  # noqa: S311 - a story, no secret
    fates, weights = zip(*USUAL, strict=True)
    story = [
        Exchange(
            at=_some_time(chance, now, zone),
            sender=chance.choice(senders),
            text=chance.choice(texts),
            fate=chance.choices(fates, weights)[0],
        )
        for _ in range(EXCHANGES)
    ]
    story += [
        Exchange(at=now - timedelta(minutes=minutes), sender=sender, text=text, fate=fate)
        for (minutes, fate), sender, text in zip(RECENT, senders, texts, strict=False)
    ]
    story += _oddities(chance, senders, long_texts, now, zone)
    return sorted(story, key=lambda exchange: exchange.at)


def _oddities(
    chance: Random, senders: Sequence[Sender], long_texts: Sequence[str], now: datetime, zone: ZoneInfo
) -> list[Exchange]:
    """What support is asked about: long texts, STOP and nearly one, a repeat, a foreign number, an impossible date."""

    def one(text: str, sender: Sender | None = None, fate: Fate | None = DELIVERED) -> Exchange:
        at = _some_time(chance, now, zone)
        return Exchange(at=at, sender=sender or chance.choice(senders), text=text, fate=fate)

    foreign = Sender(number=FOREIGN_NUMBER, operator="", user_id=None)
    twice = one("Prosím o nové heslo")
    again = Exchange(
        at=twice.at + REPEATED_AFTER, sender=twice.sender, text=twice.text, fate=DELIVERED, repeats=True
    )
    dated = one("Dobrý deň, mám otázku k faktúre")
    impossible = Exchange(
        at=dated.at, sender=dated.sender, text=dated.text, fate=DELIVERED, date_raw="2613450000000"
    )
    return [
        *(one(text) for text in long_texts),
        # not of the first reader, who shows what one has who pays
        *(one(text, senders[place], fate=None) for place, text in ((7, "STOP"), (8, "zrušiť"))),
        replace(
            one("Ako sa dá zrušiť predplatné?", senders[9], fate=None), at=now - timedelta(hours=QUIET_HOURS)
        ),
        one("Ahoj z Prahy", foreign),
        twice,
        again,
        impossible,
    ]


def _some_time(chance: Random, now: datetime, zone: ZoneInfo) -> datetime:
    """People write by day, and more of late."""
    while True:
        day = now.astimezone(zone) - timedelta(days=int(DAYS * chance.random() ** 1.6))
        at = day.replace(
            hour=chance.randint(7, 21), minute=chance.randint(0, 59), second=chance.randint(0, 59)
        )
        if at < now - timedelta(hours=QUIET_HOURS):
            return at
