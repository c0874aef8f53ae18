"""What happens beside an import while its renewals become active: neither transaction sees what the other writes."""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from io import BytesIO
from typing import Any

import pytest
from flask import Flask

from crm.core.db import transaction
from crm.importer.models import ImportRun
from crm.importer.running import Runner
from crm.importer.runs import Wanted, begin
from crm.importer.sources.examining import examine
from crm.users.audit_log import Actor, acting
from tests.factories.money import buy, make_type, renewal_states, report, set_up_sale
from tests.importer.renewal_files import Reader, make_reader, renewal_file

pytestmark = pytest.mark.usefixtures("gateway")

SOON = 1  # seconds: who is not made to wait is done by then


@pytest.fixture
def reader(app: Flask) -> Reader:
    set_up_sale()
    make_type()
    return make_reader()


def test_a_payment_that_is_confirmed_while_a_batch_is_open_is_not_renewed_beside_it(
    app: Flask, reader: Reader
) -> None:
    live = buy()

    with (
        _begun(reader.line()) as runner,
        _beside(app, lambda: report(live.payment_id, "A0")) as happen,
        transaction() as session,
    ):
        runner.step(session)
        happen()

    assert sorted(renewal_states()) == ["active", "system_stop"]


@contextmanager
def _beside(app: Flask, act: Callable[[], object]) -> Iterator[Callable[[], None]]:
    """Give what lets something happen beside the open transaction: at once, or when that is over if it has to wait."""

    def run() -> None:
        with app.app_context():
            act()

    thread = threading.Thread(target=run)

    def happen() -> None:
        thread.start()
        thread.join(SOON)

    yield happen
    thread.join()


@contextmanager
def _begun(*lines: Mapping[str, Any]) -> Iterator[Runner]:
    """Begin to import lines: the next step writes them."""
    source = renewal_file(*lines).encode()
    wanted = Wanted(entity="recurrent-payments", file_name="renewals.csv", is_dry=False)
    with acting(Actor(name="Eva")):
        with transaction() as session:
            run_id = begin(session, wanted, examine(BytesIO(source)), lambda: BytesIO(source)).id
        runner = Runner(run_id, lambda: BytesIO(source))
        _step(runner)
        yield runner
        runner.close()


def _step(runner: Runner) -> ImportRun:
    with transaction() as session:
        run = runner.step(session)
        session.flush()
        session.expunge(run)
    return run
