"""Sending: claimed before the call, recorded after it; what charges is never posted twice, whoever dies when."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import text, update

from crm.audit import run_audit
from crm.core.db import transaction
from crm.events.backoff import DELAYS
from crm.events.claim import claim
from crm.events.drain import drain
from crm.events.models import OutboxEntry
from crm.events.registry import registry
from crm.mobiletech.client import LEASE_SECONDS, Outcome, OutcomeKind
from crm.mobiletech.events import SEND
from crm.mobiletech.models import OutboundMessage
from crm.mobiletech.sending import Claimed, SendEffect
from crm.mobiletech.status_reports import record_status
from crm.mobiletech.wire.commands import Send, Status
from tests.conftest import Clock
from tests.factories.messages import set_up_gateway
from tests.factories.outbound import make_outbound
from tests.fakes import FakeGateway, accepted, ambiguous, not_connected, rejected
from tests.logs import list_facts
from tests.outbox import run_all
from tests.stored import list_attempts, list_outbound, read

AFTER_THE_LEASE = timedelta(seconds=LEASE_SECONDS + 1)
PAID_OR_FREE = pytest.mark.parametrize("paid", [True, False], ids=["paid", "free"])


@PAID_OR_FREE
def test_an_accepted_message_has_its_id_and_its_attempt(gateway: FakeGateway, paid: bool) -> None:
    make_outbound(paid=paid, content="Ahoj", project_id="76", expiration=100)

    run_all()

    [message] = list_outbound()
    assert (message.state, message.mobiletech_id, message.attempts) == ("accepted", "mt-1", 1)
    assert (message.dcs, message.esm, message.state_reason) == ("0", "0", None)
    assert message.sent_at is not None
    [sent] = gateway.sent
    assert (sent.content, sent.to, sent.from_, sent.project_id, sent.rcv_msg_id) == (
        "Ahoj",
        "+421908630549",
        "8877",
        "76",
        None,
    )
    [attempt] = list_attempts()
    assert (attempt.outcome, attempt.http_status) == ("accepted", 200)


OUTCOMES = [
    # outcome, paid, state after it, is there another try
    (accepted("mt-1"), True, "accepted", False),
    (accepted("mt-1"), False, "accepted", False),
    (rejected("no such key"), True, "rejected", False),
    (rejected("no such key"), False, "rejected", False),
    (not_connected(), True, "queued", True),
    (not_connected(), False, "queued", True),
    (ambiguous(), True, "unknown", False),
    (ambiguous(), False, "queued", True),
]


@pytest.mark.parametrize(
    ("outcome", "paid", "state", "is_tried_again"),
    OUTCOMES,
    ids=[f"{outcome.kind}, {'paid' if paid else 'free'}" for outcome, paid, *_ in OUTCOMES],
)
def test_what_came_of_the_call_decides(
    gateway: FakeGateway, clock: Clock, outcome: Outcome, paid: bool, state: str, is_tried_again: bool
) -> None:
    gateway.will(outcome)
    make_outbound(paid=paid)

    run_all()
    [after] = list_outbound()
    [attempt] = list_attempts()
    clock.advance(timedelta(hours=2))
    run_all()

    assert after.state == state
    assert (attempt.outcome, attempt.detail) == (outcome.kind, outcome.detail)
    assert after.state_reason == (None if state == "accepted" else outcome.detail)
    assert len(gateway.sent) == (2 if is_tried_again else 1)


def test_what_was_certainly_not_sent_is_tried_on_the_schedule_until_its_time_is_over(
    gateway: FakeGateway, clock: Clock
) -> None:
    set_up_gateway()
    gateway.will(*[not_connected() for _ in range(20)])
    make_outbound(paid=True, expiration=100)  # minutes
    run_all()

    tries = [len(gateway.sent)]
    for delay in (*DELAYS[:5], timedelta(hours=1)):
        clock.advance(delay - timedelta(seconds=2))
        run_all()
        assert len(gateway.sent) == tries[-1], f"before {delay} were over"
        clock.advance(timedelta(seconds=3))
        run_all()
        tries.append(len(gateway.sent))

    assert tries == [1, 2, 3, 4, 5, 6, 6]
    [message] = list_outbound()
    assert (message.state, message.attempts) == ("expired", 6)
    assert "in time" in (message.state_reason or "")
    clock.advance(timedelta(days=3))
    assert run_all() == 0


@pytest.mark.parametrize(("unit", "is_sent"), [("minutes", False), ("hours", True), ("seconds", False)])
def test_the_unit_of_the_window_is_a_setting(
    gateway: FakeGateway, clock: Clock, unit: str, is_sent: bool
) -> None:
    set_up_gateway(mobiletech_expiration_unit=unit)
    make_outbound(expiration=100)

    clock.advance(timedelta(minutes=101))
    run_all()

    assert [message.state for message in list_outbound()] == ["accepted" if is_sent else "expired"]
    assert len(gateway.sent) == is_sent


def test_a_free_message_is_tried_three_times_and_then_left_to_a_person(
    gateway: FakeGateway, clock: Clock
) -> None:
    gateway.will(*[ambiguous() for _ in range(10)])
    make_outbound()

    for _ in range(10):
        run_all()
        clock.advance(timedelta(minutes=30))

    assert len(gateway.sent) == 3
    assert [(message.state, message.attempts) for message in list_outbound()] == [("unknown", 3)]
    assert [attempt.outcome for attempt in list_attempts()] == ["unknown"] * 3


# --- the sender dies while the message is on its way


@pytest.mark.parametrize("before_the_post", [True, False], ids=["before the post", "after the post"])
def test_a_paid_message_whose_sender_died_is_unknown_and_never_posted_again(
    gateway: FakeGateway, clock: Clock, before_the_post: bool
) -> None:
    make_outbound(paid=True)
    die_sending(gateway, before_the_post=before_the_post)
    posted = len(gateway.sent)

    run_all()
    while_the_lease_holds = list_outbound()[0].state
    clock.advance(AFTER_THE_LEASE)
    run_all()
    clock.advance(timedelta(days=1))
    run_all()

    assert while_the_lease_holds == "sending"
    [message] = list_outbound()
    assert (message.state, message.attempts) == ("unknown", 1)
    assert "not known" in (message.state_reason or "")
    assert len(gateway.sent) == posted


def test_a_free_message_whose_sender_died_goes_out_again_after_the_lease(
    gateway: FakeGateway, clock: Clock
) -> None:
    make_outbound()
    die_sending(gateway)

    clock.advance(timedelta(seconds=LEASE_SECONDS - 1))
    run_all()
    before = len(gateway.sent)
    clock.advance(timedelta(seconds=2))
    run_all()

    assert (before, len(gateway.sent)) == (1, 2)
    assert [message.state for message in list_outbound()] == ["accepted"]


def test_a_free_message_that_kills_its_senders_is_tried_three_times(
    gateway: FakeGateway, clock: Clock
) -> None:
    make_outbound()

    for _ in range(3):
        die_sending(gateway)
        clock.advance(AFTER_THE_LEASE)
    run_all()

    assert len(gateway.sent) == 3
    assert [message.state for message in list_outbound()] == ["unknown"]


def test_an_answer_that_comes_after_the_lease_still_binds_its_id(gateway: FakeGateway, clock: Clock) -> None:
    make_outbound(paid=True)
    claimed = claim_by_hand()
    clock.advance(AFTER_THE_LEASE)
    run_all()
    in_between = list_outbound()[0].state

    record_by_hand(claimed, accepted("mt-late"))

    [message] = list_outbound()
    assert in_between == "unknown"
    assert (message.state, message.mobiletech_id) == ("accepted", "mt-late")
    assert gateway.sent == []


@pytest.mark.parametrize(
    "outcome", [ambiguous(), rejected(), not_connected()], ids=lambda outcome: outcome.kind
)
def test_no_other_answer_after_the_lease_moves_a_paid_message(
    gateway: FakeGateway, clock: Clock, outcome: Outcome
) -> None:
    make_outbound(paid=True)
    claimed = claim_by_hand()
    clock.advance(AFTER_THE_LEASE)
    run_all()

    record_by_hand(claimed, outcome)
    clock.advance(timedelta(hours=3))
    run_all()

    assert [message.state for message in list_outbound()] == ["unknown"]
    assert gateway.sent == []


def test_an_answer_too_late_to_count_is_told(
    gateway: FakeGateway, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    """The lease of a free message ended, another worker sent it; now the first one's answer comes as well."""
    make_outbound()
    claimed = claim_by_hand()
    clock.advance(AFTER_THE_LEASE)
    run_all()

    record_by_hand(claimed, accepted("mt-first"))

    [message] = list_outbound()
    assert (message.state, message.mobiletech_id) == ("accepted", "mt-1")
    assert "accepted_too_late" in [fact["event"] for fact in list_facts(caplog)]


