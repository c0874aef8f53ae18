"""Readers whom an old system has charged, files of their renewals, and what came of importing them."""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from io import StringIO
from typing import Any, TypeVar

from sqlalchemy import inspect, select, text

from crm.core.db import transaction
from crm.importer.models import ImportRun
from crm.mobiletech.models import InboundMessage, OutboundMessage
from crm.payments.models import Payment, PaymentMeta
from tests.factories.imports import import_text
from tests.factories.money import NUMBER, subscribe

M = TypeVar("M")


LATER = "2099-10-01 08:00:00"
PAST = "2026-11-25 08:00:00"


@dataclass(frozen=True, slots=True)
class Reader:
    """Somebody who ordered and was billed in the old system; what renews it is not here yet."""

    number: str
    user_id: int
    cid: str
    payment_id: int
    symbol: str

    def line(self, **values: Any) -> dict[str, Any]:
        """Return a line about the renewal: active, and charged in years."""
        return {
            "external_id": f"r-{self.number}",
            "cid": self.cid,
            "user_phone": self.number,
            "parent_payment_variable_symbol": self.symbol,
            "payment_variable_symbol": "",
            "subscription_type": "month",
            "charge_at": LATER,
            "state": "active",
        } | values


def make_charged_reader(number: str = NUMBER) -> Reader:
    """Let somebody order and be billed, and forget the renewal that we planned for it."""
    bought = subscribe(number=number)
    with transaction() as session:
        session.execute(
            text("DELETE FROM recurrent_payments WHERE user_id = :user"), {"user": bought.user_id}
        )
        session.execute(text("DELETE FROM payment_methods WHERE user_id = :user"), {"user": bought.user_id})
        cid = session.get_one(InboundMessage, bought.inbound_id).mobiletech_id
        symbol = session.get_one(Payment, bought.payment_id).variable_symbol
    return Reader(number, bought.user_id, cid, bought.payment_id, symbol)


def pay_again(reader: Reader, *, after: timedelta = timedelta(minutes=1)) -> Payment:
    """Let a reader have paid once more in the old system, by an SMS that nobody asked for."""
    with transaction() as session:
        first = session.get_one(Payment, reader.payment_id)
        message = session.execute(
            select(OutboundMessage).where(OutboundMessage.payment_id == reader.payment_id)
        ).scalar_one()
        payment = _copy(first, variable_symbol=f"9{first.variable_symbol}", key=None, subscription_id=None)
        assert payment.paid_at is not None
        payment.paid_at += after
        session.add(payment)
        session.flush()
        metas = select(PaymentMeta).where(PaymentMeta.payment_id == first.id)
        session.add_all(_copy(each, payment_id=payment.id) for each in session.execute(metas).scalars())
        push = _copy(message, key=None, rcv_msg_id=None, mobiletech_id=f"{message.mobiletech_id}-again")
        push.payment_id = payment.id
        session.add(push)
        session.flush()
        session.expunge(payment)
        return payment


def import_renewals(*lines: Mapping[str, Any], **options: Any) -> ImportRun:
    """Import lines about renewals and return the import as it ended."""
    return import_text("recurrent-payments", renewal_file(*lines), **options)


def renewal_file(*lines: Mapping[str, Any]) -> str:
    """Return a file of lines about renewals, whose columns are the keys of all of them."""
    written = StringIO()
    writer = csv.DictWriter(written, list(dict.fromkeys(key for line in lines for key in line)))
    writer.writeheader()
    writer.writerows(lines)
    return written.getvalue()


def _copy(row: M, **values: Any) -> M:
    names = [column.key for column in inspect(type(row)).column_attrs if column.key != "id"]
    return type(row)(**{name: getattr(row, name) for name in names} | values)
