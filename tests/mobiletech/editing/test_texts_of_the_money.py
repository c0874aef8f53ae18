"""The standard texts about the money fit into one SMS whatever comes, and say the price and how to stop."""

from typing import Any

import pytest

from crm.mobiletech.editing.longest import Longest
from crm.mobiletech.editing.worst_case import find_worst
from crm.mobiletech.sms_templates import check_content
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


def test_all_of_them_are_seeded_in_both_languages() -> None:
    seeded = {each["code"]: each for each in read_data("templates")}

    assert all(seeded[code]["content"] and seeded[code]["content_en"] for code in OURS)
