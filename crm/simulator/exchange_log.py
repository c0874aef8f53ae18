"""Every request of the protocol with its answer, as a person or a test wants to read it."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from crm.core.log import get_logger
from crm.simulator.records import Kind, Report, ReportState

KEPT_EXCHANGES = 2_000
KEPT_CHARACTERS = 4_000

log = get_logger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class Exchange:
    """One request and its answer, both cut to a length that can be kept."""

    at: datetime
    kind: Kind
    summary: str
    request: str
    answer: str


class ExchangeLog:
    """The last exchanges; a deque is thread-safe by itself."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._exchanges: deque[Exchange] = deque(maxlen=KEPT_EXCHANGES)

    def note(self, kind: Kind, summary: str, request: bytes, answer: str) -> None:
        """Keep one exchange."""
        self._exchanges.append(
            Exchange(
                at=self._clock(),
                kind=kind,
                summary=summary,
                request=request[:KEPT_CHARACTERS].decode("utf-8", "replace"),
                answer=answer[:KEPT_CHARACTERS],
            )
        )

    def note_report(self, report: Report) -> None:
        """Keep one try to tell the CRM something."""
        status, body = (report.answer.status, report.answer.body) if report.answer else (None, "")
        self.note(report.kind, _describe(report), report.body, body)
        log.info("report_posted", kind=report.kind, id=report.id, code=report.code, status=status)

    def list(self) -> list[Exchange]:
        """List them, the oldest first."""
        return [*self._exchanges.copy()]

    def clear(self) -> None:
        """Forget them."""
        self._exchanges.clear()


def _describe(report: Report) -> str:
    subject = f"{report.code} of {report.id}" if report.kind is Kind.STATUS else report.id
    outcome = report.answer.words if report.answer else "not tried yet"
    return f"{subject}: {outcome}{_tries(report)}"


def _tries(report: Report) -> str:
    if report.state is ReportState.GIVEN_UP:
        return f", given up after try {report.tries}"
    return f", try {report.tries}" if report.tries > 1 else ""
