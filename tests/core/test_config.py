"""Settings from the environment: every fault at once and by name, and production that does not start half set up."""

from collections.abc import Mapping
from ipaddress import ip_network
from zoneinfo import ZoneInfo

import pytest

from crm.core import embedded
from crm.core.business_settings import fix_by_environment
from crm.core.config import Settings, SettingsError

LEAST = {
    "DATABASE_URL": "postgresql://crm@127.0.0.1/crm",
    "REDIS_URL": "redis://127.0.0.1",
    "SECRET_KEY": "k" * 40,
}
PRODUCTION = LEAST | {
    "CRM_ENV": "production",
    "CRM_BASE_URL": "https://sms.example.sk",
    "CRM_MOBILETECH_ALLOWED_NETWORKS": "192.0.2.0/24",
}


def test_what_is_not_said_has_its_default() -> None:
    settings = Settings.from_env(LEAST)

    assert (settings.env, settings.base_url, settings.mobiletech_client) == (
        "development",
        "http://127.0.0.1:8000",
        "mock",
    )
    assert (settings.mobiletech_allowed_networks, settings.mobiletech_webhook_passwords) == (None, ())
    assert (settings.mobiletech_gateway_token, settings.trusted_proxies, settings.extensions) == ("", 0, ())
    assert settings.metrics_networks == (ip_network("127.0.0.0/8"), ip_network("::1/128"))
    assert settings.timezone == ZoneInfo("Europe/Bratislava")
    assert not settings.is_production


def test_everything_can_be_said() -> None:
    settings = Settings.from_env(
        PRODUCTION
        | {
            "CRM_BASE_URL": "https://sms.example.sk/",
            "CRM_MOBILETECH_CLIENT": "http",
            "CRM_MOBILETECH_ALLOWED_NETWORKS": " 192.0.2.0/24 , 2001:db8::/32,192.0.2.9",
            "CRM_MOBILETECH_WEBHOOK_PASSWORD": "old,new",
            "CRM_MOBILETECH_GATEWAY_TOKEN": "t",
            "CRM_METRICS_NETWORKS": "10.0.0.0/8",
            "CRM_TRUSTED_PROXIES": "2",
            "CRM_TIMEZONE": "UTC",
            "CRM_EXTENSIONS": "one, two.three",
        }
    )

    assert settings.base_url == "https://sms.example.sk"
    assert settings.mobiletech_allowed_networks == (
        ip_network("192.0.2.0/24"),
        ip_network("2001:db8::/32"),
        ip_network("192.0.2.9"),
    )
    assert settings.mobiletech_webhook_passwords == ("old", "new")
    assert (settings.mobiletech_client, settings.mobiletech_gateway_token) == ("http", "t")
    assert (settings.trusted_proxies, settings.timezone.key) == (2, "UTC")
    assert settings.extensions == ("one", "two.three")
    assert settings.is_production


FAULTS = [
    ("CRM_ENV", "staging"),
    ("CRM_ENV", "Production"),
    ("DATABASE_URL", "sqlite:///crm.db"),
    ("DATABASE_URL", "mysql://crm@127.0.0.1/crm"),
    ("DATABASE_URL", "crm"),
    ("DATABASE_URL", "postgresql://crm@127.0.0.1:port/crm"),
    ("DATABASE_URL", "postgresql://[::1/crm"),
    ("REDIS_URL", "http://127.0.0.1"),
    ("REDIS_URL", "redis://127.0.0.1:port"),
    ("REDIS_URL", "redis://[::1"),
    ("CRM_BASE_URL", "sms.example.sk"),
    ("CRM_BASE_URL", "ftp://sms.example.sk"),
    ("CRM_BASE_URL", "https://"),
    ("CRM_BASE_URL", "https://sms.example.sk:port"),
    ("CRM_BASE_URL", "https://[::1"),
    ("CRM_MOBILETECH_CLIENT", "smpp"),
    ("CRM_MOBILETECH_ALLOWED_NETWORKS", "gateway.example.sk"),
    ("CRM_MOBILETECH_ALLOWED_NETWORKS", "192.0.2.0/33"),
    ("CRM_MOBILETECH_ALLOWED_NETWORKS", "192.0.2.7/24"),
    ("CRM_MOBILETECH_ALLOWED_NETWORKS", "192.0.2.0/24, *"),
    ("CRM_MOBILETECH_ALLOWED_NETWORKS", ","),
    ("CRM_MOBILETECH_WEBHOOK_PASSWORD", "one,two,three"),
    ("CRM_METRICS_NETWORKS", "everywhere"),
    ("CRM_TRUSTED_PROXIES", "-1"),
    ("CRM_TRUSTED_PROXIES", "one"),
    ("CRM_TRUSTED_PROXIES", "１"),
    ("CRM_TIMEZONE", "Europe/Brno"),
    ("CRM_TIMEZONE", "../../etc/passwd"),
    ("CRM_MOBILETECH_MAX_PAID_PER_DAY", "many"),
    ("CRM_MOBILETECH_GATEWAY_URL_PRODUCTION", "gateway"),
    ("CRM_RECURRENT_PAYMENT_CHARGES", "15 minutes"),
]


