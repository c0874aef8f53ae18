"""What the messages of a payment come to: a table of what can stand on them, the same in any order."""

import itertools
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from crm.mobiletech.models import OutboundMessage
from crm.payments.statuses import Failure
from crm.sms_billing.outcomes import OutcomeKind, find_outcome, is_unproven

SENT = datetime(2026, 11, 1, 12, tzinfo=UTC)
K = OutcomeKind


def message(state: str, billing: str = "none", status: str | None = None, **more: Any) -> OutboundMessage:
    values = {"id": 1, "operator_type": "O", "sent_at": SENT, "resent_as": None, "state_reason": None} | more
    return OutboundMessage(state=state, billing=billing, status=status, **values)


CASES = [
    # what stands on the message, what it comes to, whose doing it was
    (message("queued"), K.PENDING, None),
    (message("sending"), K.PENDING, None),
    (message("held"), K.PENDING, None),
    (message("accepted"), K.PENDING, None),
    (message("accepted", "billed", "A0"), K.BILLED, None),
    (message("accepted", "failed", "A5"), K.NOT_BILLED, None),
    (message("accepted", "none", "X7"), K.UNKNOWN, None),
    (message("accepted", "none", "_OPERATOR_CHANGE"), K.NOT_BILLED, Failure.PORTED),
    (message("unknown"), K.UNKNOWN, None),
    (message("rejected"), K.NOT_BILLED, Failure.OURS),
    (message("expired"), K.NOT_BILLED, Failure.OURS),
    (message("not_sent"), K.NOT_BILLED, Failure.OURS),
    (message("cancelled"), K.NOT_BILLED, Failure.PERSON),
]


@pytest.mark.parametrize(
    ("row", "kind", "failure"), CASES, ids=[f"{row.state} {row.billing} {row.status}" for row, *_ in CASES]
)
def test_one_message_says(row: OutboundMessage, kind: OutcomeKind, failure: Failure | None) -> None:
    outcome = find_outcome([row])

    assert (outcome.kind, outcome.failure) == (kind, failure)
    assert is_unproven(row) == (kind is K.UNKNOWN)


@pytest.mark.parametrize(
    ("row", "is_over"),
    [
        (message("accepted"), True),
        (message("accepted", "none", "X7"), False),
        (message("unknown"), False),
        (message("held"), False),
        (message("queued"), False),
    ],
    ids=["silent", "strange code", "unknown", "held", "queued"],
)
def test_only_silence_about_what_was_taken_ends_with_time(row: OutboundMessage, is_over: bool) -> None:
    before, after = SENT - timedelta(seconds=1), SENT

    assert find_outcome([row], overdue_before=before).failure is None
    assert (find_outcome([row], overdue_before=after).failure is Failure.NO_ANSWER) == is_over


def test_billed_by_any_of_them_is_billed_in_any_order() -> None:
    rows = [
        message("accepted", "none", "_OPERATOR_CHANGE", id=1, resent_as=2),
        message("accepted", "billed", "A0", id=2),
        message("rejected", id=3),
    ]

    kinds = {find_outcome(order).kind for order in itertools.permutations(rows)}

    assert kinds == {K.BILLED}


def test_what_has_a_copy_leaves_the_word_to_it() -> None:
    missed = message("accepted", "none", "_OPERATOR_CHANGE", id=1, resent_as=2)

    assert find_outcome([missed, message("held", id=2)]).kind is K.PENDING
    assert find_outcome([missed, message("accepted", "failed", "A5", id=2)]).kind is K.NOT_BILLED


def test_without_messages_nothing_is_decided() -> None:
    assert find_outcome([]).kind is K.PENDING
