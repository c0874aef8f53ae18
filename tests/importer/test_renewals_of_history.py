"""Renewals whose payments were imported too: which is followed, what is charged next, and how much of it is due."""

from datetime import timedelta
from decimal import Decimal

import pytest

from crm.core.business_settings import get_setting
from crm.core.db import transaction
from crm.importer.models import ImportRun
from crm.mobiletech.sms_templates import create_template
from crm.payments.due import OLD_IS_OPEN
from tests.conftest import Clock
from tests.factories.imported_money import (
    import_rows,
    make_subscriber,
    set_up_moving_in,
)
from tests.factories.imports import counts_of, refusals_of
from tests.factories.money import (
    NUMBER,
    charge,
    get_payment,
    list_payments,
    list_renewals,
    make_billkey,
    make_inbound,
    make_type,
    messages_of,
    renewal_states,
)
from tests.importer.histories import PARENT, ago, do, message_of, paid_row, pay_there, renewal_line
from tests.importer.renewal_files import import_renewals

pytestmark = pytest.mark.usefixtures("gateway", "app")

OTHER = "0905111222"


@pytest.fixture(autouse=True)
def _moving_in(clock: Clock) -> None:
    set_up_moving_in()


def test_a_renewal_that_follows_a_payment_before_the_last_one_is_refused() -> None:
    pay_there(1, ago(days=31))
    pay_there(2, ago(hours=3))
    lines = [renewal_line(charge_at=ago(hours=1)), renewal_line(external_id="later", charge_at=ago(hours=-1))]

    dry = import_renewals(*lines, dry=True, confirm_due=True)
    run = import_renewals(*lines, confirm_due=True)

    assert (
        refusals_of(dry) == refusals_of(run) == [(2, PARENT, "later_payment"), (3, PARENT, "later_payment")]
    )
    assert (run.due_count, list_renewals()) == (0, [])


def test_what_the_old_system_stopped_may_follow_any_payment() -> None:
    pay_there(1, ago(days=31))
    pay_there(2, ago(hours=3))

    run = import_renewals(renewal_line(charge_at=ago(days=1), state="user_stop"))

    assert counts_of(run) == (1, 0, 0, 0)


def test_a_later_payment_that_another_message_began_is_of_another_chain() -> None:
    make_inbound(NUMBER, user_id=1, mobiletech_id="another")
    pay_there(1, ago(days=31))
    pay_there(2, ago(hours=3), cid="another")

    run = import_renewals(renewal_line(charge_at=ago(days=-1)))

    assert counts_of(run) == (1, 0, 0, 0)


def test_a_renewal_that_came_in_before_is_not_changed_once_there_is_a_later_payment() -> None:
    pay_there(1, ago(days=30))
    import_renewals(renewal_line(charge_at=ago(hours=-5)))
    pay_there(2, ago(hours=1))

    run = import_renewals(renewal_line(charge_at=ago(hours=-9)))

    assert refusals_of(run) == [(2, PARENT, "later_payment")]


@pytest.mark.parametrize("whose", [{}, {"user_phone": ""}, {"to": "+421905111222"}])
@pytest.mark.parametrize("hours", [1, -2])
def test_a_renewal_whose_charge_may_be_on_its_way_is_refused_until_that_is_known(
    whose: dict[str, str], hours: int
) -> None:
    pay_there(1, ago(days=31))
    sent = message_of(2, ago(hours=1), rcv_msg_id="", payment_external_id="", **whose)
    import_rows("outbound-messages", [sent | {"status": ""}])
    line = renewal_line(charge_at=ago(hours=hours))

    dry = import_renewals(line, dry=True, confirm_due=True)
    run = import_renewals(line, confirm_due=True)

    assert refusals_of(dry) == refusals_of(run) == [(2, PARENT, "charge_open")]
    assert (run.due_count, list_renewals()) == (0, [])
    import_rows("outbound-messages", [sent | {"status": "A5"}])
    assert counts_of(import_renewals(line, confirm_due=True)) == (1, 0, 0, 0)


