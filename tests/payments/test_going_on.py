"""A renewal that was stopped goes on only where nothing of the same kind is paid beside it."""

from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import update
from sqlalchemy.orm import Session

from crm.core.db import transaction
from crm.payments.errors import NotActiveError
from crm.payments.models import RecurrentPayment
from crm.payments.stopping import get_renewal, reactivate, reactivate_after_system_stop, stop
from tests.factories.money import list_renewals, make_type, renewal_states, set_up_sale, subscribe
from tests.fakes import FakeGateway


@pytest.fixture(autouse=True)
def _sale(app: Flask) -> None:
    set_up_sale()
    make_type()


def go_on(session: Session, row: RecurrentPayment) -> None:
    reactivate(session, row, by_user=True)


def try_anew(session: Session, row: RecurrentPayment) -> None:
    session.execute(update(RecurrentPayment).where(RecurrentPayment.id == row.id).values(state="system_stop"))
    session.refresh(row)
    reactivate_after_system_stop(session, row, reason="The reader asks")


@pytest.mark.parametrize("act", [go_on, try_anew])
def test_beside_a_later_order_of_the_same_type_nothing_goes_on(
    gateway: FakeGateway, act: Callable[[Session, RecurrentPayment], None]
) -> None:
    subscribe()
    stop_the_first()
    subscribe()
    first = list_first()

    with pytest.raises(NotActiveError, match="renewed already by a later order"), transaction() as session:
        act(session, get_renewal(session, first))

    assert renewal_states() == ["user_stop", "active"]


def test_beside_an_order_of_another_type_it_goes_on(gateway: FakeGateway) -> None:
    make_type("week", price="1.99", billkey="BB19", length=7)
    subscribe()
    stop_the_first()
    subscribe("week", billkey="BB19")
    first = list_first()

    with transaction() as session:
        go_on(session, get_renewal(session, first))

    assert renewal_states() == ["active", "active"]


def list_first() -> int:
    return list_renewals()[0].id


def stop_the_first() -> None:
    first = list_first()
    with transaction() as session:
        stop(session, [get_renewal(session, first)], by_user=True)
