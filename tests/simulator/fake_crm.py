"""A clock that stands still, and a CRM that writes down what the gateway tells it."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from crm.mobiletech.wire.commands import Receive, Send, Status
from crm.mobiletech.wire.xml_codec import decode, encode_send
from crm.simulator.webhook import Answer

PHONE = "+421908630549"


@dataclass
class FrozenClock:
    at: datetime = datetime(2026, 8, 19, 14, 45, 25, 100_000, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.at

    def move(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


@dataclass
class FakeCrm:
    """Answers with `answers` in their order, then with 200."""

    answers: list[int | None] = field(default_factory=list)
    heard: list[Receive | Status] = field(default_factory=list)

    def post(self, body: bytes) -> Answer:
        self.heard.append(decode(body))
        status = self.answers.pop(0) if self.answers else 200
        return Answer(status=status, body="" if status else "ConnectionRefusedError")

    @property
    def codes(self) -> list[str]:
        return [told.status for told in self.heard if isinstance(told, Status)]


def make_send(**changed: object) -> bytes:
    given: dict[str, object] = {
        "serv_id": "1703",
        "project_id": "76",
        "rcv_msg_id": "25481979",
        "from_": "8877",
        "to": PHONE,
        "billkey": "AA99",
        "content": "Dakujeme",
        "expiration": 100,
        "operator_type": "O",
    }
    return encode_send(Send(**(given | changed)))  # type: ignore[arg-type]
