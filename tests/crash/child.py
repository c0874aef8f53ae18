"""The processes under test: a server that has everything imported, and forks a web or worker process at once.

Run as `python -m tests.crash.child SOCKET`. Each connection to the socket becomes a process of its own, which
begins with no other connections, is told its plan, does what it is ordered and ends with the connection.
"""

import gc
import os
import selectors
import signal
import socket
import sys
import threading
import traceback
from collections.abc import Callable
from functools import partial
from multiprocessing.connection import Connection, Listener
from time import sleep
from typing import Any

from flask import Flask
from flask_migrate import upgrade
from redis.client import PubSubWorkerThread
from sqlalchemy import select

from crm.core import metrics
from crm.core.config import Settings
from crm.core.db import db, transaction
from crm.events import doorbell, jobs
from crm.events.drain import drain
from crm.events.pump import run_pump
from crm.factory import create_app
from crm.mobiletech.models import OutboundMessage
from crm.payments.charging_run import charge_due
from crm.wiring import PERIODIC
from crm.worker_process import OutboxWorker
from tests.crash.boundaries import Watch, install
from tests.crash.orders import Act, Order, Plan
from tests.crash.story import PAID_KEY
from tests.factories.messages import WEBHOOK, make_receive, make_status, turn_on_test_answer
from tests.factories.money import make_type, set_up_sale, subscribe


def main(address: str) -> None:
    """Fork a process for each connection until whoever started us is gone."""
    settings = Settings.from_env(os.environ)
    apps = {role: create_app(settings, role=role) for role in ("web", "worker")}
    _warm_up(apps, settings)
    # It may miss its end, and RQ would wait a second for it.
    PubSubWorkerThread.join = lambda *_, **__: None  # type: ignore[method-assign]
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    gc.freeze()
    with Listener(address, "AF_UNIX") as listener, selectors.DefaultSelector() as waiting:
        waiting.register(listener._listener._socket, selectors.EVENT_READ)  # type: ignore[attr-defined]
        waiting.register(sys.stdin, selectors.EVENT_READ)
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        while all(key.fileobj is not sys.stdin for key, _ in waiting.select()):
            connection = listener.accept()
            if os.fork() == 0:
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                listener._listener._socket.close()  # type: ignore[attr-defined]
                _serve(connection, apps, settings)
                os._exit(0)
            connection.close()


def _warm_up(apps: dict[str, Flask], settings: Settings) -> None:
    """Go once through everything, so that no process has to prepare its statements; leave nothing open."""
    doorbell.configure("")
    metrics.configure(None)
    with apps["web"].app_context():
        upgrade()
        turn_on_test_answer(billkey=PAID_KEY)
    web = apps["web"].test_client()
    web.post(WEBHOOK, data=make_receive(id="warm"))
    for _ in range(2):
        with apps["worker"].app_context():
            drain(for_seconds=5)
            sent = select(OutboundMessage.mobiletech_id)
            with transaction() as session:
                mobiletech_id = session.execute(sent).scalar_one()
        web.post(WEBHOOK, data=make_status(mobiletech_id or "", "D1"))
    for app in apps.values():
        with app.app_context():
            for engine in db.engines.values():
                engine.dispose()
    while threading.active_count() > 1:  # the timer of the gateway's call
        sleep(0.001)
    doorbell.configure(settings.redis_url)
    metrics.configure(doorbell.connect(settings.redis_url))


def _serve(connection: Connection, apps: dict[str, Flask], settings: Settings) -> None:
    plan: Plan = connection.recv()
    watch = Watch(plan.role, plan.log, plan.point, partial(_strike, plan))
    if plan.log is not None:
        install(watch)
    program = PROGRAMS[plan.role](apps[plan.role], settings)
    while True:
        try:
            order: Order = connection.recv()
        except EOFError:
            return
        try:
            answer: tuple[bool, Any] = True, getattr(program, order.verb)(order.value)
        except Exception:
            answer = False, traceback.format_exc()
        if order.verb == "post":
            with watch.passage("answer"):
                connection.send(answer)
        else:
            connection.send(answer)


def _strike(plan: Plan) -> None:
    if plan.act is Act.KILL:
        os.kill(os.getpid(), signal.SIGKILL)
    with socket.socket(socket.AF_UNIX) as hotline:
        hotline.connect(plan.hotline)
        if plan.act is Act.CALL_AND_WAIT:
            hotline.recv(1)  # ends when the test hangs up


class Bell:
    """Knows when the doorbell's thread has carried every ring."""

    def __init__(self) -> None:
        self._rung = self._carried = 0
        ring, ring_now = doorbell.Doorbell.ring, doorbell.ring_now

        def counted_ring(bell: doorbell.Doorbell) -> None:
            self._rung += 1
            ring(bell)

        def counted_ring_now(redis: Any) -> bool:
            heard = self._rung
            try:
                return ring_now(redis)
            finally:
                self._carried = max(self._carried, heard)

        doorbell.Doorbell.ring = counted_ring  # type: ignore[method-assign,assignment]
        doorbell.ring_now = counted_ring_now

    def rest(self) -> None:
        """Wait until it is silent."""
        while self._carried != self._rung:
            sleep(0.001)


class WebProcess:
    """The web side, one request at a time, its doorbell as it is."""

    def __init__(self, app: Flask, _settings: Settings) -> None:
        self._app, self._client, self._bell = app, app.test_client(), Bell()

    def post(self, body: bytes) -> int:
        """Return the webhook's HTTP status."""
        return self._client.post(WEBHOOK, data=body).status_code

    def rest(self, _: None) -> None:
        """Let the bell be carried, and hand the metrics over as their thread does each second."""
        self._bell.rest()
        metrics.flush()

    def answer_with(self, billkey: str) -> None:
        """Answer every message on the billing key."""
        with self._app.app_context():
            turn_on_test_answer(billkey)


class _OneTick(threading.Event):
    """Lets the pump do one round, and spares its pause."""

    def wait(self, timeout: float | None = None) -> bool:
        self.set()
        return True


class WorkerProcess:
    """The worker side: what worker.py does, with pump and RQ worker one after the other."""

    def __init__(self, app: Flask, settings: Settings) -> None:
        self._app, self._settings, self._bell = app, settings, Bell()

    def sell(self, numbers: list[str]) -> None:
        """Let readers order a month and be billed."""
        with self._app.app_context():
            set_up_sale(mobiletech_max_paid_per_day="0")
            make_type()
            for number in numbers:
                subscribe(number=number)

    def charge(self, _: None) -> None:
        """Do what `crm payments charge` does."""
        with self._app.app_context():
            charge_due()

    def work(self, _: None) -> None:
        """Let the pump look once, then do what RQ has until its queue is empty."""
        url = self._settings.redis_url
        with self._app.app_context():
            run_pump(doorbell.connect(url), PERIODIC, _OneTick())
        with self._app.app_context():
            redis = doorbell.connect(url, timeout=None)
            worker = OutboxWorker([doorbell.queue(redis)], connection=redis, serializer="json")
            jobs.state.redis_url, jobs.state.should_stop = url, worker.should_stop
            worker.work(burst=True, logging_level="WARNING")
        self._bell.rest()
        metrics.flush()


PROGRAMS: dict[str, Callable[[Flask, Settings], Any]] = {"web": WebProcess, "worker": WorkerProcess}

if __name__ == "__main__":
    main(sys.argv[1])
