"""What was logged, as facts."""

from typing import Any

import pytest


def list_facts(caplog: pytest.LogCaptureFixture) -> list[dict[str, Any]]:
    """Return the fields of each of our log lines; a line of a library has only its `event`."""
    return [
        record.msg if isinstance(record.msg, dict) else {"event": record.getMessage()}
        for record in caplog.records
    ]


def list_tracebacks(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Return the lines that carry an exception."""
    return [
        record.getMessage()
        for record in caplog.records
        if record.exc_info or (isinstance(record.msg, dict) and record.msg.get("exc_info"))
    ]
