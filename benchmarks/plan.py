"""How long and how much a run measures."""

from dataclasses import dataclass

BIG_ROWS = 10_000_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """Shape: `rows` are the sizes of the message list, `answers` and `history` counts of messages."""

    rounds: int = 5
    seconds: int = 10
    answers: int = 5_000
    history: int = 100_000
    latencies: int = 200
    rows: tuple[int, ...] = (1_000_000,)
    pages: int = 60
    renewals: int = 100_000
    readers: int = 100_000


QUICK = Plan(
    rounds=1,
    seconds=3,
    answers=1_000,
    history=20_000,
    latencies=40,
    rows=(100_000,),
    pages=20,
    renewals=3_000,
    readers=10_000,
)
