"""Since when a number's operator is known, and each time that it was another one."""

from datetime import UTC, datetime, timedelta

import pytest

from crm.core.db import transaction
from crm.mobiletech import operator_history
from crm.mobiletech.models import StatusReport
from crm.mobiletech.number_traffic import Traffic, read_traffic
from crm.mobiletech.operator_history import list_operator_changes, read_since
from crm.mobiletech.operator_resolver import Source, list_possible, weigh_evidence
from crm.mobiletech.wire.operators import Operator
from tests.factories.log import NUMBER, make_inbound, make_outbound

pytestmark = pytest.mark.usefixtures("app")
DAY_0 = datetime(2026, 11, 1, 8, 0, tzinfo=UTC)
OTHER = "+421903000001"  # by its prefix a number of Telekom

# What happened, one a day: "in O" an SMS that named Orange, "out O" one that reached it there, "sent O" one of which
# nothing was heard, "not O" the gateway's denial. Then what tells the operator, and the day since when.
HISTORIES = [
    ("nothing: a guess", [], Source.PREFIX, None),
    ("it wrote once", ["in O"], Source.NAMED, 0),
    ("it wrote often", ["in O", "in O", "in O"], Source.NAMED, 0),
    ("it moved", ["in T", "in O", "in O"], Source.NAMED, 1),
    ("it moved there and back", ["in O", "in T", "in O"], Source.NAMED, 2),
    ("an SMS without an operator is no other one", ["in O", "in X", "in O"], Source.NAMED, 0),
    ("another number's SMS are not its own", ["in O", "other T", "in O"], Source.NAMED, 0),
    ("what it was before the denial counts no more", ["in O", "not O", "in O", "in O"], Source.NAMED, 2),
    ("the denial of another one changes nothing", ["in O", "not T", "in O"], Source.NAMED, 0),
    ("an SMS reached it", ["out S", "out S"], Source.DELIVERED, 0),
    ("an SMS reached it elsewhere before", ["out T", "out S", "out S"], Source.DELIVERED, 1),
    ("an SMS that was only sent tells nothing", ["sent S"], Source.PREFIX, None),
    ("the guess was denied", ["not O"], None, None),
]


@pytest.mark.parametrize(
    ("history", "source", "day"), [row[1:] for row in HISTORIES], ids=[row[0] for row in HISTORIES]
)
def test_since_when_an_operator_is_known(history: list[str], source: Source | None, day: int | None) -> None:
    happen(history)

    with transaction() as session:
        evidence = weigh_evidence(session, [NUMBER])
        since = read_since(session, evidence).get(NUMBER)

    assert evidence[NUMBER].source == source
    assert (since.at if since else None) == (None if day is None else on(day))
    assert since is None or not since.is_cut


@pytest.mark.parametrize("kind", ["in O", "out O"])
def test_where_not_all_is_looked_at_it_is_told(kind: str) -> None:
    happen([kind] * 4)

    with transaction() as session:
        since = read_since(session, weigh_evidence(session, [NUMBER]), looked=3)[NUMBER]

    assert (since.at, since.is_cut) == (on(1), True)


def test_many_numbers_are_read_at_once() -> None:
    happen(["in O", "other T", "in O"])

    with transaction() as session:
        since = read_since(session, weigh_evidence(session, [NUMBER, OTHER, "+421940000001"]))

    assert {number: each.at for number, each in since.items()} == {NUMBER: on(0), OTHER: on(1)}


def test_a_number_that_was_denied_is_read_beside_one_that_was_not() -> None:
    happen(["in O", "not O", "in O", "other T"])

    with transaction() as session:
        since = read_since(session, weigh_evidence(session, [NUMBER, OTHER]))

    assert {number: each.at for number, each in since.items()} == {NUMBER: on(2), OTHER: on(3)}


