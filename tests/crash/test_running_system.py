"""Two hundred SMS go through the real processes while these are killed and Redis is wiped."""

import random
import threading
import time
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta

import pytest
import requests

from crm.mobiletech.breaker import IN_A_ROW
from tests.crash.gateway import Taken
from tests.crash.running import Running
from tests.crash.servers import wait_until
from tests.crash.story import PAID_KEY, STEP, Stage
from tests.crash.witness import FREE
from tests.factories.messages import make_receive, make_status

MESSAGES, READERS = 200, 100
SEED = 8877
WORKER_KILLS, REDIS_WIPES, WEB_KILLS = 3, 3, 2
LAST_STRIKE = 100  # messages that the gateway has taken by then
ROUNDS = 4
STILL_SECONDS = 1.5  # longer than the pump's pause


def test_nothing_is_lost_or_doubled_while_everything_dies(running: Running, stage: Stage) -> None:
    reporter = _Reporter(running, stage)
    stage.gateway.on_taken = reporter.hear
    disasters = threading.Thread(target=_strike, args=(running, stage), daemon=True)
    disasters.start()

    with requests.Session() as session:
        for number in range(MESSAGES):
            assert running.post(session, _sms(number)) == 200
    disasters.join()
    _let_it_end(running, stage, reporter)

    assert [found.invariant.name for found in stage.servers.audit()] == []
    _check_inbound(stage)
    _check_answers(running, stage)
    _check_reports(stage, reporter)


class _Reporter:
    """The gateway's reports: every third before the reply to `send`, the others when told to."""

    def __init__(self, running: Running, stage: Stage) -> None:
        self._running, self._stage = running, stage
        self.answers: dict[str, int] = {}

    def hear(self, taken: Taken) -> None:
        if int(taken.send.rcv_msg_id or 0) % 3 == 0:
            self._report(taken)

    def report_the_rest(self) -> None:
        for taken in list(self._stage.gateway.taken):
            if taken.mobiletech_id not in self.answers:
                self._report(taken)

    def _report(self, taken: Taken) -> None:
        with requests.Session() as session:
            body = make_status(taken.mobiletech_id, "D1")
            self.answers[taken.mobiletech_id] = self._running.post(session, body)


def _sms(number: int) -> bytes:
    """Return the body of one of the messages; every fourth reader pays for the answer."""
    reader = number % READERS
    text = f"{FREE if reader % 4 else 'paid'} {number}"
    return make_receive(id=str(number), from_=f"+421908630{reader:03}", content=text)


def _strike(running: Running, stage: Stage) -> None:
    """Strike when the gateway has taken so many, the numbers drawn beforehand, or when it takes no more."""
    chance = random.Random(SEED)
    kinds = ["worker"] * WORKER_KILLS + ["redis"] * REDIS_WIPES + ["web"] * WEB_KILLS
    chance.shuffle(kinds)
    moments = sorted(chance.sample(range(3, LAST_STRIKE), len(kinds)))
    for moment, kind in zip(moments, kinds, strict=True):
        _wait_until_still(stage, or_taken=moment)
        if kind == "worker":
            running.kill_worker(chance.randrange(2))
        elif kind == "web":
            running.kill_web_process(chance.randrange(2))
        else:
            stage.servers.wipe_redis()


def _let_it_end(running: Running, stage: Stage, reporter: _Reporter) -> None:
    """Wait until nothing is left; what waits for the lease of a dead worker waits until time passes."""
    for round_ in range(1, ROUNDS + 1):
        _wait_until_still(stage)
        reporter.report_the_rest()
        _wait_until_still(stage)
        if not (left := stage.servers.sql("SELECT key, available_at FROM outbox WHERE state = 'ready'")):
            return
        running.stop_workers()  # else, on a slow machine, time would pass in the middle of a call
        stage.servers.set_clock(STEP * round_)
        running.start_workers()
        wait_until(lambda: stage.servers.count_connections("worker") > 0)
    raise AssertionError(f"work is left after {ROUNDS * STEP}: {left}")


def _wait_until_still(stage: Stage, *, or_taken: int = MESSAGES * 2) -> None:
    """Wait until no work has been finished for a while, or the gateway has taken so many."""
    finished, since = -1, time.monotonic()

    def is_still() -> bool:
        nonlocal finished, since
        [(count,)] = stage.servers.sql("SELECT count(*) FROM outbox WHERE state <> 'ready'")
        if count != finished:
            finished, since = count, time.monotonic()
        return time.monotonic() - since > STILL_SECONDS or len(stage.gateway.taken) >= or_taken

    wait_until(is_still)


def _check_inbound(stage: Stage) -> None:
    stored = stage.servers.sql("SELECT mobiletech_id FROM mobiletech_inbound_messages")
    handled = stage.servers.sql(
        "SELECT outbox.key, count(entry_id) FROM outbox LEFT JOIN crash_witness ON entry_id = outbox.id"
        " WHERE outbox.event <> 'mobiletech-send' GROUP BY 1 HAVING count(entry_id) <> 1"
    )
    assert sorted(int(row[0]) for row in stored) == list(range(MESSAGES))
    assert handled == []


def _check_answers(running: Running, stage: Stage) -> None:
    rows = stage.servers.sql(
        'SELECT rcv_msg_id, "to", paid, state, mobiletech_id FROM mobiletech_outbound_messages ORDER BY id'
    )
    taken = Counter(taken.send.rcv_msg_id for taken in stage.gateway.taken)
    unknown = [row for row in rows if row[3] == "unknown"]
    print(
        f"\n{running.kills} workers killed: {len(unknown)} unknown, "
        f"{taken.total() - len(taken)} free ones sent again"
    )
    assert Counter(row[0] for row in rows) == {str(number): 1 for number in range(MESSAGES)}
    assert {row[0]: taken[row[0]] for row in rows if row[2] and taken[row[0]] > 1} == {}
    assert {row[3] for row in rows} <= {"accepted", "unknown"}
    assert all(row[2] for row in unknown)
    # The breaker lets so many be on their way at once, and one more for the second worker.
    assert len(unknown) <= running.kills * (IN_A_ROW + 1)
    assert _out_of_order(stage) == []


def _out_of_order(stage: Stage) -> list[str]:
    """Return the numbers whose answers overtook each other; a repeated one counts where it was first."""
    first: dict[str, list[int]] = {}
    for taken in stage.gateway.taken:
        number = int(taken.send.rcv_msg_id or 0)
        if number not in first.setdefault(taken.send.to, []):
            first[taken.send.to].append(number)
    return [to for to, numbers in first.items() if numbers != sorted(numbers)]


def _check_reports(stage: Stage, reporter: _Reporter) -> None:
    bound = {
        row[0]: row[1:]
        for row in stage.servers.sql(
            "SELECT mobiletech_id, billing, applied_at FROM mobiletech_outbound_messages"
            " JOIN mobiletech_status_log USING (mobiletech_id)"
        )
    }
    assert set(reporter.answers.values()) <= {200, 404}
    for mobiletech_id, status in reporter.answers.items():
        billing, applied_at = bound.get(mobiletech_id, (None, None))
        if status == 200 or mobiletech_id in bound:
            assert billing == "billed" and applied_at is not None, mobiletech_id


@pytest.fixture
def running(stage: Stage) -> Iterator[Running]:
    """Return the running system on an empty database."""
    stage.answer_with(PAID_KEY)
    stage.servers.empty()
    stage.gateway.begin_again()
    system = Running(stage.folder, stage.environ)
    try:
        system.wait_until_it_answers()
        yield system
    finally:
        system.stop()
        stage.servers.set_clock(timedelta(0))
