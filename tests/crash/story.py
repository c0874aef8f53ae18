"""One story, told while a process dies: two readers write, both are answered, the gateway reports."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from tests.crash.boundaries import Point, read_points
from tests.crash.gateway import Taken, TinyGateway
from tests.crash.hotline import Hotline
from tests.crash.orders import Act, Plan
from tests.crash.processes import Child, DiedError, WarmServer
from tests.crash.servers import Servers
from tests.factories.messages import make_receive, make_status

PAID_KEY, FREE_KEY = "AA99", "AZ19"
FIRST, SECOND = "first", "second"
NUMBERS = {FIRST: "+421908630549", SECOND: "+421903630549"}
# A lease and the first delay of the schedule are over after it.
STEP = timedelta(seconds=75)
ROUNDS = 8
EARLY = "D1"  # reported of the first message, before the reply to `send`
REPORTS = {FIRST: (), SECOND: ("A0", "D1", "A0")}  # after it


@dataclass(frozen=True, slots=True)
class Call:
    """One webhook call of the gateway."""

    mobiletech_id: str
    body: bytes
    status: str | None = None  # None: a reader's SMS


@dataclass(slots=True)
class Diary:
    """What is known from outside about one story."""

    answered: list[tuple[Call, int]] = field(default_factory=list)
    unanswered: list[Call] = field(default_factory=list)
    deaths: list[str] = field(default_factory=list)
    in_doubt: set[str] = field(default_factory=set)  # were on their way to the gateway when the sender died
    faults: list[str] = field(default_factory=list)


@dataclass(slots=True, kw_only=True)
class Stage:
    """What every story is played on."""

    servers: Servers
    warm: WarmServer
    gateway: TinyGateway
    hotline: Hotline
    folder: Path
    environ: Mapping[str, str]

    def answer_with(self, billkey: str) -> None:
        """Let every message be answered on the billing key."""
        process = self.warm.fork(Plan(role="web"))
        process.do("answer_with", billkey)
        process.hang_up()
        self.servers.wait_for_the_dead("web")


class Story:
    """Told once; `point` is where it is disturbed, by the act and by the disaster."""

    def __init__(
        self,
        stage: Stage,
        *,
        point: Point | None = None,
        act: Act = Act.KILL,
        disaster: Callable[[], None] = lambda: None,
    ) -> None:
        self.stage, self.diary = stage, Diary()
        self.log = stage.folder / "points.log"
        self.log.unlink(missing_ok=True)
        self._point, self._act, self._disaster = point, act, disaster
        stage.hotline.disaster = disaster
        self._children: dict[str, Child] = {}
        self._offset = timedelta(0)
        self.points: list[Point] = []  # passed, or only the one that was struck
        self._reported: set[str] = set()  # ids whose reports were made, answered or not

    def tell(self) -> Diary:
        """Play it to the end, whatever dies; the gateway repeats each call that got no answer or a 503."""
        self.stage.servers.empty()
        self.stage.gateway.begin_again()
        self._begin()
        try:
            self._play()
            self._recover()
            self.points = read_points(self.log)
            self._repeat_everything()
        finally:
            for child in self._children.values():
                child.hang_up()
            for role in self._children:
                self.stage.servers.wait_for_the_dead(role)
        return self.diary

    def _begin(self) -> None:
        """Set the stage before anything can break."""
        self.stage.gateway.on_taken = self._report_early

    def _play(self) -> None:
        first = make_receive(id=FIRST, from_=NUMBERS[FIRST], content="Prvá")
        second = make_receive(id=SECOND, from_=NUMBERS[SECOND], content="Druhá")
        for call in (Call(FIRST, first), Call(FIRST, first), Call(SECOND, second)):
            self._call(call)
        self._order("web", "rest")
        self._order("worker", "work")
        self._report()
        self._order("web", "rest")
        self._order("worker", "work")

    def _recover(self) -> None:
        """Let time pass until nothing is left to do; each round has a new worker."""
        for _ in range(ROUNDS):
            self.stage.gateway.settle()
            self._repeat_unanswered()
            self._report()
            self._order("web", "rest")
            if self._is_quiet():
                return
            self._offset += STEP
            self.stage.servers.set_clock(self._offset)
            self._end("worker")
            self._order("worker", "work")
        self.diary.faults.append(f"not quiet after {ROUNDS} rounds: {self._waiting()}")

    def _repeat_everything(self) -> None:
        """The gateway may repeat any call at any time: it changes nothing."""
        before = self._picture()
        for call, answer in list(self.diary.answered):
            again = self._order("web", "post", call.body)
            if again != answer and answer == 200:
                self.diary.faults.append(f"{call} was answered {answer}, its repetition {again}")
        self._order("web", "rest")
        self._order("worker", "work")
        if (after := self._picture()) != before:
            self.diary.faults.append(f"repeated calls changed something: {before} -> {after}")

    def _call(self, call: Call) -> None:
        """Make one webhook call and write down what came of it."""
        answer = self._order("web", "post", call.body)
        if answer is None or answer == 503:
            self.diary.unanswered.append(call)
        else:
            self.diary.answered.append((call, answer))

    def _repeat_unanswered(self) -> None:
        calls, self.diary.unanswered = self.diary.unanswered, []
        for call in calls:
            self._call(call)

    def _report_early(self, taken: Taken) -> None:
        if taken.send.rcv_msg_id == FIRST:
            self._call(_status_call(taken, EARLY))

    def _report(self) -> None:
        for taken in list(self.stage.gateway.taken):
            if taken.mobiletech_id not in self._reported:
                self._reported.add(taken.mobiletech_id)
                for status in self._reports_of(taken):
                    self._call(_status_call(taken, status))

    def _reports_of(self, taken: Taken) -> tuple[str, ...]:
        return REPORTS[taken.send.rcv_msg_id or ""]

    def _order(self, role: str, verb: str, value: object = None) -> int | None:
        """Return the answer, None if the process died over it; the dead are followed by others."""
        child = self._children.get(role)
        if child is None or not child.is_alive:
            child = self._children[role] = self.stage.warm.fork(self._plan(role))
        try:
            answer: int | None = child.do(verb, value)
        except DiedError:
            self._bury(role)
            return None
        return answer

    def _plan(self, role: str) -> Plan:
        """The first process of the role is watched; those after it live undisturbed."""
        if role in self._children or (self._point is not None and self._point.role != role):
            return Plan(role=role)
        return Plan(
            role=role, log=self.log, point=self._point, act=self._act, hotline=self.stage.hotline.address
        )

    def _bury(self, role: str) -> None:
        self.diary.deaths.append(role)
        if role == "worker":
            self.stage.gateway.settle()
        self.stage.servers.wait_for_the_dead(role)
        on_the_way = (
            """SELECT coalesce(rcv_msg_id, "to") FROM mobiletech_outbound_messages WHERE state = 'sending'"""
        )
        self.diary.in_doubt |= {row[0] for row in self.stage.servers.sql(on_the_way)}
        self._disaster()

    def _end(self, role: str) -> None:
        child = self._children.get(role)
        if child is not None and child.is_alive:
            child.hang_up()
        self.stage.servers.wait_for_the_dead(role)

    def _is_quiet(self) -> bool:
        return not self.diary.unanswered and not self._waiting()

    def _waiting(self) -> list[tuple[object, ...]]:
        return self.stage.servers.sql("SELECT key, error FROM outbox WHERE state = 'ready'")

    def _picture(self) -> list[object]:
        queries = (
            "SELECT id, mobiletech_id FROM mobiletech_inbound_messages ORDER BY id",
            "SELECT id, state, billing, status, attempts FROM mobiletech_outbound_messages ORDER BY id",
            "SELECT id, mobiletech_id, status FROM mobiletech_status_log ORDER BY id",
            "SELECT key, state FROM outbox ORDER BY id",
            "SELECT event, entry_id FROM crash_witness ORDER BY event, entry_id",
            "SELECT count(*) FROM mobiletech_not_sent",
        )
        return [*map(self.stage.servers.sql, queries), list(self.stage.gateway.taken)]


def _status_call(taken: Taken, status: str) -> Call:
    return Call(taken.mobiletech_id, make_status(taken.mobiletech_id, status), status)
