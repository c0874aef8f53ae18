"""By what a person pays again: one row for a person, a gateway and its token."""

from collections.abc import Mapping, Sequence

from sqlalchemy import select, tuple_
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from crm.payments.models import Payment, PaymentMethod

Key = tuple[int, int, str]


def find_or_make_methods(
    session: Session, payments: Sequence[Payment], tokens: Mapping[int, str]
) -> dict[int, PaymentMethod]:
    """Return, by payment, the method of each payment that has a token; the gateway is part of it (P05)."""
    wanted: dict[int, Key] = {
        payment.id: (payment.user_id, payment.payment_gateway_id, tokens[payment.id])
        for payment in payments
        if payment.id in tokens
    }
    if not wanted:
        return {}
    rows = [
        {"user_id": user_id, "payment_gateway_id": gateway, "external_token": token}
        for user_id, gateway, token in sorted(set(wanted.values()))
    ]
    session.execute(insert(PaymentMethod).values(rows).on_conflict_do_nothing())
    key = tuple_(PaymentMethod.user_id, PaymentMethod.payment_gateway_id, PaymentMethod.external_token)
    found = session.execute(select(PaymentMethod).where(key.in_(set(wanted.values())))).scalars()
    methods = {(each.user_id, each.payment_gateway_id, each.external_token): each for each in found}
    return {payment_id: methods[triple] for payment_id, triple in wanted.items()}
