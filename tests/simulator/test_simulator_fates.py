"""Every fate does what its row says: what the call is answered, what is reported, in which order and when."""

from collections import Counter

import pytest

from crm.mobiletech.wire.commands import Status
from crm.simulator.fates import FATES, Fate, Reply
from crm.simulator.gateway import Gateway
from crm.simulator.records import Kind, ReportState
from tests.simulator.fake_crm import PHONE, FakeCrm, FrozenClock, make_send

# fate, answer to the call, statuses that follow; all but "refused" are sent.
ROWS = [
    (Fate.BILLED_AND_DELIVERED, Reply.ID, ["A0", "D1"]),
    (Fate.DELIVERED, Reply.ID, ["D1"]),
    (Fate.BILLED, Reply.ID, ["A0"]),
    (Fate.NO_CREDIT, Reply.ID, ["A5"]),
    (Fate.BLOCKED, Reply.ID, ["A7"]),
    (Fate.NOT_DELIVERED, Reply.ID, ["D0"]),
    (Fate.PORTED, Reply.ID, ["_OPERATOR_CHANGE"]),
    (Fate.LATE, Reply.ID, ["D1"]),
    (Fate.DUPLICATED, Reply.ID, ["D1", "D1", "D1"]),
    (Fate.CONTRADICTING, Reply.ID, ["A0", "A5", "D0"]),
    (Fate.FAILED_THEN_BILLED, Reply.ID, ["A5", "A0"]),
    (Fate.BEFORE_REPLY, Reply.ID, ["D1"]),
    (Fate.NEVER, Reply.ID, []),
    (Fate.UNKNOWN_CODE, Reply.ID, ["X9"]),
    (Fate.REFUSED, Reply.REFUSAL, []),
    (Fate.SERVER_ERROR, Reply.SERVER_ERROR, ["A0", "D1"]),
    (Fate.GARBAGE, Reply.GARBAGE, ["A0", "D1"]),
    (Fate.NO_ID, Reply.NO_ID, ["A0", "D1"]),
    (Fate.SAME_ID, Reply.OLD_ID, []),
    (Fate.REDIRECT, Reply.REDIRECT, ["A0", "D1"]),
    (Fate.RESET, Reply.RESET, ["A0", "D1"]),
    (Fate.CUT, Reply.CUT, ["A0", "D1"]),
    (Fate.SLOW, Reply.SLOW, ["A0", "D1"]),
    (Fate.HUGE, Reply.HUGE, ["A0", "D1"]),
    (Fate.TIMEOUT, Reply.SILENCE, ["A0", "D1"]),
]


def test_every_fate_has_its_row_here_and_there() -> None:
    assert [row[0] for row in ROWS] == list(Fate) == list(FATES)


@pytest.mark.parametrize(("fate", "reply", "codes"), ROWS, ids=[row[0] for row in ROWS])
def test_a_fate_answers_and_reports_as_its_row_says(
    gateway: Gateway, crm: FakeCrm, clock: FrozenClock, fate: Fate, reply: Reply, codes: list[str]
) -> None:
    gateway.fates.add_next([fate])

    reaction = gateway.accept(make_send())
    for _ in range(700):
        clock.move(1)
        gateway.postbox.deliver_due()

    assert reaction.reply is reply
    assert crm.codes == codes
    assert {told.id for told in crm.heard} <= {reaction.id}


@pytest.mark.parametrize("fate", Fate)
def test_each_call_is_logged_once_and_only_a_refused_one_is_not_sent(gateway: Gateway, fate: Fate) -> None:
    gateway.fates.add_next([fate])

    gateway.accept(make_send(content="Raz"))

    (sms,) = gateway.list_sent()
    assert (sms.text, sms.fate, sms.is_accepted) == ("Raz", fate, fate is not Fate.REFUSED)


def test_a_second_post_of_one_sms_is_a_second_sms(gateway: Gateway) -> None:
    gateway.fates.add_next([Fate.REDIRECT])

    replies = [gateway.accept(make_send()).reply for _ in range(2)]

    assert replies == [Reply.REDIRECT, Reply.ID]
    assert Counter(sms.send.rcv_msg_id for sms in gateway.list_sent()) == {"25481979": 2}


