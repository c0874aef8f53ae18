"""The audit log keeps what was done, and only what differs; nobody changes it afterwards."""

import ast
from datetime import UTC, datetime

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from crm.core.db import transaction
from crm.users.acts import ACTS, ActFilter, list_actors, list_acts
from crm.users.audit_log import Actor, acting, record_act
from crm.users.models import AuditEntry
from tests.house.source import list_modules
from tests.stored import read

pytestmark = pytest.mark.usefixtures("app")


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_log SET actor = 'nobody'",
        "UPDATE audit_log SET actor = 'nobody' WHERE false",
        "DELETE FROM audit_log",
        "DELETE FROM audit_log WHERE id = 4711",
        "TRUNCATE audit_log",
        "INSERT INTO audit_log (id, actor, action, subject) OVERRIDING SYSTEM VALUE VALUES (1, 'a', 'b', 'c') "
        "ON CONFLICT (id) DO UPDATE SET actor = 'nobody'",
    ],
)
def test_the_table_refuses_to_be_changed(statement: str) -> None:
    _act("user.edit", "user 1")

    with pytest.raises(DBAPIError, match="append-only"), transaction() as session:
        session.execute(text(statement))

    assert read(AuditEntry.actor, AuditEntry.action) == [("Eva", "user.edit")]


@pytest.mark.parametrize(
    ("before", "after", "kept"),
    [
        ({"a": 1, "b": 2}, {"a": 1, "b": 3}, ({"b": 2}, {"b": 3})),
        ({"a": 1}, {"a": 1}, ({}, {})),
        (None, {"a": 1}, (None, {"a": 1})),
        ({"a": 1}, None, ({"a": 1}, None)),
        ({"a": [1]}, {"a": (1, 2)}, ({"a": [1]}, {"a": [1, 2]})),
        (None, {"at": datetime(2026, 1, 2, tzinfo=UTC)}, (None, {"at": "2026-01-02T00:00:00+00:00"})),
    ],
)
def test_of_before_and_after_only_the_difference_is_kept(
    before: dict[str, object] | None, after: dict[str, object] | None, kept: tuple[object, object]
) -> None:
    with acting(Actor(name="Eva", user_id=1)), transaction() as session:
        record_act(session, "user.edit", "user 1", before=before, after=after)

    assert read(AuditEntry.before, AuditEntry.after, order=AuditEntry.id) == [kept]


def test_an_act_that_is_undone_is_not_in_the_log() -> None:
    with pytest.raises(ZeroDivisionError), acting(Actor(name="Eva")), transaction() as session:
        record_act(session, "user.edit", "user 1")
        _ = 1 / 0

    assert read(AuditEntry.id) == []


def test_acting_ends_with_its_block() -> None:
    with acting(Actor(name="Eva")):
        pass

    with transaction() as session:
        record_act(session, "user.edit", "user 1")

    assert read(AuditEntry.id) == []


@pytest.mark.parametrize(
    ("label", "wanted", "found"),
    [
        ("all", ActFilter(), ["user 3", "user 2", "user 1"]),
        ("a person", ActFilter(actor_id=1), ["user 3", "user 1"]),
        ("no person", ActFilter(actor_id=0), ["user 2"]),
        ("an act", ActFilter(action="user.role"), ["user 3"]),
        ("a subject", ActFilter(subject="user 2"), ["user 2"]),
        ("before today", ActFilter(until=datetime(2020, 1, 1, tzinfo=UTC)), []),
        ("since a day", ActFilter(since=datetime(2020, 1, 1, tzinfo=UTC)), ["user 3", "user 2", "user 1"]),
    ],
)
def test_acts_are_found_by_who_what_on_what_and_when(label: str, wanted: ActFilter, found: list[str]) -> None:
    _act("user.edit", "user 1")
    _act("user.edit", "user 2", Actor(name="command line"))
    _act("user.role", "user 3", Actor(name="Eva N.", user_id=1))

    with transaction() as session:
        assert [entry.subject for entry in list_acts(session, wanted, limit=10).rows] == found


def test_actors_have_their_latest_name() -> None:
    _act("user.edit", "user 1")
    _act("user.edit", "user 1", Actor(name="Eva Nová", user_id=1))
    _act("user.edit", "user 1", Actor(name="Adam", user_id=2))
    _act("user.edit", "user 1", Actor(name="command line"))

    with transaction() as session:
        assert list_actors(session) == [(2, "Adam"), (1, "Eva Nová")]


def test_every_act_has_words() -> None:
    recorded = {
        node.args[1].value
        for _, tree in list_modules()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and getattr(node.func, "id", "") == "record_act"
        and isinstance(node.args[1], ast.Constant)
    }
    assert recorded <= set(ACTS)
    assert recorded


def _act(action: str, subject: str, actor: Actor | None = None) -> None:
    with acting(actor or Actor(name="Eva", user_id=1)), transaction() as session:
        record_act(session, action, subject)
