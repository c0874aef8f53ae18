"""Runs of the charging at once, in processes of their own: each renewal is charged once, whoever comes first."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import func, select, text

from crm.audit import run_audit
from crm.core.db import transaction
from crm.mobiletech.models import OutboundMessage
from crm.payments.models import Payment, RecurrentPayment
from tests.factories.money import list_renewals, make_type, set_up_sale, subscribe
from tests.fakes import FakeGateway
from tests.outbox import run_all

ROOT = Path(__file__).parents[2]
READERS = 200
# The month of the first reader is over, and many others bought then as well.
OTHERS = """
    UPDATE payments SET paid_at = paid_at - interval '30 days', created_at = created_at - interval '30 days';
    UPDATE subscriptions SET start_time = start_time - interval '30 days', end_time = end_time - interval '30 days';
    UPDATE recurrent_payments SET charge_at = crm_now() - interval '1 second';
    INSERT INTO users (id, public_name) OVERRIDING SYSTEM VALUE SELECT 1000 + n, n FROM generate_series(1, 199) AS n;
    INSERT INTO mobiletech_phone_numbers (phone_number, user_id)
    SELECT '0911' || lpad(n::text, 6, '0'), 1000 + n FROM generate_series(1, 199) AS n;
    INSERT INTO phone_number_links (phone_number, user_id, since)
    SELECT phone_number, user_id, crm_now() FROM mobiletech_phone_numbers WHERE user_id > 1000;
    INSERT INTO payment_methods (id, user_id, payment_gateway_id, external_token) OVERRIDING SYSTEM VALUE
    SELECT 1000 + n, 1000 + n, payment_gateway_id, external_token
    FROM payment_methods, generate_series(1, 199) AS n;
    INSERT INTO payments (id, variable_symbol, amount, payment_gateway_id, subscription_type_id, user_id, status,
        paid_at, created_at) OVERRIDING SYSTEM VALUE
    SELECT 1000 + n, n, amount, payment_gateway_id, subscription_type_id, 1000 + n, 'paid', paid_at, created_at
    FROM payments, generate_series(1, 199) AS n;
    INSERT INTO recurrent_payments (cid, payment_method_id, payment_gateway_id, user_id, subscription_type_id,
        parent_payment_id, period_payment_id, charge_at, retries)
    SELECT cid, 1000 + n, payment_gateway_id, 1000 + n, subscription_type_id, 1000 + n, 1000 + n, charge_at, retries
    FROM recurrent_payments, generate_series(1, 199) AS n
"""
HOLES = {"paid_without_subscription", "paid_without_proof", "items_differ"}  # of what was made by hand


@pytest.fixture(autouse=True)
def _due(app: Flask, gateway: FakeGateway) -> None:
    set_up_sale(mobiletech_max_paid_per_day="0")
    make_type()
    subscribe()
    with transaction() as session:
        for statement in OTHERS.split(";"):
            session.execute(text(statement))


def test_each_renewal_is_charged_once(environ: dict[str, str], gateway: FakeGateway) -> None:
    command = [sys.executable, "-c", "from crm.cli import main; main()", "payments", "charge"]
    runs = [
        subprocess.Popen(command, cwd=ROOT, env={**os.environ, **environ}, stdout=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    told = [run.communicate()[0].split() for run in runs]
    run_all()

    charged = [int(words[words.index("charged") + 1]) for words in told]
    assert ([run.returncode for run in runs], sum(charged)) == ([0, 0, 0], READERS)
    assert {row.state for row in list_renewals()} == {"pending"}
    assert len(gateway.sent) == READERS + 1
    with transaction() as session:
        charges = session.execute(select(func.count()).where(Payment.recurrent_charge)).scalar_one()
        messages = session.execute(
            select(
                func.count(OutboundMessage.charges_for.distinct()), func.count(OutboundMessage.charges_for)
            )
        ).one()
        linked = session.execute(select(func.count(RecurrentPayment.payment_id.distinct()))).scalar_one()
        assert {each.invariant.name for each in run_audit(session)} <= HOLES
    assert (charges, tuple(messages), linked) == (READERS, (READERS, READERS), READERS)
