"""The sample files, from the first to the first charge of ours: once, for the right price, by the right text."""

from datetime import timedelta
from decimal import Decimal

import pytest

from crm.audit import run_audit
from crm.core.db import transaction
from crm.importer.entities import ENTITIES
from crm.importer.examples import read_example
from crm.seed.standard import seed_standard
from tests.conftest import Clock
from tests.factories.imports import counts_of, import_examples, import_text
from tests.factories.money import (
    charge,
    get_payment,
    list_payments,
    list_renewals,
    messages_of,
    renewal_states,
    report,
)
from tests.importer.checked import check_all

RENEWALS = "recurrent-payments"


@pytest.mark.usefixtures("gateway")
def test_what_the_sample_files_bring_is_renewed_once(clock: Clock) -> None:
    with transaction() as session:
        seed_standard(session)
    import_examples(*(entity for entity in ENTITIES if entity != RENEWALS))
    due = read_example(RENEWALS).replace("2099-10-01", "2026-10-01")
    import_text(RENEWALS, due, confirm_due=True)

    payment_id = charge()
    report(payment_id, "D1")
    charge()

    [message] = messages_of(payment_id)
    assert (message.billkey, message.to, message.from_) == ("OLD49", "+421908300101", "8877")
    assert message.content == "Mesacne sme predlzili za 4,90 EUR na 30 dni. Zrusit: STOP na 8877"
    assert (get_payment(payment_id).status, get_payment(payment_id).amount) == ("paid", Decimal("4.90"))
    assert sorted(renewal_states()) == ["active", "charged", "user_stop"]
    assert len(list_payments()) == 3

    again = import_text(RENEWALS, due, confirm_due=True)
    clock.advance(timedelta(days=20))
    charge()
    assert counts_of(again) == (0, 0, 2, 0)
    assert (len(list_payments()), len(list_renewals())) == (3, 3)
    with transaction() as session:
        assert {name: each.count for name, each in check_all(session).items() if each.count} == {}
        assert run_audit(session) == []
