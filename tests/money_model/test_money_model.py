"""2,000 steps of stories about the money in `make test`, the same ones each time; 100,000 in `make test-long`."""

from collections.abc import Iterator

import pytest
from flask import Flask
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from crm.events import drain
from crm.events.registry import registry
from crm.mobiletech.events import SEND
from crm.mobiletech.sending import SendEffect
from tests.conftest import Clock
from tests.money_model.machine import MoneyMachine
from tests.money_model.world import ModelGateway, Stage

STEPS = 50
COMMON = settings(
    deadline=None, print_blob=True, stateful_step_count=STEPS, suppress_health_check=list(HealthCheck)
)


@pytest.fixture
def stage(app: Flask, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    """Return the stage of the stories; calls that go out together do so one after the other, the same each time."""
    monkeypatch.setattr(
        drain, "_performed", lambda effect, claimed: [(each, effect.perform(each)) for each in claimed]
    )
    fake = ModelGateway()
    real = registry.effects[SEND]
    registry.effects[SEND] = SendEffect(fake)
    yield Stage(clock, fake, app.test_client())
    registry.effects[SEND] = real


def test_the_money_keeps_its_promises_in_two_thousand_steps(stage: Stage) -> None:
    MoneyMachine.stage = stage

    run_state_machine_as_test(
        MoneyMachine, settings=settings(COMMON, max_examples=40, derandomize=True, database=None)
    )


@pytest.mark.long
def test_the_money_keeps_its_promises_in_a_hundred_thousand_steps(stage: Stage) -> None:
    MoneyMachine.stage = stage

    run_state_machine_as_test(MoneyMachine, settings=settings(COMMON, max_examples=2000))
