"""What templates may call, and the frame that the staff's pages stand in."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import Flask, current_app, render_template
from flask_babel import format_datetime
from flask_babel import gettext as _
from jinja2 import StrictUndefined

from crm.core.clock import now
from crm.core.config import Settings
from crm.core.db import current_session
from crm.mobiletech.pulse import Pulse, read_pulse
from crm.web.keys import KEYS
from crm.web.languages import get_language
from crm.web.money import money
from crm.web.navigation import list_items
from crm.web.session import find_signed_in

# Patterns of Unicode's CLDR. The spaces are plain ones: a thin space would be copied into a mail.
TIME_SHAPES = {
    "en": {
        "full": "d MMM y, HH:mm:ss",
        "minute": "d MMM y, HH:mm",
        "second": "d MMM, HH:mm:ss",
        "short": "d MMM HH:mm",
        "day": "d MMM y",
        "clock": "HH:mm:ss",
        "weekday": "EEEE d MMMM y",
        "time": "HH:mm",
    },
    "sk": {
        "full": "d. M. y, HH:mm:ss",
        "minute": "d. M. y, HH:mm",
        "second": "d. M., HH:mm:ss",
        "short": "d. M. HH:mm",
        "day": "d. M. y",
        "clock": "HH:mm:ss",
        "weekday": "EEEE d. MMMM y",
        "time": "HH:mm",
    },
}

# What leaves the year out says it of another year's.
SHAPES_OF_OTHER_YEARS = {"second": "full", "short": "minute"}


def set_up(app: Flask) -> None:
    """Make a forgotten value an error, and times those of the newsroom."""
    app.jinja_options = {**app.jinja_options, "undefined": StrictUndefined}
    app.add_template_filter(local_time)
    app.add_template_filter(iso)
    app.add_template_filter(money)


def local_time(at: datetime, shape: str = "full") -> str:
    """Return a moment as the clock on the newsroom's wall shows it, in the language of the page."""
    # Moved to the zone here: the tables that Babel would move it with know no summer time after 2037.
    here, today = (each.astimezone(get_settings().timezone) for each in (at, now()))
    if here.year != today.year:
        shape = SHAPES_OF_OTHER_YEARS.get(shape, shape)
    written: str = format_datetime(here, TIME_SHAPES[get_language()][shape], rebase=False)
    return written


def iso(at: datetime) -> str:
    """Return a moment for programs, in the newsroom's zone."""
    return at.astimezone(get_settings().timezone).isoformat(timespec="seconds")


def get_settings() -> Settings:
    """Return the settings of this process."""
    settings: Settings = current_app.extensions["settings"]
    return settings


def render_staff_page(page: str, /, **context: Any) -> str:
    """Render a page in the staff's frame: with the navigation, the environment and who is signed in."""
    return render_template(
        page,
        nav=list_items(),
        keys=KEYS,
        environment=get_settings().env,
        gateway=_gateway(read_pulse(current_session())),
        me=find_signed_in(),
        **context,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Gateway:
    """The gateway's pulse as the top bar shows it."""

    tone: str
    words: str


def _gateway(pulse: Pulse) -> Gateway:
    if pulse.paused_until is not None:
        paused = _("paid sending is paused until %(time)s", time=local_time(pulse.paused_until, "clock"))
        return Gateway(tone="bad", words=paused)
    if pulse.last_sms is None:
        return Gateway(tone="wait", words=_("no SMS has come yet"))
    words = _("last SMS %(time)s", time=local_time(pulse.last_sms, "short"))
    if pulse.last_report is not None:
        words += f", {_('last report %(time)s', time=local_time(pulse.last_report, 'short'))}"
    return Gateway(tone="good", words=words)


def render_reader_page(page: str, /, **context: Any) -> str:
    """Render a page in the readers' frame: one column, and above it who is signed in."""
    return render_template(page, me=find_signed_in(), **context)
