"""Messages of the old system: what each row makes, what keeps one out, and that no status ever becomes weaker."""

from datetime import UTC, datetime
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, text

from crm.core.db import transaction
from crm.mobiletech.models import OutboundMessage, StatusReport
from crm.mobiletech.status_reports import record_status
from crm.mobiletech.wire.commands import Status
from crm.sms_billing.figures.keeping import count_billing_days
from crm.sms_billing.figures.models import BillingDay
from tests.factories.imported_money import (
    free_row,
    import_rows,
    make_subscriber,
    message_row,
    payment_row,
    set_up_moving_in,
)
from tests.factories.money import get_payment, list_payments, make_billkey, make_type, subscribe
from tests.fakes import FakeGateway
from tests.outbox import run_all

OTHER = "0908630550"


@pytest.fixture(autouse=True)
def reader(app: Flask) -> int:
    """List what the rows name, with two payments, and return the id of the reader."""
    user_id = set_up_moving_in()
    import_rows("payments", [payment_row(1), payment_row(2)])
    return user_id


def list_messages() -> list[OutboundMessage]:
    """Return all messages by id."""
    with transaction() as session:
        rows = list(session.execute(select(OutboundMessage).order_by(OutboundMessage.id)).scalars())
        session.expunge_all()
        return rows


def list_reports() -> list[tuple[str, str, bool]]:
    """Return what the log has, and whether it was applied."""
    with transaction() as session:
        rows = session.execute(select(StatusReport).order_by(StatusReport.id)).scalars()
        return [(row.mobiletech_id, row.status, row.applied_at is not None) for row in rows]


def report(mobiletech_id: str, code: str) -> None:
    """Let the gateway report a code now, and do what follows."""
    with transaction() as session:
        record_status(session, Status(id=mobiletech_id, status=code), None)
    run_all()


def test_a_message_stands_there_as_if_it_had_been_sent_long_ago(reader: int) -> None:
    counts = import_rows("outbound-messages", [message_row(sent_at="2025-09-01 08:00:06")]).counts

    [message] = list_messages()
    assert counts == (1, 0, 0, 0)
    assert (message.state, message.status, message.billing) == ("accepted", "D1", "billed")
    assert (message.purpose, message.paid, message.conflict) == ("paid", True, False)
    assert (message.user_id, message.payment_id) == (reader, list_payments()[0].id)
    assert (message.from_, message.to, message.rcv_msg_id) == ("8877", "+421908630549", "old-in-1")
    assert (message.content, message.content_length, message.encoding, message.parts) == ("", 97, "gsm7", 1)
    assert message.created_at == datetime(2025, 9, 1, 6, 0, 5, tzinfo=UTC)
    assert message.sent_at == datetime(2025, 9, 1, 6, 0, 6, tzinfo=UTC)
    assert list_reports() == [("old-out-1", "D1", True)]


def test_a_text_that_was_kept_is_measured() -> None:
    import_rows("outbound-messages", [message_row(content="Ďakujeme", content_length=9)])

    [message] = list_messages()
    assert (message.content, message.content_length, message.encoding) == ("Ďakujeme", 8, "ucs2")


