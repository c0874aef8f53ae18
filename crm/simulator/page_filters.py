"""Times and numbers as the phone's page shows them."""

from collections.abc import Callable, Mapping
from datetime import datetime
from types import MappingProxyType

from crm.core.phone import to_local
from crm.mobiletech.wire.xml_codec import GATEWAY_ZONE

_SHAPES = {"full": "%-d %b %Y, %H:%M:%S", "short": "%H:%M", "clock": "%H:%M:%S"}


def iso(at: datetime) -> str:
    """Write a time for machines."""
    return at.isoformat(timespec="seconds")


def local_time(at: datetime, shape: str = "full") -> str:
    """Write a time as clocks in Bratislava show it."""
    return at.astimezone(GATEWAY_ZONE).strftime(_SHAPES[shape])


def spaced(phone: str) -> str:
    """Write a number in groups, `0908 123 456`."""
    local = to_local(phone)
    return f"{local[:4]} {local[4:7]} {local[7:]}"


FILTERS: Mapping[str, Callable[..., str]] = MappingProxyType(
    {"iso": iso, "local_time": local_time, "spaced": spaced}
)
