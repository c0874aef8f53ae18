"""Every door of the house: blueprint and prefix, in one table."""

from flask import Blueprint

from crm.web.mobiletech_webhook import webhook

BLUEPRINTS: tuple[tuple[Blueprint, str], ...] = ((webhook, "/api/v1/mobiletech"),)