@pytest.mark.parametrize(
    ("status", "operator", "billing"),
    [
        ("D1", "O", "billed"),
        ("A0", "T", "billed"),
        ("D0", "2", "billed"),  # O2 writes D0 for delivered
        ("D0", "O", "failed"),
        ("A15", "O", "failed"),
        ("A1024", "O", "failed"),
        ("_OPERATOR_CHANGE", "O", "none"),
        ("", "O", "none"),
    ],
)
def test_a_status_says_what_it_says_of_live_messages(status: str, operator: str, billing: str) -> None:
    import_rows("outbound-messages", [free_row(status=status, operator_type=operator)])

    [message] = list_messages()
    assert (message.billing, message.status) == (billing, status or None)
    assert message.purpose == "service"
    assert list_reports() == ([("old-out-1", status, True)] if status else [])


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"mobiletech_id": ""}, [("mobiletech_id", "missing")]),
        ({"template": ""}, [("template", "missing")]),
        ({"template": "no-such"}, [("template", "unknown_template")]),
        ({"status": "delivered"}, [("status", "status")]),
        ({"billkey": ""}, [("billkey", "missing")]),
        ({"billkey": "XX"}, [("billkey", "unknown_billkey"), ("billkey", "billkey_differs")]),
        ({"billkey": "AA19"}, [("billkey", "billkey_differs"), ("billkey", "amount_differs")]),
        ({"billkey": "BB99"}, [("billkey", "billkey_differs")]),
        ({"billkey": "OLD00"}, [("billkey", "billkey_differs"), ("billkey", "amount_differs")]),
        ({"rcv_msg_id": "never-came"}, [("rcv_msg_id", "unknown_inbound")]),
        ({"rcv_msg_id": "old-in-2"}, [("rcv_msg_id", "inbound_of_other_user")]),
        ({"rcv_msg_id": "old-in-2", "user_phone": ""}, [("rcv_msg_id", "inbound_of_other_user")]),
        ({"user_phone": "0908630999"}, [("user_phone", "unknown_user")]),
        (
            {"user_phone": OTHER, "rcv_msg_id": ""},
            [("payment_external_id", "payment_of_other_user")],
        ),
        ({"payment_external_id": "1"}, [("payment_external_id", "unknown_payment")]),
        ({"payment_variable_symbol": "4200000002"}, [("payment_external_id", "payment_differs")]),
        ({"from": ""}, [("from", "missing")]),
        ({"from": "+421908630549"}, [("from", "number")]),  # the original's README has it so
        ({"to": "?"}, [("to", "number")]),
        ({"to": "8877"}, [("to", "number")]),
        ({"serv_id": ""}, [("serv_id", "missing")]),
        ({"operator_type": "X"}, [("operator_type", "choice")]),
        ({"expiration": ""}, [("expiration", "missing")]),
        ({"content_length": "-1"}, [("content_length", "range")]),
        ({"created_at": ""}, [("created_at", "missing")]),
        ({"created_at": "2199-01-01"}, [("created_at", "in_future")]),
        ({"sent_at": "2199-01-01"}, [("sent_at", "in_future")]),
    ],
)
def test_a_rule_keeps_a_row_out(changed: dict[str, Any], told: list[tuple[str, str]]) -> None:
    make_subscriber(OTHER, "old-in-2")
    make_billkey("AA19", "1.99")
    make_billkey("BB99", "4.99")

    imported = import_rows("outbound-messages", [message_row(**changed), message_row(2)])

    assert imported.counts == (1, 0, 0, 1)
    assert imported.refused == {2: told}


def test_a_payment_names_its_person_for_the_message(reader: int) -> None:
    import_rows(
        "outbound-messages",
        [message_row(user_phone="", payment_external_id="", payment_variable_symbol="4200000001")],
    )

    [message] = list_messages()
    assert message.user_id == reader


def test_a_payment_without_its_metas_is_charged_by_no_message() -> None:
    with transaction() as session:
        session.execute(text("DELETE FROM payment_meta WHERE key = 'mobiletech_template_params'"))

    imported = import_rows("outbound-messages", [message_row()])

    assert imported.refused == {2: [("payment_external_id", "payment_without_metas")]}


def test_a_payment_made_here_has_its_own_message(gateway: FakeGateway) -> None:
    make_type("live", billkey="AA99")
    subscribe("live", OTHER)
    ours = list_payments()[-1]

    bare = message_row(user_phone="", payment_external_id="", rcv_msg_id="")
    row = bare | {"payment_variable_symbol": ours.variable_symbol}
    imported = import_rows("outbound-messages", [row])

    assert imported.refused == {2: [("payment_variable_symbol", "payment_not_imported")]}


def test_a_payment_was_charged_by_one_message_only() -> None:
    second = message_row(1, mobiletech_id="old-out-x", external_id="1")
    failed = message_row(1, mobiletech_id="old-out-y", external_id="2", status="A15")

    together = import_rows("outbound-messages", [message_row(), second, failed])
    later = import_rows("outbound-messages", [second | {"mobiletech_id": "old-out-z", "external_id": "3"}])

    assert together.refused == {3: [("payment_external_id", "duplicate")]}
    assert together.counts == (2, 0, 0, 1)
    assert later.refused == {2: [("payment_external_id", "payment_has_message")]}


def test_an_id_of_one_payment_may_be_the_symbol_of_another() -> None:
    import_rows("payments", [payment_row(3, external_id="", variable_symbol="9001")])
    by_symbol = message_row(3, payment_external_id="", payment_variable_symbol="9001")

    imported = import_rows("outbound-messages", [message_row(1), by_symbol])

    assert imported.counts == (2, 0, 0, 0)


@pytest.mark.parametrize("status", ["A15", "_OPERATOR_CHANGE", ""])
def test_a_charge_that_was_not_billed_may_have_no_payment(status: str) -> None:
    import_rows("outbound-messages", [message_row(payment_external_id="", status=status)])

    [message] = list_messages()
    assert (message.paid, message.purpose, message.payment_id) == (True, "paid", None)


@pytest.mark.parametrize("is_here", [False, True])
@pytest.mark.parametrize("status", ["D1", "A0"])
def test_what_was_billed_has_a_payment(status: str, is_here: bool) -> None:
    if is_here:
        import_rows("outbound-messages", [message_row(payment_external_id="", status="")])

    imported = import_rows("outbound-messages", [message_row(payment_external_id="", status=status)])

    assert imported.refused == {2: [("payment_external_id", "payment_missing")]}


