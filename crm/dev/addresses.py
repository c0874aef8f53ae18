"""Where web and simulator listen, and what the processes are told about each other."""

import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass

HOST = "127.0.0.1"
WEB_PORT = 8000
SIMULATOR_PORT = 8010
_PORTS_TRIED = 100


@dataclass(frozen=True, kw_only=True, slots=True)
class Addresses:
    """The two ports that people open in a browser."""

    web_port: int
    simulator_port: int

    @property
    def web(self) -> str:
        return f"http://{HOST}:{self.web_port}"

    @property
    def simulator(self) -> str:
        return f"http://{HOST}:{self.simulator_port}"

    @property
    def webhook(self) -> str:
        return f"{self.web}/api/v1/mobiletech/webhook"


def choose_addresses() -> Addresses:
    """Take the usual ports, or the next free ones."""
    web_port = find_free_port(WEB_PORT)
    return Addresses(web_port=web_port, simulator_port=find_free_port(max(SIMULATOR_PORT, web_port + 1)))


def find_free_port(first: int) -> int:
    """Return the first port from `first` on that nobody listens on, or else any free one."""
    for port in (*range(first, first + _PORTS_TRIED), 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise OSError("This machine has no free port.")


def make_environment(
    addresses: Addresses, *, database_url: str, redis_url: str, given: Mapping[str, str] = os.environ
) -> dict[str, str]:
    """Return the environment of every process: what the person set stays, the rest points at each other."""
    return {
        "CRM_BASE_URL": addresses.web,
        "CRM_MOBILETECH_CLIENT": "http",
        "CRM_MOBILETECH_GATEWAY_URL_PRODUCTION": f"{addresses.simulator}/send",
        "CRM_MOBILETECH_GATEWAY_URL_TEST": f"{addresses.simulator}/send",
        "PYTHONUNBUFFERED": "1",
        **given,
        "DATABASE_URL": database_url,
        "REDIS_URL": redis_url,
        "PORT": str(addresses.web_port),
    }
