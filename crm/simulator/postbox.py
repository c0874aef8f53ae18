"""Reports on their way to the CRM: each goes out when it is due and again until it is answered 200."""

import heapq
from collections.abc import Callable
from datetime import datetime
from itertools import count
from threading import Condition

from crm.core.log import get_logger
from crm.simulator.records import Report, ReportState
from crm.simulator.timing import Timing
from crm.simulator.webhook import Webhook

MOST_WAITING = 30_000

log = get_logger(__name__)


class Postbox:
    """Thread-safe; no lock is held while the webhook is called.

    `note` is told of each try, after it.
    """

    def __init__(
        self,
        webhook: Webhook,
        *,
        clock: Callable[[], datetime],
        timing: Timing,
        note: Callable[[Report], None],
    ) -> None:
        self._webhook = webhook
        self._clock = clock
        self._timing = timing
        self._note = note
        self._changed = Condition()
        self._waiting: list[tuple[datetime, int, Report]] = []
        self._order = count()
        self._stopping = False
        self._clearings = 0

    def put(self, report: Report) -> None:
        """Keep a report until it is due."""
        with self._changed:
            if len(self._waiting) >= MOST_WAITING:
                report.state = ReportState.GIVEN_UP
                log.warning("report_dropped", kind=report.kind, id=report.id, waiting=MOST_WAITING)
                return
            heapq.heappush(self._waiting, (report.due, next(self._order), report))
            self._changed.notify()

    def deliver(self, report: Report) -> None:
        """Post a report now; plan the next try if it was not taken."""
        clearings = self._clearings
        answer = self._webhook.post(report.body)
        report.tries += 1
        report.answer = answer
        if answer.is_ok:
            report.state = ReportState.TAKEN
        elif report.tries >= self._timing.tries or clearings != self._clearings:
            report.state = ReportState.GIVEN_UP
        else:
            report.due = self._clock() + self._timing.repeat_after(report.tries)
            self.put(report)
        self._note(report)

    def deliver_due(self) -> int:
        """Post everything that is due; return how much it was."""
        delivered = 0
        while (report := self._pop_due()) is not None:
            self.deliver(report)
            delivered += 1
        return delivered

    def hurry(self) -> int:
        """Make everything due that waits, in its order; return how much it is."""
        with self._changed:
            now = self._clock()
            for _, _, report in self._waiting:
                report.due = min(report.due, now)
            self._waiting = [
                (now, place, report) for place, (_, _, report) in enumerate(sorted(self._waiting))
            ]
            self._order = count(len(self._waiting))
            self._changed.notify()
            return len(self._waiting)

    def list_waiting(self) -> list[Report]:
        """List what is still to be told, the next one first."""
        with self._changed:
            return [report for _, _, report in sorted(self._waiting)]

    def clear(self) -> None:
        """Forget everything that waits; what is being posted now is not repeated."""
        with self._changed:
            self._waiting.clear()
            self._clearings += 1

    def run(self) -> None:
        """Deliver until `stop`: the body of the delivery thread."""
        while not self._stopping:
            self.deliver_due()
            with self._changed:
                if not self._stopping:
                    self._changed.wait(self._seconds_to_next())

    def stop(self) -> None:
        """Let `run` end after the post at hand."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()

    def _pop_due(self) -> Report | None:
        with self._changed:
            if self._stopping or not self._waiting or self._waiting[0][0] > self._clock():
                return None
            return heapq.heappop(self._waiting)[2]

    def _seconds_to_next(self) -> float | None:
        if not self._waiting:
            return None
        return max(0.0, (self._waiting[0][0] - self._clock()).total_seconds())