def test_a_report_that_came_before_its_message_asks_for_the_payment_too() -> None:
    report("old-out-1", "D1")

    imported = import_rows("outbound-messages", [message_row(payment_external_id="", status="")])

    assert imported.refused == {2: [("payment_external_id", "payment_missing")]}


def test_a_payment_that_is_known_need_not_be_named_again() -> None:
    import_rows("outbound-messages", [message_row()])

    assert import_rows("outbound-messages", [message_row(payment_external_id="")]).counts == (0, 0, 1, 0)


def test_the_same_file_again_changes_nothing() -> None:
    rows = [message_row(1), message_row(2, status=""), free_row(3, content="Text")]
    first = import_rows("outbound-messages", rows)

    again = import_rows("outbound-messages", rows)

    assert (first.counts, again.counts) == ((3, 0, 0, 0), (0, 0, 3, 0))
    assert len(list_reports()) == 2


def test_what_is_missing_is_filled_in(reader: int) -> None:
    import_rows(
        "outbound-messages",
        [message_row(user_phone="", payment_external_id="", rcv_msg_id="", external_id="", status="")],
    )

    counts = import_rows("outbound-messages", [message_row(content="Text", serv_id="9", dcs="8")]).counts

    [message] = list_messages()
    assert counts == (0, 1, 0, 0)
    assert (message.user_id, message.payment_id, message.rcv_msg_id) == (
        reader,
        list_payments()[0].id,
        "old-in-1",
    )
    assert (message.external_id, message.content, message.serv_id, message.dcs) == ("7001", "Text", "9", "8")


@pytest.mark.parametrize(
    ("changed", "column"),
    [
        ({"to": "+421908630550"}, "to"),
        ({"from": "8866"}, "from"),
        ({"billkey": "BB99", "payment_external_id": ""}, "billkey"),
        ({"payment_external_id": "9002"}, "payment_external_id"),
        ({"user_phone": OTHER, "payment_external_id": "", "rcv_msg_id": ""}, "user_phone"),
        ({"rcv_msg_id": "old-in-3"}, "rcv_msg_id"),
        ({"operator_type": "2"}, "operator_type"),
        ({"created_at": "2025-09-02"}, "created_at"),
    ],
)
def test_whom_a_message_charged_is_not_changed_by_a_file(changed: dict[str, Any], column: str) -> None:
    make_subscriber(OTHER, "old-in-2")
    make_subscriber(cid="old-in-3")
    make_billkey("BB99", "4.99")
    import_rows("outbound-messages", [message_row()])

    assert import_rows("outbound-messages", [message_row(**changed)]).refused == {2: [(column, "differs")]}


def test_an_empty_cell_takes_nothing_away() -> None:
    told = {
        "external_id": "7001",
        "project_id": "76",
        "billmsisdn": "+421908630550",
        "dcs": "8",
        "esm": "0",
        "content": "Text",
        "rcv_msg_id": "old-in-1",
        "status": "D1",
    }
    import_rows("outbound-messages", [message_row(**told, sent_at="2025-09-01 08:00:09")])

    emptied = dict.fromkeys((*told, "sent_at", "user_phone", "payment_external_id"), "")
    imported = import_rows("outbound-messages", [message_row(**emptied)])

    [message] = list_messages()
    assert imported.counts == (0, 0, 1, 0)
    assert {name: getattr(message, name) for name in told} == told
    assert message.sent_at == datetime(2025, 9, 1, 6, 0, 9, tzinfo=UTC)


def test_what_is_another_persons_is_not_filled_in() -> None:
    make_subscriber(OTHER, "old-in-2")
    import_rows("payments", [payment_row(3, user_phone=OTHER, cid="old-in-2")])
    bare = {"status": "", "payment_external_id": "", "rcv_msg_id": ""}
    import_rows("outbound-messages", [message_row(**bare)])

    answer = message_row(**bare | {"user_phone": "", "rcv_msg_id": "old-in-2"})
    charge = message_row(**bare | {"user_phone": "", "payment_external_id": "9003"})

    assert import_rows("outbound-messages", [answer]).refused == {
        2: [("rcv_msg_id", "inbound_of_other_user")]
    }
    assert import_rows("outbound-messages", [charge]).refused == {
        2: [("payment_external_id", "payment_of_other_user")]
    }


@pytest.mark.parametrize(
    ("first", "then", "counts", "status", "billing"),
    [
        ("D1", "A15", (0, 1, 0, 0), "D1", "billed"),  # both were reported: a person has to look
        ("D1", "", (0, 0, 1, 0), "D1", "billed"),
        ("A15", "D1", (0, 1, 0, 0), "D1", "billed"),
        ("", "D1", (0, 1, 0, 0), "D1", "billed"),
        ("A0", "D1", (0, 1, 0, 0), "D1", "billed"),
    ],
)
def test_a_status_of_a_later_file_joins_the_first(
    first: str, then: str, counts: tuple[int, ...], status: str, billing: str
) -> None:
    import_rows("outbound-messages", [message_row(status=first)])

    imported = import_rows("outbound-messages", [message_row(status=then)])

    [message] = list_messages()
    assert imported.counts == counts
    assert (message.status, message.billing) == (status, billing)
    assert message.conflict == ({first, then} == {"D1", "A15"})


