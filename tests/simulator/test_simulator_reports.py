"""What the gateway tells the CRM: a typed SMS, a status, and both again until they are answered 200."""

from datetime import UTC, datetime

import pytest

from crm.core.errors import InvalidInputError
from crm.mobiletech.wire.commands import Receive
from crm.simulator.fates import Fate
from crm.simulator.gateway import Gateway
from crm.simulator.records import ReportState
from tests.simulator.fake_crm import PHONE, FakeCrm, FrozenClock, make_send


def test_a_typed_sms_arrives_as_the_gateway_writes_it(gateway: Gateway, crm: FakeCrm) -> None:
    gateway.type_sms(phone="0908 630 549", short_number="8877", text="Čo je nové & dobré?")

    (heard,) = crm.heard
    assert isinstance(heard, Receive)
    assert (heard.from_, heard.to, heard.content) == (PHONE, "8877", "Čo je nové & dobré?")
    assert (heard.operator_type, heard.content_coding, heard.problems) == ("O", "text", ())
    # Summer time in Bratislava; the last digit is tenths of a second.
    assert heard.receive_date_raw == "2608191645251"
    assert heard.receive_date == datetime(2026, 8, 19, 14, 45, 25, 100_000, tzinfo=UTC)


@pytest.mark.parametrize(
    ("phone", "letter"),
    [("0908123456", "O"), ("0902123456", "T"), ("0948123456", "2"), ("0952123456", "S"), ("0959123456", "O")],
)
def test_the_operator_is_that_of_the_prefix(gateway: Gateway, phone: str, letter: str) -> None:
    sms = gateway.type_sms(phone=phone, short_number="8877", text="A")

    assert sms.receive.operator_type == letter


def test_a_chosen_operator_stays(gateway: Gateway) -> None:
    gateway.networks.move("0908123456", "2")

    letters = {gateway.type_sms(phone="+421908123456", short_number="8877", text="A").receive.operator_type}

    assert letters == {"2"}


def test_an_id_can_be_given_to_repeat_an_sms(gateway: Gateway, crm: FakeCrm) -> None:
    for text in ("A", "B"):
        gateway.type_sms(phone=PHONE, short_number="8877", text=text, message_id="25481979")

    assert [told.id for told in crm.heard] == ["25481979", "25481979"]


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"phone": "+420602123456"}, "Slovak"),
        ({"short_number": "88 77"}, "short number"),
        ({"text": "x" * 1601}, "longer"),
        ({"text": "\x00"}, "XML"),
        ({"message_id": "9" * 65}, "id"),
    ],
)
def test_what_no_phone_can_send_is_refused(
    gateway: Gateway, crm: FakeCrm, changed: dict[str, str], reason: str
) -> None:
    with pytest.raises(InvalidInputError, match=reason):
        gateway.type_sms(**({"phone": PHONE, "short_number": "8877", "text": "A"} | changed))

    assert (crm.heard, gateway.list_typed()) == ([], [])


@pytest.mark.parametrize("failure", [None, 404, 500, 503, 302])
def test_what_was_not_answered_200_is_told_again_after_a_minute(
    gateway: Gateway, crm: FakeCrm, clock: FrozenClock, failure: int | None
) -> None:
    crm.answers = [failure]
    sms = gateway.type_sms(phone=PHONE, short_number="8877", text="A")

    clock.move(59)
    too_early = gateway.postbox.deliver_due()
    clock.move(1)
    gateway.postbox.deliver_due()

    assert (too_early, len(crm.heard)) == (0, 2)
    assert crm.heard[0] == crm.heard[1]
    assert (sms.report.state, sms.report.tries) == (ReportState.TAKEN, 2)


def test_a_status_that_is_not_known_yet_is_told_again(
    gateway: Gateway, crm: FakeCrm, clock: FrozenClock
) -> None:
    crm.answers = [404]
    gateway.fates.add_next([Fate.BEFORE_REPLY])
    gateway.accept(make_send())

    clock.move(60)
    gateway.postbox.deliver_due()

    assert crm.codes == ["D1", "D1"]
    assert gateway.postbox.list_waiting() == []


def test_waits_grow_and_patience_ends(gateway: Gateway, crm: FakeCrm, clock: FrozenClock) -> None:
    crm.answers = [503] * 9
    sms = gateway.type_sms(phone=PHONE, short_number="8877", text="A")
    minutes = []
    for minute in range(1, 60):
        clock.move(60)
        minutes += [minute] * gateway.postbox.deliver_due()

    assert minutes == [1, 3, 7]
    assert sms.report.state is ReportState.GIVEN_UP
    assert "given up after try 4" in gateway.exchanges.list()[-1].summary


def test_hurry_reports_what_waits_in_its_order(gateway: Gateway, crm: FakeCrm) -> None:
    gateway.fates.add_next([Fate.LATE, Fate.FAILED_THEN_BILLED])
    gateway.accept(make_send())
    gateway.accept(make_send())

    hurried = gateway.postbox.hurry()
    gateway.postbox.deliver_due()

    assert (hurried, crm.codes) == (3, ["A5", "A0", "D1"])


def test_any_status_can_be_reported_of_any_id(gateway: Gateway, crm: FakeCrm) -> None:
    known = gateway.accept(make_send()).id

    gateway.report_status(known, "A9")
    gateway.report_status("never-sent", "D1")

    assert [(told.id, told.status) for told in crm.heard] == [(known, "A9"), ("never-sent", "D1")]  # type: ignore[union-attr]
    assert [report.code for report in gateway.list_sent()[0].reports] == ["A0", "D1", "A9"]


def test_a_report_that_fails_during_a_reset_is_not_told_again(clock: FrozenClock) -> None:
    class CrmThatResets(FakeCrm):
        def post(self, body: bytes):  # type: ignore[no-untyped-def]
            gateway.reset()
            return super().post(body)

    gateway = Gateway(CrmThatResets(answers=[503]), clock=clock)

    gateway.type_sms(phone=PHONE, short_number="8877", text="A")

    assert gateway.postbox.list_waiting() == []


def test_too_many_waiting_reports_are_dropped(
    gateway: Gateway, crm: FakeCrm, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("crm.simulator.postbox.MOST_WAITING", 3)

    for _ in range(2):
        gateway.accept(make_send())

    states = [report.state for sms in gateway.list_sent() for report in sms.reports]
    assert states == [*[ReportState.WAITING] * 3, ReportState.GIVEN_UP]
