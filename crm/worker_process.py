"""A worker: an RQ worker that answers the doorbell, and a pump beside it.

With `--workers N` a parent starts N such processes and starts again whichever dies, unless it says that the
settings cannot be used. SIGTERM lets the work at hand finish; what is still waiting stays in the table.
"""

import argparse
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from types import FrameType

from flask import Flask
from redis import RedisError
from rq import SimpleWorker
from rq.timeouts import UnixSignalDeathPenalty
from sqlalchemy.exc import DBAPIError

from crm.core import log, metrics
from crm.core.config import Settings, SettingsError
from crm.core.errors import CrmError
from crm.events import doorbell, jobs
from crm.events.drain import RECORD_FOR_SECONDS
from crm.events.pump import run_everything_due, run_pump
from crm.factory import create_app
from crm.mobiletech.client import DEADLINE_SECONDS, LEASE_SECONDS
from crm.payments.charging_run import charge_due
from crm.wiring import PERIODIC

logger = log.get_logger(__name__)

RESTART_SECONDS = 1.0
STOP_SECONDS = 60
SETTINGS_UNUSABLE = 2


class OutboxWorker(SimpleWorker):
    """An RQ worker in one process: the drain job keeps its database connection warm."""

    death_penalty_class = UnixSignalDeathPenalty

    def should_stop(self) -> bool:
        """Return whether SIGTERM or SIGINT has asked us to go."""
        return bool(self._stop_requested)


def main(arguments: Sequence[str]) -> int:
    """Run until told to stop; return the exit status."""
    options = _parse(arguments)
    if options.workers > 1 and not options.burst:
        return _supervise(options.workers)
    try:
        settings = Settings.from_env(os.environ)
        app = create_app(settings, role="worker")
    except CrmError as error:
        sys.stderr.write(f"{error}\n")
        return SETTINGS_UNUSABLE if isinstance(error, SettingsError) else 1
    assert DEADLINE_SECONDS + RECORD_FOR_SECONDS < doorbell.JOB_TIMEOUT_SECONDS < LEASE_SECONDS
    with app.app_context():
        try:
            return _burst() if options.burst else _work(app, settings)
        except DBAPIError as error:
            sys.stderr.write(f"The database cannot be used: {error.orig}\n")
            return 1


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="worker.py", description="Run what the outbox says is due.")
    parser.add_argument("--burst", action="store_true", help="run everything that is due, then exit 0")
    parser.add_argument("--workers", type=_positive, default=1, metavar="N", help="worker processes (1)")
    return parser.parse_args(arguments)


def _positive(text: str) -> int:
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of workers; write 1 or more")
    return int(text)


def _burst() -> int:
    charge_due()
    run_everything_due(PERIODIC)
    metrics.flush()
    return 0


def _work(app: Flask, settings: Settings) -> int:
    stopped = threading.Event()
    pump = threading.Thread(target=_pump, args=(app, settings, stopped), name="pump", daemon=True)
    pump.start()
    logger.info("worker_started", pid=os.getpid())
    try:
        _answer_bells(settings, stopped)
    finally:
        stopped.set()
        pump.join(STOP_SECONDS)
        metrics.flush()
        logger.info("worker_stopped", pid=os.getpid())
    return 0


def _answer_bells(settings: Settings, stopped: threading.Event) -> None:
    """Be an RQ worker until told to stop; while Redis cannot be reached the pump works alone."""
    redis = doorbell.connect(settings.redis_url, timeout=None)
    while not stopped.is_set():
        try:
            worker = OutboxWorker([doorbell.queue(redis)], connection=redis, serializer="json")
            jobs.state.redis_url, jobs.state.should_stop = settings.redis_url, worker.should_stop
            worker.work(logging_level="WARNING")
        except RedisError as error:
            _stop_on_signals(stopped)
            logger.warning("redis_unreachable", reason=type(error).__name__)
            stopped.wait(RESTART_SECONDS)
        else:
            return


def _stop_on_signals(stopped: threading.Event) -> None:
    def stop(_signal: int, _frame: FrameType | None) -> None:
        stopped.set()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)


def _pump(app: Flask, settings: Settings, stopped: threading.Event) -> None:
    with app.app_context():
        run_pump(doorbell.connect(settings.redis_url), PERIODIC, stopped)


def _supervise(count: int) -> int:
    command = [sys.executable, sys.argv[0], "--workers", "1"]
    stopping = threading.Event()
    _stop_on_signals(stopping)
    children = [subprocess.Popen(command) for _ in range(count)]  # noqa: S603 - our own program
    status = 0
    while not stopping.wait(RESTART_SECONDS):
        if any(child.poll() == SETTINGS_UNUSABLE for child in children):
            status = SETTINGS_UNUSABLE  # another start would say the same
            break
        for index, child in enumerate(children):
            if child.poll() is not None:
                sys.stderr.write(
                    f"worker {child.pid} ended with status {child.returncode}; starting another\n"
                )
                children[index] = subprocess.Popen(command)  # noqa: S603
    for child in children:
        child.terminate()
    for child in children:
        try:
            child.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            child.kill()
    return status
