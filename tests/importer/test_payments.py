"""Payments of the old system: what each row makes, what keeps one out, and that no file changes what was paid."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, text, update

from crm.core.db import transaction
from crm.payments.models import Payment, PaymentItem, PaymentMethod
from crm.sms_billing.metas import SmsMetas, read_metas
from crm.subscriptions.models import Subscription, SubscriptionType, SubscriptionTypeItem
from tests.conftest import Clock
from tests.factories.imported_money import import_rows, make_subscriber, payment_row, set_up_moving_in
from tests.factories.money import list_payments, list_subscriptions, make_type, subscribe
from tests.fakes import FakeGateway

OTHER = "0908630550"


@pytest.fixture(autouse=True)
def reader(app: Flask) -> int:
    """List what the rows name, and return the id of the reader."""
    return set_up_moving_in()


def test_a_payment_comes_with_all_that_hangs_on_it(reader: int) -> None:
    row = payment_row(
        note="Prvá platba", ip="192.0.2.1", template_params='{"price": "4,99"}', recurrent_charge=1
    )

    counts = import_rows("payments", [row]).counts

    assert counts == (1, 0, 0, 0)
    [payment] = list_payments()
    assert (payment.status, payment.user_id, payment.amount, payment.key) == (
        "paid",
        reader,
        Decimal("4.99"),
        None,
    )
    assert (payment.external_id, payment.variable_symbol) == ("9001", "4200000001")
    assert (payment.note, payment.ip, payment.recurrent_charge) == ("Prvá platba", "192.0.2.1", True)
    assert payment.paid_at == datetime(2025, 9, 1, 6, 0, 20, tzinfo=UTC)
    [subscription] = list_subscriptions()
    assert payment.subscription_id == subscription.id
    assert (subscription.is_paid, subscription.is_recurrent, subscription.type) == (True, True, "regular")
    with transaction() as session:
        assert read_metas(session, [payment.id])[payment.id] == SmsMetas(
            billkey="AA99", inbound_message_id=1, template_code="renewal", params={"price": "4,99"}
        )
        [method] = session.execute(select(PaymentMethod)).scalars()
        assert (method.user_id, method.external_token) == (reader, "old-in-1")
        assert (method.payment_gateway_id, method.created_at) == (payment.payment_gateway_id, payment.paid_at)


@pytest.mark.parametrize(
    ("column", "value", "told"),
    [
        ("user_phone", "0908630999", [("user_phone", "unknown_user")]),
        ("user_phone", "", [("user_external_id", "missing")]),
        ("variable_symbol", "", [("variable_symbol", "missing")]),
        ("amount", "", [("amount", "missing")]),
        ("amount", "0", [("amount", "amount")]),
        ("amount", "-4.99", [("amount", "amount")]),
        ("amount", "9.99", [("amount", "amount_differs")]),
        ("currency", "CZK", [("currency", "currency_differs")]),
        ("status", "fail", [("status", "status")]),
        ("status", "form", [("status", "status")]),
        ("payment_gateway", "paypal", [("payment_gateway", "choice")]),
        ("subscription_type", "year", [("subscription_type", "unknown_subscription_type")]),
        ("paid_at", "", [("paid_at", "missing")]),
        ("paid_at", "2199-01-01", [("subscription_end_at", "end_before_start")]),
        ("cid", "never-came", [("cid", "unknown_inbound")]),
        ("cid", "", [("cid", "missing")]),
        ("billkey", "XX99", [("billkey", "unknown_billkey")]),
        ("billkey", "OLD00", [("billkey", "billkey_free")]),
        ("template", "no-such", [("template", "unknown_template")]),
        ("template_params", "[1]", [("template_params", "json")]),
        ("subscription_end_at", "2025-08-01", [("subscription_end_at", "end_before_start")]),
        ("created_at", "2025-09-01 08:00:21", [("created_at", "created_after_paid")]),
        ("created_at", "2190-01-01", [("created_at", "created_after_paid")]),
        ("additional_type", "yearly", [("additional_type", "choice")]),
    ],
)
def test_a_rule_keeps_a_row_out(column: str, value: str, told: list[tuple[str, str]]) -> None:
    row = payment_row(**{column: value})
    if column == "paid_at":
        row |= {"subscription_start_at": ""}

    imported = import_rows("payments", [row, payment_row(2)])

    assert imported.counts == (1, 0, 0, 1)
    assert imported.refused == {2: told}


def test_what_was_not_paid_yet_is_kept_out() -> None:
    row = payment_row(paid_at="2099-01-01", subscription_start_at="", subscription_end_at="")

    assert import_rows("payments", [row]).refused == {2: [("paid_at", "in_future")]}


def test_what_was_begun_tomorrow_was_not_paid_the_day_after() -> None:
    row = payment_row(
        paid_at="2099-01-02", created_at="2099-01-01", subscription_start_at="", subscription_end_at=""
    )

    imported = import_rows("payments", [row])

    assert imported.refused == {2: [("paid_at", "in_future"), ("created_at", "in_future")]}


def test_all_that_is_wrong_is_told_at_once() -> None:
    make_subscriber(OTHER, "old-in-2")
    row = payment_row(
        amount="9.99", currency="CZK", subscription_type="year", template="none", cid="old-in-2"
    )

    [told] = import_rows("payments", [row]).refused.values()

    assert {code for _, code in told} == {
        "unknown_subscription_type", "unknown_template", "cid_of_other_user", "amount_differs", "currency_differs"
    }  # fmt: skip


def test_the_message_that_began_it_may_be_nobodys() -> None:
    with transaction() as session:
        session.execute(text("UPDATE mobiletech_inbound_messages SET user_id = NULL"))

    assert import_rows("payments", [payment_row()]).counts == (1, 0, 0, 0)


def test_the_items_of_the_type_sum_up_to_the_payment() -> None:
    with transaction() as session:
        kind = session.execute(select(SubscriptionType)).scalar_one()
        for name, amount, vat in (("Tlač", "3.00", "5"), ("Web", "1.50", "23")):
            session.add(
                SubscriptionTypeItem(
                    subscription_type_id=kind.id, name=name, amount=Decimal(amount), vat=Decimal(vat)
                )
            )

    import_rows("payments", [payment_row()])

    with transaction() as session:
        items = session.execute(select(PaymentItem).order_by(PaymentItem.id)).scalars().all()
        assert [(item.name, item.amount, item.amount_without_vat) for item in items] == [
            ("Tlač", Decimal("3.32"), Decimal("3.16")),
            ("Web", Decimal("1.67"), Decimal("1.36")),
        ]


@pytest.mark.parametrize(
    ("paid_at", "given", "start", "end", "days"),
    [
        ("2025-03-10 12:00", {}, "2025-03-10 11:00", "2025-04-09 10:00", 30),  # an hour less in March
        ("2025-10-10 12:00", {}, "2025-10-10 10:00", "2025-11-09 11:00", 30),  # an hour more in October
        ("2025-10-10 12:00", {"subscription_start_at": "2025-10-20 08:00"}, "2025-10-20 06:00", "2025-11-19 07:00", 30),
        ("2025-10-10 12:00", {"subscription_end_at": "2025-10-17 12:00"}, "2025-10-10 10:00", "2025-10-17 10:00", 7),
        (
            "2025-10-10 12:00",
            {"subscription_start_at": "2025-10-01", "subscription_end_at": "2025-11-01"},
            "2025-09-30 22:00", "2025-10-31 23:00", 31,
        ),
    ],
)  # fmt: skip
def test_a_subscription_lasts_as_long_as_was_paid(
    paid_at: str, given: dict[str, str], start: str, end: str, days: int
) -> None:
    row = payment_row(paid_at=paid_at, created_at="", subscription_start_at="", subscription_end_at="")

    import_rows("payments", [row | given])

    [subscription] = list_subscriptions()
    assert subscription.start_time == datetime.fromisoformat(f"{start}+00:00")
    assert subscription.end_time == datetime.fromisoformat(f"{end}+00:00")
    assert subscription.length == days


def test_subscriptions_are_what_their_dates_make_of_them_now_and_lead_to_each_other() -> None:
    now = datetime.now(UTC)
    begins = [now - timedelta(days=45), now - timedelta(days=15), now + timedelta(days=15)]
    rows = [
        payment_row(
            number,
            paid_at=(now - timedelta(days=50 - number)).isoformat(timespec="seconds"),
            subscription_start_at=begin.isoformat(timespec="seconds"),
            subscription_end_at=(begin + timedelta(days=30)).isoformat(timespec="seconds"),
        )
        for number, begin in enumerate(begins)
    ]

    import_rows("payments", rows[:2])
    import_rows("payments", rows[2:])

    first, second, third = list_subscriptions()
    assert [each.internal_status for each in (first, second, third)] == [
        "after_end",
        "active",
        "before_start",
    ]
    assert (first.next_subscription_id, second.next_subscription_id) == (second.id, third.id)
    assert third.next_subscription_id is None


def test_a_type_without_subscription_gives_none() -> None:
    make_type("donation", no_subscription=True)

    import_rows("payments", [payment_row(subscription_type="donation")])

    [payment] = list_payments()
    assert payment.subscription_id is None
    assert list_subscriptions() == []


def test_what_is_paid_once_has_no_way_to_pay_again() -> None:
    import_rows("payments", [payment_row(payment_gateway="mobiletech")])

    with transaction() as session:
        assert session.execute(select(PaymentMethod)).scalars().all() == []
        assert session.execute(select(Subscription.is_recurrent)).scalars().all() == [False]


def test_several_payments_of_one_message_have_one_way_to_pay_again() -> None:
    import_rows("payments", [payment_row(1), payment_row(2)])
    import_rows("payments", [payment_row(3)])

    with transaction() as session:
        assert len(session.execute(select(PaymentMethod)).scalars().all()) == 1


def test_the_same_file_again_changes_nothing() -> None:
    rows = [payment_row(1), payment_row(2, recurrent_charge=1, additional_amount="0,50")]
    first = import_rows("payments", rows)

    again = import_rows("payments", rows)

    assert (first.counts, again.counts) == ((2, 0, 0, 0), (0, 0, 2, 0))
    assert len(list_subscriptions()) == 2


def test_what_describes_a_payment_follows_the_file() -> None:
    import_rows("payments", [payment_row(external_id="")])

    counts = import_rows("payments", [payment_row(note="Vrátiť na žiadosť")]).counts

    [payment] = list_payments()
    assert counts == (0, 1, 0, 0)
    assert (payment.note, payment.external_id) == ("Vrátiť na žiadosť", "9001")


DESCRIBED = {
    "note": "Zostane",
    "ip": "192.0.2.1",
    "user_agent": "Firefox",
    "referer": "https://example.com/",
    "additional_amount": "0.50",
    "additional_type": "single",
}
BEGUN = ("created_at", "subscription_start_at", "subscription_end_at")


def test_an_empty_cell_takes_nothing_away() -> None:
    import_rows("payments", [payment_row(**DESCRIBED)])

    imported = import_rows(
        "payments", [payment_row(**dict.fromkeys((*DESCRIBED, *BEGUN, "external_id"), ""))]
    )

    [payment] = list_payments()
    assert imported.counts == (0, 0, 1, 0)
    assert {name: str(getattr(payment, name)) for name in DESCRIBED} == DESCRIBED
    assert payment.external_id == "9001"


def test_of_what_nothing_is_told_the_least_is_stored() -> None:
    import_rows("payments", [payment_row(**dict.fromkeys(DESCRIBED, ""))])

    [payment] = list_payments()
    assert (payment.ip, payment.user_agent, payment.additional_amount) == ("cli", "", 0)
    assert (payment.note, payment.referer, payment.additional_type) == (None, None, None)


def test_an_additional_amount_may_be_taken_back_by_a_nought() -> None:
    import_rows("payments", [payment_row(additional_amount="0.50")])

    assert import_rows("payments", [payment_row(additional_amount="0")]).counts == (0, 1, 0, 0)
    assert list_payments()[0].additional_amount == 0


def test_a_column_that_the_file_lacks_is_let_alone() -> None:
    import_rows("payments", [payment_row(note="Zostane", ip="192.0.2.1")])

    assert import_rows("payments", [payment_row()]).counts == (0, 0, 1, 0)
    assert list_payments()[0].note == "Zostane"


@pytest.mark.parametrize(
    ("changed", "column"),
    [
        ({"user_phone": OTHER, "cid": "old-in-2"}, "user_phone"),
        ({"amount": "9.99", "billkey": "AA19"}, "amount"),
        ({"payment_gateway": "mobiletech"}, "payment_gateway"),
        ({"subscription_type": "other"}, "subscription_type"),
        ({"subscription_start_at": "2025-09-02"}, "subscription_start_at"),
        ({"subscription_end_at": "2025-11-01"}, "subscription_end_at"),
        ({"paid_at": "2025-09-02"}, "paid_at"),
        ({"created_at": "2025-09-01 07:00"}, "created_at"),
        ({"cid": "old-in-3"}, "cid"),
        ({"template": "thanks"}, "template"),
        ({"template_params": '{"price": 1}'}, "template_params"),
    ],
)
def test_what_was_paid_is_not_changed_by_a_file(changed: dict[str, Any], column: str) -> None:
    make_subscriber(OTHER, "old-in-2")
    make_subscriber(cid="old-in-3")
    make_type("other", billkey="AA19", price="9.99")
    import_rows("payments", [payment_row()])
    [before] = list_payments()

    imported = import_rows("payments", [payment_row(**changed)])

    assert imported.counts == (0, 0, 0, 1)
    assert (column, "differs") in imported.refused[2]
    [after] = list_payments()
    assert (after.amount, after.paid_at, after.user_id) == (before.amount, before.paid_at, before.user_id)


def test_what_went_on_since_is_let_be() -> None:
    import_rows("payments", [payment_row()])
    with transaction() as session:
        session.execute(update(Payment).values(status="refund"))
        session.execute(text("UPDATE subscriptions SET end_time = start_time"))

    counts = import_rows("payments", [payment_row()]).counts

    assert counts == (0, 0, 1, 0)
    assert list_payments()[0].status == "refund"
    [subscription] = list_subscriptions()
    assert subscription.start_time == subscription.end_time


def test_a_payment_made_here_is_no_business_of_an_import(gateway: FakeGateway) -> None:
    subscribe()
    [ours] = list_payments()

    imported = import_rows("payments", [payment_row(variable_symbol=ours.variable_symbol)])

    assert imported.refused == {2: [("variable_symbol", "taken")]}
    assert len(list_payments()) == 1


@pytest.mark.parametrize(
    ("changed", "column"),
    [
        ({"variable_symbol": "4200000009"}, "external_id"),
        ({"external_id": "9009"}, "variable_symbol"),
        ({"variable_symbol": "4200000002"}, "variable_symbol"),
        ({"external_id": "9002"}, "variable_symbol"),
    ],
)
def test_keys_of_two_payments_do_not_meet_in_one(changed: dict[str, Any], column: str) -> None:
    import_rows("payments", [payment_row(1), payment_row(2)])

    imported = import_rows("payments", [payment_row(1, **changed)])

    assert imported.refused == {2: [(column, "taken")]}


def test_a_dry_run_counts_what_the_real_one_does() -> None:
    rows = [
        payment_row(1),
        payment_row(1),
        payment_row(1, note="Iná"),
        payment_row(2, external_id="9001"),
        payment_row(3, amount="1.00"),
        payment_row(4, user_phone="0908630999"),
        payment_row(5, status="fail"),
        payment_row(6),
        payment_row(7, variable_symbol="4200000006"),
        payment_row(6),
    ]
    import_rows("payments", [payment_row(6)])

    dry = import_rows("payments", rows, is_dry=True, batch_rows=2)
    after_dry = len(list_payments())
    real = import_rows("payments", rows, batch_rows=2)

    assert dry == real
    assert real.counts == (1, 0, 3, 6)
    assert (after_dry, len(list_payments())) == (1, 2)


def test_an_import_makes_no_work_for_anybody(clock: Clock) -> None:
    import_rows("payments", [payment_row()])

    with transaction() as session:
        assert session.execute(text("SELECT count(*) FROM outbox")).scalar_one() == 0
