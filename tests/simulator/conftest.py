"""A gateway whose clock stands still and whose webhook writes down what it is told."""

import pytest

from crm.simulator.gateway import Gateway
from crm.simulator.timing import Timing
from tests.simulator.fake_crm import FakeCrm, FrozenClock


@pytest.fixture
def clock() -> FrozenClock:
    return FrozenClock()


@pytest.fixture
def crm() -> FakeCrm:
    return FakeCrm()


@pytest.fixture
def gateway(crm: FakeCrm, clock: FrozenClock) -> Gateway:
    return Gateway(crm, clock=clock, timing=Timing(first_status=1, next_status=1, late_status=600, tries=4))