CHANGES = [
    ("nothing", [], []),
    ("one operator, however often", ["in O", "out O", "in O"], [("named", "O", 0)]),
    ("two", ["in O", "in T", "in T"], [("named", "T", 1), ("named", "O", 0)]),
    ("delivered, then named", ["out S", "in S", "in T"], [("named", "T", 2), ("delivered", "S", 0)]),
    (
        "denied, then named again",
        ["in O", "not O", "in O"],
        [("named", "O", 2), ("ported", "O", 1), ("named", "O", 0)],
    ),
    ("denied twice", ["in O", "not O", "not O"], [("ported", "O", 1), ("named", "O", 0)]),
    ("denied, then delivered elsewhere", ["not O", "out T"], [("delivered", "T", 1), ("ported", "O", 0)]),
    ("strange letters and mere sends", ["in X", "sent T", "in O"], [("named", "O", 2)]),
    ("another number", ["other T"], []),
]


@pytest.mark.parametrize(
    ("history", "changes"), [row[1:] for row in CHANGES], ids=[row[0] for row in CHANGES]
)
def test_each_time_that_something_else_was_told_is_listed(
    history: list[str], changes: list[tuple[str, str, int]]
) -> None:
    happen(history)

    with transaction() as session:
        listed = list_operator_changes(session, NUMBER)

    assert [(each.kind, each.operator, each.at) for each in listed] == [
        (kind, operator, on(day)) for kind, operator, day in changes
    ]


def test_a_change_names_the_sms_that_told_it() -> None:
    inbound, outbound = happen(["in O", "not O"])

    with transaction() as session:
        told = [each.message_id for each in list_operator_changes(session, NUMBER)]

    assert told == [outbound, inbound]


def test_of_very_many_changes_the_newest_are_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(operator_history, "SHOWN_CHANGES", 2)
    happen(["in O", "in T", "in O", "in T"])

    with transaction() as session:
        assert [each.at for each in list_operator_changes(session, NUMBER)] == [on(3), on(2)]


@pytest.mark.parametrize(
    ("history", "operators"),
    [
        ([], {"O"}),
        (["in T"], {"O", "T"}),
        (["in T", "out S"], {"O", "T", "S"}),
        (["in T", "not T"], {"O", "T"}),
    ],
)
def test_every_operator_that_it_can_be_is_looked_at(history: list[str], operators: set[str]) -> None:
    happen(history)

    with transaction() as session:
        possible = {each for each in Operator if list_possible(session, [NUMBER], each) == [NUMBER]}
        operator = weigh_evidence(session, [NUMBER])[NUMBER].operator

    assert possible == operators
    assert operator is None or operator in possible


def test_the_last_sms_there_and_back_is_known() -> None:
    happen(["in O", "in X", "out O", "sent O", "other T"])

    with transaction() as session:
        traffic = read_traffic(session, [NUMBER, OTHER, "+421940000001"])

    assert traffic == {
        NUMBER: Traffic(on(1), on(3)),
        OTHER: Traffic(on(4), None),
        "+421940000001": Traffic(None, None),
    }


def happen(history: list[str]) -> list[int]:
    """Let it happen, one a day, and return the ids of the messages."""
    return [_happen(*event.split(), on(day), day) for day, event in enumerate(history)]


def on(day: int) -> datetime:
    return DAY_0 + timedelta(days=day)


def _happen(kind: str, operator: str, at: datetime, day: int) -> int:
    if kind in ("in", "other"):
        number = OTHER if kind == "other" else NUMBER
        return make_inbound(from_=number, operator_type=operator, created_at=at)
    billing = "billed" if kind == "out" else "none"
    gateway_id = f"mt-{day}"
    message = make_outbound(operator_type=operator, billing=billing, mobiletech_id=gateway_id, created_at=at)
    if kind == "not":
        with transaction() as session:
            session.add(StatusReport(mobiletech_id=gateway_id, status="_OPERATOR_CHANGE", received_at=at))
    return message