def test_a_renewal_that_was_here_before_an_old_charge_left_waits_until_that_is_known(clock: Clock) -> None:
    pay_there(1, ago(days=31))
    import_renewals(renewal_line(charge_at=ago(hours=-1)))
    clock.advance(timedelta(hours=2))
    sent = message_of(2, ago(hours=-1), rcv_msg_id="", payment_external_id="")
    import_rows("outbound-messages", [sent | {"status": ""}])

    charge()

    assert (renewal_states(), len(list_payments())) == (["active"], 1)
    assert list_renewals()[0].approval == OLD_IS_OPEN
    import_rows("outbound-messages", [sent | {"status": "A5"}])
    clock.advance(timedelta(hours=2))
    charge()
    assert (renewal_states(), len(list_payments())) == (["pending"], 2)


@pytest.mark.parametrize(
    "harmless",
    [
        {"created_at": "2025-09-02 08:00:00"},  # before the payment that it follows
        {"billkey": "OLD00", "template": "thanks"},  # free
        {"user_phone": "0905111222", "to": "+421905111222"},  # to somebody else
    ],
)
def test_an_sms_that_cannot_have_charged_it_holds_nothing_back(harmless: dict[str, str]) -> None:
    make_subscriber(OTHER, "old-in-2")
    pay_there(1, ago(days=31))
    sent = message_of(2, ago(hours=1), rcv_msg_id="", payment_external_id="", status="")
    assert import_rows("outbound-messages", [sent | harmless]).counts == (1, 0, 0, 0)

    run = import_renewals(renewal_line(charge_at=ago(hours=-1)))

    assert counts_of(run) == (1, 0, 0, 0)


def test_a_renewal_that_follows_what_was_on_its_way_comes_in(clock: Clock) -> None:
    pay_there(1, ago(days=31))
    sent = message_of(2, ago(hours=1), rcv_msg_id="", payment_external_id="")
    import_rows("outbound-messages", [sent | {"status": ""}])
    import_rows("payments", [paid_row(2, ago(hours=1))])
    import_rows("outbound-messages", [sent | {"payment_external_id": "9002"}])

    run = import_renewals(renewal_line(charge_at=ago(days=-29), **{PARENT: "9002"}))

    assert counts_of(run) == (1, 0, 0, 0)


def test_a_payment_that_came_in_after_the_renewal_spaces_it(clock: Clock) -> None:
    pay_there(1, ago(days=30))
    import_renewals(renewal_line(charge_at=ago(hours=-5)))
    pay_there(2, ago(hours=1))

    clock.advance(timedelta(days=10))
    charge()
    assert (len(list_payments()), renewal_states()) == (2, ["active"])

    clock.advance(timedelta(days=15))
    charge()
    assert (len(list_payments()), renewal_states()) == (3, ["pending"])


def test_a_payment_of_the_next_type_spaces_it_as_well(clock: Clock) -> None:
    _make_trial(periods=1)
    pay_there(1, ago(days=30), **_TRIAL)
    import_renewals(renewal_line(subscription_type="trial", charge_at=ago(hours=-5)))
    pay_there(2, ago(hours=1))

    clock.advance(timedelta(days=10))
    charge()

    assert len(list_payments()) == 2


@pytest.mark.parametrize(
    ("periods", "paid", "amount", "billkey"),
    [(1, 1, "4.99", "AA99"), (3, 3, "4.99", "AA99"), (3, 2, "1.00", "TT01"), (0, 2, "1.00", "TT01")],
)
def test_imported_periods_of_a_trial_are_used_though_only_what_goes_on_is_imported(
    periods: int, paid: int, amount: str, billkey: str
) -> None:
    _make_trial(periods=periods)
    for number in range(1, paid + 1):
        pay_there(number, ago(days=30 * (paid + 1 - number)), **_TRIAL)
    line = renewal_line(subscription_type="trial", charge_at=ago(hours=1)) | {PARENT: str(9000 + paid)}

    dry = import_renewals(line, dry=True)
    run = import_renewals(line, confirm_due=True)
    payment_id = charge()

    assert (dry.due_count, dry.due_amounts) == (run.due_count, run.due_amounts) == (1, {"EUR": amount})
    assert get_payment(payment_id).amount == Decimal(amount)
    assert [message.billkey for message in messages_of(payment_id)] == [billkey]