def test_a_message_sent_from_here_stays_as_it_is(gateway: FakeGateway) -> None:
    make_type("live", billkey="AA99")
    subscribe("live", OTHER)
    [before] = list_messages()

    row = message_row(mobiletech_id=before.mobiletech_id, status="A15", billkey="OLD00", to="+421908630111")
    counts = import_rows("outbound-messages", [row]).counts

    [after] = list_messages()
    assert counts == (0, 1, 0, 0)
    assert after.external_id == "7001"
    assert (after.billing, after.billkey, after.to) == (before.billing, before.billkey, before.to)
    assert import_rows("outbound-messages", [row]).counts == (0, 0, 1, 0)
    assert ("A15" in {code for _, code, _ in list_reports()}) is False


@pytest.mark.parametrize("code", ["D5", "A15", "D0", "_OPERATOR_CHANGE"])
def test_a_later_report_never_makes_a_billed_message_weaker(code: str) -> None:
    import_rows("outbound-messages", [message_row()])

    report("old-out-1", code)

    [message] = list_messages()
    assert (message.billing, message.status) == ("billed", "D1")
    assert message.conflict == (code == "A15")
    assert get_payment(message.payment_id or 0).status == "paid"


@pytest.mark.parametrize("code", ["A15", "D5"])
def test_a_failure_that_is_reported_later_never_fails_what_was_paid(code: str) -> None:
    import_rows("outbound-messages", [message_row(status="")])

    report("old-out-1", code)

    [message] = list_messages()
    assert message.billing == "failed"
    assert get_payment(message.payment_id or 0).status == "paid"


def test_a_report_that_came_before_its_message_is_not_lost() -> None:
    report("old-out-1", "D1")
    assert list_reports() == [("old-out-1", "D1", False)]

    import_rows("outbound-messages", [message_row(status="", created_at=datetime.now(UTC).isoformat())])

    [message] = list_messages()
    assert (message.billing, message.status) == ("billed", "D1")
    assert list_reports() == [("old-out-1", "D1", True)]
    assert run_all() == 0


@pytest.mark.parametrize(
    ("before", "counted"),
    [
        ({"status": ""}, {"billed": 1, "waiting": 1}),
        ({"status": "", "payment_external_id": ""}, {"billed": 1}),
    ],
)
def test_a_day_that_was_counted_is_counted_anew_once_what_was_billed_then_is_another(
    before: dict[str, Any], counted: dict[str, int]
) -> None:
    rows = [message_row(number, created_at="2026-09-01 08:00:05") for number in (1, 2)]
    import_rows("outbound-messages", [rows[0], rows[1] | before])
    count_billing_days()
    first = count_outcomes()

    import_rows("outbound-messages", rows)
    forgotten = count_outcomes()
    count_billing_days()

    assert (first, forgotten, count_outcomes()) == (counted, {}, {"billed": 2})


def test_a_day_stays_counted_though_how_its_messages_were_sent_is_another() -> None:
    import_rows("outbound-messages", [message_row(created_at="2026-09-01 08:00:05", dcs="0")])
    count_billing_days()

    counts = import_rows("outbound-messages", [message_row(created_at="2026-09-01 08:00:05", dcs="8")]).counts

    assert (counts, count_outcomes()) == ((0, 1, 0, 0), {"billed": 1})


def count_outcomes() -> dict[str, int]:
    """Return the figures that are kept, all days together."""
    with transaction() as session:
        return {row.outcome: row.count for row in session.execute(select(BillingDay)).scalars()}


def test_a_dry_run_counts_what_the_real_one_does() -> None:
    rows = [
        message_row(1),
        message_row(1),
        message_row(1, status="A15"),
        message_row(1, mobiletech_id="old-out-x", external_id="1"),
        message_row(2, external_id="7001"),
        message_row(2, payment_external_id="77"),
        message_row(2, template="no-such"),
        free_row(5),
        free_row(6, external_id="7005"),
        free_row(7, status="D99999999"),
        message_row(2),
    ]
    import_rows("outbound-messages", [free_row(5)])

    dry = import_rows("outbound-messages", rows, is_dry=True, batch_rows=2)
    after_dry = len(list_messages())
    real = import_rows("outbound-messages", rows, batch_rows=2)

    assert dry == real
    assert real.counts == (2, 0, 2, 7)
    assert (after_dry, len(list_messages())) == (1, 3)
