"""Whose network a number is in: the newest evidence that the gateway has not proved wrong, then the prefix."""

from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

from crm.core.db import transaction
from crm.mobiletech.operator_resolver import resolve_operators
from crm.mobiletech.status_reports import apply_statuses
from tests.factories.messages import WEBHOOK, make_receive, make_status
from tests.factories.outbound import make_outbound

NUMBER = "+421908630549"  # by its prefix a number of Orange

# What happened, oldest first: ("in", operator) an SMS from the number, ("out", operator, code) one to it that was
# reported so; and who it is then.
HISTORIES = [
    ("nothing: the prefix", [], "O"),
    ("it wrote", [("in", "T")], "T"),
    ("it wrote twice", [("in", "T"), ("in", "2")], "2"),
    ("it wrote, without an operator that we know", [("in", "X")], "O"),
    ("it wrote well once, then strangely", [("in", "T"), ("in", "X")], "T"),
    ("a message reached it", [("out", "S", "D1")], "S"),
    ("a message was billed", [("out", "S", "A0")], "S"),
    ("O2 says D0 for delivered", [("out", "2", "D0")], "2"),
    ("others do not", [("out", "S", "D0")], "O"),
    ("a message failed", [("out", "S", "A5")], "O"),
    ("a message went out and nothing was heard", [("out", "S", None)], "O"),
    ("what it wrote goes before what reached it", [("in", "T"), ("out", "S", "D1")], "T"),
    ("the newest that reached it", [("out", "S", "D1"), ("out", "T", "D1")], "T"),
    ("ported: the prefix is wrong now", [("out", "O", "_OPERATOR_CHANGE")], None),
    ("ported: what it wrote before is wrong now", [("in", "T"), ("out", "T", "_OPERATOR_CHANGE")], "O"),
    ("ported, and it wrote since", [("out", "O", "_OPERATOR_CHANGE"), ("in", "T")], "T"),
    ("ported back: it wrote since", [("in", "O"), ("out", "O", "_OPERATOR_CHANGE"), ("in", "O")], "O"),
    ("ported, but we had another in mind", [("in", "T"), ("out", "O", "_OPERATOR_CHANGE")], "T"),
    (
        "ported: what reached it before is wrong now",
        [("out", "S", "D1"), ("out", "S", "_OPERATOR_CHANGE")],
        None,
    ),
]


@pytest.mark.parametrize(
    ("history", "operator"), [row[1:] for row in HISTORIES], ids=[row[0] for row in HISTORIES]
)
def test_the_operator_of_a_number(
    client: FlaskClient, history: list[tuple[str, ...]], operator: str | None
) -> None:
    for number, event in enumerate(history):
        happen(client, event, number)

    assert resolve(NUMBER) == operator


@pytest.mark.parametrize(
    ("number", "operator"),
    [
        ("+421952123456", "S"),
        ("+421940123456", "2"),
        ("+421901123456", "T"),
        ("+421959123456", None),
        ("8877", None),
    ],
)
def test_a_number_without_history_is_judged_by_its_prefix(
    app: Flask, number: str, operator: str | None
) -> None:
    assert resolve(number) == operator


def test_the_history_of_one_number_says_nothing_about_another(client: FlaskClient) -> None:
    happen(client, ("in", "T"), 1)

    assert resolve("+421908630540") == "O"


def test_many_numbers_are_resolved_at_once(client: FlaskClient) -> None:
    happen(client, ("in", "T"), 1)

    with transaction() as session:
        found = resolve_operators(session, [NUMBER, "+421940123456", "+421959123456"])

    assert found == {NUMBER: "T", "+421940123456": "2", "+421959123456": None}


def happen(client: FlaskClient, event: tuple[str, ...], number: int) -> None:
    kind, operator, code = (*event, None)[:3]
    if kind == "in":
        client.post(WEBHOOK, data=make_receive(from_=NUMBER, operator_type=operator))
    else:
        message_id = make_outbound(
            to=NUMBER, operator_type=operator, mobiletech_id=f"mt-{number}", state="accepted", is_queued=False
        )
        if code:
            client.post(WEBHOOK, data=make_status(f"mt-{number}", code))
            apply(message_id)
    part_in_time()


def apply(message_id: int) -> None:
    with transaction() as session:
        apply_statuses(session, [message_id])


def part_in_time() -> None:
    """Move what has happened so far a minute into the past."""
    minute = {"minute": timedelta(minutes=1)}
    with transaction() as session:
        for table, column in (
            ("mobiletech_inbound_messages", "created_at"),
            ("mobiletech_outbound_messages", "created_at"),
            ("mobiletech_status_log", "received_at"),
        ):
            session.execute(text(f"UPDATE {table} SET {column} = {column} - :minute"), minute)


def resolve(number: str) -> str | None:
    with transaction() as session:
        return resolve_operators(session, [number])[number]
