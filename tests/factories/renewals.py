"""Renewals as rows: enough of them to be counted."""

from sqlalchemy import text

from crm.core.db import transaction

_GATEWAY = text("""
    INSERT INTO payment_gateways (code, name, is_recurrent) VALUES ('mobiletech_recurrent', 'SMS', true)
    ON CONFLICT (code) DO UPDATE SET name = excluded.name RETURNING id
""")
_PAYMENT = text("""
    INSERT INTO payments (variable_symbol, amount, payment_gateway_id, user_id, status, paid_at)
    VALUES (:token, 4.99, :gateway_id, :user_id, 'paid', crm_now()) RETURNING id
""")
_METHOD = text("""
    INSERT INTO payment_methods (user_id, payment_gateway_id, external_token)
    VALUES (:user_id, :gateway_id, :token) RETURNING id
""")
_RENEWAL = text("""
    INSERT INTO recurrent_payments (cid, payment_method_id, payment_gateway_id, user_id, subscription_type_id,
        next_subscription_type_id, parent_payment_id, period_payment_id, charge_at, retries, state)
    VALUES (:token, :method_id, :gateway_id, :user_id, :type_id, :next_type_id, :payment_id, :payment_id,
        crm_now(), 4, :state)
""")


def make_renewal(
    user_id: int, type_id: int, *, state: str = "active", next_type_id: int | None = None
) -> None:
    """Add a renewal of a reader, who has no other one."""
    with transaction() as session:
        known: dict[str, object] = {"user_id": user_id, "type_id": type_id, "state": state}
        known |= {"token": f"t{user_id}", "next_type_id": next_type_id}
        known["gateway_id"] = session.execute(_GATEWAY).scalar_one()
        known["payment_id"] = session.execute(_PAYMENT, known).scalar_one()
        known["method_id"] = session.execute(_METHOD, known).scalar_one()
        session.execute(_RENEWAL, known)