# --- several at once


@PAID_OR_FREE
def test_two_workers_post_one_message_once(app: Flask, slow_gateway: "SlowGateway", paid: bool) -> None:
    make_outbound(paid=paid)
    with ThreadPoolExecutor(1) as threads:
        first = threads.submit(drain_in, app)
        assert slow_gateway.is_sending.wait(10)

        run_all()
        slow_gateway.go_on.set()
        first.result(20)
    run_all()

    assert len(slow_gateway.sent) == 1
    assert [message.state for message in list_outbound()] == ["accepted"]


def test_many_workers_post_each_of_many_messages_once(app: Flask, gateway: FakeGateway) -> None:
    for number in range(40):
        make_outbound(paid=number % 4 == 0, to=f"+4219081230{number:02d}")

    with ThreadPoolExecutor(4) as threads:
        for worker in [threads.submit(drain_in, app) for _ in range(4)]:
            worker.result(30)
    run_all()

    assert sorted(sent.to for sent in gateway.sent) == [f"+4219081230{number:02d}" for number in range(40)]
    assert {message.state for message in list_outbound()} == {"accepted"}
    assert len({message.mobiletech_id for message in list_outbound()}) == 40


def test_messages_to_one_number_go_out_one_after_the_other(
    app: Flask, slow_gateway: "SlowGateway", clock: Clock
) -> None:
    make_outbound(content="first")
    make_outbound(content="second")
    make_outbound(content="to another", to="+421908000001")
    with ThreadPoolExecutor(1) as threads:
        first = threads.submit(drain_in, app)
        assert slow_gateway.is_sending.wait(10)

        run_all()
        while_the_first_is_on_its_way = {sent.content for sent in slow_gateway.sent}
        slow_gateway.go_on.set()
        first.result(20)
    clock.advance(timedelta(seconds=5))
    run_all()

    assert "second" not in while_the_first_is_on_its_way
    assert [sent.content for sent in slow_gateway.sent if sent.content != "to another"] == ["first", "second"]


