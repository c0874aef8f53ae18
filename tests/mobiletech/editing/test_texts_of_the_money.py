"""The standard texts about the money fit into one SMS whatever comes, and say the price and how to stop."""

from decimal import Decimal
from typing import Any

import pytest

from crm.mobiletech.editing.longest import Longest
from crm.mobiletech.editing.worst_case import find_worst
from crm.mobiletech.sms_templates import check_content
from crm.mobiletech.wire.sms_text import measure
from crm.seed.files import read_data

# The longest that can come: a name for SMS, the legal cap of one payment, a keyword, an address of ours.
LONGEST = {
    "subscription_name": "M" * 40,
    "price": "50.00",
    "period": "365",
    "next_charge": "2026-12-24",
    "end_date": "2026-12-24",
    "short_number": "8877",
    "keyword": "PREDPLATNE",
    "count": "12",
    "more": "12",
    "following_price": "50.00",
    "order_price": "50.00",
    "stop_link": "https://predplatne.noviny.sk/s/3kTqZbX9LmW2aH7cD9",
}
OURS = (
    "order-confirm",
    "order-on-its-way",
    "subscription-state",
    "no-subscription",
    "subscription-stopped",
    "nothing-to-stop",
    "renewal-notice",
    "charge-failed",
    "subscription-ended",
)
WITH_PRICE_AND_STOP = (
    "order-confirm",
    "order-on-its-way",
    "subscription-state",
    "renewal-notice",
    "charge-failed",
)
TEXTS = [
    pytest.param(each[field], language, id=f"{each['code']} {language}")
    for each in read_data("templates")
    if each["code"] in OURS
    for field, language in (("content", "sk"), ("content_en", "en"))
]


@pytest.mark.parametrize(("content", "language"), TEXTS)
def test_each_fits_into_one_sms_in_its_worst_case(content: str, language: str) -> None:
    longest = {name: [Longest(value, "")] for name, value in LONGEST.items()}

    worst = find_worst(check_content(content), longest, language)

    assert worst is not None
    assert (worst.measured.parts, worst.measured.encoding) == (1, "gsm7"), worst.measured.text


@pytest.mark.parametrize(
    "each", [each for each in read_data("templates") if each["code"] in WITH_PRICE_AND_STOP]
)
def test_what_may_be_charged_is_told_with_price_and_stop(each: dict[str, Any]) -> None:
    for content in (each["content"], each["content_en"]):
        assert "{{ price }} EUR" in content
        assert "STOP" in content


@pytest.mark.parametrize("period", [1, 3, 30])
@pytest.mark.parametrize("following", ["", Decimal("50.00")])
@pytest.mark.parametrize("is_stopped", [True, False])
@pytest.mark.parametrize("is_pending", [True, False])
@pytest.mark.parametrize("is_paused", [True, False])
def test_each_branch_fits_into_one_sms(
    *, period: int, following: Decimal | str, is_stopped: bool, is_pending: bool, is_paused: bool
) -> None:
    flags = {"is_stopped": is_stopped, "is_pending": is_pending, "is_paused": is_paused, "failure": "blocked"}
    prices = {"price": Decimal("50.00"), "order_price": Decimal("50.00"), "following_price": following}
    values = {**LONGEST, **flags, **prices, "period": period, "may_still_be_billed": True}
    texts = [each.values for each in TEXTS]

    measured = [measure(check_content(content).render(values, language)) for content, language in texts]

    assert [each.text for each in measured if (each.parts, each.encoding) != (1, "gsm7")] == []


def test_all_of_them_are_seeded_in_both_languages() -> None:
    seeded = {each["code"]: each for each in read_data("templates")}

    assert all(seeded[code]["content"] and seeded[code]["content_en"] for code in OURS)
