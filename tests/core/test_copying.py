"""A batch of rows is looked up by indexes, whatever the planner believes of a table, and only for that long."""

import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.orm import Session

from crm.core.copying import by_indexes
from crm.core.db import current_session

_WAYS = ("enable_seqscan", "enable_hashjoin", "enable_mergejoin")
# Both have an index by id; left to itself the planner often reads either from end to end, and hashes it.
_JOINED = "EXPLAIN SELECT * FROM payments JOIN users ON users.id = payments.user_id WHERE payments.id = ANY('{1,2}')"


@pytest.fixture
def session(app: Flask) -> Session:
    return current_session()


def test_within_the_block_nothing_is_read_from_end_to_end_or_hashed_or_merged(session: Session) -> None:
    with by_indexes(session):
        plan = "\n".join(session.execute(text(_JOINED)).scalars())

    assert "Nested Loop" in plan
    assert not any(way in plan for way in ("Seq Scan", "Hash", "Merge"))


def test_after_the_block_the_planner_may_do_what_it_might_before(session: Session) -> None:
    session.execute(text("SELECT set_config('enable_mergejoin', 'off', true)"))
    before = _read(session)

    with by_indexes(session):
        inside = _read(session)
        with by_indexes(session, may_hash=True):
            within = _read(session)
        still_inside = _read(session)

    assert before == ["on", "on", "off"]
    assert inside == within == still_inside == ["off", "off", "off"]
    assert _read(session) == before


def test_a_block_that_may_hash_is_stricter_only_within_its_inner_block(session: Session) -> None:
    with by_indexes(session, may_hash=True):
        outside = _read(session)
        with by_indexes(session):
            within = _read(session)
        outside_again = _read(session)

    assert outside == outside_again == ["off", "on", "on"]
    assert within == ["off", "off", "off"]
    assert _read(session) == ["on", "on", "on"]


def _read(session: Session) -> list[str]:
    return [session.execute(text(f"SHOW {way}")).scalar_one() for way in _WAYS]