@pytest.mark.parametrize(("name", "value"), FAULTS)
def test_a_fault_is_told_with_the_name_of_its_variable(name: str, value: str) -> None:
    with pytest.raises(SettingsError) as error:
        Settings.from_env(LEAST | {name: value})

    assert [fault.partition(":")[0] for fault in error.value.faults] == [name]
    assert name in str(error.value)


def test_all_faults_are_told_at_once() -> None:
    wrong = {
        "CRM_ENV": "staging",
        "DATABASE_URL": "sqlite://",
        "REDIS_URL": "http://x",
        "CRM_BASE_URL": "x",
        "CRM_MOBILETECH_CLIENT": "x",
        "CRM_MOBILETECH_ALLOWED_NETWORKS": "x, y",
        "CRM_MOBILETECH_WEBHOOK_PASSWORD": "a,b,c",
        "CRM_METRICS_NETWORKS": "x",
        "CRM_TRUSTED_PROXIES": "x",
        "CRM_TIMEZONE": "x",
        "CRM_VAT_RATE": "x",
    }

    with pytest.raises(SettingsError) as error:
        Settings.from_env(wrong)

    assert {fault.partition(":")[0] for fault in error.value.faults} == set(wrong)
    assert len(error.value.faults) == len(wrong) + 1  # both networks


@pytest.mark.parametrize(
    "name", ["DATABASE_URL", "REDIS_URL", "CRM_BASE_URL", "SECRET_KEY", "CRM_MOBILETECH_ALLOWED_NETWORKS"]
)
@pytest.mark.parametrize("value", [None, "", "  "], ids=["absent", "empty", "blank"])
def test_production_demands(name: str, value: str | None) -> None:
    environ = {key: each for key, each in PRODUCTION.items() if key != name} | (
        {} if value is None else {name: value}
    )

    with pytest.raises(SettingsError) as error:
        Settings.from_env(environ | {"CRM_MOBILETECH_WEBHOOK_PASSWORD": "given"})

    assert [fault.partition(":")[0] for fault in error.value.faults] == [name]


@pytest.mark.parametrize(("length", "is_enough"), [(31, False), (32, True)])
def test_in_production_the_secret_is_long(length: int, is_enough: bool) -> None:
    environ = PRODUCTION | {"SECRET_KEY": "k" * length}

    assert refuses(environ) is not is_enough


@pytest.mark.parametrize(
    ("fallbacks", "is_enough"), [("", True), ("k" * 32, True), (f"{'k' * 32}, {'l' * 31}", False)]
)
def test_in_production_the_secrets_of_before_are_long_as_well(fallbacks: str, is_enough: bool) -> None:
    environ = PRODUCTION | {"SECRET_KEY_FALLBACKS": fallbacks}

    assert refuses(environ) is not is_enough


@pytest.mark.parametrize(("flag", "starts"), [("1", False), ("true", False), ("0", True), ("", True)])
def test_production_does_not_start_with_the_debugger(flag: str, starts: bool) -> None:
    assert refuses(PRODUCTION | {"FLASK_DEBUG": flag}) is not starts


FENCES = [
    ({"CRM_MOBILETECH_ALLOWED_NETWORKS": "192.0.2.0/24"}, True),
    ({"CRM_MOBILETECH_ALLOWED_NETWORKS": "*"}, False),
    ({"CRM_MOBILETECH_ALLOWED_NETWORKS": "*", "CRM_MOBILETECH_WEBHOOK_PASSWORD": "secret"}, True),
    ({"CRM_MOBILETECH_ALLOWED_NETWORKS": "*", "CRM_MOBILETECH_WEBHOOK_PASSWORD": " , "}, False),
    ({"CRM_MOBILETECH_ALLOWED_NETWORKS": "", "CRM_MOBILETECH_WEBHOOK_PASSWORD": "secret"}, False),
    ({"CRM_MOBILETECH_ALLOWED_NETWORKS": ",", "CRM_MOBILETECH_WEBHOOK_PASSWORD": "secret"}, False),
]


@pytest.mark.parametrize(("fence", "starts"), FENCES, ids=[str(row[0]) for row in FENCES])
def test_in_production_somebody_must_have_said_who_may_call_the_webhook(
    fence: Mapping[str, str], starts: bool
) -> None:
    assert refuses(PRODUCTION | fence) is not starts


def test_with_a_fault_no_server_is_started(monkeypatch: pytest.MonkeyPatch) -> None:
    def start(*_arguments: object) -> str:
        raise AssertionError("started")

    monkeypatch.setattr(embedded, "ensure_postgres", start)
    monkeypatch.setattr(embedded, "ensure_valkey", start)

    with pytest.raises(SettingsError):
        Settings.from_env({"CRM_TIMEZONE": "x"})


def refuses(environ: Mapping[str, str]) -> bool:
    try:
        Settings.from_env(environ)
    except SettingsError:
        return True
    return False


@pytest.fixture(autouse=True)
def _nothing_stays_fixed(settings: Settings, environ: dict[str, str]) -> object:
    """What an environment fixes holds for the process: give it back to the other tests."""
    yield
    fix_by_environment(environ)