def test_a_period_counts_once_though_its_charged_row_was_imported_too() -> None:
    _make_trial(periods=3)
    pay_there(1, ago(days=60), **_TRIAL)
    pay_there(2, ago(days=30), **_TRIAL)
    history = renewal_line(
        external_id="r0",
        subscription_type="trial",
        state="charged",
        payment_external_id="9002",
        charge_at=ago(days=30),
    )
    line = renewal_line(subscription_type="trial", charge_at=ago(hours=1)) | {PARENT: "9002"}

    import_renewals(history, line, confirm_due=True)

    assert get_payment(charge()).amount == Decimal("1.00")


def test_a_trial_of_another_message_was_another_one() -> None:
    make_inbound(NUMBER, user_id=1, mobiletech_id="another")
    _make_trial(periods=2)
    pay_there(1, ago(days=90), cid="another", **_TRIAL)
    pay_there(2, ago(days=30), **_TRIAL)

    import_renewals(
        renewal_line(subscription_type="trial", charge_at=ago(hours=1)) | {PARENT: "9002"}, confirm_due=True
    )

    assert get_payment(charge()).amount == Decimal("1.00")


@pytest.mark.parametrize(
    ("statement", "rule"),
    [
        ("UPDATE subscription_types SET price = 5.99 WHERE code = 'month'", "R7"),
        ("UPDATE sms_offers SET template_code = 'unwritable' WHERE billkey = 'AA99'", "R10"),
    ],
)
@pytest.mark.parametrize(("periods", "stopped"), [(1, 1), (2, 0)])
def test_the_rules_look_at_what_is_charged_after_the_trial(
    statement: str, rule: str, periods: int, stopped: int
) -> None:
    _make_trial(periods=periods)
    pay_there(1, ago(days=30), **_TRIAL)
    with transaction() as session:
        create_template(session, "unwritable", "Dakujeme", purpose="service")
    do("UPDATE mobiletech_templates SET content = '{{ nobody }}' WHERE code = 'unwritable'")
    do(statement)

    run = import_renewals(renewal_line(subscription_type="trial", charge_at=ago(days=-1)))

    assert run.stopped == stopped
    assert [rule in (row.note or "") for row in list_renewals()] == [bool(stopped)]


@pytest.mark.parametrize("batch_rows", [1, 5000])
def test_due_is_what_would_be_charged_and_no_more(batch_rows: int) -> None:
    make_subscriber(OTHER, "old-in-2")
    pay_there(1, ago(days=31))
    import_rows(
        "payments", [paid_row(2, ago(days=31), user_phone=OTHER, cid="old-in-2")]
    )  # its SMS is missing
    lines = [
        renewal_line(charge_at=ago(hours=1)),
        renewal_line(external_id="double", charge_at=ago(hours=1)),
        renewal_line(external_id="broken", user_phone=OTHER, cid="old-in-2", charge_at=ago(hours=1))
        | {PARENT: "9002"},
    ]

    dry = import_renewals(*lines, dry=True, batch_rows=batch_rows)
    confirmed = import_renewals(*lines, dry=True, confirm_due=True, batch_rows=batch_rows)
    unconfirmed = import_renewals(*lines, batch_rows=batch_rows)
    do("DELETE FROM import_stops")
    do("DELETE FROM recurrent_payments")
    real = import_renewals(*lines, confirm_due=True, batch_rows=batch_rows)

    assert [_due(run) for run in (dry, confirmed, unconfirmed, real)] == [(1, Decimal("4.99"))] * 4
    assert counts_of(dry) == counts_of(unconfirmed) == (1, 0, 0, 2)
    assert counts_of(confirmed) == counts_of(real) == (2, 0, 0, 1)
    assert [code for _, _, code in refusals_of(dry)] == ["due", "duplicate"]
    assert renewal_states() == ["active", "system_stop"]


