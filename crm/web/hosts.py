"""Answer only to our own name: a foreign Host header could end up in a link or in a cache."""

from urllib.parse import urlsplit

from flask import Flask

from crm.core.config import Settings

LOCAL = ("localhost", "127.0.0.1")


def set_up(app: Flask, settings: Settings) -> None:
    """Trust the host of CRM_BASE_URL; outside production this machine's own names too, on any port."""
    app.config["TRUSTED_HOSTS"] = list_trusted(settings)


def list_trusted(settings: Settings) -> list[str]:
    """Return the names that we answer to, without ports."""
    ours = urlsplit(settings.base_url).hostname or ""
    return [ours] if settings.is_production else [ours, *LOCAL]
