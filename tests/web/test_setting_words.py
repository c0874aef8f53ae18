"""Values of settings as people say them, in the language of the page."""

import pytest
from flask import Flask
from flask_babel import force_locale

from crm.core.setting_definitions import DEFINITIONS
from crm.web.setting_words import CONSEQUENCES, GROUPS, HOW_TO_WRITE, reading


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("recurrent_payment_charges", "PT15M, PT6H, PT6H, PT6H, PT6H", "15 minutes, then 6 hours ×4"),
        ("recurrent_payment_charges", "P1D", "1 day"),
        ("mobiletech_duplicate_window", "PT0S", "0 seconds"),
        ("mobiletech_duplicate_window", "P1DT2H3M4S", "1 day 2 hours 3 minutes 4 seconds"),
        ("mobiletech_max_amount_per_month", "1300", "1,300.00 EUR"),
        ("mobiletech_max_amount_per_month", "4.9", "4.90 EUR"),
        ("vat_rate", "20.5", "20.5 %"),
        ("recurrent_charge_before", "1", "1 hour"),
        ("recurrent_charge_before", "", ""),
        ("mobiletech_expiration_unit", "hours", "hours"),
        ("mobiletech_max_paid_per_day", "3", ""),
        ("mobiletech_serv_id", "1703", ""),
        ("mobiletech_duplicate_window", "soon", ""),  # stored before there was a rule
        ("vat_rate", "much", ""),
    ],
)
def test_a_value_is_read_as_a_person_says_it(app: Flask, key: str, value: str, words: str) -> None:
    with app.test_request_context(), force_locale("en"):
        assert reading(key, value) == words


def test_the_wait_for_a_report_and_the_month_of_a_cap_are_told_as_they_are() -> None:
    assert "or when its SMS expires if that is later" in CONSEQUENCES["mobiletech_pending_charge_timeout"]
    assert "31 days" in CONSEQUENCES["mobiletech_max_amount_per_month"]
    assert "31 days" in DEFINITIONS["mobiletech_max_amount_per_month"].meaning


def test_every_setting_has_a_consequence_and_every_kind_and_group_words() -> None:
    assert CONSEQUENCES.keys() == DEFINITIONS.keys()
    assert {definition.kind for definition in DEFINITIONS.values()} <= HOW_TO_WRITE.keys()
    assert {definition.group for definition in DEFINITIONS.values()} == GROUPS.keys()
