"""One door to commit: all of it or nothing, never nested, hooks only after the commit."""

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError

from crm.core.business_settings import BusinessSetting
from crm.core.clock import db_now
from crm.core.db import NestedTransactionError, after_commit, current_session, transaction
from tests.conftest import Clock
from tests.stored import read

pytestmark = pytest.mark.usefixtures("app")


def add(name: str) -> None:
    current_session().add(BusinessSetting(name=name, value=""))


def test_a_block_that_ends_well_is_committed() -> None:
    with transaction():
        add("a")

    assert read(BusinessSetting.name) == [("a",)]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit])
def test_a_block_that_breaks_leaves_nothing(error: type[BaseException]) -> None:
    with pytest.raises(error), transaction() as session:
        add("a")
        session.flush()
        raise error

    assert read(BusinessSetting.name) == []


def test_a_commit_that_fails_leaves_a_session_that_can_be_used() -> None:
    with pytest.raises(IntegrityError), transaction():
        add("a")
        add("a")

    with transaction():
        add("b")
    assert read(BusinessSetting.name) == [("b",)]


def test_blocks_do_not_nest_and_the_outer_one_is_undone() -> None:
    with pytest.raises(NestedTransactionError), transaction():
        add("a")
        with transaction():
            add("b")

    assert read(BusinessSetting.name) == []


def test_hooks_run_once_after_the_commit() -> None:
    calls: list[str] = []

    def hook() -> None:
        calls.append("called")

    with transaction() as session:
        add("a")
        after_commit(session, hook)
        after_commit(session, hook)
        before = list(calls)
    with transaction():
        add("b")

    assert (before, calls) == ([], ["called"])


def test_hooks_of_a_block_that_breaks_never_run() -> None:
    calls: list[str] = []
    with pytest.raises(ValueError, match="broken"), transaction() as session:
        after_commit(session, lambda: calls.append("called"))
        raise ValueError("broken")

    with transaction():
        add("a")

    assert calls == []


def test_the_clock_of_the_database_moves_for_tests_only(app: Flask, clock: Clock) -> None:
    with transaction() as session:
        ours, theirs = session.execute(select(db_now(), text("now()"))).one()
    clock.advance(timedelta(days=2))
    with transaction() as session:
        moved, still = session.execute(select(db_now(), text("now()"))).one()

    assert ours == theirs
    assert timedelta(days=2) <= moved - ours < timedelta(days=2, minutes=1)
    assert still - theirs < timedelta(minutes=1)


def test_sessions_speak_utc_and_end_what_forgets_itself(app: Flask) -> None:
    with transaction() as session:
        settings = {
            name: session.execute(text(f"SHOW {name}")).scalar_one()
            for name in (
                "timezone",
                "idle_in_transaction_session_timeout",
                "lock_timeout",
                "statement_timeout",
            )
        }

    assert settings == {
        "timezone": "UTC",
        "idle_in_transaction_session_timeout": "1min",
        "lock_timeout": "10s",
        "statement_timeout": "20s",
    }
