"""Readers' messages of the old system: what keeps one out, and that an empty cell takes nothing away."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, text

from crm.core.db import current_session, transaction
from crm.mobiletech.models import InboundMessage
from tests.factories.imported_money import Row, import_rows, make_subscriber
from tests.factories.money import NUMBER


@pytest.fixture(autouse=True)
def reader(app: Flask) -> int:
    """Return the id of a reader whose number it is."""
    return make_subscriber()


def inbound_row(**overrides: Any) -> Row:
    """Return a message of the reader."""
    return {
        "external_id": "501",
        "mobiletech_id": "old-in-9",
        "user_phone": NUMBER,
        "from": "+421908630549",
        "to": "8877",
        "content": "START",
        "receive_date": "2025-09-01 08:00:00",
        "created_at": "2025-09-01 08:00:01",
        "serv_id": "1703",
        "project_id": "76",
        "dcs": "0",
        "operator_type": "O",
    } | overrides


def get_message() -> InboundMessage:
    """Return the message that the row makes."""
    with transaction() as session:
        found = select(InboundMessage).where(InboundMessage.mobiletech_id == "old-in-9")
        message = session.execute(found).scalar_one()
        session.expunge(message)
        return message


@pytest.mark.parametrize("is_dry", [False, True])
@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"receive_date": "2098-09-01", "created_at": ""}, [("receive_date", "in_future")]),
        ({"created_at": "2098-09-01"}, [("created_at", "in_future")]),
        ({"from": "8877"}, [("from", "number")]),
        ({"from": "PREDPLATNE"}, [("from", "number")]),
        ({"from": "+42190"}, [("from", "number")]),
        ({"from": "+4219086305490000"}, [("from", "number")]),
    ],
)
def test_a_rule_keeps_a_row_out(changed: Row, told: list[tuple[str, str]], is_dry: bool) -> None:
    rows = [inbound_row(**changed), inbound_row(mobiletech_id="old-in-8", external_id="502")]

    imported = import_rows("inbound-messages", rows, is_dry=is_dry)

    assert imported.counts == (1, 0, 0, 1)
    assert imported.refused == {2: told}


@pytest.mark.parametrize(
    ("written", "stored"),
    [
        ("0908630549", "+421908630549"),
        ("00421 908 630 549", "+421908630549"),
        ("+420777123456", "+420777123456"),
    ],
)
def test_a_sender_is_a_number_in_international_form(written: str, stored: str) -> None:
    import_rows("inbound-messages", [inbound_row(**{"from": written})])

    assert get_message().from_ == stored


def test_an_empty_cell_takes_nothing_away(reader: int) -> None:
    import_rows("inbound-messages", [inbound_row()])
    emptied = dict.fromkeys(("external_id", "user_phone", "content", "created_at", "project_id", "dcs"), "")

    imported = import_rows("inbound-messages", [inbound_row(**emptied)])

    message = get_message()
    assert imported.counts == (0, 0, 1, 0)
    assert (message.user_id, message.external_id, message.content) == (reader, "501", "START")
    assert (message.project_id, message.dcs) == ("76", "0")


def test_a_new_message_may_be_without_text() -> None:
    assert import_rows("inbound-messages", [inbound_row(content="")]).counts == (1, 0, 0, 0)
    assert get_message().content == ""


def test_within_a_file_an_empty_cell_makes_another_row() -> None:
    rows = [inbound_row(), inbound_row(content=""), inbound_row(project_id=""), inbound_row()]

    dry, real = (
        import_rows("inbound-messages", rows, is_dry=is_dry, batch_rows=1) for is_dry in (True, False)
    )

    assert dry == real
    assert real.counts == (1, 0, 1, 2)


def test_a_message_that_came_live_stays_as_the_gateway_sent_it() -> None:
    import_rows("inbound-messages", [inbound_row()])
    with transaction() as session:
        get_live = select(InboundMessage).where(InboundMessage.mobiletech_id == "old-in-9")
        session.execute(get_live).scalar_one().raw = b"<message/>"  # only the webhook keeps what came

    run = import_rows("inbound-messages", [inbound_row(content="STOP", **{"from": "+421911222333"})])

    assert run.counts == (0, 0, 1, 0)
    assert get_message().content == "START"


def test_corrected_messages_are_found_by_what_they_say_now_and_when() -> None:
    rows = [inbound_row(external_id=each, mobiletech_id=f"in-{each}", created_at="") for each in "123"]
    yesterday, before = (f"{datetime.now(UTC) - timedelta(days=days):%Y-%m-%d} 08:00:00" for days in (1, 2))
    import_rows("inbound-messages", [{**row, "receive_date": before} for row in rows])
    changes: Sequence[Row] = ({"content": "STOP"}, {"receive_date": yesterday}, {})

    run = import_rows(
        "inbound-messages",
        [{**row, "receive_date": before, **changed} for row, changed in zip(rows, changes, strict=True)],
    )

    assert run.counts == (0, 2, 1, 0)
    assert _list_findable() == ["START", "START", "STOP"]


def _list_findable() -> list[str]:
    """Return what the messages say whose words are kept just as they say it, with their day."""
    found = text("""
        SELECT message.content FROM mobiletech_message_words AS kept
        JOIN mobiletech_inbound_messages AS message ON message.id = kept.message_id AND kept.kind = 1
        WHERE message.mobiletech_id LIKE 'in-%' AND kept.at = message.created_at
          AND kept.words = crm_words(message.content, message.created_at)
        ORDER BY message.content
    """)
    return list(current_session().execute(found).scalars())
