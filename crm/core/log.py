"""One JSON line per fact: `log.info("sms_sent", outbound_id=7, took_ms=84)`.

Numbers of phones are masked in every value, whatever its name; texts of SMS and passwords are never
passed here. The ids of the request or of the work at hand are bound once (`bind`) and stand in each line.
"""

import logging
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

from crm.core.phone import mask_in_text

bind = structlog.contextvars.bind_contextvars
bound = structlog.contextvars.bound_contextvars
unbind_all = structlog.contextvars.clear_contextvars


def get_logger(name: str) -> Any:
    """Return the logger of a module."""
    return structlog.stdlib.get_logger(name)


def configure(level: str = "INFO") -> None:
    """Send our lines and those of the libraries to standard error, in one dress."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.PositionalArgumentsFormatter(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                _mask_numbers,
                structlog.processors.JSONRenderer(),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for noisy in ("urllib3", "rq", "rq.worker", "werkzeug", "alembic"):
        logging.getLogger(noisy).setLevel("WARNING")


def _mask_numbers(_logger: Any, _method: str, fields: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for key, value in fields.items():
        if isinstance(value, str) and key != "timestamp":
            fields[key] = mask_in_text(value)
        elif value is not None and not isinstance(value, (bool, int, float)):
            fields[key] = mask_in_text(str(value))
    return fields