def test_what_is_due_and_not_confirmed_leaves_nothing() -> None:
    pay_there(1, ago(days=31))

    run = import_renewals(renewal_line(charge_at=ago(hours=1)))

    assert (refusals_of(run), list_renewals()) == ([(2, "charge_at", "due")], [])


def test_a_date_moved_into_the_past_is_not_due_if_the_line_breaks_a_rule() -> None:
    pay_there(1, ago(days=31))
    import_renewals(renewal_line(charge_at=ago(days=-1)))
    line = renewal_line(charge_at=ago(hours=1), custom_amount="1.23")

    dry = import_renewals(line, dry=True)
    run = import_renewals(line)

    assert _due(dry) == _due(run) == (0, 0)
    assert counts_of(dry) == counts_of(run) == (0, 1, 0, 0)
    assert renewal_states() == ["system_stop"]


def test_a_date_moved_into_the_past_is_moved_back_until_that_is_confirmed() -> None:
    pay_there(1, ago(days=31))
    ahead = ago(days=-1)
    import_renewals(renewal_line(charge_at=ahead))

    run = import_renewals(renewal_line(charge_at=ago(hours=1), custom_amount="4.99"))

    [row] = list_renewals()
    assert (refusals_of(run), _due(run)) == ([(2, "charge_at", "due")], (1, Decimal("4.99")))
    assert (row.charge_at, row.custom_amount, row.state) == (ahead, None, "active")


def test_what_is_kept_stopped_is_due_only_once_it_is_mended() -> None:
    import_rows("payments", [paid_row(1, ago(days=31))])
    ahead = ago(days=-1)
    import_renewals(renewal_line(charge_at=ahead, custom_amount=""))
    line = renewal_line(charge_at=ago(hours=1), custom_amount="4.99")

    broken = import_renewals(line, dry=True)
    import_rows("outbound-messages", [message_of(1, ago(days=31))])
    mended = import_renewals(line)

    [row] = list_renewals()
    assert (counts_of(broken), _due(broken)) == ((0, 1, 0, 0), (0, 0))
    assert (refusals_of(mended), _due(mended)) == ([(2, "charge_at", "due")], (1, Decimal("4.99")))
    assert (row.charge_at, row.custom_amount, row.state) == (ahead, None, "system_stop")


@pytest.mark.parametrize(("retries", "taken"), [("0", 0), ("2", 2), ("50", None), ("", None)])
def test_no_charge_is_tried_more_often_than_the_settings_say(retries: str, taken: int | None) -> None:
    with transaction() as session:
        most = get_setting(session, "recurrent_payment_charges").count(",")
    pay_there(1, ago(days=31))
    line = renewal_line(charge_at=ago(days=-1), retries=retries)

    import_renewals(line)
    again = import_renewals(line)

    assert [row.retries for row in list_renewals()] == [most if taken is None else taken]
    assert counts_of(again) == (0, 0, 1, 0)


_TRIAL = {"amount": "1.00", "billkey": "TT01", "subscription_type": "trial"}


def _make_trial(*, periods: int) -> None:
    """Sell a trial of 1.00, after whose periods the month follows."""
    make_billkey("TT01", "1.00")
    make_type("trial", price="1.00", billkey="TT01")
    do(f"""UPDATE subscription_types SET trial_periods = {periods}, next_subscription_type_id = (
                SELECT id FROM subscription_types WHERE code = 'month') WHERE code = 'trial'""")


def _due(run: ImportRun) -> tuple[int, Decimal]:
    return run.due_count, Decimal(run.due_amounts.get("EUR", "0"))
