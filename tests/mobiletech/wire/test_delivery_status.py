"""Status codes mean what the table says, and no order of reports makes billed money unbilled."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.mobiletech.wire.delivery_status import Billing, DeliveryStatus, billing_of, classify, fold

CODES = [
    ("A0", None, "billed"),
    ("A00000", None, "billed"),
    ("A1", None, "error"),
    ("A1023", None, "error"),
    ("A1024", None, "not_delivered"),
    ("A99999", None, "not_delivered"),
    ("D1", None, "delivered"),
    ("D01", "T", "delivered"),
    ("D0", "2", "delivered"),
    ("D00", "2", "delivered"),
    ("D0", "O", "not_delivered"),
    ("D0", "T", "not_delivered"),
    ("D0", None, "not_delivered"),
    ("D2", "2", "error"),
    ("D99999", None, "error"),
    ("_OPERATOR_CHANGE", None, "operator_changed"),
    (None, None, "unknown"),
    ("", None, "unknown"),
    ("a0", None, "unknown"),
    ("A", None, "unknown"),
    ("A-1", None, "unknown"),
    ("A99999999", None, "unknown"),
    ("D1\n", None, "unknown"),
    (" D1", None, "unknown"),
    ("D１", None, "unknown"),
    ("X1", None, "unknown"),
    ("_OPERATOR_CHANGE\n", None, "unknown"),
]
BILLING_ORDER = [Billing.NONE, Billing.FAILED, Billing.BILLED]

codes = st.lists(
    st.sampled_from(
        ["A0", "A00", "A5", "A1023", "A1024", "D0", "D1", "D01", "D7", "_OPERATOR_CHANGE", "x", ""]
    )
)
operators = st.sampled_from([None, "2", "O", "T", "S"])


@pytest.mark.parametrize(("code", "operator", "status"), CODES)
def test_code_is_classified_by_the_table(code: str | None, operator: str | None, status: str) -> None:
    assert classify(code, operator) == status


@pytest.mark.parametrize(
    ("status", "billing"),
    [
        (DeliveryStatus.BILLED, Billing.BILLED),
        (DeliveryStatus.DELIVERED, Billing.BILLED),
        (DeliveryStatus.ERROR, Billing.FAILED),
        (DeliveryStatus.NOT_DELIVERED, Billing.FAILED),
        (DeliveryStatus.OPERATOR_CHANGED, Billing.NONE),
        (DeliveryStatus.UNKNOWN, Billing.NONE),
    ],
)
def test_only_recognised_codes_speak_about_money(status: DeliveryStatus, billing: Billing) -> None:
    assert billing_of(status) is billing


FOLDS = {
    "nothing yet": ([], "O", "none", None, False),
    "billed, then delivered": (["A0", "D1"], "O", "billed", "D1", False),
    "billed, then not delivered": (["A0", "D0"], "O", "billed", "A0", False),
    "O2 writes D0 for delivered": (["A0", "D0"], "2", "billed", "D0", False),
    "no credit": (["A5"], "O", "failed", "A5", False),
    "a failure, then billed": (["A5", "A0"], "O", "billed", "A0", True),
    "delivered although billing failed": (["D1", "A1024"], "O", "billed", "D1", True),
    "billing error tells more than no delivery": (["D0", "A5"], "O", "failed", "A5", False),
    "equal codes: billing first": (["D7", "A5"], "O", "failed", "A5", False),
    "ported number": (["_OPERATOR_CHANGE"], "O", "none", "_OPERATOR_CHANGE", False),
    "rubbish after billing": (["A0", "D1\n", ""], "O", "billed", "A0", False),
    "only rubbish": (["zzz"], "O", "none", "zzz", False),
}


@pytest.mark.parametrize(
    ("given_codes", "operator", "billing", "code", "conflict"), FOLDS.values(), ids=FOLDS
)
def test_reports_fold_into_one_state(
    given_codes: list[str], operator: str, billing: str, code: str | None, conflict: bool
) -> None:
    folded = fold(given_codes, operator)

    assert (folded.billing, folded.strongest_code, folded.conflict) == (billing, code, conflict)
    assert folded.status == (None if code is None else classify(code, operator))


@given(codes, operators, st.randoms())
def test_order_and_repeats_change_nothing(reports: list[str], operator: str | None, random: object) -> None:
    shuffled = reports + reports
    random.shuffle(shuffled)  # type: ignore[attr-defined]

    assert fold(shuffled, operator) == fold(reports, operator)


@given(codes, codes, operators)
def test_a_further_report_never_weakens(reports: list[str], more: list[str], operator: str | None) -> None:
    before, after = fold(reports, operator), fold(reports + more, operator)

    strength = list(DeliveryStatus)
    assert BILLING_ORDER.index(after.billing) >= BILLING_ORDER.index(before.billing)
    assert after.conflict or not before.conflict
    if before.status is not None and after.status is not None:
        assert strength.index(after.status) >= strength.index(before.status)
