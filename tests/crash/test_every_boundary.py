"""A process dies, or its servers do, at every boundary; each accepted SMS still happens once in effect."""

import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import pytest

from tests.crash.boundaries import Point
from tests.crash.orders import Act
from tests.crash.story import Stage, Story
from tests.crash.verdict import judge, sending_windows

# Sides of boundaries in one story, less what depends on how threads meet. Fewer means that the wrapping has
# lost a seam, or the product a commit.
AT_LEAST = {
    ("web", "answer"): 14,
    ("web", "commit"): 15,
    ("web", "redis"): 12,
    ("worker", "commit"): 56,
    ("worker", "http-call"): 4,
    ("worker", "http-connect"): 2,  # a free message may go over the connection of the one before
    ("worker", "http-reply"): 4,
    ("worker", "http-request"): 4,
    ("worker", "redis"): 220,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What happens at the point; one in so many of the points is tried."""

    name: str
    act: Act
    redis_wiped: bool = False
    postgres_restarted: bool = False
    one_in: int
    one_in_window: int  # of those where a message may be on its way; make test-long tries them all
    long_one_in: int


# The calm points are many, most of them RQ's own bookkeeping; a restarted PostgreSQL costs a second each.
CASES = (
    Case(name="killed", act=Act.KILL, one_in=260, one_in_window=14, long_one_in=1),
    Case(
        name="killed, Redis wiped",
        act=Act.KILL,
        redis_wiped=True,
        one_in=400,
        one_in_window=40,
        long_one_in=1,
    ),
    Case(
        name="killed, PostgreSQL restarted",
        act=Act.KILL,
        postgres_restarted=True,
        one_in=700,
        one_in_window=80,
        long_one_in=8,
    ),
    Case(
        name="Redis wiped",
        act=Act.CALL_AND_WAIT,
        redis_wiped=True,
        one_in=700,
        one_in_window=90,
        long_one_in=4,
    ),
    Case(
        name="PostgreSQL restarted",
        act=Act.CALL_AND_WAIT,
        postgres_restarted=True,
        one_in=700,
        one_in_window=80,
        long_one_in=8,
    ),
    Case(
        name="PostgreSQL away",
        act=Act.CALL,
        postgres_restarted=True,
        one_in=700,
        one_in_window=80,
        long_one_in=8,
    ),
)

# Being killed is tried on paid and free messages, everything else on one of them in turn; make test-long does all.
IN_TURN = [
    (case, paid)
    for number, case in enumerate(CASES)
    for paid in (True, False)
    if number == 0 or number % 2 == paid
]
TURN_NAMES = [f"{'paid' if paid else 'free'}-{case.name}" for case, paid in IN_TURN]


@dataclass(frozen=True, slots=True)
class Boundaries:
    """The points of an undisturbed story, and the places where the sender does not know what it has done."""

    points: Sequence[Point]
    windows: set[tuple[str, str, str, int, str]]


@pytest.fixture(scope="module")
def known() -> dict[bool, Boundaries]:
    """Return what was found so far, paid and free."""
    return {}


@pytest.fixture
def boundaries(stage: Stage, paid: bool, known: dict[bool, Boundaries]) -> Boundaries:
    """Tell the story twice and return what was passed both times."""
    if paid not in known:
        stories = [_told(stage, paid=paid), _told(stage, paid=paid)]
        again = {point.place for point in stories[1].points}
        points = [point for point in stories[0].points if point.place in again]
        windows = sending_windows([point for point in stories[0].points if point.role == "worker"])
        known[paid] = Boundaries(points, windows)
    return known[paid]


def test_no_boundary_is_lost(boundaries: Boundaries, paid: bool, capsys: pytest.CaptureFixture[str]) -> None:
    found = Counter((point.role, point.kind) for point in boundaries.points)

    told = ", ".join(f"{role} {kind} {count}" for (role, kind), count in sorted(found.items()))
    with capsys.disabled():  # the number is told in every run
        sys.stderr.write(f"\n{found.total()} sides of boundaries, {'paid' if paid else 'free'}: {told}\n")
    assert {place: found[place] for place, least in AT_LEAST.items() if found[place] < least} == {}


@pytest.mark.parametrize(("case", "paid"), IN_TURN, ids=TURN_NAMES, indirect=["paid"])
def test_every_message_happens_once(stage: Stage, boundaries: Boundaries, paid: bool, case: Case) -> None:
    start = CASES.index(case) * 2 + paid  # each takes others
    points = list(_sample(boundaries, start, calm=case.one_in, window=case.one_in_window))
    _try(stage, boundaries, paid, case, points)


@pytest.mark.long
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_every_message_happens_once_wherever(
    stage: Stage, boundaries: Boundaries, paid: bool, case: Case
) -> None:
    points = list(_sample(boundaries, 0, calm=case.long_one_in, window=1))
    _try(stage, boundaries, paid, case, points)


def _told(stage: Stage, *, paid: bool) -> Story:
    story = Story(stage)
    diary = story.tell()
    assert judge(stage, diary, paid=paid, may_be_unknown=False) == []
    return story


def _sample(boundaries: Boundaries, start: int, *, calm: int, window: int) -> Iterator[Point]:
    """Return points at even distances: one in so many."""
    for is_window, step in ((True, window), (False, calm)):
        points = [point for point in boundaries.points if (point.place in boundaries.windows) is is_window]
        yield from points[start % step :: step]


def _try(stage: Stage, boundaries: Boundaries, paid: bool, case: Case, points: Sequence[Point]) -> None:
    faults, struck, unknown = [], 0, 0
    for point in points:
        story = Story(stage, point=point, act=case.act, disaster=_disaster(stage, case))
        diary = story.tell()
        killed_inside = case.act is Act.KILL and point.place in boundaries.windows
        faults += [
            f"{point}: {fault}" for fault in judge(stage, diary, paid=paid, may_be_unknown=killed_inside)
        ]
        struck += bool(story.points)
        if diary.deaths != ([point.role] if story.points and case.act is Act.KILL else []):
            faults.append(f"{point}: died: {diary.deaths}")
        unknown += bool(diary.in_doubt)
    print(f"\n{case.name}: struck at {struck} of {len(points)} points, {unknown} in doubt")
    assert faults == [], "\n" + "\n".join(faults)
    assert struck >= len(points) * 0.95  # the order of threads is not ours


def _disaster(stage: Stage, case: Case) -> Callable[[], None]:
    def strike() -> None:
        if case.redis_wiped:
            stage.servers.wipe_redis()
        if case.postgres_restarted:
            stage.servers.restart_postgres()

    return strike
