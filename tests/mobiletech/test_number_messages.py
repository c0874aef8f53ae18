"""The SMS of one number since it is somebody's: both directions, in order, at any depth."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from crm.core.clock import db_now
from crm.core.db import transaction
from crm.mobiletech.message_log import LogPage, Position
from crm.mobiletech.models import InboundMessage
from crm.mobiletech.number_messages import NumberMessage, list_messages_of, read_messages
from tests.factories.outbound import make_outbound

pytestmark = pytest.mark.usefixtures("app")
NUMBER, OTHER = "+421908630549", "+421908000002"


def test_both_directions_stand_in_order_newest_first() -> None:
    make_inbound("first", minutes_ago=30)
    make_outbound(content="second", created_at=ago(20))
    make_inbound("third", minutes_ago=10)

    assert texts() == ["third", "second", "first"]


def test_of_one_moment_the_order_is_the_same_both_ways() -> None:
    moment = ago(10)
    make_inbound("in", at=moment)
    make_outbound(content="out", created_at=moment)

    first = page(limit=1)
    second = page(limit=1, after=first.older)

    assert (read(first), read(second)) == (["out"], ["in"])
    assert read(page(limit=1, before=second.newer)) == ["out"]


def test_another_number_and_what_was_before_are_not_theirs() -> None:
    make_inbound("of the owner before", minutes_ago=90)
    make_outbound(content="to the owner before", created_at=ago(80))
    make_inbound("mine", minutes_ago=10)
    make_inbound("of somebody else", minutes_ago=10, from_=OTHER)
    make_outbound(content="to somebody else", to=OTHER)

    assert texts(since=ago(60)) == ["mine"]


@pytest.mark.parametrize(
    ("state", "shown"),
    [
        ("queued", True), ("sending", True), ("accepted", True), ("unknown", True), ("held", False),
        ("rejected", False), ("expired", False), ("cancelled", False), ("not_sent", False),
    ],
)  # fmt: skip
def test_what_never_left_for_the_number_is_not_shown(state: str, shown: bool) -> None:
    make_outbound(state=state)

    assert bool(texts()) is shown


@pytest.mark.parametrize("content", ["123456 je vas kod", ""])
def test_the_text_of_a_secret_one_is_not_told(content: str) -> None:
    make_outbound(content=content, is_secret=True)

    assert texts() == [None]


def test_pages_hold_every_message_once_and_lead_back() -> None:
    for minute in range(1, 12):
        make_inbound(str(minute), minutes_ago=minute)

    first = page(limit=4)
    second = page(limit=4, after=first.older)
    third = page(limit=4, after=second.older)
    back = page(limit=4, before=third.newer)
    top = page(limit=4, before=second.newer)

    assert [read(each) for each in (first, second, third)] == [
        ["1", "2", "3", "4"], ["5", "6", "7", "8"], ["9", "10", "11"],
    ]  # fmt: skip
    assert (first.newer, third.older) == (None, None)
    assert read(back) == ["5", "6", "7", "8"]
    assert (read(top), top.newer) == (["1", "2", "3", "4"], None)


def page(
    *,
    limit: int = 50,
    since: datetime | None = None,
    after: Position | None = None,
    before: Position | None = None,
) -> LogPage:
    begin = since or ago(1000)
    with transaction() as session:
        return list_messages_of(session, NUMBER, since=begin, limit=limit, after=after, before=before)


def read(found: LogPage) -> list[str | None]:
    with transaction() as session:
        messages: list[NumberMessage] = read_messages(session, found.positions)
        return [message.text for message in messages]


def texts(since: datetime | None = None) -> list[str | None]:
    return read(page(since=since))


def ago(minutes: int) -> datetime:
    with transaction() as session:
        now: datetime = session.execute(select(db_now())).scalar_one()
        return now - timedelta(minutes=minutes)


def make_inbound(
    content: str, *, minutes_ago: int = 0, at: datetime | None = None, from_: str = NUMBER
) -> None:
    moment = at or ago(minutes_ago)
    with transaction() as session:
        session.add(
            InboundMessage(
                mobiletech_id=f"in-{content}", serv_id="1703", project_id="76", from_=from_, to="8877",
                content=content, content_coding="plain", dcs="0", esm="0", operator_type="O",
                receive_date=moment, receive_date_raw="", created_at=moment,
            )
        )  # fmt: skip