def test_a_message_that_is_backing_off_does_not_hold_up_the_next_one(
    gateway: FakeGateway, clock: Clock
) -> None:
    gateway.will(not_connected())
    make_outbound(content="first")
    make_outbound(content="second")

    run_all()
    clock.advance(timedelta(seconds=11))
    run_all()

    assert [sent.content for sent in gateway.sent] == ["first", "second", "first"]


def test_no_more_paid_messages_are_on_their_way_at_once_than_would_pause_sending(
    gateway: FakeGateway,
) -> None:
    """An outage, or a crash in the middle, leaves a few unknown messages, not many."""
    for number in range(5):
        make_outbound(paid=True, to=f"+42190800000{number}")

    die_sending(gateway)

    assert sorted(message.state for message in list_outbound()) == ["queued"] * 2 + ["sending"] * 3


# --- ids and early reports


@PAID_OR_FREE
def test_an_id_that_another_message_has_makes_the_outcome_unknown(
    gateway: FakeGateway, clock: Clock, caplog: pytest.LogCaptureFixture, paid: bool
) -> None:
    make_outbound(mobiletech_id="mt-9", state="accepted", is_queued=False, to="+421908000001")
    gateway.will(accepted("mt-9"), accepted("mt-9"), accepted("mt-9"))
    make_outbound(paid=paid)

    for _ in range(4):
        run_all()
        clock.advance(timedelta(minutes=1))

    message = list_outbound()[1]
    assert (message.state, message.mobiletech_id) == ("unknown", None)
    assert len(gateway.sent) == (1 if paid else 3)
    assert "gateway_id_bound_elsewhere" in [fact["event"] for fact in list_facts(caplog)]


def test_one_id_for_two_messages_at_once_is_given_to_one_of_them(gateway: FakeGateway) -> None:
    gateway.will(accepted("mt-9"), accepted("mt-9"))
    make_outbound(to="+421908000001")
    make_outbound(to="+421908000002")

    run_all()

    assert sorted((message.mobiletech_id or "", message.state) for message in list_outbound()) == [
        ("", "queued"),
        ("mt-9", "accepted"),
    ]


def test_a_report_that_came_before_the_answer_is_applied_with_it(gateway: FakeGateway) -> None:
    make_outbound(paid=True)
    claimed = claim_by_hand()
    with transaction() as session:
        assert not record_status(session, Status(id="mt-early", status="D1"), b"<raw/>")

    record_by_hand(claimed, accepted("mt-early"))
    run_all()

    [message] = list_outbound()
    assert (message.state, message.billing, message.status) == ("accepted", "billed", "D1")


