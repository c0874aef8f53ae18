"""(c) From the webhook's answer to the gateway having ours: gunicorn, one worker, one message at a time."""

import queue
import random
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from statistics import median, quantiles

from benchmarks.errors import BenchmarkError
from benchmarks.figures import Figure, say
from benchmarks.messages import FIRST_ID, WEBHOOK, make_receive
from benchmarks.pgbench import run_pgbench
from benchmarks.plan import Plan
from benchmarks.stage import HOST_NAME, open_stage
from crm.core.business_settings import set_setting
from crm.core.db import db, transaction
from crm.dev.addresses import HOST, find_free_port
from crm.mobiletech.wire.commands import Accepted
from crm.mobiletech.wire.xml_codec import CONTENT_TYPE, decode_send, encode_send_reply

MEDIAN_MS, P99_MS = 50, 200
ARRIVES_WITHIN_SECONDS = 30.0
PAUSE_SECONDS = (0.05, 0.25)  # random, so as to fall into step with nothing that ticks
SCRIPT = Path(__file__).parent / "sql" / "conversation.sql"


class _Gateway(ThreadingHTTPServer):
    """Takes a `send`, remembers when it had the whole of it, and accepts it."""

    daemon_threads = True

    def __init__(self, port: int) -> None:
        super().__init__((HOST, port), _Handler)
        self.arrivals: queue.Queue[tuple[str | None, float]] = queue.Queue()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Gateway

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        arrived = time.monotonic()
        answers = decode_send(body).rcv_msg_id
        reply = encode_send_reply(Accepted(id=f"mt-{answers}"))
        head = f"HTTP/1.1 200 OK\r\nContent-Type: {CONTENT_TYPE}\r\nContent-Length: {len(reply)}\r\n\r\n"
        self.wfile.write(head.encode() + reply)
        self.server.arrivals.put((answers, arrived))


def measure(plan: Plan) -> list[Figure]:
    """Measure ours, then the bare steps: one POST over loopback and the message's rows in PostgreSQL."""
    with _gateway() as gateway, open_stage("crm_bench_latency") as stage:
        url = f"http://{HOST}:{gateway.server_port}/send"
        with stage.make_app().app_context():
            with transaction() as session:
                set_setting(session, "mobiletech_gateway_url_production", url)
            db.engine.dispose()
        port = stage.start_web()
        stage.start_worker(CRM_MOBILETECH_CLIENT="http")
        say(f"sends {plan.latencies} messages, one at a time")
        ours = [seconds * 1000 for seconds in _latencies(gateway, port, plan.latencies)]
        stage.stop_processes()
        rows_ms = run_pgbench(stage, SCRIPT, clients=1, seconds=plan.seconds).latency_ms
        bare = [seconds * 1000 + rows_ms for seconds in _bare_posts(gateway, plan.latencies)]
    limit_is = "one POST over loopback + pgbench, all rows of a message"
    (p50, p99), (bare_p50, bare_p99) = _p50_and_p99(ours), _p50_and_p99(bare)
    say(f"p50 {p50:.1f} ms, p99 {p99:.1f} ms, longest {max(ours):.1f} ms")
    return [
        Figure(
            what=f"(c) webhook's answer to gateway, {name}",
            value=value,
            unit="ms",
            limit_is=limit_is,
            limit=limit,
            target=f"< {target} ms",
            is_met=value < target,
            note=f"{plan.latencies} messages, longest {max(ours):.1f} ms" if name == "p99" else "",
        )
        for name, value, limit, target in (("p50", p50, bare_p50, MEDIAN_MS), ("p99", p99, bare_p99, P99_MS))
    ]


@contextmanager
def _gateway() -> Iterator[_Gateway]:
    gateway = _Gateway(find_free_port(8200))
    thread = threading.Thread(target=gateway.serve_forever, daemon=True)
    thread.start()
    try:
        yield gateway
    finally:
        gateway.shutdown()
        gateway.server_close()


def _latencies(gateway: _Gateway, port: int, count: int) -> Iterator[float]:
    webhook = HTTPConnection(HOST, port, timeout=ARRIVES_WITHIN_SECONDS)
    for number in range(count):
        headers = {"Host": HOST_NAME, "Content-Type": "text/xml; charset=utf-8"}
        webhook.request("POST", WEBHOOK, make_receive(number), headers)
        response = webhook.getresponse()
        response.read()
        answered = time.monotonic()
        if response.status != 200:
            raise BenchmarkError(f"The webhook answered {response.status}.")
        yield max(0.0, _arrival_of(gateway, str(FIRST_ID + number)) - answered)
        time.sleep(random.uniform(*PAUSE_SECONDS))


def _arrival_of(gateway: _Gateway, message_id: str) -> float:
    try:
        answers, arrived = gateway.arrivals.get(timeout=ARRIVES_WITHIN_SECONDS)
    except queue.Empty as error:
        raise BenchmarkError(f"The gateway got no answer to {message_id}; see the worker's log.") from error
    if answers != message_id:
        raise BenchmarkError(f"The gateway got an answer to {answers}, not to {message_id}.")
    return arrived


def _bare_posts(gateway: _Gateway, count: int) -> Iterator[float]:
    body = b'<message command="send"><to>+421908630549</to><expiration>100</expiration></message>'
    for _ in range(count):
        started = time.monotonic()
        connection = HTTPConnection(HOST, gateway.server_port)
        connection.request("POST", "/send", body)
        connection.getresponse().read()
        connection.close()
        yield time.monotonic() - started


def _p50_and_p99(values: Sequence[float]) -> tuple[float, float]:
    return median(values), quantiles(values, n=100)[98]