def test_reports_come_one_after_the_other(gateway: Gateway, crm: FakeCrm, clock: FrozenClock) -> None:
    gateway.accept(make_send())
    heard = []
    for seconds in (0.9, 0.1, 0.9, 0.1):
        clock.move(seconds)
        gateway.postbox.deliver_due()
        heard.append(list(crm.codes))

    assert heard == [[], ["A0"], ["A0"], ["A0", "D1"]]


def test_a_late_report_comes_late(gateway: Gateway, crm: FakeCrm, clock: FrozenClock) -> None:
    gateway.fates.add_next([Fate.LATE])
    gateway.accept(make_send())

    clock.move(599)
    gateway.postbox.deliver_due()
    too_early = list(crm.codes)
    clock.move(1)
    gateway.postbox.deliver_due()

    assert (too_early, crm.codes) == ([], ["D1"])


def test_the_report_before_the_reply_is_out_when_the_reply_is_given(gateway: Gateway, crm: FakeCrm) -> None:
    gateway.fates.add_next([Fate.BEFORE_REPLY])

    reaction = gateway.accept(make_send())

    assert crm.heard == [Status(id=reaction.id, status="D1")]
    assert [exchange.kind for exchange in gateway.exchanges.list()] == [Kind.SEND, Kind.STATUS]


def test_the_same_id_is_the_one_before(gateway: Gateway) -> None:
    gateway.fates.add_next([Fate.NEVER, Fate.REFUSED, Fate.SAME_ID, Fate.NEVER])

    ids = [gateway.accept(make_send()).id for _ in range(4)]

    assert ids[2] == ids[0]
    assert len(set(ids)) == 3


def test_ids_rise_and_go_on_rising_after_a_new_start(clock: FrozenClock, crm: FakeCrm) -> None:
    first = Gateway(crm, clock=clock)
    before = [int(first.accept(make_send()).id) for _ in range(3)]
    clock.move(1)
    after = int(Gateway(crm, clock=clock).accept(make_send()).id)

    assert before == sorted(set(before))
    assert after > before[-1]


def test_a_ported_number_writes_from_another_network(gateway: Gateway, crm: FakeCrm) -> None:
    gateway.fates.add_next([Fate.PORTED])
    gateway.accept(make_send())

    sms = gateway.type_sms(phone=PHONE, short_number="8877", text="START")

    assert sms.receive.operator_type in {"T", "2", "S"}


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"to": "+420602123456"}, "recipient"),
        ({"to": ""}, "recipient"),
        ({"billkey": ""}, "billkey"),
        ({"content": ""}, "empty"),
        ({"content": "x" * 1601}, "longer"),
        ({"content_coding": "gzip"}, "content_coding"),
    ],
)
def test_what_no_gateway_would_send_is_refused_and_not_logged(
    gateway: Gateway, changed: dict[str, str], reason: str
) -> None:
    reaction = gateway.accept(make_send(**changed))

    assert (reaction.reply, gateway.list_sent()) == (Reply.REFUSAL, [])
    assert reason in reaction.reason


@pytest.mark.parametrize("body", [b"", b"<html>", b'<message command="receive"><id>1</id></message>'])
def test_what_is_no_send_is_refused_and_uses_up_no_fate(gateway: Gateway, body: bytes) -> None:
    gateway.fates.add_next([Fate.BILLED])

    reaction = gateway.accept(body)

    assert (reaction.reply, gateway.list_sent()) == (Reply.MALFORMED, [])
    assert gateway.fates.look(PHONE).upcoming == (Fate.BILLED,)


def test_only_the_last_sms_are_kept(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("crm.simulator.gateway.KEPT_SMS", 3)
    small = Gateway(FakeCrm(), clock=FrozenClock())

    for number in range(5):
        small.accept(make_send(content=str(number)))

    assert [sms.text for sms in small.list_sent()] == ["2", "3", "4"]


def test_reset_forgets_everything_but_the_ids(gateway: Gateway, clock: FrozenClock, crm: FakeCrm) -> None:
    gateway.fates.set_default(Fate.BILLED)
    old = gateway.accept(make_send())

    gateway.reset()
    clock.move(60)
    gateway.postbox.deliver_due()
    new = gateway.accept(make_send())

    assert crm.heard == []
    assert (len(gateway.list_sent()), gateway.list_sent()[0].fate) == (1, Fate.BILLED_AND_DELIVERED)
    assert int(new.id) > int(old.id)
    assert gateway.list_sent()[0].reports[0].state is ReportState.WAITING
