"""How operators bill: SMS of payments by operator and outcome, live and kept the same."""

from collections import Counter
from datetime import date

import pytest

from crm.core.db import current_session, transaction
from crm.sms_billing.figures.keeping import count_billing_days
from crm.sms_billing.figures.operators import read_operators
from crm.sms_billing.models import SettledOutcome
from tests.conftest import Clock
from tests.factories.log import make_outbound
from tests.factories.moments import ZONE, on_the_wall, set_clock

TODAY = date(2026, 12, 3)


@pytest.fixture(autouse=True)
def _noon(clock: Clock) -> None:
    set_clock(clock, "2026-12-03 12:00")


def read() -> Counter[tuple[str, str]]:
    rows = read_operators(current_session(), date(2026, 11, 1), TODAY, today=TODAY, zone=ZONE)
    found: Counter[tuple[str, str]] = Counter()
    for row in rows:
        found[row.operator, row.outcome] += row.count
    return found


def send(payment_id: int | None, at: str = "2026-12-02 10:00", **values: str) -> int:
    return make_outbound(payment_id=payment_id, created_at=on_the_wall(at), paid=True, **values)


@pytest.mark.parametrize(
    ("state", "billing", "outcome"),
    [
        ("accepted", "billed", "billed"),
        ("accepted", "failed", "not_billed"),
        ("accepted", "none", "waiting"),
        ("queued", "none", "waiting"),
        ("held", "none", "waiting"),
        ("rejected", "none", "not_billed"),
        ("expired", "none", "not_billed"),
        ("cancelled", "none", "not_billed"),
        ("not_sent", "none", "not_billed"),
        ("unknown", "none", "unknown"),
        ("unknown", "billed", "billed"),
    ],
)
def test_an_sms_of_a_payment_counts_by_what_came_of_it(state: str, billing: str, outcome: str) -> None:
    send(1, state=state, billing=billing)

    assert read() == {("O", outcome): 1}


def test_what_a_person_settled_counts_as_settled() -> None:
    for payment_id, decision in ((1, "billed"), (2, "not_billed")):
        message = send(payment_id, state="unknown", billing="none")
        with transaction() as session:
            session.add(SettledOutcome(outbound_message_id=message, decision=decision, reason="asked"))

    assert read() == {("O", "billed"): 1, ("O", "not_billed"): 1}


def test_an_sms_without_a_payment_is_no_charge() -> None:
    send(None)

    assert read() == {}


def test_kept_days_count_the_same_and_today_is_counted_now() -> None:
    send(1, "2026-11-20 23:59", operator_type="T", billing="failed")
    send(2, "2026-12-02 10:00", billing="billed")
    send(3, "2026-12-03 00:00", billing="billed", operator_type="?")
    live = read()

    count_billing_days()

    assert live == read() == {("T", "not_billed"): 1, ("O", "billed"): 1, ("", "billed"): 1}
