"""What was imported is found as what came here: by its number, by its id, and while it is new by its words."""

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask

from crm.core.db import transaction
from crm.mobiletech.message_log import Kind
from crm.mobiletech.search.finding import find_messages
from crm.mobiletech.search.housekeeping import KEPT
from crm.mobiletech.search.models import MessageWords
from crm.users.models import KnownNumber
from tests.factories.imported_money import Row, free_row, import_rows, set_up_moving_in
from tests.factories.moments import in_days
from tests.stored import read

NEW = in_days(-30)
OLD = in_days(-KEPT // timedelta(days=1) - 1)


@pytest.fixture(autouse=True)
def _moving_in(app: Flask) -> None:
    set_up_moving_in()


def inbound_row(number: int = 1, **overrides: Any) -> Row:
    """Return a reader's message of a month ago."""
    return {
        "mobiletech_id": f"in-{number}",
        "from": "+421905123456",
        "to": "8877",
        "content": "Žiadam faktúru",
        "receive_date": NEW,
        "serv_id": "1703",
        "operator_type": "O",
    } | overrides


def outbound_row(number: int = 1, **overrides: Any) -> Row:
    """Return a message of a month ago to the same reader."""
    said = {"user_phone": "", "to": "+421905123456", "content": "Faktúru posielame", "created_at": NEW}
    return free_row(number, rcv_msg_id="", **said) | overrides


BOTH = [("inbound-messages", inbound_row, Kind.INBOUND), ("outbound-messages", outbound_row, Kind.OUTBOUND)]


@pytest.mark.parametrize(("entity", "make_row", "kind"), BOTH)
@pytest.mark.parametrize("batch_rows", [1, 5000])
def test_a_message_is_found_by_its_words_and_by_the_end_of_its_number(
    entity: str, make_row: Any, kind: Kind, batch_rows: int
) -> None:
    rows = [make_row(1), make_row(2, content="inak"), make_row(3)]

    assert import_rows(entity, rows, batch_rows=batch_rows).counts == (3, 0, 0, 0)

    assert found_by("FAKTURU") == [kind, kind]
    assert found_by("inak") == [kind]
    assert numbers_ending("3456") == ["+421905123456"]


@pytest.mark.parametrize(("entity", "make_row", "kind"), BOTH)
def test_beside_what_is_here_already_new_ones_are_found(entity: str, make_row: Any, kind: Kind) -> None:
    import_rows(entity, [make_row(1)])

    import_rows(entity, [make_row(1), make_row(2, content="inak")])

    assert (found_by("fakturu"), found_by("inak")) == ([kind], [kind])


@pytest.mark.parametrize(
    ("entity", "row"),
    [
        ("inbound-messages", inbound_row(receive_date=OLD)),
        ("outbound-messages", outbound_row(created_at=OLD)),
    ],
)
def test_of_what_is_older_than_the_search_looks_only_the_number_is_kept(entity: str, row: Row) -> None:
    import_rows(entity, [row])

    assert read(MessageWords.message_id) == []
    assert numbers_ending("3456") == ["+421905123456"]


@pytest.mark.parametrize(("entity", "make_row", "kind"), BOTH)
def test_a_dry_run_makes_nothing_findable(entity: str, make_row: Any, kind: Kind) -> None:
    before = read(KnownNumber.number)

    import_rows(entity, [make_row()], is_dry=True)

    assert read(MessageWords.message_id) == []
    assert read(KnownNumber.number) == before


def test_what_a_newer_file_corrects_is_found_by_its_new_words_and_number_only() -> None:
    import_rows("inbound-messages", [inbound_row(1), inbound_row(2)])

    changed = import_rows("inbound-messages", [inbound_row(1, content="STOP", **{"from": "+421911222333"})])

    assert changed.counts == (0, 1, 0, 0)
    assert (len(found_by("stop")), len(found_by("fakturu"))) == (1, 1)
    assert numbers_ending("2333") == ["+421911222333"]


def test_a_text_that_a_newer_file_brings_is_found() -> None:
    import_rows("outbound-messages", [outbound_row(content="")])
    assert found_by("fakturu") == []

    import_rows("outbound-messages", [outbound_row()])

    assert found_by("fakturu") == [Kind.OUTBOUND]


def found_by(words: str) -> list[int]:
    """Return the kinds of the messages that the search finds by words."""
    with transaction() as session:
        return [each.kind for each in find_messages(session, words).found.messages]


def numbers_ending(end: str) -> list[str]:
    """Return the numbers that the search finds by their end."""
    with transaction() as session:
        return list(find_messages(session, end).found.numbers)
