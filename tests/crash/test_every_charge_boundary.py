"""`crm payments charge` and its worker die at every boundary and are started again: each renewal is charged once."""

import sys
from collections import Counter
from collections.abc import Callable, Sequence

import pytest

from tests.crash.boundaries import Point
from tests.crash.charge_story import ChargeStory, judge
from tests.crash.orders import Act
from tests.crash.story import Stage

# What Redis carries is news only, and its losses are tried with messages: here it is what the database and the
# gateway are told.
KINDS = ("commit", "http-call", "http-connect", "http-request", "http-reply")
AT_LEAST = {"commit": 30, "http-call": 4, "http-request": 4, "http-reply": 4}
ONE_IN = 30  # of the commits, with `make test`
ONE_IN_CALLS = 4  # of the calls of the gateway


@pytest.fixture(scope="module")
def known() -> list[Point]:
    """Return the points, once they are found."""
    return []


@pytest.fixture
def points(stage: Stage, known: list[Point]) -> Sequence[Point]:
    """Tell the story twice and return what its worker passed both times."""
    if not known:
        passed = [_told(stage), _told(stage)]
        again = {point.place for point in passed[1]}
        known += [point for point in passed[0] if point.place in again]
    return known


def test_no_boundary_of_a_charge_is_lost(points: Sequence[Point], capsys: pytest.CaptureFixture[str]) -> None:
    found = Counter(point.kind for point in points)

    with capsys.disabled():
        sys.stderr.write(f"\n{found.total()} sides of boundaries of charges: {dict(found)}\n")
    assert {kind: found[kind] for kind, least in AT_LEAST.items() if found[kind] < least} == {}


def test_each_renewal_is_charged_once_whenever_it_dies(stage: Stage, points: Sequence[Point]) -> None:
    commits = [point for point in points if point.kind == "commit"]
    calls = [point for point in points if point.kind != "commit"]
    _try(stage, [*commits[::ONE_IN], *calls[1::ONE_IN_CALLS]], lambda: None)


@pytest.mark.long
@pytest.mark.parametrize("restarts", [False, True], ids=["killed", "killed, PostgreSQL restarted"])
def test_each_renewal_is_charged_once_wherever_it_dies(
    stage: Stage, points: Sequence[Point], restarts: bool
) -> None:
    _try(stage, points, stage.servers.restart_postgres if restarts else lambda: None)


def _told(stage: Stage) -> list[Point]:
    story = ChargeStory(stage)
    diary = story.tell()
    assert judge(stage, diary) == []
    assert diary.in_doubt == set()
    return [point for point in story.points if point.role == "worker" and point.kind in KINDS]


def _try(stage: Stage, points: Sequence[Point], disaster: Callable[[], None]) -> None:
    faults, struck, in_doubt = [], 0, 0
    for point in points:
        story = ChargeStory(stage, point=point, act=Act.KILL, disaster=disaster)
        diary = story.tell()
        faults += [f"{point}: {fault}" for fault in judge(stage, diary)]
        struck += bool(story.points)
        in_doubt += bool(diary.in_doubt)
    print(f"\nstruck at {struck} of {len(points)} points, {in_doubt} in doubt")
    assert faults == [], "\n" + "\n".join(faults)
    assert struck >= len(points) * 0.95
