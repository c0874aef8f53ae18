"""Business settings: each key has its rule, the environment beats the table, the default stands behind both."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from flask import Flask

from crm.core.business_settings import fix_by_environment, get_setting, list_settings, set_setting
from crm.core.db import transaction
from crm.core.errors import InvalidInputError, NotFoundError
from crm.core.setting_definitions import DEFINITIONS
from crm.core.setting_kinds import parse_duration

# The table of interface.md section 3, and the numbers that texts may be tried on.
DEFAULTS = {
    "mobiletech_gateway_url_production": "",
    "mobiletech_gateway_url_test": "",
    "mobiletech_billkey_free": "",
    "mobiletech_serv_id": "",
    "mobiletech_short_number": "",
    "mobiletech_test_billkey": "",
    "mobiletech_test_template_code": "",
    "mobiletech_test_numbers": "",
    "recurrent_payment_charges": "PT15M, PT6H, PT6H, PT6H, PT6H",
    "recurrent_payment_gateway_fail_delay": "PT1H",
    "recurrent_charge_before": "",
    "mobiletech_max_paid_per_day": "3",
    "mobiletech_max_amount_per_payment": "50",
    "mobiletech_max_amount_per_month": "300",
    "mobiletech_duplicate_window": "PT10S",
    "mobiletech_expiration_unit": "minutes",
    "recurrent_max_charges_per_hour": "0",
    "renewal_notice_hours": "24",
    "vat_rate": "0",
    "mobiletech_pending_charge_timeout": "PT15M",
}
TAKEN = [
    ("mobiletech_gateway_url_production", "https://gateway.example.sk/send?x=1"),
    ("mobiletech_gateway_url_production", "http://127.0.0.1:9000/send"),
    ("mobiletech_gateway_url_production", "http://[::1]:9000/send"),
    ("mobiletech_gateway_url_production", ""),
    ("mobiletech_billkey_free", "AZ19"),
    ("mobiletech_short_number", "8877"),
    ("recurrent_payment_charges", "PT15M,PT6H"),
    ("recurrent_payment_charges", "P1D"),
    ("recurrent_charge_before", "24"),
    ("mobiletech_max_paid_per_day", "0"),
    ("mobiletech_max_amount_per_payment", "4.99"),
    ("mobiletech_duplicate_window", "PT0S"),
    ("mobiletech_expiration_unit", "hours"),
    ("vat_rate", "23"),
]
REFUSED = [
    ("mobiletech_gateway_url_production", "gateway.example.sk"),
    ("mobiletech_gateway_url_production", "ftp://gateway.example.sk"),
    ("mobiletech_gateway_url_production", "https://"),
    ("mobiletech_gateway_url_production", "https://me:secret@gateway.example.sk"),
    ("mobiletech_gateway_url_production", "https://gateway.example.sk:99999/"),
    ("mobiletech_gateway_url_production", "https://gateway.example.sk:port/"),
    ("mobiletech_gateway_url_production", "https://gate way.example.sk/"),
    ("mobiletech_gateway_url_production", "https://[::1/"),
    ("mobiletech_gateway_url_production", f"https://{'x' * 70}.example.sk/"),
    ("mobiletech_billkey_free", "A Z"),
    ("mobiletech_billkey_free", "x" * 65),
    ("mobiletech_serv_id", "<1703>"),
    ("mobiletech_short_number", "88"),
    ("mobiletech_short_number", "+421908123456"),
    ("mobiletech_short_number", "８８７７"),
    ("recurrent_payment_charges", ""),
    ("recurrent_payment_charges", "PT15M,"),
    ("recurrent_payment_charges", "15M"),
    ("recurrent_charge_before", "-1"),
    ("recurrent_charge_before", "1.5"),
    ("mobiletech_max_paid_per_day", ""),
    ("mobiletech_max_paid_per_day", "three"),
    ("mobiletech_max_paid_per_day", "٣"),
    ("mobiletech_max_amount_per_payment", "4,99"),
    ("mobiletech_max_amount_per_payment", "NaN"),
    ("mobiletech_max_amount_per_payment", "Infinity"),
    ("mobiletech_max_amount_per_payment", "-1"),
    ("mobiletech_max_amount_per_payment", "4.999"),
    ("vat_rate", "100.01"),
    ("mobiletech_max_amount_per_payment", "1e30"),
    ("mobiletech_duplicate_window", "10"),
    ("mobiletech_duplicate_window", "P"),
    ("mobiletech_duplicate_window", "PT"),
    ("mobiletech_duplicate_window", "P1M"),
    ("mobiletech_expiration_unit", "days"),
    ("mobiletech_billkey_free", "AZ19\x00"),
]


def test_the_keys_and_their_defaults_are_those_of_the_contract() -> None:
    assert {key: definition.default for key, definition in DEFINITIONS.items()} == DEFAULTS


@pytest.mark.parametrize("key", DEFAULTS)
def test_every_default_obeys_its_own_rule(key: str) -> None:
    DEFINITIONS[key].check(DEFAULTS[key])


def test_a_key_stands_on_its_default_until_somebody_sets_it(app: Flask) -> None:
    with transaction() as session:
        before = get_setting(session, "mobiletech_max_paid_per_day")
        set_setting(session, "mobiletech_max_paid_per_day", "5")
        at_once = get_setting(session, "mobiletech_max_paid_per_day")
    with transaction() as session:
        later = get_setting(session, "mobiletech_max_paid_per_day")

    assert (before, at_once, later) == ("3", "5", "5")


@pytest.mark.parametrize(("key", "value"), TAKEN)
def test_a_value_that_obeys_its_rule_is_stored_trimmed(app: Flask, key: str, value: str) -> None:
    with transaction() as session:
        set_setting(session, key, f" {value}\n")

    with transaction() as session:
        assert get_setting(session, key) == value


@pytest.mark.parametrize(("key", "value"), REFUSED)
def test_a_value_that_does_not_is_refused_and_changes_nothing(app: Flask, key: str, value: str) -> None:
    with pytest.raises(InvalidInputError, match=key), transaction() as session:
        set_setting(session, key, value)

    with transaction() as session:
        assert get_setting(session, key) == DEFAULTS[key]


def test_a_key_that_does_not_exist_is_refused(app: Flask) -> None:
    with transaction() as session:
        with pytest.raises(NotFoundError, match="no_such_key"):
            get_setting(session, "no_such_key")
        with pytest.raises(NotFoundError, match="no_such_key"):
            set_setting(session, "no_such_key", "1")


def test_the_environment_beats_the_table(app: Flask, fixed: None) -> None:
    with transaction() as session:
        set_setting(session, "mobiletech_max_paid_per_day", "5")
    fix_by_environment({"CRM_MOBILETECH_MAX_PAID_PER_DAY": " 7 "})

    with transaction() as session:
        values = {value.key: (value.value, value.source) for value in list_settings(session)}

    assert values["mobiletech_max_paid_per_day"] == ("7", "environment")
    assert values["vat_rate"] == ("0", "default")


def test_the_sources_are_told(app: Flask) -> None:
    with transaction() as session:
        set_setting(session, "vat_rate", "23")
        values = {value.key: value.source for value in list_settings(session)}

    assert list(values) == list(DEFAULTS)
    assert (values["vat_rate"], values["mobiletech_serv_id"]) == ("database", "default")


def test_what_the_environment_says_wrongly_is_told_by_name(fixed: None) -> None:
    faults = fix_by_environment(
        {"CRM_VAT_RATE": "much", "CRM_MOBILETECH_SERV_ID": "1703", "CRM_RENEWAL_NOTICE_HOURS": "-"}
    )

    assert sorted(fault.partition(":")[0] for fault in faults) == ["CRM_RENEWAL_NOTICE_HOURS", "CRM_VAT_RATE"]


@pytest.mark.parametrize(
    ("text", "duration"),
    [
        ("PT15M", timedelta(minutes=15)),
        ("P1DT6H", timedelta(days=1, hours=6)),
        ("PT1H30M15S", timedelta(hours=1, minutes=30, seconds=15)),
        (" PT0S ", timedelta(0)),
    ],
)
def test_durations_are_read(text: str, duration: timedelta) -> None:
    assert parse_duration(text) == duration


@pytest.fixture
def fixed(environ: dict[str, str]) -> Iterator[None]:
    """Give back what the environment fixes to the other tests."""
    yield
    fix_by_environment(environ)
