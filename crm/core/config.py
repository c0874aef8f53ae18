"""Settings of the infrastructure: read from the environment once, every fault listed at once.

Source: interface.md section 3. Business settings, which people change while we run, are in `configs`.
"""

import os
import secrets
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import ip_network
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from crm.core import embedded
from crm.core.business_settings import fix_by_environment
from crm.core.errors import CrmError
from crm.core.networks import Network

ROOT = Path(__file__).resolve().parents[2]
VAR = ROOT / "var"
ENVIRONMENTS = ("development", "test", "production")
CLIENTS = ("mock", "http")
SHORTEST_SECRET = 32


class SettingsError(CrmError):
    """The environment cannot be used; `faults` names each variable and what would be right."""

    def __init__(self, faults: list[str]) -> None:
        self.faults = faults
        super().__init__("The settings cannot be used:\n" + "\n".join(f"  {fault}" for fault in faults))


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What this process was told by its environment."""

    env: str
    database_url: str
    redis_url: str
    base_url: str
    secret_key: str
    secret_key_fallbacks: tuple[str, ...]  # keys of before: what they signed is still read
    mobiletech_client: str
    mobiletech_allowed_networks: tuple[Network, ...] | None  # None: any
    mobiletech_webhook_passwords: tuple[str, ...]
    mobiletech_gateway_token: str
    metrics_networks: tuple[Network, ...]
    trusted_proxies: int
    timezone: ZoneInfo
    extensions: tuple[str, ...]

    @property
    def is_production(self) -> bool:
        """Return whether real people and real money are at the other end."""
        return self.env == "production"

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> "Settings":
        """Read and check everything; start the embedded servers if no others are named.

        Raises: SettingsError with all faults.
        """
        return _Reader(environ).settings()


class _Reader:
    """Collects faults while it reads, so that a person mends them in one go."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self.environ = environ
        self.faults: list[str] = []
        self.env = self.one_of("CRM_ENV", ENVIRONMENTS, "development")
        self.production = self.env == "production"
        if self.production and self.text("FLASK_DEBUG", "0").lower() not in ("0", "false", "no"):
            self.fault("FLASK_DEBUG", "must not be set in production: it shows our code to strangers")

    def settings(self) -> Settings:
        values = {
            "env": self.env,
            "base_url": self.base_url(),
            "mobiletech_client": self.one_of("CRM_MOBILETECH_CLIENT", CLIENTS, "mock"),
            "mobiletech_gateway_token": self.text("CRM_MOBILETECH_GATEWAY_TOKEN"),
            "metrics_networks": self.networks("CRM_METRICS_NETWORKS", "127.0.0.0/8, ::1/128"),
            "trusted_proxies": self.count("CRM_TRUSTED_PROXIES"),
            "timezone": self.timezone(),
            "extensions": tuple(_listed(self.text("CRM_EXTENSIONS"))),
            **self.webhook_fence(),
        }
        database_url = self.url("DATABASE_URL", ("postgresql", "postgres"))
        redis_url = self.url("REDIS_URL", ("redis", "rediss", "unix"))
        secret_key = self.secret("SECRET_KEY", self.text("SECRET_KEY"))
        fallbacks = tuple(_listed(self.text("SECRET_KEY_FALLBACKS")))
        for fallback in fallbacks:
            self.secret("SECRET_KEY_FALLBACKS", fallback)
        self.faults += fix_by_environment(self.environ)
        if self.faults:
            raise SettingsError(self.faults)
        return Settings(
            database_url=database_url or embedded.ensure_postgres(VAR),
            redis_url=redis_url or embedded.ensure_valkey(VAR),
            secret_key=secret_key or _generated_secret(VAR / "secret_key"),
            secret_key_fallbacks=fallbacks,
            **values,  # type: ignore[arg-type]
        )

    def text(self, name: str, default: str = "") -> str:
        return self.environ.get(name, "").strip() or default

    def fault(self, name: str, sentence: str) -> None:
        self.faults.append(f"{name}: {sentence}")

    def one_of(self, name: str, allowed: tuple[str, ...], default: str) -> str:
        value = self.text(name, default)
        if value not in allowed:
            self.fault(name, f"is {value!r}; it must be one of {', '.join(allowed)}")
        return value

    def count(self, name: str) -> int:
        value = self.text(name, "0")
        if not value.isascii() or not value.isdigit():
            self.fault(name, f"is {value!r}; it must be a whole number, 0 or more")
            return 0
        return int(value)

    def url(self, name: str, schemes: tuple[str, ...]) -> str:
        value = self.text(name)
        if not value:
            if self.production:
                self.fault(name, "is required in production")
            return ""
        parts = _split_url(value)
        if parts is None or parts[0] not in schemes:
            told = " or ".join(f"{scheme}://" for scheme in schemes)
            self.fault(name, f"must be an address that begins with {told}")
        return value

    def base_url(self) -> str:
        value = self.text("CRM_BASE_URL")
        if not value and self.production:
            self.fault("CRM_BASE_URL", "is required in production: the address where people reach us")
        value = (value or "http://127.0.0.1:8000").rstrip("/")
        parts = _split_url(value)
        if parts is None or parts[0] not in ("http", "https") or not parts[1]:
            self.fault("CRM_BASE_URL", f"is {value!r}; it must look like https://sms.example.sk")
        return value

    def secret(self, name: str, value: str) -> str:
        if self.production and len(value) < SHORTEST_SECRET:
            self.fault(name, f"must have at least {SHORTEST_SECRET} characters in production")
        return value

    def timezone(self) -> ZoneInfo:
        name = self.text("CRM_TIMEZONE", "Europe/Bratislava")
        try:
            return ZoneInfo(name)
        except (KeyError, ValueError, OSError):
            self.fault("CRM_TIMEZONE", f"is {name!r}; it must be a zone such as Europe/Bratislava")
            return ZoneInfo("UTC")

    def networks(self, name: str, default: str = "") -> tuple[Network, ...]:
        if self.text(name) and not _listed(self.text(name)):
            self.fault(name, "names no network")
        return tuple(
            network
            for text in _listed(self.text(name, default))
            if (network := self.network(name, text)) is not None
        )

    def network(self, name: str, text: str) -> Network | None:
        try:
            return ip_network(text)
        except ValueError:
            self.fault(name, f"{text!r} is no network; write 192.0.2.0/24, 192.0.2.7 or 2001:db8::/32")
            return None

    def webhook_fence(self) -> dict[str, object]:
        """In production somebody must have said who may call the webhook: a forged status is a free subscription."""
        networks_name, password_name = "CRM_MOBILETECH_ALLOWED_NETWORKS", "CRM_MOBILETECH_WEBHOOK_PASSWORD"
        passwords = tuple(_listed(self.text(password_name)))
        if len(passwords) > 2:
            self.fault(password_name, "takes one password, or two while one replaces the other")
        anyone = self.text(networks_name) in ("", "*")
        if self.production and not self.text(networks_name):
            self.fault(networks_name, "must be set in production: the gateway's networks, or * for any")
        if self.production and anyone and not passwords:
            self.fault(password_name, f"is required when {networks_name} lets anybody in")
        return {
            "mobiletech_allowed_networks": None if anyone else self.networks(networks_name),
            "mobiletech_webhook_passwords": passwords,
        }


def _listed(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _split_url(value: str) -> tuple[str, str | None] | None:
    try:
        parts = urlsplit(value)
        _ = parts.port  # raises on a port that is none
    except ValueError:
        return None
    return parts.scheme, parts.hostname


def _generated_secret(path: Path) -> str:
    """Return this checkout's own key, made at first use, readable by nobody else."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        # Written aside and linked: a second process that starts now sees the whole key or none.
        fresh = path.with_suffix(f".{secrets.token_hex(4)}")
        fresh.touch(mode=0o600)
        fresh.write_text(secrets.token_urlsafe(48))
        with suppress(FileExistsError):
            os.link(fresh, path)
        fresh.unlink()
    return path.read_text().strip()
