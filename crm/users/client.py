"""Where a request comes from, as far as signing in is concerned."""

import hashlib
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address

LONGEST_AGENT = 400
IPV6_HOME = 64  # one customer of a provider has a whole network of this size


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """`device` is the secret of a browser that we have seen before, empty for others."""

    ip: str = ""
    user_agent: str = ""
    device: str = ""
    source: str = "web"

    @property
    def place(self) -> str:
        """Return what limits count by: the address, or the home network of an IPv6 one."""
        try:
            address = ip_address(self.ip)
        except ValueError:
            return self.ip
        if isinstance(address, IPv6Address):
            if address.ipv4_mapped is not None:
                return str(address.ipv4_mapped)
            return f"{IPv6Address(int(address) >> IPV6_HOME << IPV6_HOME)}/{IPV6_HOME}"
        return str(address)

    @property
    def device_sha256(self) -> str | None:
        """Return how the browser is known in the log of attempts."""
        return hashlib.sha256(self.device.encode()).hexdigest() if self.device else None

    @property
    def agent(self) -> str:
        """Return what the browser says of itself, cut and printable."""
        return "".join(sign for sign in self.user_agent if sign.isprintable())[:LONGEST_AGENT]
