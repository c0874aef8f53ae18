"""What the money hears of a STOP and of a near miss: at once, in the transaction that decides about the SMS."""

from collections.abc import Iterator, Sequence
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from crm.core.db import transaction
from crm.mobiletech.rules.models import Decision, Rule
from crm.mobiletech.rules.ports import MoneyActions, StopCase, money_actions
from tests.conftest import Clock
from tests.factories.messages import WEBHOOK, make_receive, set_up_gateway
from tests.factories.rules import make_rule
from tests.fakes import FakeGateway
from tests.outbox import run_all
from tests.stored import read

pytestmark = pytest.mark.usefixtures("gateway")
Heard = list[tuple[str, str | None, str]]


def test_a_stop_is_told_with_what_it_names_and_why(client: FlaskClient, stops: Heard, nears: Heard) -> None:
    make_subscribing_rule("KLUB")

    for text in ("STOP", "klub stop", "stop noviny", "stpo", "chcem zrusit predplatne"):
        receive(client, text)

    assert stops == [
        ("STOP", None, "word"),
        ("klub stop", "KLUB", "beside"),
        ("stop noviny", None, "beside"),
        ("stpo", None, "error"),
        ("chcem zrusit predplatne", None, "request"),
    ]
    assert nears == []


def test_a_rule_that_is_off_is_stopped_by_its_name_all_the_same(client: FlaskClient, stops: Heard) -> None:
    make_subscribing_rule("KLUB", is_on=False)

    receive(client, "STOP KLUB")

    assert stops == [("STOP KLUB", "KLUB", "beside")]


def test_a_near_miss_is_told_and_answered_by_its_rule(
    client: FlaskClient, gateway: FakeGateway, stops: Heard, nears: Heard
) -> None:
    make_rule("AKO", match="starts_with")

    receive(client, "ako zrusim?")

    assert (stops, nears) == ([], [("ako zrusim?", None, "question")])
    assert len(gateway.sent) == 1
    assert [(outcome, steps[0]["kind"]) for outcome, steps in read(Decision.outcome, Decision.steps)] == [
        ("rule", "near_stop")
    ]


@pytest.mark.parametrize("text", ["INFO", "ahoj", "KLUB"])
def test_of_other_texts_the_money_hears_nothing(
    client: FlaskClient, stops: Heard, nears: Heard, text: str
) -> None:
    make_subscribing_rule("KLUB")

    receive(client, text)

    assert (stops, nears) == ([], [])


def test_a_repeated_stop_is_a_stop_and_a_repeated_near_miss_pauses_nothing_twice(
    client: FlaskClient, stops: Heard, nears: Heard
) -> None:
    for text in ("STOP", "STOP", "dost", "dost"):
        receive(client, text)

    assert [text for text, *_ in stops] == ["STOP", "STOP"]
    assert [text for text, *_ in nears] == ["dost"]
    assert [outcome for (outcome,) in read(Decision.outcome)] == ["repeated", "stop", "stop", "unmatched"]


def test_a_repeated_stop_is_one_though_its_handler_failed(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    receive(client, "STOP")
    monkeypatch.setattr(money_actions, "on_stop", lambda session, cases: 1 / 0)

    receive(client, "STOP")

    assert [outcome for (outcome,) in read(Decision.outcome)] == ["stop", "stop"]


def test_what_the_money_could_not_do_is_tried_again_though_the_decision_stands(
    client: FlaskClient, stops: Heard, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    hear = money_actions.on_stop
    monkeypatch.setattr(money_actions, "on_stop", lambda session, cases: 1 / 0)
    receive(client, "STOP")
    before = list(stops)
    monkeypatch.setattr(money_actions, "on_stop", hear)

    clock.advance(timedelta(seconds=11))
    run_all()

    assert (before, stops) == ([], [("STOP", None, "word")])
    assert [outcome for (outcome,) in read(Decision.outcome)] == ["stop"]


def test_many_are_told_at_once(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    batches: list[int] = []
    monkeypatch.setattr(money_actions, "on_stop", lambda session, cases: batches.append(len(cases)))
    for number in range(20):
        client.post(WEBHOOK, data=make_receive(content="STOP", from_=f"+4219086305{number:02d}"))

    run_all()

    assert batches == [20]


def test_what_was_filled_in_can_be_forgotten(app: Flask) -> None:
    actions = MoneyActions()
    actions.on_stop = actions.on_near_stop = lambda session, cases: None
    actions.find_type_fault = lambda session, code, for_sale: None

    actions.clear()

    assert (actions.on_stop, actions.on_near_stop, actions.find_type_fault) == (None, None, None)


def receive(client: FlaskClient, text: str) -> None:
    assert client.post(WEBHOOK, data=make_receive(content=text)).status_code == 200
    run_all()


def make_subscribing_rule(text: str, *, is_on: bool = True) -> None:
    rule_id = make_rule(text, action="inbox", is_on=is_on)
    with transaction() as session:
        session.get_one(Rule, rule_id).subscription_type = text.lower()


def _listen(heard: Heard, session: Session, cases: Sequence[StopCase]) -> None:
    heard += [(case.message.content, case.keyword, case.because) for case in cases]


@pytest.fixture(autouse=True)
def _set_up(app: Flask) -> None:
    set_up_gateway()


@pytest.fixture
def stops(app: Flask) -> Iterator[Heard]:
    """Return the STOPs that the money has heard of."""
    heard: Heard = []
    before, money_actions.on_stop = money_actions.on_stop, lambda *told: _listen(heard, *told)
    yield heard
    money_actions.on_stop = before


@pytest.fixture
def nears(app: Flask) -> Iterator[Heard]:
    """Return the near misses that the money has heard of."""
    heard: Heard = []
    before, money_actions.on_near_stop = money_actions.on_near_stop, lambda *told: _listen(heard, *told)
    yield heard
    money_actions.on_near_stop = before
