"""The figures for Prometheus: what all processes counted, and how much work waits."""

from collections.abc import Iterable

from flask import Blueprint, Response, abort, request
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from redis import RedisError
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from crm.core import metrics
from crm.core.clock import db_now
from crm.core.db import current_session
from crm.core.log import get_logger
from crm.core.networks import is_inside
from crm.events import doorbell
from crm.events.queries import list_depths
from crm.mobiletech.breaker import read_gateway_state
from crm.web.guards import public
from crm.web.page_tools import get_settings

log = get_logger(__name__)

metrics_page = Blueprint("metrics_page", __name__)


class _Everything(Collector):
    def collect(self) -> Iterable[Metric]:
        yield from metrics.collect(doorbell.connect(get_settings().redis_url, timeout=1.0))
        yield from _work()
        yield _breaker()


@metrics_page.get("/metrics")
@public("only for CRM_METRICS_NETWORKS, which is asked first; elsewhere the page does not exist")
def show() -> Response:
    """Tell the figures in Prometheus' text."""
    if not is_inside(request.remote_addr, get_settings().metrics_networks):
        abort(404)
    try:
        told = generate_latest(_Everything())
    except (RedisError, SQLAlchemyError) as error:
        log.error("metrics_unavailable", reason=type(error).__name__)
        return Response(
            "The figures cannot be read just now.\n", 503, content_type="text/plain; charset=utf-8"
        )
    return Response(told, content_type=CONTENT_TYPE_LATEST)


def _work() -> Iterable[Metric]:
    entries = GaugeMetricFamily(
        "crm_outbox_entries", "Work that waits or has failed.", labels=["event", "state"]
    )
    overdue = GaugeMetricFamily(
        "crm_outbox_overdue_seconds", "How long the oldest work is overdue.", labels=["event", "state"]
    )
    for depth in list_depths(current_session()):
        entries.add_metric([depth.event, depth.state], depth.count)
        overdue.add_metric([depth.event, depth.state], depth.overdue_seconds)
    return entries, overdue


def _breaker() -> Metric:
    state, moment = (
        read_gateway_state(current_session()),
        current_session().execute(select(db_now())).scalar_one(),
    )
    is_paused = state is not None and state.paused_until is not None and state.paused_until > moment
    return GaugeMetricFamily(
        "crm_paid_sending_paused", "1 while the breaker pauses paid sending.", value=is_paused
    )
