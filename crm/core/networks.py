"""Is a caller's address in a network? Whatever the address says, the answer is yes or no, never an error."""

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

Network = IPv4Network | IPv6Network


def is_inside(address: str | None, networks: Iterable[Network]) -> bool:
    """Return whether the address lies in one of the networks; no address, or text that is none, lies in none.

    A server that listens on `[::]` sees an IPv4 caller as `::ffff:192.0.2.1`: that is the IPv4 address.
    """
    found = _read(address or "")
    return found is not None and any(found in network for network in networks)


def _read(text: str) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address(text)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address
