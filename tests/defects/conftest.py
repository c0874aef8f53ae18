"""The stage of the register of defects: one type is sold, and a reader whose renewal is due."""

import pytest
from flask import Flask

from tests.conftest import Clock
from tests.factories.money import MONTH, Bought, make_type, set_up_sale, subscribe
from tests.fakes import FakeGateway


@pytest.fixture(autouse=True)
def _sale(app: Flask) -> None:
    set_up_sale(mobiletech_max_paid_per_day="0")
    make_type()


@pytest.fixture
def reader(gateway: FakeGateway, clock: Clock) -> Bought:
    """Return a reader whose renewal is due."""
    bought = subscribe()
    clock.advance(MONTH)
    return bought
