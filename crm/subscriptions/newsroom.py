"""Where the newsroom is: the days of subscriptions are those of its calendar."""

from zoneinfo import ZoneInfo

_zone = ZoneInfo("Europe/Bratislava")


def configure(zone: ZoneInfo) -> None:
    """Say in which zone days begin and end."""
    global _zone
    _zone = zone


def current_zone() -> ZoneInfo:
    """Return the zone in which days begin and end."""
    return _zone
