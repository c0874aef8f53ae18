"""The database and Redis of the crash tests: emptied, wiped, restarted, and moved in time."""

import os
import signal
import threading
import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
from redis import Redis
from sqlalchemy import NullPool, create_engine
from sqlalchemy.orm import Session

from crm.audit import Finding, run_audit
from crm.core import embedded
from crm.core.db import engine_url
from tests.crash.witness import TABLE

# What is committed must survive the sudden end of the server, not that of the machine.
SETTINGS = {"fsync": "off", "full_page_writes": "off", "autovacuum": "off"}
DATABASE = "crm_crash"
WAIT_SECONDS = 60.0  # far more than anything here takes on a machine of its own
# In the order in which rows may go.
TABLES = (
    "crash_witness",
    "outbox",
    "outbox_batches",
    "periodic_runs",
    "mobiletech_send_attempts",
    "mobiletech_not_sent",
    "inbox_items",
    "mobiletech_decisions",
    "mobiletech_status_log",
    "mobiletech_outbound_messages",
    "mobiletech_inbound_messages",
    "mobiletech_gateway_state",
    "recurrent_payments",
    "payment_methods",
    "payment_logs",
    "payment_meta",
    "payment_items",
    "payments",
    "subscriptions",
    "sms_offers",
    "subscription_types_meta",
    "subscription_types",
    "billkeys",
    "mobiletech_phone_numbers",
    "phone_number_links",
    "known_numbers",
    "users",
)


class Servers:
    """A PostgreSQL of our own, because it is stopped without warning, and the Valkey of this test process."""

    def __init__(self, var: Path, redis_url: str) -> None:
        self._var = var
        server = embedded.ensure_postgres(var, settings=SETTINGS)
        embedded.drop_database(server, DATABASE)
        self.database_url = embedded.ensure_database(server, DATABASE)
        self.redis_url = redis_url
        self.redis = Redis.from_url(redis_url)
        self._engine = create_engine(engine_url(self.database_url), poolclass=NullPool)
        self._lock = threading.RLock()  # while the server is restarted everybody waits
        self._connection: psycopg.Connection[Any] | None = None

    def sql(self, query: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """Run one statement and return its rows, none if it has none."""
        with self._lock:
            if self._connection is None:
                self._connection = psycopg.connect(self.database_url, autocommit=True)
            cursor = self._connection.execute(query, values or None)
            return cursor.fetchall() if cursor.description else []

    def empty(self) -> None:
        """Begin anew: no messages, no work, no Redis, the clock where it was."""
        self.redis.flushall()
        self.sql(TABLE)
        self.sql("; ".join(f"DELETE FROM {table}" for table in TABLES))
        self.set_clock(timedelta(0))

    def set_clock(self, offset: timedelta) -> None:
        """Move the time of every connection made from now on, and let Redis forget what is over by then."""
        seconds = offset.total_seconds()
        self.sql(f"ALTER DATABASE {DATABASE} SET crm.clock_offset = '{seconds} seconds'")
        self._hang_up()
        for key in self.redis.scan_iter():
            if 0 <= self.redis.ttl(key) <= seconds:
                self.redis.delete(key)

    def wipe_redis(self) -> None:
        """Lose everything that Redis had."""
        self.redis.flushall()

    def restart_postgres(self) -> None:
        """Stop the server at once, as at the end of its machine, and start it again."""
        with self._lock:
            data = self._var / "postgres" / "data"
            os.kill(int((data / "postmaster.pid").read_text().split()[0]), signal.SIGQUIT)
            # Its keeper, told that nobody needs the server, ends too: a new one counts no short lives.
            embedded.release(self._var)
            self._hang_up()
            embedded.ensure_postgres(self._var, settings=SETTINGS)

    def _hang_up(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._connection = None

    def wait_for_the_dead(self, role: str) -> None:
        """Wait until PostgreSQL has noticed that the process is gone, and has let go of its locks."""
        wait_until(lambda: self.count_connections(role) == 0)

    def count_connections(self, role: str) -> int:
        """Return how many connections the processes of the role have."""
        query = "SELECT count(*) FROM pg_stat_activity WHERE datname = %s AND application_name = %s"
        return int(self.sql(query, (DATABASE, f"crm-{role}"))[0][0])

    def audit(self) -> list[Finding]:
        """Return what breaks an invariant."""
        with Session(self._engine) as session:
            return run_audit(session)


def wait_until(is_so: Callable[[], bool]) -> None:
    """Look again and again until it is so; fail after WAIT_SECONDS."""
    until = time.monotonic() + WAIT_SECONDS
    while not is_so():
        assert time.monotonic() < until, "waited in vain"
        time.sleep(0.005)