def test_a_report_that_comes_with_the_answer_is_applied(gateway: FakeGateway) -> None:
    """The mock client reports so."""
    gateway.will(accepted("mt-1", "D1"))
    make_outbound(paid=True)

    run_all()

    assert [(message.billing, message.status) for message in list_outbound()] == [("billed", "D1")]


def test_work_without_its_message_is_finished_and_told(
    gateway: FakeGateway, caplog: pytest.LogCaptureFixture
) -> None:
    make_outbound()
    with transaction() as session:
        session.execute(update(OutboxEntry).values(payload={"mobiletech_outbound_message_id": 999}))

    run_all()

    assert read(OutboxEntry.state) == [("done",)]
    assert "send_without_message" in [fact["event"] for fact in list_facts(caplog)]


@pytest.mark.parametrize(
    "state", ["accepted", "rejected", "unknown", "held", "expired", "cancelled", "not_sent"]
)
def test_work_of_a_message_that_is_not_to_be_sent_sends_nothing(gateway: FakeGateway, state: str) -> None:
    make_outbound(paid=True)
    with transaction() as session:
        session.execute(update(OutboundMessage).values(state=state))

    run_all()

    assert gateway.sent == []
    assert read(OutboxEntry.state) == [("done",)]
    assert [message.state for message in list_outbound()] == [state]


def test_no_transaction_is_open_during_the_call(app: Flask, slow_gateway: "SlowGateway") -> None:
    make_outbound()
    with ThreadPoolExecutor(1) as threads:
        sender = threads.submit(drain_in, app)
        assert slow_gateway.is_sending.wait(10)

        open_ones = read_open_transactions()
        slow_gateway.go_on.set()
        sender.result(20)

    assert open_ones == []


def test_after_everything_the_audit_is_clean(gateway: FakeGateway, clock: Clock) -> None:
    gateway.will(ambiguous(), accepted("mt-1"), rejected(), not_connected())
    for number in range(6):
        make_outbound(paid=number % 2 == 0, to=f"+42190800000{number}")

    for _ in range(5):
        run_all()
        clock.advance(timedelta(minutes=5))
        run_all()

    with transaction() as session:
        assert [finding.invariant.name for finding in run_audit(session)] == []


class _DiedError(BaseException):
    """The process is gone: nothing catches that."""


def die_sending(gateway: FakeGateway, *, before_the_post: bool = False) -> None:
    """Run until a message is on its way, and vanish there."""
    real = gateway.send

    def vanish(message: Send, *, url: str, paid: bool) -> Outcome:
        if not before_the_post:
            real(message, url=url, paid=paid)
        raise _DiedError

    gateway.send = vanish  # type: ignore[method-assign]
    with pytest.raises(_DiedError):
        drain(for_seconds=20)
    gateway.send = real  # type: ignore[method-assign]


def claim_by_hand() -> Claimed:
    """Take the only message, as a worker that will be slow."""
    effect = registry.effects[SEND]
    with transaction() as session:
        entries = claim(session, limit=10, matching=OutboxEntry.event == SEND, bulk=None)
        [claimed] = effect.claim(session, entries)
    assert isinstance(claimed, Claimed)
    return claimed


def record_by_hand(claimed: Claimed, outcome: Outcome) -> None:
    """Let the slow worker write down what came of it."""
    with transaction() as session:
        registry.effects[SEND].record(session, [(claimed, outcome)])


def drain_in(app: Flask) -> None:
    with app.app_context():
        drain(for_seconds=20)


def read_open_transactions() -> list[str]:
    with transaction() as session:
        return list(
            session.execute(
                text(
                    "SELECT query FROM pg_stat_activity WHERE datname = current_database()"
                    " AND state LIKE 'idle in transaction%' AND pid <> pg_backend_pid()"
                )
            ).scalars()
        )


class SlowGateway(FakeGateway):
    """Waits at the first message until it is told to go on."""

    def __init__(self) -> None:
        super().__init__()
        self.is_sending = threading.Event()
        self.go_on = threading.Event()

    def send(self, message: Send, *, url: str, paid: bool) -> Outcome:
        """Accept, slowly."""
        outcome = super().send(message, url=url, paid=paid)
        self.is_sending.set()
        assert self.go_on.wait(20)
        assert outcome.kind is OutcomeKind.ACCEPTED
        return outcome


@pytest.fixture
def slow_gateway(app: Flask) -> Iterator[SlowGateway]:
    """Let messages go to a slow gateway."""
    slow = SlowGateway()
    real = registry.effects[SEND]
    registry.effects[SEND] = SendEffect(slow)
    yield slow
    slow.go_on.set()
    registry.effects[SEND] = real
