"""What waited in a backup that was restored may have gone out since: what charges is not sent a second time."""

from collections import Counter

from flask import Flask

from crm.core.db import transaction
from crm.mobiletech.models import OutboundMessage
from crm.mobiletech.restored import doubt_waiting
from tests.factories.flows import write
from tests.factories.money import buy, make_type, messages_of, set_up_sale
from tests.fakes import FakeGateway
from tests.outbox import run_all
from tests.stored import read


def restore() -> int:
    with transaction() as session:
        return doubt_waiting(session)


def test_a_paid_sms_that_waited_is_not_sent_and_a_person_has_to_settle_it(
    app: Flask, gateway: FakeGateway
) -> None:
    set_up_sale()
    make_type()
    bought = buy(run=False)

    doubted = restore()
    run_all()

    [message] = messages_of(bought.payment_id)
    assert (doubted, message.state) == (1, "unknown")
    assert "backup that was restored" in (message.state_reason or "")
    assert gateway.sent == []


def test_what_had_gone_out_and_what_is_free_stay_as_they_are(app: Flask, gateway: FakeGateway) -> None:
    set_up_sale()
    make_type()
    buy()
    before = Counter(read(OutboundMessage.state))

    assert restore() == 0

    assert Counter(read(OutboundMessage.state)) == before
    write(app.test_client(), "STAV")
    run_all()
    assert "unknown" not in {state for (state,) in read(OutboundMessage.state)}
