"""Payments as lines of a file, as programs write them; texts of SMS are in none."""

from collections.abc import Mapping, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.payments.gateways import gateway_codes
from crm.payments.models import Payment
from crm.sms_billing.proofs import find_proof
from crm.subscriptions.models import Subscription
from crm.users.models import User
from crm.web.page_tools import iso
from crm.web.payment_rows import kind_of, read_around

COLUMNS = (
    "id", "created_at", "paid_at", "variable_symbol", "amount", "currency", "status", "kind", "failure", "reason",
    "payment_gateway", "subscription_type", "subscription_id", "subscription_start", "subscription_end",
    "user_id", "number", "email", "referer", "message_id", "billkey", "code", "gateway_id",
)  # fmt: skip


def as_cells(session: Session, payments: Sequence[Payment]) -> list[Sequence[object]]:
    """Return a line for each payment; amounts have two decimals and a dot."""
    around, gateways = read_around(session, payments), gateway_codes(session)
    emails = _emails(session, {payment.user_id for payment in payments})
    periods = _periods(session, [payment.subscription_id for payment in payments])
    lines = []
    for payment in payments:
        proof = find_proof(around.messages.get(payment.id, ()))
        period = periods.get(payment.subscription_id or 0)
        kind = around.types.get(payment.subscription_type_id or 0)
        line: Sequence[object] = (
            payment.id, iso(payment.created_at), iso(payment.paid_at) if payment.paid_at else "",
            payment.variable_symbol, f"{payment.amount:.2f}", payment.currency, payment.status, kind_of(payment),
            payment.failure, payment.error_message, gateways[payment.payment_gateway_id], kind.code if kind else "",
            payment.subscription_id, iso(period.start_time) if period else "", iso(period.end_time) if period else "",
            payment.user_id, around.number(payment), emails.get(payment.user_id), payment.referer,
            proof.id if proof else "", proof.billkey if proof else "", proof.status if proof else "",
            proof.mobiletech_id if proof else "",
        )  # fmt: skip
        lines.append(line)
    return lines


def _emails(session: Session, user_ids: set[int]) -> Mapping[int, str | None]:
    return {
        row.id: row.email for row in session.execute(select(User.id, User.email).where(User.id.in_(user_ids)))
    }


def _periods(session: Session, ids: Sequence[int | None]) -> Mapping[int, Subscription]:
    wanted = select(Subscription).where(Subscription.id.in_([each for each in ids if each is not None]))
    return {row.id: row for row in session.execute(wanted).scalars()}
