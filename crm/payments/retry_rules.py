"""When is a failed charge tried again? Pure: the class of the failure decides, and the schedule of the settings.

Source: behaviour.md 7.7 (schedule), defects P01 and P08; domain.md 5 and 6 (classes). The long delays of blocked and
ported numbers are ours: an operator that bars paid SMS bars them tomorrow too, and each refused SMS costs.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from crm.core.setting_kinds import parse_duration
from crm.payments.statuses import Failure

BLOCKED_DELAY = timedelta(days=7)
BLOCKED_RETRIES = 2
PORTED_DELAY = timedelta(days=1)
PORTED_RETRIES = 1
PERSON_DELAY = timedelta(days=1)
MOST_GATEWAY_FAILS = 24  # failures of ours in a row: a day by default; then a person has to look


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """What the settings say: `delays` between tries, and how long we wait after a failure of ours."""

    delays: Sequence[timedelta]
    after_our_failure: timedelta

    @property
    def retries(self) -> int:
        """How many tries follow the first: one fewer than there are entries."""
        return max(len(self.delays) - 1, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What a row has left: retries, and how many failures of ours came in a row."""

    retries: int
    gateway_fails: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class NextTry:
    """In how long, and with what left after it."""

    delay: timedelta
    standing: Standing


def read_schedule(charges: str, fail_delay: str) -> Schedule:
    """Read the settings `recurrent_payment_charges` and `recurrent_payment_gateway_fail_delay`.

    Raises: ValueError.
    """
    delays = [parse_duration(part.strip()) for part in charges.split(",") if part.strip()]
    return Schedule(delays=delays, after_our_failure=parse_duration(fail_delay))


def find_next_try(failure: Failure, standing: Standing, schedule: Schedule) -> NextTry | None:
    """Return the next try, None when it is over."""
    return _RULES[failure](standing, schedule)


def _by_schedule(standing: Standing, schedule: Schedule) -> NextTry | None:
    if standing.retries < 1 or not schedule.delays:
        return None
    # The first failure has all retries left and takes the first delay; the last entry is never used.
    place = min(max(schedule.retries - standing.retries, 0), len(schedule.delays) - 1)
    return NextTry(delay=schedule.delays[place], standing=Standing(retries=standing.retries - 1))


def _rarely(standing: Standing, *, delay: timedelta, most: int) -> NextTry | None:
    left = min(standing.retries, most)
    return NextTry(delay=delay, standing=Standing(retries=left - 1)) if left > 0 else None


def _blocked(standing: Standing, _schedule: Schedule) -> NextTry | None:
    return _rarely(standing, delay=BLOCKED_DELAY, most=BLOCKED_RETRIES)


def _ported(standing: Standing, _schedule: Schedule) -> NextTry | None:
    return _rarely(standing, delay=PORTED_DELAY, most=PORTED_RETRIES)


def _ours(standing: Standing, schedule: Schedule) -> NextTry | None:
    fails = standing.gateway_fails + 1
    if fails >= MOST_GATEWAY_FAILS:
        return None
    left = Standing(retries=standing.retries, gateway_fails=fails)
    return NextTry(delay=schedule.after_our_failure, standing=left)


def _person(standing: Standing, schedule: Schedule) -> NextTry | None:
    planned = _by_schedule(standing, schedule)
    if planned is None:
        return None
    return NextTry(delay=max(planned.delay, PERSON_DELAY), standing=planned.standing)


_RULES: Mapping[Failure, Callable[[Standing, Schedule], NextTry | None]] = {
    Failure.NO_CREDIT: _by_schedule,
    Failure.TECHNICAL: _by_schedule,
    Failure.NO_ANSWER: _by_schedule,
    Failure.BLOCKED: _blocked,
    Failure.LIMIT: _blocked,
    Failure.PORTED: _ported,
    Failure.OURS: _ours,
    Failure.PERSON: _person,
}
