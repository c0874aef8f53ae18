"""Serves a simulator on this machine only, and delivers its reports while it is served."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from socketserver import BaseServer
from threading import Event, Thread
from typing import TYPE_CHECKING, Any

from flask import Flask
from werkzeug.serving import ThreadedWSGIServer, WSGIRequestHandler

from crm.core.log import configure, get_logger
from crm.simulator.app_state import state_of
from crm.simulator.factory import create_simulator
from crm.simulator.timing import Timing

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

HOST = "127.0.0.1"
_POLL_SECONDS = 0.1
_STOP_SECONDS = 3.0

log = get_logger(__name__)


class _Handler(WSGIRequestHandler):
    # Else it would wait for the next request on a connection that is broken on purpose.
    def connection_dropped(self, error: BaseException, environ: "WSGIEnvironment | None" = None) -> None:
        self.close_connection = True

    # Addresses of requests say nothing here; what matters is logged by the gateway.
    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        pass


class _Server(ThreadedWSGIServer):
    # An orderly shutdown before the close would spoil the resets that are made on purpose.
    def shutdown_request(self, request: Any) -> None:
        self.close_request(request)


def run(port: int, webhook: str, *, webhook_password: str = "", timing: Timing | None = None) -> None:
    """Serve until SIGTERM or Ctrl-C; a port that is taken ends the process with one clear line.

    Raises: InvalidInputError if the webhook is no address.
    """
    configure()
    stopping = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    with serving(create_simulator(webhook, webhook_password=webhook_password, timing=timing), port) as url:
        log.info("simulator_started", url=url, webhook=webhook)
        stopping.wait()
    log.info("simulator_stopped")


@contextmanager
def serving(simulator: Flask, port: int = 0) -> Iterator[str]:
    """Serve a simulator while the block runs; give its address. Port 0 is any free one."""
    state = state_of(simulator)
    server = _Server(HOST, port, simulator, _Handler)
    threads = [
        Thread(
            target=BaseServer.serve_forever, args=(server, _POLL_SECONDS), name="simulator-web", daemon=True
        ),
        Thread(target=state.gateway.postbox.run, name="simulator-reports", daemon=True),
    ]
    for thread in threads:
        thread.start()
    try:
        yield f"http://{HOST}:{server.port}"
    finally:
        state.stopping.set()
        state.gateway.postbox.stop()
        server.shutdown()
        server.server_close()
        for thread in threads:
            thread.join(_STOP_SECONDS)
