"""The log: one JSON line per fact, with the ids of the work at hand and never a whole phone number."""

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest

from crm.core import log


def test_a_fact_is_one_line_of_json_with_its_fields(lines: "Lines") -> None:
    log.get_logger("crm.test").info("sms_sent", outbound_id=7, took_ms=84, paid=True, nothing=None)

    [line] = lines.read()
    assert (line["event"], line["outbound_id"], line["took_ms"], line["paid"], line["nothing"]) == (
        "sms_sent",
        7,
        84,
        True,
        None,
    )
    assert (line["level"], line["logger"]) == ("info", "crm.test")
    assert line["timestamp"].endswith("Z")


def test_what_is_bound_stands_in_every_line_until_it_is_not(lines: "Lines") -> None:
    logger = log.get_logger("crm.test")

    log.bind(request_id="r1")
    with log.bound(entry_id=5):
        logger.info("inside")
    logger.info("outside")
    log.unbind_all()
    logger.info("after")

    assert [(line.get("request_id"), line.get("entry_id")) for line in lines.read()] == [
        ("r1", 5),
        ("r1", None),
        (None, None),
    ]


@pytest.mark.parametrize(
    "value",
    [
        "+421908123456",
        "0908 123 456",
        "text with 00421908123456 in it",
        ["+421908123456"],
        {"to": "+421 908 123 456"},
        ValueError("0908123456"),
    ],
    ids=str,
)
def test_numbers_are_masked_in_every_value(lines: "Lines", value: object) -> None:
    log.get_logger("crm.test").info("fact", anything=value)

    [line] = lines.read()
    assert "***456" in line["anything"]
    assert "8123" not in line["anything"].replace(" ", "")


def test_numbers_are_masked_in_a_traceback(lines: "Lines") -> None:
    try:
        raise ValueError("+421908123456 is no number")
    except ValueError:
        log.get_logger("crm.test").exception("failed")

    [line] = lines.read()
    assert "ValueError: +421908***456" in line["exception"]


def test_line_breaks_cannot_forge_a_line(lines: "Lines") -> None:
    log.get_logger("crm.test").info("fact", value='x\n{"event": "forged"}\r\x1b[31m')

    assert len(lines.read()) == 1
    assert "\x1b" not in lines.text()


def test_libraries_speak_in_the_same_dress(lines: "Lines") -> None:
    logging.getLogger("some.library").warning("called %s", "+421908123456")

    [line] = lines.read()
    assert (line["event"], line["level"], line["logger"]) == (
        "called +421908***456",
        "warning",
        "some.library",
    )


class Lines:
    """What was written to the log."""

    def __init__(self, stream: io.StringIO) -> None:
        self._stream = stream

    def text(self) -> str:
        """Return it as it stands."""
        return self._stream.getvalue()

    def read(self) -> list[dict[str, Any]]:
        """Return the facts."""
        return [json.loads(line) for line in self.text().splitlines()]


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> Iterator[Lines]:
    """Let the log go into memory."""
    root = logging.getLogger()
    before = list(root.handlers)
    stream = io.StringIO()
    monkeypatch.setattr("sys.stderr", stream)
    log.configure()
    yield Lines(stream)
    monkeypatch.undo()
    log.configure()
    root.handlers[:] = before
